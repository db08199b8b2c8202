"""Counts: what goes in comes out in one way each, whatever happened; and what does not fit is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.ledger.counts import Overview, overview
from vidpipe.ledger.snapshot import Snapshot
from vidpipe_tests.ledger.histories import NOW, History, run_history
from vidpipe_tests.lines import DEFAULT

IDS = ("a", "b/..", "c", "🎬", "e")
WAYS = {"ok", "dropped", "unusable", "blocked", "skipped", "failed", "pending"}
VERDICTS = st.sampled_from([("dropped", "static"), ("unusable", "no"), ("blocked", "no")])
ASSETS = st.sampled_from([stage.name for stage in DEFAULT.per_video])


def members_of(history: History) -> dict[str, list[str]]:
    """The two sets as runs leave them."""
    kept = {v for v, row in history.rows.get("catalogue", {}).items() if row.outcome == "ok"}
    gate = history.entries.get("selected_videos", {})
    through = {v for v in kept if v in gate and gate[v].outcome == "ok"}
    return {
        over: [key for key, video_id in history.videos.items() if video_id in ids]
        for over, ids in (("video", kept), ("selected", through))
    }


def look(history: History) -> Overview:
    """The state of a history."""
    return overview(history.snapshot, history.line, members_of(history))


def json_of(history: History, asset: str) -> dict[str, Any]:
    """The counts of one asset as `status --json` shows them."""
    return next(c.as_json() for c in look(history).assets if c.asset == asset)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Projects in any state: verdicts, failures, losses, half-done lines, videos that came later."""
    history = History(verdicts=draw(st.dictionaries(st.tuples(ASSETS, st.sampled_from(IDS)), VERDICTS, max_size=6)))
    history.catalogue(*draw(st.lists(st.sampled_from(IDS), unique=True)))
    history.run(list(DEFAULT.names)[: draw(st.integers(0, len(DEFAULT.stages)))])
    history.catalogue(*draw(st.lists(st.sampled_from(IDS), unique=True, max_size=2)))
    for asset, video_id in draw(st.lists(st.tuples(ASSETS, st.sampled_from(IDS)), max_size=4)):
        if video_id in history.rows.get("catalogue", {}):
            history.fail(asset, video_id)
    for asset, video_id in draw(st.lists(st.tuples(ASSETS, st.sampled_from(IDS)), max_size=4)):
        if video_id in history.entries.get(asset, {}):
            history.lose(asset, video_id)
    return history


@given(histories())
def test_counts_conserve_whatever_happened(history: History) -> None:
    state = look(history)
    assert all(counts.adds_up for counts in state.assets)
    assert [counts.asset for counts in state.assets] == [stage.name for stage in DEFAULT.stages]
    for counts in state.assets:
        shown = counts.as_json()
        ways = [shown[way] if way == "ok" else sum(shown[way].values()) for way in WAYS]
        assert shown["in"] == sum(ways)
        assert 0 <= shown["stale"] <= shown["in"]
        assert all(n > 0 for way in WAYS - {"ok"} for n in shown[way].values())


@given(histories())
def test_a_healthy_project_has_no_problems(history: History) -> None:
    assert look(history).problems == ()


def test_a_first_pass_is_done() -> None:
    state = look(run_history("a", "b"))
    assert not any(counts.failed or counts.pending for counts in state.assets)
    assert state.conserved
    assert {c.asset: (c.n_in, c.ok) for c in state.assets if c.unit != "table"} == {
        stage.name: (2, 2) for stage in DEFAULT.stages if stage.unit != "table"
    }


def test_reasons_stand_with_their_numbers_the_most_frequent_first() -> None:
    history = History()
    history.catalogue("a", "b", "c", "d")
    for video_id, reason in zip("abc", ("y", "x", "x"), strict=True):
        history.verdicts["raw_videos", video_id] = ("unusable", reason)
    history.run()
    assert list(json_of(history, "raw_videos")["unusable"].items()) == [("x", 2), ("y", 1)]
    assert json_of(history, "shots")["in"] == 1
    assert json_of(history, "dynamic_videos")["skipped"] == {"raw_videos": 3}
    assert json_of(history, "selected_videos")["skipped"] == {"raw_videos": 3}


