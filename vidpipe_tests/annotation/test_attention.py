"""A model that stopped looking is told from one that looked, by numbers."""

import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.annotation.attention import Attention, attention
from vidpipe_tests.annotation.answering import scene, video

BENIGN = 0.7


def looked(lengths: Sequence[float], duration_s: float | None = None) -> Attention:
    """The attention to scenes of these lengths, one after the other."""
    bounds = [0.0, *accumulate(lengths)]
    scenes = [bare(i + 1, bounds[i], bounds[i + 1]) for i in range(len(lengths))]
    return attention({"scenes": scenes}, Fraction(duration_s or bounds[-1]))


def bare(number: int, start_s: float, end_s: float) -> dict[str, Any]:
    return {"sceneId": number, "timestamps": {"start_timestamp": f"{start_s}s", "end_timestamp": f"{end_s}s"}}


VARIED = [7, 12, 5, 9, 15, 6, 11, 8, 13, 4]


def test_who_looked_to_the_end_scores_one() -> None:
    assert looked(VARIED).score == 1.0
    found = attention(video(60), Fraction(60))
    assert (found.told_share, found.score) == (1.0, 1.0)


def test_who_tells_the_first_half_alone_is_found_out() -> None:
    found = looked(VARIED, 2 * sum(VARIED))
    assert found.told_share == 0.5
    assert found.score <= 0.5


def test_who_lets_the_last_scene_take_all_the_rest_is_found_out() -> None:
    found = looked([*VARIED, 300])
    assert found.told_share == 1.0
    assert found.tail_share == pytest.approx(300 / 390, abs=1e-6)
    assert found.score < 0.4


def test_who_lets_scenes_grow_is_found_out() -> None:
    found = looked([3, 4, 5, 8, 14, 20, 30, 33, 36])
    assert found.growth == 8.25
    assert found.score == 0.5


def test_who_counts_instead_of_looking_is_found_out() -> None:
    found = looked([10] * 12)
    assert found.same_share == 1.0
    assert found.score == 0.5
    assert found.score < BENIGN


def test_a_long_last_shot_and_a_fast_opening_are_benign() -> None:
    assert looked([*VARIED, 35]).score >= BENIGN
    assert looked([3, 3, 4, 6, 7, 8, 9, 10, 11]).score >= BENIGN


def test_too_few_scenes_decide_nothing() -> None:
    one = looked([60])
    assert (one.told_share, one.tail_share, one.same_share, one.growth, one.score) == (1.0, None, None, None, 1.0)
    assert looked([10, 10, 10]).score == 1.0
    assert looked([1, 1, 60]).score == 1.0


def test_who_tells_no_time_looked_at_nothing() -> None:
    assert attention({}, Fraction(60)).score == 0.0
    assert attention({"scenes": [{"timestamps": {"start_timestamp": None}}]}, Fraction(60)).score == 0.0


def test_activities_inside_a_long_scene_show_that_it_was_seen() -> None:
    whole = scene(1, 0, 100, mood={"keyMoments": [], "description": "Calm"})
    whole["activities"] = [
        {"description": "a", "timestamp": {"start_timestamp": f"{s}s", "end_timestamp": f"{s + 5}s"}}
        for s in range(0, 95, 10)
    ]
    assert attention({"scenes": [whole]}, Fraction(100)).tail_share == pytest.approx(0.1)
    assert attention({"scenes": [whole]}, Fraction(100)).score == 1.0


def test_scenes_without_both_times_in_order_do_not_count() -> None:
    bounds = [0.0, *accumulate(VARIED)]
    whole = [bare(i, start_s, end_s) for i, (start_s, end_s) in enumerate(pairwise(bounds), 1)]
    broken = [{"sceneId": 98, "timestamps": {"start_timestamp": "0:10"}}, bare(99, 30, 20)]
    one, other = (attention({"scenes": scenes}, Fraction(bounds[-1])) for scenes in (whole, [*broken, *whole]))
    assert one.growth is not None
    assert one == other


def test_a_video_without_a_length_is_a_bug() -> None:
    with pytest.raises(ValueError, match="need a video with a length"):
        attention({}, Fraction(0))


@settings(max_examples=60)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.integers(1, 2000))
def test_the_score_is_a_share_and_scale_does_not_matter(lengths: list[float], duration_s: int) -> None:
    found = looked(lengths, duration_s)
    assert 0 <= found.score <= 1
    assert found.told_share == pytest.approx(min(1, sum(lengths) / duration_s), abs=1e-6)
    json.dumps([found.told_share, found.tail_share, found.same_share, found.growth], allow_nan=False)


@settings(max_examples=30)
@given(st.integers(1, 9))
def test_the_sooner_a_model_stops_the_worse_it_scores(n: int) -> None:
    whole = sum(VARIED)
    assert looked(VARIED[:n], whole).score <= looked(VARIED[: n + 1], whole).score
