from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.timeline.spans import Span
from vidpipe.timeline.timecodes import (
    MAX_S,
    NO_TIME,
    UNREADABLE,
    Reading,
    format_timestamp,
    parse_timestamp,
)

SCENE = Span(Fraction(5), Fraction(50))
NO_TIMES = ["", "n/a", "varies", "throughout", "throughout the scene", "not present", "not applicable"]
UNREADABLE_TEXTS = ["0:75", "1:75:00", "-5", "1:2:3:4", "10²", "soon", "0:10 and 0:20", "1:23am", ":", "0:"]
UNREADABLE_TEXTS += ["\x00", "0:1\x000", "x" * 500, "9" * 500, "99999999:00"]


@pytest.mark.parametrize(
    ("text", "start_s", "end_s"),
    [
        ("1:23", "83", None),
        ("01:02:03", "3723", None),
        ("83", "83", None),
        ("83s", "83", None),
        ("0:12.5", "12.5", None),
        ("0:10-0:20", "10", "20"),
        ("0:10+", "10", None),
        ("~0:10", "10", None),
        ("around 0:10", "10", None),
        ("0:10 - …", "10", None),
        ("end", "50", None),
        ("start", "5", None),
        ("00:00:12,500", "12.5", None),
        ("00:00:12:500", "12.5", None),
        ("00:12:500", "12.5", None),
        ("83:20", "5000", None),
        ("0:10 – 0:20", "10", "20"),
        ("from 0:10 to the end", "10", "50"),
        ("0:10 - a man waves", "10", None),
        ("0:20-0:10", "20", None),
        ("0:10…", "10", None),
        ("1h 2m 3.5s", "3723.5", None),
        ("90 seconds", "90", None),
        ("2 min", "120", None),
        ("[00:10]", "10", None),
        ("  0:10.  ", "10", None),
        ("٠:١٠", "10", None),
        ("0：10", "10", None),
    ],
)
def test_each_form_in_the_wild_is_read_exactly(text: str, start_s: str, end_s: str | None) -> None:
    assert parse_timestamp(text, scene=SCENE) == Reading(Fraction(start_s), Fraction(end_s) if end_s else None)


@pytest.mark.parametrize("text", [*NO_TIMES, "scene 3", "Scene 3.", "N/A", "Throughout", " none ", None])
def test_no_time_is_understood_as_none(text: str | None) -> None:
    assert parse_timestamp(text, scene=SCENE) == NO_TIME


@pytest.mark.parametrize(
    "value",
    [*UNREADABLE_TEXTS, float("nan"), float("inf"), -1, 10**400, True, [], {}, b"0:10"],
)
def test_what_makes_no_time_is_told_apart_from_no_time(value: object) -> None:
    assert parse_timestamp(value, scene=SCENE) == UNREADABLE


def test_end_needs_a_scene() -> None:
    assert parse_timestamp("end") == UNREADABLE
    assert parse_timestamp("0:10-end") == Reading(Fraction(10))


@pytest.mark.parametrize(("number", "seconds"), [(83, "83"), (83.1, "83.1"), (0, "0"), (-0.0, "0"), (1e-7, "1e-7")])
def test_numbers_are_seconds_as_they_are_written(number: float, seconds: str) -> None:
    assert parse_timestamp(number) == Reading(Fraction(seconds))


@given(st.text() | st.text(alphabet="0123456789:.,-~ +hmsec…٣end") | st.floats() | st.integers())
def test_any_value_gives_a_bounded_reading(value: object) -> None:
    reading = parse_timestamp(value, scene=SCENE)
    for time_s in (reading.start_s, reading.end_s):
        assert time_s is None or 0 <= time_s <= MAX_S


@given(st.integers(0, 1000 * 3600 * 1000))
def test_what_is_written_is_read_back(ms: int) -> None:
    time_s = Fraction(ms, 1000)
    assert parse_timestamp(format_timestamp(time_s)) == Reading(time_s)


@given(st.from_regex(r"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}", fullmatch=True))
def test_a_time_as_it_is_written_means_what_it_means_among_spaces(text: str) -> None:
    assert parse_timestamp(text) == parse_timestamp(f" {text} ")


@given(st.fractions(0, 10**6))
def test_written_times_are_nearest_and_never_hold_60(time_s: Fraction) -> None:
    text = format_timestamp(time_s)
    hours, minutes, seconds = text.split(":")
    assert int(minutes) < 60
    assert Fraction(seconds) < 60
    assert abs(int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds) - time_s) <= Fraction(1, 2000)


@given(st.fractions(0, 10**6), st.fractions(0, 10**6))
def test_written_times_keep_their_order(a: Fraction, b: Fraction) -> None:
    low, high = (parse_timestamp(format_timestamp(t)).start_s for t in sorted((a, b)))
    assert low is not None
    assert high is not None
    assert low <= high


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ("59.9996", "00:01:00.000"),
        ("3599.9999", "01:00:00.000"),
        ("0.0005", "00:00:00.000"),
        ("0.0015", "00:00:00.002"),
        ("360000", "100:00:00.000"),
    ],
)
def test_rounding_carries_and_halves_go_to_the_even(seconds: str, text: str) -> None:
    assert format_timestamp(Fraction(seconds)) == text


def test_a_negative_time_is_a_bug() -> None:
    with pytest.raises(ValueError, match="seconds >= 0"):
        format_timestamp(Fraction(-1))


def test_readings_refuse_what_contradicts_itself() -> None:
    with pytest.raises(ValueError, match="need a start"):
        Reading(None, Fraction(1))
    with pytest.raises(ValueError, match="start_s <= end_s"):
        Reading(Fraction(2), Fraction(1))
    with pytest.raises(ValueError, match="is understood"):
        Reading(Fraction(1), is_understood=False)
