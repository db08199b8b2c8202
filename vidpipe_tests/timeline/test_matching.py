from fractions import Fraction
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.timeline.matching import ALONE, NS, find_drift, match

SNAP_S = Fraction(2)
TIMES = st.lists(st.integers(0, 400).map(lambda t: Fraction(t, 20)), max_size=5).map(sorted)


def s(*seconds: float) -> list[Fraction]:
    return [Fraction(str(x)) for x in seconds]


def test_each_boundary_takes_its_cut_in_order() -> None:
    assert match(s(1, 8, 12), s(0.6, 7.48, 11.2), snap_s=SNAP_S).cut_of == (0, 1, 2)


def test_a_cut_is_taken_once_and_by_the_nearer_boundary() -> None:
    assert match(s(10, 11, 12), s(10, 12), snap_s=SNAP_S).cut_of == (0, None, 1)


def test_a_cut_farther_than_the_window_is_not_taken() -> None:
    assert match(s(10), s(12), snap_s=SNAP_S).cut_of == (0,)
    assert match(s(10), s(12.001), snap_s=SNAP_S).cut_of == (None,)


def test_of_two_cuts_equally_far_the_earlier_is_taken() -> None:
    assert match(s(10), s(9, 11), snap_s=SNAP_S).cut_of == (0,)


def test_one_boundary_too_many_does_not_push_a_row_of_others_off_their_cuts() -> None:
    cuts = s(*(10 + 1.5 * i for i in range(20)))
    boundaries = sorted([*cuts[:-1], Fraction("8.6")])
    assert match(boundaries, cuts, snap_s=SNAP_S).cut_of == (None, *range(19))


def test_equal_boundaries_take_different_cuts() -> None:
    assert match(s(10, 10), s(9, 11), snap_s=SNAP_S).cut_of == (0, 1)


def test_nothing_matches_nothing() -> None:
    assert match([], s(1), snap_s=SNAP_S).cut_of == ()
    assert match(s(1), [], snap_s=SNAP_S).cut_of == (None,)


@pytest.mark.parametrize(("boundaries", "cuts", "snap_s"), [((2, 1), (), 2), ((), (2, 1), 2), ((), (), -1)])
def test_disorder_is_a_bug(boundaries: tuple[int, ...], cuts: tuple[int, ...], snap_s: int) -> None:
    with pytest.raises(ValueError, match="got"):
        match(s(*boundaries), s(*cuts), snap_s=Fraction(snap_s))


def _best_gain(boundaries: list[Fraction], cuts: list[Fraction]) -> Fraction:
    """The gain of the best of all order-preserving matchings, tried one by one."""
    best = Fraction(0)
    for n in range(1, min(len(boundaries), len(cuts)) + 1):
        for left in combinations(boundaries, n):
            for right in combinations(cuts, n):
                away = [abs(b - c) for b, c in zip(left, right, strict=True)]
                if max(away) <= SNAP_S:
                    best = max(best, n * ALONE * SNAP_S - sum(away))
    return best


@settings(max_examples=60)
@given(TIMES, TIMES)
def test_the_matching_is_one_to_one_in_order_within_reach_and_best(
    boundaries: list[Fraction], cuts: list[Fraction]
) -> None:
    found = match(boundaries, cuts, snap_s=SNAP_S)
    pairs = [(b, c) for b, c in enumerate(found.cut_of) if c is not None]
    assert all(c1 < c2 for (_, c1), (_, c2) in pairwise(pairs))
    assert all(abs(boundaries[b] - cuts[c]) <= SNAP_S for b, c in pairs)
    gain = sum(ALONE * SNAP_S - abs(boundaries[b] - cuts[c]) for b, c in pairs)
    assert gain == Fraction(found.gain_ns, NS) == _best_gain(boundaries, cuts)


CUTS = s(3.2, 7.48, 9.9, 16.0, 18.3, 25.1, 31.7, 33.9, 41.0)


@pytest.mark.parametrize("drift_s", [-4.2, -1.5, 0.4, 1.1, 3.0, 4.5])
def test_a_constant_drift_is_found_to_the_frame(drift_s: float) -> None:
    late = [cut + Fraction(str(drift_s)) for cut in CUTS]
    assert find_drift(late, CUTS, snap_s=SNAP_S, limit_s=Fraction(5)) == Fraction(str(drift_s))


def test_a_drift_is_found_beside_a_missed_cut_and_an_invented_boundary() -> None:
    late = sorted([*(cut + Fraction("1.5") for cut in CUTS[1:]), Fraction("21.3")])
    assert find_drift(late, CUTS, snap_s=SNAP_S, limit_s=Fraction(5)) == Fraction("1.5")


def test_what_lies_right_has_no_drift() -> None:
    assert find_drift(CUTS, CUTS, snap_s=SNAP_S, limit_s=Fraction(5)) == 0


def test_two_boundaries_say_nothing_about_drift() -> None:
    assert find_drift([CUTS[0] + 1, CUTS[1] + 1], CUTS, snap_s=SNAP_S, limit_s=Fraction(5)) == 0


def test_a_drift_beyond_the_limit_is_none() -> None:
    late = [cut + 100 for cut in CUTS]
    assert find_drift(late, CUTS, snap_s=SNAP_S, limit_s=Fraction(5)) == 0


@settings(max_examples=60)
@given(TIMES, TIMES)
def test_a_drift_is_taken_only_where_it_makes_the_matching_cheaper(
    boundaries: list[Fraction], cuts: list[Fraction]
) -> None:
    drift_s = find_drift(boundaries, cuts, snap_s=SNAP_S, limit_s=Fraction(5))
    moved = [b - drift_s for b in boundaries]
    gains = [match(times, cuts, snap_s=SNAP_S).gain_ns for times in (moved, boundaries)]
    assert abs(drift_s) < 5
    assert gains[0] > gains[1] if drift_s else gains[0] == gains[1]