@pytest.mark.parametrize("reason", ["budget", "quota until 2026-11-22T08:00Z", "no GEMINI_API_KEY", "no TGI_BASE_URL"])
def test_what_was_not_tried_for_a_known_reason_is_pending(reason: str) -> None:
    history = run_history("a", "b")
    history.fail("shots", "a", reason)
    found = json_of(history, "shots")
    assert (found["ok"], found["failed"], found["pending"]) == (1, {}, {reason: 1})


def test_a_failure_counts_as_failed_even_over_an_older_record() -> None:
    history = run_history("a")
    history.fail("shots", "a", "store full")
    found = json_of(history, "shots")
    assert (found["ok"], found["failed"]) == (0, {"store full": 1})


def test_a_damaged_record_counts_as_not_reached() -> None:
    history = run_history("a")
    history.lose("shots", "a")
    assert json_of(history, "shots")["pending"] == {"not reached": 1}


def test_a_table_with_other_rows_than_it_should_is_pending() -> None:
    history = run_history("a")
    history.contents["aligned_metadata", "a"] = "other"
    history.run(["aligned_metadata"])
    found = json_of(history, "scene_dataset")
    assert (found["in"], found["ok"], found["pending"]) == (1, 0, {"inputs changed": 1})


def test_a_row_not_asked_for_is_pending() -> None:
    history = run_history("a")
    rows = history.rows["catalogue"]
    rows["b"] = rows["a"]._replace(outcome="pending", reason="not asked for")
    assert json_of(history, "catalogue")["pending"] == {"not asked for": 1}


def test_stale_records_are_counted_among_the_settled() -> None:
    history = run_history("a", "b")
    history.code["shots"] = "2+r"
    assert [json_of(history, name)["stale"] for name in ("video_signals", "shots", "aligned_metadata")] == [0, 2, 2]
    assert json_of(history, "shots")["ok"] == 2
    dataset = json_of(history, "scene_dataset")
    because = "shots: its code changed; shots > aligned_metadata > scene_dataset"
    assert (dataset["stale"], dataset["stale_because"]) == (1, because), "it is made from them"


def test_a_dataset_is_not_stale_with_videos_that_are_no_longer_in_it() -> None:
    history = run_history("a", "b")
    history.entries["shots"]["b"] = history.entries["shots"]["b"]._replace(code_version="old")
    members = members_of(history)
    members["selected"].remove("b")
    (told,) = [c for c in overview(history.snapshot, NOW, members).assets if c.asset == "scene_dataset"]
    assert (told.stale, told.stale_because) == (0, None)


def test_a_catalogue_of_another_recipe_says_so_of_all_its_rows() -> None:
    history = run_history("a", "b")
    history.code["catalogue"] = "1+other"
    told = json_of(history, "catalogue")
    assert (told["stale"], told["stale_because"]) == (2, "catalogue: its recipe changed")
    assert "stale_because" not in json_of(history, "shots"), "there each record has its own reason"


def test_a_video_lost_from_a_set_is_a_problem() -> None:
    history = run_history("a", "b")
    for over in ("video", "selected"):
        members = members_of(history)
        members[over].remove("a")
        assert overview(history.snapshot, NOW, members).problems == (f"'a' is missing from the set {over}",)


def test_a_stranger_in_a_set_is_a_problem() -> None:
    history = run_history("a")
    members = members_of(history) | {"selected": ["a", "x"]}
    state = overview(history.snapshot, NOW, members)
    assert not state.conserved
    assert state.problems == ("'x' is in the set selected without cause",)


def test_blaming_an_asset_that_let_the_video_through_is_a_problem() -> None:
    history = run_history("a")
    entry = history.entries["shots"]["a"]
    history.entries["shots"]["a"] = entry._replace(outcome="skipped", reason="raw_videos")
    assert look(history).problems == ("'a' is skipped at shots because of raw_videos, which let it through",)


def test_an_empty_project_conserves() -> None:
    state = overview(Snapshot({}), NOW, {"video": [], "selected": []})
    assert state.conserved
    assert all(c.adds_up for c in state.assets)
