from fractions import Fraction

import pytest

from vidpipe.annotation.retiming import Retimer, read_pair
from vidpipe.annotation.schema import Correction, Timestamps
from vidpipe.timeline.spans import Span
from vidpipe.timeline.timecodes import NO_TIME, UNREADABLE, Reading

SCENE = Span(Fraction(10), Fraction(20))


def pair(start: str | None, end: str | None) -> Timestamps:
    return Timestamps(start_timestamp=start, end_timestamp=end)


def at(seconds: int) -> Reading:
    return Reading(Fraction(seconds))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (pair("0:11", "0:15"), (at(11), at(15))),
        (pair("0:11-0:15", None), (at(11), at(15))),
        (pair(None, "0:11-0:15"), (at(11), at(15))),
        (pair("start", "end"), (at(10), at(20))),
        (pair("throughout", "throughout"), (NO_TIME, NO_TIME)),
        (pair("0:15", "0:11"), (at(15), UNREADABLE)),
        (pair("soon", "0:15"), (UNREADABLE, at(15))),
        (pair("0:11", "later on"), (at(11), UNREADABLE)),
    ],
)
def test_both_ends_of_a_pair_are_read(given: Timestamps, expected: tuple[Reading, Reading]) -> None:
    assert read_pair(given, SCENE) == expected


def test_a_time_outside_its_scene_moves_to_the_nearest_end_and_is_noted() -> None:
    retimer = Retimer(Fraction(0))
    assert retimer.moment("0:25", SCENE, "climax") == "00:00:20.000"
    assert retimer.moment("0:05", SCENE, "step") == "00:00:10.000"
    assert retimer.moment("0:12.5", SCENE, "inside") == "00:00:12.500"
    assert retimer.corrections == [
        Correction(what="climax", from_s=25.0, to_s=20.0),
        Correction(what="step", from_s=5.0, to_s=10.0),
    ]


def test_the_drift_is_taken_off_first_and_the_scenes_end_stays_its_end() -> None:
    retimer = Retimer(Fraction(1, 2))
    assert retimer.pair(pair("0:12", "end"), SCENE, "walk") == pair("00:00:11.500", "00:00:20.000")
    assert retimer.corrections == []


def test_no_time_is_null_and_only_the_unreadable_counts() -> None:
    retimer = Retimer(Fraction(0))
    assert retimer.pair(pair("n/a", "soon"), SCENE, "walk") == pair(None, None)
    assert retimer.n_unreadable == 1


def test_a_known_time_is_written_whatever_was_read() -> None:
    retimer = Retimer(Fraction(0))
    assert retimer.settle_to(UNREADABLE, Fraction("7.48"), "start") == "00:00:07.480"
    assert retimer.settle_to(Reading(Fraction("7.4801")), Fraction("7.48"), "same") == "00:00:07.480"
    assert retimer.corrections == [Correction(what="start", from_s=None, to_s=7.48)]
    assert retimer.n_unreadable == 1


def test_a_time_before_zero_is_written_as_zero() -> None:
    assert Retimer(Fraction(0)).settle_to(NO_TIME, Fraction(-1, 25), "start") == "00:00:00.000"
