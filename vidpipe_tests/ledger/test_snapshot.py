"""Snapshots: the version of each part that a stage reads, and no version where nothing is known."""

import json
from dataclasses import replace

from vidpipe.ledger.snapshot import Snapshot, as_text, input_name, part_of
from vidpipe.recipe.stages import Read
from vidpipe_tests.ledger.histories import History, run_history
from vidpipe_tests.lines import DEFAULT


def test_each_part_has_its_own_version() -> None:
    snapshot = run_history("a").snapshot
    assert snapshot.version(Read("catalogue", "files"), "a") == "f"
    assert snapshot.version(Read("catalogue", "texts"), "a") == "t"
    assert snapshot.version(Read("raw_videos", "media"), "a") == "media 1"
    assert snapshot.version(Read("raw_videos", "captions"), "a") == "c"
    assert snapshot.version(Read("raw_videos", "outcome"), "a") == "ok"
    assert snapshot.version(Read("raw_videos", "value"), "a") == "raw_videos:ok:None:1"


def test_an_outcome_tells_who_was_to_blame() -> None:
    history = History()
    history.verdicts["raw_videos", "a"] = ("unusable", "empty file")
    history.catalogue("a")
    history.run()
    assert history.snapshot.version(Read("raw_videos", "outcome"), "a") == "unusable"
    assert history.snapshot.version(Read("dynamic_videos", "outcome"), "a") == "skipped: raw_videos"


def test_what_is_unknown_or_damaged_has_no_version() -> None:
    history = run_history("a")
    assert history.snapshot.version(Read("shots", "value"), "b") is None
    assert history.snapshot.version(Read("catalogue", "files"), "b") is None
    history.lose("shots", "a")
    assert history.snapshot.version(Read("shots", "value"), "a") is None
    assert history.snapshot.inputs(DEFAULT["aligned_metadata"], "a") is None


def test_inputs_are_named_by_asset_and_by_part_where_there_are_several() -> None:
    snapshot = run_history("a").snapshot
    found = {name: snapshot.inputs(stage, "a") or {} for name, stage in zip(DEFAULT.names, DEFAULT.stages, strict=True)}
    assert list(found["shots"]) == ["video_signals"]
    assert list(found["dynamic_videos"]) == ["raw_videos.outcome", "raw_videos.media"]
    assert all(len(inputs) == len(DEFAULT[name].reads) for name, inputs in found.items())


def test_what_is_only_shown_counts_where_it_is_known_and_keeps_nothing_waiting() -> None:
    history = run_history("a", "b")
    stage = replace(DEFAULT["scene_dataset"], shows=(Read("segment_clips", "value"),))
    before = {v: history.snapshot.inputs(stage, v) for v in ("a", "b")}
    assert before["a"] == {
        **(history.snapshot.inputs(DEFAULT["scene_dataset"], "a") or {}),
        "segment_clips": "segment_clips:ok:None:1",
    }
    history.lose("segment_clips", "a")
    after = history.snapshot.inputs(stage, "a")
    assert after == {**(before["a"] or {}), "segment_clips": ""}
    texts = {v: as_text(inputs) for v, inputs in (("a", after), ("b", before["b"])) if inputs}
    assert history.snapshot.input_texts(stage, ["a", "b"]) == texts


def test_no_two_inputs_of_a_stage_share_a_name() -> None:
    for stage in DEFAULT.stages:
        assert len({input_name(stage, read) for read in stage.reads}) == len(stage.reads)


def test_a_closed_video_reads_an_empty_row_and_an_open_one_waits() -> None:
    history = History()
    history.verdicts["dynamic_videos", "a"] = ("dropped", "static")
    history.catalogue("a", "b")
    history.run([name for name in DEFAULT.names if name != "selection"])
    gate = DEFAULT["selected_videos"]
    assert history.snapshot.inputs(gate, "a") == {"taxonomy_categories": "skipped: dynamic_videos", "selection": ""}
    assert history.snapshot.inputs(gate, "b") is None


def test_texts_of_many_videos_are_those_of_each() -> None:
    history = History()
    history.verdicts["dynamic_videos", "a"] = ("dropped", "static")
    history.contents["video_signals", "c"] = 'quotes " and % and \\ and \u00e9'
    history.catalogue("a", "b", "c", "waits")
    history.run(video_ids=["a", "b", "c"])
    history.lose("shots", "b")
    for stage in DEFAULT.stages[1:]:
        each = {v: history.snapshot.inputs(stage, v) for v in history.videos.values()}
        texts = history.snapshot.input_texts(stage, history.videos.values())
        assert texts == {v: as_text(inputs) for v, inputs in each.items() if inputs is not None}


def test_nothing_is_known_in_an_empty_snapshot() -> None:
    snapshot = Snapshot({})
    assert snapshot.entry("shots", "a") is None
    assert snapshot.row("catalogue", "a") is None


def test_texts_keep_their_order_and_read_back() -> None:
    assert as_text({"b": "1", "a": "é"}) == '{"b":"1","a":"\\u00e9"}'
    assert json.loads(as_text({"a": "\udcff"})) == {"a": "\udcff"}
    assert part_of(as_text({"texts": '"files":"x"', "files": 'a " and \\'}), "files") == 'a " and \\'
    assert part_of(as_text({"texts": "t", "files": "f"}), "files") == "f"
    assert (part_of("{}", "files"), part_of('{"files":"x"}', "files"), part_of('{"texts":"x"}', "files")) == (
        "",
        "x",
        "",
    )
