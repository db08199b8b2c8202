"""What people are told of canaries."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vidpipe.annotation.canary_topics import Topic, annotation_topic, query_topic
from vidpipe.annotation.query_recipes import query_plan_of
from vidpipe.annotation.recipes import plan_of
from vidpipe.asking.canary_rules import EVERY
from vidpipe.asking.estimate import Ask
from vidpipe.cli.canaries import bad_news, scores_of
from vidpipe.cli.canaries_left import in_words, with_canaries
from vidpipe.ledger.canaries import Canary
from vidpipe.ledger.ledger import Ledger, open_ledger
from vidpipe.models.calls import Usage
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.model_sections import Annotation

ASSET = "video_annotations"
BAD = Canary("k", 0, "a", "gemini", ASSET, "m", "m-001", 1e9 + 1, 0.2, 0.2, 1.25, 1, 4, is_bad=True)
BEFORE, AFTER = "2001-09-09T01:46:40+00:00", "2001-09-09T01:46:42+00:00"  # 1e9 seconds, and two later


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A new ledger."""
    opened = open_ledger(str(tmp_path / "ledger.db"))
    yield opened
    opened.close()


def test_bad_news_is_one_line_with_numbers_and_old_news_is_none(ledger: Ledger) -> None:
    assert list(bad_news(ledger.canaries, "report", BEFORE)) == []
    ledger.canaries.add(replace(BAD, number=7, is_bad=False, attention=1.0))
    assert list(bad_news(ledger.canaries, "report", BEFORE)) == []
    ledger.canaries.add(BAD)
    assert list(bad_news(ledger.canaries, "report", BEFORE)) == [
        "video_annotations: m-001 read 20% of the words of a canary, invented 1 of 4 scenes, was 1.2 s off "
        "(attention 0.20); it does not look at what it is shown: what it told of videos may be made up"
    ]
    assert list(bad_news(ledger.canaries, "report", AFTER)) == []


def test_where_a_run_was_stopped_it_says_so(ledger: Ledger) -> None:
    ledger.canaries.add(BAD)
    (line,) = bad_news(ledger.canaries, "stop", BEFORE)
    assert "may be made up" in line
    ledger.canaries.add(replace(BAD, number=1))
    (line,) = bad_news(ledger.canaries, "stop", BEFORE)
    assert line.endswith("it was asked nothing more")
    (line,) = bad_news(ledger.canaries, "report", BEFORE)
    assert "may be made up" in line


def test_scores_are_found_by_who_was_asked_and_who_answered(ledger: Ledger) -> None:
    ledger.canaries.add(BAD)
    found = scores_of(ledger.canaries)
    assert found[ASSET, "m", "m-001"].attention == 0.2
    assert len(found) == 1


def test_each_asset_has_news_of_its_own(ledger: Ledger) -> None:
    ledger.canaries.add(BAD)
    ledger.canaries.add(replace(BAD, kind="q", asset="segment_queries"))
    assert [line.split(":")[0] for line in bad_news(ledger.canaries, "stop", BEFORE)] == [ASSET, "segment_queries"]


def asks(n: int, call: str, asset: str = ASSET) -> list[Ask]:
    """Calls that are left."""
    return [Ask(asset, call, "m", Usage(text=10, out=5), 4, 6, weight=n)] if n else []


def topic(**keys: Any) -> Topic:
    """What annotations ask about films."""
    recipe = Annotation(annotator="gemini", **keys)
    found = annotation_topic(plan_of(recipe, Path("/nowhere")), recipe)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("annotation", "call", "n_calls", "n_canaries"),
    [
        ({}, "annotation", 0, 0),
        ({}, "annotation", 1, 1),
        ({}, "annotation", EVERY + 1, 2),
        ({"mode": "two_pass"}, "narrative", 2 * EVERY, 2),
        ({"mode": "two_pass"}, "questions", 500, 0),
    ],
)
def test_canaries_are_estimated_with_the_calls_that_are_shown_a_video(
    ledger: Ledger, annotation: dict[str, Any], call: str, n_calls: int, n_canaries: int
) -> None:
    left = asks(n_calls, call)
    found = with_canaries(ledger.canaries, {ASSET: topic(**annotation)}, left)[len(left) :]
    assert sum(one.weight for one in found) == n_canaries
    for one in found:
        assert (one.asset, one.call, one.model) == (ASSET, "canary", topic().settings.model)
        assert one.usage.video > 0 < one.usage.audio
        assert one.usage.text > 300
        assert 50_000 < one.n_bytes < 150_000
    assert len(list(in_words(found))) == min(n_canaries, 1)


def test_each_asset_has_canaries_of_its_own(ledger: Ledger) -> None:
    recipe = check_recipe("recipe.yaml", {"budget_usd": 5, "annotation": {"annotator": "gemini"}, "queries": {}})
    plan = query_plan_of(recipe, "segment", Path("/nowhere"))
    segments = query_topic(plan, recipe.annotation, "segment")
    left = [*asks(3, "annotation"), *asks(EVERY + 1, "segment", "segment_queries")]
    found = with_canaries(ledger.canaries, {ASSET: topic(), "segment_queries": segments}, left)
    assert [(one.asset, one.weight) for one in found if one.call == "canary"] == [(ASSET, 1), ("segment_queries", 2)]
    (words,) = in_words(found)
    assert words.startswith("Canaries: 3 made films before the first")
    ledger.canaries.add(replace(BAD, kind=segments.kind, asset="segment_queries", is_bad=False))
    found = with_canaries(ledger.canaries, {"segment_queries": segments}, asks(EVERY, "segment", "segment_queries"))
    assert len(found) == 1, "one that was asked is not asked again"
