from vidpipe.export.costs import Costs, costs_of
from vidpipe.ledger.snapshot import Entry, Snapshot


def entry(cost_usd: float) -> Entry:
    return Entry("ok", None, "", "", "{}", "{}", cost_usd, 0.0, "", reported=True, damaged=False, run_id="")


def test_costs_are_those_of_the_videos_and_stages_asked_for() -> None:
    entries = {
        "video_annotations": {"a": entry(0.1), "b": entry(0.2), "gone": entry(9)},
        "segment_queries": {"a": entry(7)},
        "taxonomy_categories": {"a": entry(0.01)},
        "shots": {"a": entry(0), "b": entry(0)},
    }
    costs = costs_of(Snapshot({}, entries), ("taxonomy_categories", "shots", "video_annotations"), ("a", "b", "c"))
    assert costs.by_stage == {"taxonomy_categories": 0.01, "video_annotations": 0.3}
    assert costs.by_video == (0.0, 0.11, 0.2)


def test_a_dataset_that_cost_nothing_has_no_stages() -> None:
    assert costs_of(Snapshot({}), ("shots",), ("a",)) == Costs({}, (0.0,))
