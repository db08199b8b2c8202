"""Staleness: transitive, with its first cause and the way from there, and cut off where results came out equal."""

import pytest

from vidpipe.ledger.snapshot import Snapshot
from vidpipe.ledger.staleness import (
    end_of,
    rows_differ,
    stale_records,
    stale_table,
    wanted_rows,
)
from vidpipe_tests.ledger.histories import CODE, NOW, History, run_history
from vidpipe_tests.lines import DEFAULT, versioned

BELOW_SIGNALS = {"shots", "video_annotations", "aligned_metadata"}


def stale_of(history: History, video_id: str = "a") -> dict[str, str]:
    """Why each stale record of a video is stale, by asset."""
    found = stale_records(history.snapshot, history.line)
    return {asset: str(videos[video_id]) for asset, videos in found.items() if video_id in videos}


def test_nothing_is_stale_after_a_first_pass() -> None:
    assert not any(stale_records(run_history("a", "b").snapshot, NOW).values())


def test_nothing_is_stale_where_nothing_is_known() -> None:
    assert not any(stale_records(Snapshot({}), NOW).values())


def test_a_new_video_makes_no_other_stale() -> None:
    history = run_history("a")
    history.catalogue("b")
    history.run(["selection"])
    assert stale_of(history) == {}


def test_a_change_of_code_is_told_down_the_line_with_cause_and_path() -> None:
    history = run_history("a")
    history.code["video_signals"] = "2+r"
    assert stale_of(history) == {
        "video_signals": "video_signals: its code changed",
        "shots": "video_signals: its code changed; video_signals > shots",
        "video_annotations": "video_signals: its code changed; video_signals > video_annotations",
        "aligned_metadata": "video_signals: its code changed; video_signals > aligned_metadata",
    }


def test_a_change_of_recipe_is_told_as_such() -> None:
    history = run_history("a")
    history.code["aligned_metadata"] = "1+other"
    assert stale_of(history) == {"aligned_metadata": "aligned_metadata: its recipe changed"}


def test_the_path_names_every_asset_on_the_way() -> None:
    history = run_history("a")
    history.code["raw_videos"] = "2+r"
    assert stale_of(history)["video_annotations"].split("; ")[1].split(" > ")[0] == "raw_videos"
    found = stale_records(history.snapshot, history.line)["aligned_metadata"]["a"]
    for upstream, asset in zip(found.path, found.path[1:], strict=False):
        assert upstream in {read.asset for read in DEFAULT[asset].reads}


def test_the_first_cause_in_line_order_wins() -> None:
    history = run_history("a")
    history.code["shots"] = "2+r"
    history.code["video_signals"] = "2+r"
    assert stale_of(history)["aligned_metadata"].startswith("video_signals: ")
    assert stale_of(history)["shots"] == "shots: its code changed"


def test_changed_files_make_the_raw_video_and_all_below_stale() -> None:
    history = run_history("a", "b")
    history.catalogue("a", files="other")
    assert stale_of(history)["raw_videos"] == "catalogue changed"
    assert set(stale_of(history)) == {stage.name for stage in DEFAULT.per_video}
    assert stale_of(history, "b") == {}


def test_changed_texts_reach_exactly_those_that_read_texts() -> None:
    history = run_history("a")
    history.catalogue("a", texts="other")
    assert set(stale_of(history)) == {
        "taxonomy_categories",
        "selected_videos",
        "video_signals",
        "shots",
        "segment_clips",
        "video_annotations",
        "aligned_metadata",
    }
    assert stale_of(history)["taxonomy_categories"] == stale_of(history)["video_annotations"] == "catalogue changed"


def test_an_equal_result_cuts_the_chain() -> None:
    history = run_history("a")
    history.code["video_signals"] = "2+r"
    history.run(["video_signals"])
    assert stale_of(history) == {}


def test_another_result_goes_exactly_one_step_until_that_ran() -> None:
    history = run_history("a")
    history.contents["video_signals", "a"] = "other"
    history.run(["video_signals"])
    assert stale_of(history)["shots"] == "video_signals changed"
    history.run(["shots"])
    assert set(stale_of(history)) == {"video_annotations", "aligned_metadata"}
    history.run(["video_annotations", "aligned_metadata"])
    assert stale_of(history) == {}


def test_a_gate_that_says_the_same_for_another_reason_stales_nothing() -> None:
    history = run_history("a")
    history.contents["dynamic_videos", "a"] = "another share"
    history.run(["dynamic_videos"])
    assert stale_of(history) == {}


