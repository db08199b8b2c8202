"""Plans: everything that is left and nothing else, in runs that Dagster can express."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.ledger.plan import held_back, in_doubt, in_turn, leaving, needs, pieces, table_is_due
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.recipe.line import LINE
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.stages import Line, stages_of
from vidpipe_tests.ledger.histories import CODE, NOW, History, run_history
from vidpipe_tests.lines import DEFAULT, versioned

KEYS = st.integers(0, 40).map(lambda n: [f"k{i}" for i in range(n)])
STAGE_SETS = st.sampled_from([("raw_videos",), ("raw_videos", "shots"), ("shots",)])


def needs_of(history: History, video_id: str = "a") -> tuple[str, ...]:
    """The per-video stages that a video has to go through."""
    return needs(history.snapshot, history.line, DEFAULT.per_video).get(video_id, ())


@given(KEYS, st.data(), st.integers(1, 7))
def test_pieces_are_neighbours_in_order_and_cover_what_is_wanted_once(
    keys: list[str], data: st.DataObject, size: int
) -> None:
    wanted = data.draw(st.dictionaries(st.sampled_from(keys), STAGE_SETS) if keys else st.just({}))
    found = list(pieces(keys, wanted, size))
    assert [key for piece in found for key in piece.keys] == [key for key in keys if key in wanted]
    for piece in found:
        at = keys.index(piece.keys[0])
        assert tuple(keys[at : at + len(piece.keys)]) == piece.keys, "a run is one contiguous range"
        assert 0 < len(piece.keys) <= size
        assert {wanted[key] for key in piece.keys} == {piece.assets}


@given(KEYS, st.integers(1, 7))
def test_no_more_pieces_than_needed_where_all_want_the_same(keys: list[str], size: int) -> None:
    found = list(pieces(keys, dict.fromkeys(keys, ("shots",)), size))
    assert len(found) == -(-len(keys) // size)


def test_keys_outside_the_set_are_in_no_piece() -> None:
    assert list(pieces(["a"], {"b": ("shots",)}, 5)) == []


def test_what_was_paid_for_comes_apart_from_what_may_change_it() -> None:
    history = run_history("a", "b")
    made = [stage for stage in DEFAULT.per_video if stage.over == "selected"]

    def parts(history: History, line: Line, held: tuple[str, ...] = ("video_annotations",)) -> list[list[str]]:
        return [[stage.name for stage in part] for part in in_turn(history.snapshot, line, made, held)]

    names = [stage.name for stage in made]
    cut = names.index("video_annotations")
    changed = versioned(history.code | {"shots": "other"})
    assert parts(history, changed) == [names], "what cost nothing is not held"
    asked = in_turn(history.snapshot, changed, made, ["video_annotations"], ["video_annotations"])
    assert [len(part) for part in asked] == [cut, len(names) - cut], "but where it would cost something"
    doubted = in_doubt(history.snapshot, needs(history.snapshot, changed, made), "video_annotations")
    assert doubted == {"a", "b"}
    annotations = history.entries["video_annotations"]
    annotations["a"] = annotations["a"]._replace(cost_usd=0.01)
    assert parts(history, history.line) == [names], "nothing changes"
    assert parts(history, changed) == [names[:cut], names[cut:]]
    assert parts(history, changed, ()) == [names], "--stale"
    assert parts(history, versioned(history.code | {"segment_clips": "other"})) == [names], "nobody reads it here"
    history.lose("shots", "a")
    assert parts(history, history.line) == [names[:cut], names[cut:]]


def test_what_is_only_stale_and_held_stays_and_all_that_reads_it_waits() -> None:
    history = run_history("a", "b")
    line = versioned(history.code | {"video_annotations": "other", "aligned_metadata": "other"})
    assert needs(history.snapshot, line, DEFAULT.per_video)["a"] == ("video_annotations", "aligned_metadata")
    assert needs(history.snapshot, line, DEFAULT.per_video, ["video_annotations"]) == {}
    assert held_back(history.snapshot, line, ["video_annotations"]) == {"video_annotations": {"a", "b"}}
    assert held_back(history.snapshot, history.line, ["video_annotations"]) == {}
    assert needs(
        history.snapshot, line, DEFAULT.per_video, ["video_annotations"], {"video_annotations": {"b"}}
    ).keys() == {"b"}
    assert held_back(history.snapshot, line, ["video_annotations"], {"video_annotations": {"b"}}) == {
        "video_annotations": {"a"}
    }


def test_what_is_held_stays_held_whatever_else_there_is_to_do_above_it_or_to_report() -> None:
    history = run_history("a", "b")
    line = versioned(history.code | {"video_annotations": "other", "shots": "other"})
    held = ["video_annotations"]
    assert needs(history.snapshot, line, DEFAULT.per_video, held) == {"a": ("shots",), "b": ("shots",)}
    entries = history.entries["video_annotations"]
    entries["a"] = entries["a"]._replace(reported=False)
    assert needs(history.snapshot, line, DEFAULT.per_video, held) == {"a": ("shots",), "b": ("shots",)}
    assert held_back(history.snapshot, line, held) == {"video_annotations": {"a", "b"}}
    assert needs(history.snapshot, line, DEFAULT.per_video, held, free={held[0]: ["a"]})["a"] == (
        "shots",
        "video_annotations",
        "aligned_metadata",
    )


def test_what_only_serves_a_held_record_waits_with_it() -> None:
    history, held = run_history("a", "b"), ["video_annotations"]
    recipe = check_recipe("recipe.yaml", {"budget_usd": 1, "annotation": {"annotator": "gemini", "batch": True}})
    stages = stages_of(recipe, LINE)
    code = {stage.name: history.code.get(stage.name, "1+r") for stage in stages}
    asks = Line(stages, code | {"video_annotations": "other"})
    wanted = needs(history.snapshot, asks, asks.per_video, held)
    assert "annotation_requests" not in wanted.get("a", ()), "what an offline annotator said is stale, and stays"
    del history.entries["video_annotations"]["b"]
    wanted = needs(history.snapshot, asks, asks.per_video, held)
    both = {"annotation_requests", "video_annotations"}
    assert both <= set(wanted["b"])
    assert both <= set(needs(history.snapshot, asks, asks.per_video)["a"])
    annotations = history.entries["video_annotations"]
    annotations["a"] = annotations["a"]._replace(cost_usd=0.01)
    changed = Line(stages, {**asks.versions, "shots": "other"})
    made = [stage for stage in asks.per_video if stage.over == "selected"]
    first, *_ = in_turn(history.snapshot, changed, made, held)
    assert "annotation_requests" not in [stage.name for stage in first], "nor is asked before it is known to be held"


def test_what_is_missing_is_needed_though_it_is_held() -> None:
    history = run_history("a", "b")
    del history.entries["video_annotations"]["a"]
    line = versioned(history.code | {"video_annotations": "other"})
    assert needs(history.snapshot, line, DEFAULT.per_video, ["video_annotations"]) == {
        "a": ("video_annotations", "aligned_metadata")
    }


def test_nothing_is_needed_after_a_first_pass() -> None:
    assert needs(run_history("a", "b").snapshot, NOW, DEFAULT.per_video) == {}


def test_a_new_video_needs_the_whole_line() -> None:
    history = run_history("a")
    history.catalogue("b")
    assert needs(history.snapshot, NOW, DEFAULT.per_video) == {"b": tuple(stage.name for stage in DEFAULT.per_video)}


def test_only_the_asked_stages_are_needed() -> None:
    history = run_history("a")
    history.catalogue("b")
    assert needs(history.snapshot, NOW, [DEFAULT["raw_videos"]]) == {"b": ("raw_videos",)}


@pytest.mark.parametrize("lost", ["video_signals", "shots"])
def test_a_damaged_record_is_needed_with_whatever_reads_it(lost: str) -> None:
    history = run_history("a", "b")
    history.lose(lost, "a")
    assert set(needs_of(history)) == {lost} | {"shots", "video_annotations", "aligned_metadata"}
    assert needs_of(history, "b") == ()


def test_a_record_that_dagster_has_not_heard_of_is_needed() -> None:
    history = run_history("a")
    entry = history.entries["segment_clips"]["a"]
    history.entries["segment_clips"]["a"] = entry._replace(reported=False)
    assert needs_of(history) == ("segment_clips",)


def test_a_stale_record_is_needed_with_whatever_reads_it() -> None:
    history = run_history("a")
    history.code["shots"] = "2+r"
    assert needs_of(history) == ("shots", "video_annotations", "aligned_metadata")


def test_what_the_catalogue_does_not_keep_needs_nothing() -> None:
    history = History()
    history.catalogue("a", "b")
    rows = history.rows["catalogue"]
    rows["a"] = rows["a"]._replace(outcome="dropped", reason="too short")
    del rows["b"]
    assert needs(history.snapshot, NOW, DEFAULT.per_video) == {}


# --- tables ---


def test_a_table_is_due_when_it_is_missing_damaged_unreported_of_other_code_or_differs() -> None:
    history = run_history("a")
    assert not table_is_due("selection", history.snapshot, NOW)
    assert table_is_due("selection", Snapshot({}), NOW)
    assert table_is_due("selection", history.snapshot, versioned(CODE | {"selection": "2+r"}))
    entry = history.entries["selection"][""]
    for changed in (entry._replace(damaged=True), entry._replace(reported=False)):
        other = replace(history.snapshot, entries=history.entries | {"selection": {"": changed}})
        assert table_is_due("selection", other, NOW)
    history.rows["selection"] = {}
    assert table_is_due("selection", history.snapshot, NOW)


# --- leaving ---


def test_nobody_leaves_without_cause() -> None:
    history = run_history("a", "b")
    assert leaving(history.snapshot, {"selected": ["a", "b"], "video": ["a", "b"]}) == {"selected": [], "video": []}


def test_what_the_catalogue_no_longer_keeps_leaves_both_sets_selected_first() -> None:
    history = run_history("a", "b")
    rows = history.rows["catalogue"]
    rows["a"] = rows["a"]._replace(outcome="dropped", reason="no longer in the source")
    found = leaving(history.snapshot, {"video": ["a", "b"], "selected": ["a", "b"]})
    assert list(found.items()) == [("selected", ["a"]), ("video", ["a"])]


def test_what_the_gate_stops_leaves_selected_only() -> None:
    history = run_history("a")
    history.verdicts["dynamic_videos", "a"] = ("dropped", "static")
    history.run()
    assert leaving(history.snapshot, {"video": ["a"], "selected": ["a"]}) == {"selected": ["a"], "video": []}


def test_a_key_that_nobody_knows_leaves() -> None:
    assert leaving(Snapshot({}), {"video": ["x"], "selected": []}) == {"selected": [], "video": ["x"]}
