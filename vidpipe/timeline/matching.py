"""Which annotated boundary is which cut: one to one, in order, at the least cost; and their drift.

What belongs here: times against times. Not here: scenes, frames, verdicts (`align`).
Costs are counted in whole nanoseconds, so that sums are exact and equal on every machine.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low
from typing import TypeAlias

NS = 10**9
ALONE = 2
"""A boundary without a cut costs as much as this many moves of `snap_s`: it is left alone rather than that
many neighbours move to a wrong cut, and never when the cut beside it is free."""
DRIFT_PRICE = Fraction(1, 8)
"""What a second of drift costs per boundary, so that a drift is taken only where it explains much more than
none."""
MIN_FOR_DRIFT = 3
"""Fewer boundaries say nothing about a drift: each of them alone fits one."""
SAMPLE = NS
"""A model reads one frame a second (spec/finevideo.md §8), so true differences spread over one second of
ns."""
LEAST = NS // 1000
"""Time stamps carry milliseconds: less is no drift."""

_Chain: TypeAlias = "tuple[int, int, _Chain] | None"


@dataclass(frozen=True, slots=True)
class Matching:
    """`cut_of[i]` is the index of boundary i's cut, or None; indices rise. More `gain_ns` is better."""

    cut_of: tuple[int | None, ...]
    gain_ns: int


def match(boundaries: Sequence[Fraction], cuts: Sequence[Fraction], *, snap_s: Fraction) -> Matching:
    """Give boundaries their cuts, one to one, in order, none farther than `snap_s` (inclusive).

    Of all such matchings, one of least cost: the sum of the distances plus `ALONE * snap_s` per boundary left
    without. Of two cuts equally far the earlier is taken, since what is seen once a second is seen late. Time
    grows with the number of pairs within reach.

    Raises:
        ValueError: boundaries or cuts are not in order, or `snap_s` is negative.
    """
    _check_order(boundaries, cuts, snap_s)
    times, reach = [_ns(cut) for cut in cuts], _ns(snap_s)
    best: list[tuple[int, _Chain]] = [(0, None)]  # best[j]: gain and pairs, using only the first j cuts
    for i, boundary in enumerate(map(_ns, boundaries)):
        low, high = bisect_left(times, boundary - reach), bisect_right(times, boundary + reach)
        best.extend([best[-1]] * (high + 1 - len(best)))
        for j in range(high, low, -1):
            gain = best[j - 1][0] + ALONE * reach - abs(boundary - times[j - 1])
            if gain > best[j][0]:
                best[j] = (gain, (i, j - 1, best[j - 1][1]))
        for j in range(low + 1, high + 1):
            best[j] = max(best[j - 1], best[j], key=lambda option: option[0])
    gain_ns, chain = best[-1]
    return Matching(_unlink(chain, len(boundaries)), gain_ns)


def find_drift(
    boundaries: Sequence[Fraction], cuts: Sequence[Fraction], *, snap_s: Fraction, limit_s: Fraction
) -> Fraction:
    """Seconds that all boundaries lie later than their cuts; 0 where that explains nothing.

    Two guesses are tried against none: the median of the differences to the nearest cut (right for drifts
    shorter than half a shot) and the median of the densest second of all differences within ±`limit_s` (right
    for longer ones). A guess wins when the matching it allows is cheaper by more than its price
    (`DRIFT_PRICE`).

    Raises:
        ValueError: boundaries or cuts are not in order, or `snap_s` is negative.
    """
    if len(boundaries) < MIN_FOR_DRIFT:
        return Fraction(0)
    times, marks, limit = [_ns(cut) for cut in cuts], [_ns(boundary) for boundary in boundaries], _ns(limit_s)
    guesses = [*_nearest_median(marks, times, limit), *_densest_median(marks, times, limit)]
    guesses = [0, *(guess for guess in guesses if abs(guess) >= LEAST)]

    def worth(drift: int) -> Fraction:
        moved = [boundary - Fraction(drift, NS) for boundary in boundaries]
        return match(moved, cuts, snap_s=snap_s).gain_ns - len(boundaries) * abs(drift) * DRIFT_PRICE

    return Fraction(max(guesses, key=worth), NS)


def _nearest_median(marks: Sequence[int], times: Sequence[int], limit: int) -> list[int]:
    differences = []
    for mark in marks:
        at = bisect_left(times, mark)
        nearest = min((mark - time for time in times[max(0, at - 1) : at + 1]), key=abs, default=limit)
        differences += [nearest] if abs(nearest) < limit else []
    return [median_low(differences)] if len(differences) >= MIN_FOR_DRIFT else []


def _densest_median(marks: Sequence[int], times: Sequence[int], limit: int) -> list[int]:
    differences = sorted(
        mark - time
        for mark in marks
        for time in times[bisect_right(times, mark - limit) : bisect_left(times, mark + limit)]
    )
    windows = []
    for low, first in enumerate(differences):
        high = bisect_right(differences, first + SAMPLE)
        middle = differences[(low + high - 1) // 2]
        windows.append((high - low, -abs(middle), middle))
    count, _, middle = max(windows, default=(0, 0, 0))
    return [middle] if count >= MIN_FOR_DRIFT else []


def _check_order(boundaries: Sequence[Fraction], cuts: Sequence[Fraction], snap_s: Fraction) -> None:
    if snap_s < 0:
        raise ValueError(f"need snap_s >= 0, got {snap_s=}")
    for name, times in (("boundaries", boundaries), ("cuts", cuts)):
        if any(b < a for a, b in pairwise(times)):
            raise ValueError(f"need {name} in order, got {times!r:.200}")


def _unlink(chain: _Chain, n_boundaries: int) -> tuple[int | None, ...]:
    cut_of: list[int | None] = [None] * n_boundaries
    while chain is not None:
        boundary, cut, chain = chain
        cut_of[boundary] = cut
    return tuple(cut_of)


def _ns(seconds: Fraction) -> int:
    return round(seconds * NS)