def test_a_gate_that_closes_makes_what_follows_stale() -> None:
    history = run_history("a")
    history.verdicts["dynamic_videos", "a"] = ("dropped", "static")
    history.run(["dynamic_videos"])
    assert stale_of(history)["taxonomy_categories"] == "dynamic_videos changed"
    history.run()
    assert stale_of(history) == {}
    assert history.entries["aligned_metadata"]["a"].reason == "dynamic_videos"


@pytest.mark.parametrize("lost", [stage.name for stage in DEFAULT.per_video])
def test_what_is_missing_or_damaged_says_nothing(lost: str) -> None:
    history = run_history("a")
    history.lose(lost, "a")
    assert stale_of(history) == {}
    del history.entries[lost]["a"]
    assert stale_of(history) == {}


def test_a_missing_catalogue_says_nothing() -> None:
    history = run_history("a")
    history.rows["catalogue"] = {}
    assert stale_of(history) == {}


def test_a_video_skipped_at_the_selection_is_not_stale_for_want_of_a_row() -> None:
    history = History()
    history.verdicts["dynamic_videos", "a"] = ("dropped", "static")
    history.catalogue("a", "b")
    history.run()
    assert stale_of(history) == {}
    assert history.entries["selected_videos"]["a"].outcome == "skipped"
    assert "a" not in history.rows["selection"]


def test_a_changed_row_of_the_selection_makes_the_gate_stale() -> None:
    history = run_history("a")
    history.rows["selection"]["a"] = history.rows["selection"]["a"]._replace(parts='{"row":"dropped"}')
    assert stale_of(history)["selected_videos"] == "selection changed"


# --- tables ---


def test_a_table_that_holds_what_it_should_differs_in_no_row() -> None:
    history = run_history("a", "b")
    for name in ("selection", "scene_dataset"):
        assert rows_differ(DEFAULT[name], history.snapshot) == []


def test_a_row_too_few_one_changed_and_one_left_over_differ() -> None:
    history = run_history("a", "b", "c")
    history.catalogue("d")
    history.run([stage.name for stage in DEFAULT.per_video if stage.over == "video"], ["d"])
    assert rows_differ(DEFAULT["selection"], history.snapshot) == ["d"]
    history.contents["aligned_metadata", "a"] = "other"
    history.run(["aligned_metadata"], ["a"])
    del history.rows["catalogue"]["b"]
    assert rows_differ(DEFAULT["scene_dataset"], history.snapshot) == ["a", "b"]


def test_a_video_on_its_way_has_no_row() -> None:
    history = run_history("a")
    history.catalogue("b")
    history.run(["raw_videos"], ["b"])
    assert rows_differ(DEFAULT["scene_dataset"], history.snapshot) == []
    assert end_of(history.snapshot, DEFAULT["scene_dataset"], "b") is None


def test_a_dropped_video_has_a_row_that_says_where_and_why() -> None:
    history = History()
    history.verdicts["dynamic_videos", "a"] = ("dropped", "static")
    history.verdicts["raw_videos", "b"] = ("unusable", "empty file")
    history.verdicts["aligned_metadata", "c"] = ("dropped", "misfit")
    history.catalogue("a", "b", "c", "d")
    history.run()
    ends = {v: end_of(history.snapshot, DEFAULT["scene_dataset"], v) for v in "abcd"}
    assert ends["a"] == ("dynamic_videos", "dropped", "static")
    assert ends["b"] == ("raw_videos", "unusable", "empty file")
    assert ends["c"] == ("aligned_metadata", "dropped", "misfit")
    assert ends["d"] == ("scene_dataset", "ok", None)
    assert set(wanted_rows(DEFAULT["scene_dataset"], history.snapshot)) == set("abcd")


def test_a_change_of_the_reason_changes_the_row() -> None:
    history = History()
    history.verdicts["dynamic_videos", "a"] = ("dropped", "static")
    history.catalogue("a")
    history.run()
    history.verdicts["dynamic_videos", "a"] = ("dropped", "dull")
    history.run(["dynamic_videos"])
    assert rows_differ(DEFAULT["scene_dataset"], history.snapshot) == ["a"]


def test_a_table_is_stale_by_its_recipe_or_code() -> None:
    history = run_history("a")
    assert stale_table(DEFAULT["selection"], history.snapshot, NOW, ["a"]) is None
    other = versioned(CODE | {"selection": "1+other"})
    assert str(stale_table(DEFAULT["selection"], history.snapshot, other)) == "selection: its recipe changed"
    assert stale_table(DEFAULT["selection"], Snapshot({}), NOW) is None


# --- the graph ---


def test_dependents_of_the_signals_are_what_reads_them() -> None:
    datasets = {"scene_dataset", "segment_dataset"}
    assert DEFAULT.dependents({"video_signals"}) == {"video_signals"} | datasets | BELOW_SIGNALS
