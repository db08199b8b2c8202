from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.timeline.spans import Span, sliding_windows

SECONDS = st.fractions(0, 200, max_denominator=100)
SPANS = st.tuples(SECONDS, SECONDS).map(lambda ends: Span(min(ends), max(ends)))


def windows(duration_s: float | str, length_s: int = 60, overlap_s: int = 5) -> list[tuple[float, float]]:
    found = sliding_windows(Fraction(str(duration_s)), Fraction(length_s), Fraction(overlap_s))
    return [(float(span.start_s), float(span.end_s)) for span in found]


def test_a_span_is_half_open() -> None:
    span = Span(Fraction(1), Fraction(2))
    assert span.length_s == 1
    assert span.contains(Fraction(1))
    assert not span.contains(Fraction(2))


def test_a_span_that_ends_before_it_starts_is_a_bug() -> None:
    with pytest.raises(ValueError, match="start_s <= end_s"):
        Span(Fraction(2), Fraction(1))


def test_spans_that_touch_share_nothing() -> None:
    assert Span(Fraction(0), Fraction(1)).overlap_s(Span(Fraction(1), Fraction(2))) == 0


@given(SPANS, SPANS)
def test_overlap_is_the_same_from_both_sides_and_no_longer_than_either(a: Span, b: Span) -> None:
    assert a.overlap_s(b) == b.overlap_s(a)
    assert 0 <= a.overlap_s(b) <= min(a.length_s, b.length_s)
    assert a.overlap_s(a) == a.length_s


@pytest.mark.parametrize(
    ("duration_s", "expected"),
    [
        (0, []),
        (3, [(0, 3)]),
        (5, [(0, 5)]),
        (60, [(0, 60)]),
        (60.5, [(0, 60), (55, 60.5)]),
        (120, [(0, 60), (55, 115), (110, 120)]),
        (115, [(0, 60), (55, 115)]),
    ],
)
def test_windows_share_their_overlap_and_end_with_the_video(
    duration_s: float, expected: list[tuple[float, float]]
) -> None:
    assert windows(duration_s) == expected


@pytest.mark.parametrize("overlap_s", [-1, 60, 61])
def test_windows_must_move_on(overlap_s: int) -> None:
    with pytest.raises(ValueError, match="overlap_s < length_s"):
        windows(100, 60, overlap_s)


@given(SECONDS, st.integers(1, 60), st.integers(0, 59))
def test_windows_cover_the_video_without_a_gap(duration_s: Fraction, length_s: int, overlap_s: int) -> None:
    overlap_s = min(overlap_s, length_s - 1)
    found = list(sliding_windows(duration_s, Fraction(length_s), Fraction(overlap_s)))
    assert bool(found) == (duration_s > 0)
    if found:
        assert (found[0].start_s, found[-1].end_s) == (Fraction(0), duration_s)
        assert all(b.start_s <= a.end_s for a, b in pairwise(found))
        assert all(0 < span.length_s <= length_s for span in found)
