"""Every time of a told video is found where it stands, and moved where it says one."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.annotation.told_times import changed, clock, on_own_clock, seconds_in, shifted, shown, times_in
from vidpipe.timeline.spans import Span
from vidpipe_tests.annotation.answering import scene, video


def test_all_times_are_found_in_order() -> None:
    values = {"scenes": [scene(1, 0, 10)], "storylines": {"climax": {"timestamp": "0:05"}}}
    assert [shown(path) for path, _, _ in times_in(values, Fraction(60))] == [
        "scenes[0].timestamps.start_timestamp",
        "scenes[0].timestamps.end_timestamp",
        "scenes[0].activities[0].timestamp.start_timestamp",
        "scenes[0].activities[0].timestamp.end_timestamp",
        "scenes[0].props[0].timestamp.start_timestamp",
        "scenes[0].props[0].timestamp.end_timestamp",
        "scenes[0].videoEditingDetails[0].timestamps.start_timestamp",
        "scenes[0].videoEditingDetails[0].timestamps.end_timestamp",
        "scenes[0].narrativeProgression[0].timestamp",
        "scenes[0].mood.keyMoments[0].timestamp",
        "storylines.climax.timestamp",
    ]


def test_words_mean_the_scene_inside_one_and_the_video_elsewhere() -> None:
    one = scene(1, 10, 20)
    one["activities"][0]["timestamp"] = {"start_timestamp": "start", "end_timestamp": "end"}
    values = {"scenes": [one, {"timestamps": {"start_timestamp": "0:20", "end_timestamp": "end"}}]}
    values["storylines"] = {"climax": {"timestamp": "the end"}}  # type: ignore[assignment]
    found = {shown(path): reading.start_s for path, _, reading in times_in(values, Fraction(60))}
    assert found["scenes[0].activities[0].timestamp.start_timestamp"] == 10
    assert found["scenes[0].activities[0].timestamp.end_timestamp"] == 20
    assert found["scenes[1].timestamps.end_timestamp"] == 60
    assert found["storylines.climax.timestamp"] == 60


def test_a_scene_that_ends_before_it_starts_lends_no_meaning() -> None:
    broken = {"timestamps": {"start_timestamp": "0:30", "end_timestamp": "0:10"}, "mood": {"timestamp": "end"}}
    assert list(seconds_in({"scenes": [broken]}, Fraction(60))) == [30, 10, 60]


def test_times_move_and_what_is_no_time_stays() -> None:
    values = {"a": {"timestamp": "0:10-0:20"}, "b": {"timestamp": "throughout"}, "c": {"timestamp": None}}
    values["d"] = {"timestamp": "about noon"}
    assert shifted(values, Fraction(60), Fraction(600)) == {
        "a": {"timestamp": "00:10:10.000 - 00:10:20.000"},
        "b": {"timestamp": "throughout"},
        "c": {"timestamp": None},
        "d": {"timestamp": "about noon"},
    }
    assert shifted({"a": {"timestamp": "0:10"}}, Fraction(60), Fraction(-20)) == {"a": {"timestamp": "00:00:00.000"}}


@settings(max_examples=40)
@given(st.integers(0, 5000), st.integers(1, 900))
def test_moving_there_and_back_changes_no_second(by_s: int, length_s: int) -> None:
    values = video(length_s)
    there = shifted(values, Fraction(length_s), Fraction(by_s))
    assert list(seconds_in(there, Fraction(length_s))) == [x + by_s for x in seconds_in(values, Fraction(length_s))]
    back = shifted(there, Fraction(length_s), Fraction(-by_s))
    assert list(seconds_in(back, Fraction(length_s))) == list(seconds_in(values, Fraction(length_s)))


@settings(max_examples=40)
@given(st.integers(5, 600), st.integers(0, 3000))
def test_a_part_told_on_the_videos_clock_is_put_on_its_own(length_s: int, later_s: int) -> None:
    start_s = length_s + later_s  # no part is longer than the ones before it
    part = Span(Fraction(start_s), Fraction(start_s + length_s))
    own = video(length_s)
    late = shifted(own, Fraction(length_s), Fraction(start_s))
    assert list(seconds_in(on_own_clock(late, part), part.length_s)) == list(seconds_in(own, part.length_s))
    assert on_own_clock(own, part) is own


@pytest.mark.parametrize("values", [{}, {"scenes": None}, {"scenes": [None, 3, []]}, {"scenes": {"timestamp": 5}}])
def test_values_of_any_shape_can_be_walked(values: dict[str, Any]) -> None:
    assert times_in(values, Fraction(60)) == []
    assert changed(values, Fraction(60), lambda path, text, inside: "x") == values


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00:00"), (59.4, "0:00:59"), (59.6, "0:01:00"), (3599.5, "1:00:00"), (36_000, "10:00:00")],
)
def test_a_clock_shows_hours_minutes_and_seconds(seconds: float, text: str) -> None:
    assert clock(Fraction(seconds)) == text
