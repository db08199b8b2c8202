"""Did the model look to the end? What FineVideo found in 0.5 % of its videos, as numbers (spec/finevideo.md §8).

A model that stops looking still writes: its last scene takes all the rest, scenes grow longer and longer, or become
equally long because they are counted and no longer seen; or nothing is told of the end at all. What belongs here:
those measures. Not here: other checks (`quality`). Where too little is told to decide, a measure is None.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from vidpipe.annotation.told_times import Path, times_in

MIN_SCENES = 6
"""Fewer scenes say nothing about how their lengths go on, …"""
MIN_STARTS = 5
"""… and fewer things that begin nothing about how long it may go without one."""
SAME_S = Fraction(1, 2)
"""Lengths this close are the same for a model that sees one frame a second."""
BENIGN_TAIL = 0.3
"""So much of a video may be left when the last thing begins: end titles, a last long shot."""
BENIGN_SAME = 0.6
"""So many scenes may be equally long: at one frame a second short scenes often are."""
BENIGN_GROWTH = 3.0
"""So many times longer the last third's scenes may be than the first third's: openings are cut fast."""


@dataclass(frozen=True, slots=True)
class Attention:
    """How far a model looked.

    `told_share`: the latest time that is told, over the duration, 0..1; 0 where no time is told. `tail_share`: what is
    left of the video when the last thing begins (scene, activity, moment, …), 0..1. `same_share`: the scenes as long
    as one and the same other length, the last scene left out, 0..1. `growth`: median length of the last third of the
    scenes over that of the first.
    """

    told_share: float
    tail_share: float | None
    same_share: float | None
    growth: float | None

    @property
    def score(self) -> float:
        """0..1: the worst of the measures, 1 where all are benign.

        Equal and growing lengths alone, which a video can have of its own, score no less than 0.5.
        """
        scores = [self.told_share]
        if self.tail_share is not None:
            scores.append(1 - max(0.0, self.tail_share - BENIGN_TAIL) / (1 - BENIGN_TAIL))
        if self.same_share is not None:
            scores.append(1 - max(0.0, self.same_share - BENIGN_SAME) / (1 - BENIGN_SAME) / 2)
        if self.growth is not None:
            scores.append(max(0.5, min(1.0, BENIGN_GROWTH / self.growth)))
        return round(min(scores), 6)


def attention(content: dict[str, Any], duration_s: Fraction) -> Attention:
    """How far the model looked that told this plain content of a video.

    Raises:
        ValueError: the video has no length.
    """
    if duration_s <= 0:
        raise ValueError(f"need a video with a length, got {duration_s=}")
    per_s, times = _in_ticks(content, duration_s)
    ends = [end for _, _, end in times]
    starts = [start for path, start, _ in times if path[-1] != "end_timestamp"]
    lengths, duration = _lengths(times), int(duration_s * per_s)
    return Attention(
        told_share=_ratio(min(max(ends, default=0), duration), duration),
        tail_share=_ratio(duration - min(max(starts), duration), duration) if len(starts) >= MIN_STARTS else None,
        same_share=_same_share(lengths[:-1], int(SAME_S * per_s)) if len(lengths) >= MIN_SCENES else None,
        growth=_growth(lengths) if len(lengths) >= MIN_SCENES else None,
    )


def _in_ticks(content: dict[str, Any], duration_s: Fraction) -> tuple[int, list[tuple[Path, int, int]]]:
    """Where and when things begin and end, in ticks, and how many ticks a second has.

    So many that all times here are whole numbers of them: exact as fractions are, and much faster to compare.
    """
    told = [(path, one.start_s, one.end_s) for path, _, one in times_in(content, duration_s)]
    known = [time_s for _, *pair in told for time_s in pair if time_s is not None]
    per_s = lcm(SAME_S.denominator, duration_s.denominator, *{time_s.denominator for time_s in known})

    def ticks(time_s: Fraction) -> int:
        return time_s.numerator * (per_s // time_s.denominator)

    return per_s, [
        (path, start := ticks(start_s), start if end_s is None else ticks(end_s))
        for path, start_s, end_s in told
        if start_s is not None
    ]


def _lengths(times: Sequence[tuple[Path, int, int]]) -> list[int]:
    """The lengths of the scenes that have both times in order."""
    own = [one for one in times if _is_scenes_own(one[0])]
    starts = {path[1]: start for path, start, _ in own if path[-1] == "start_timestamp"}
    ends = {path[1]: end for path, _, end in own if path[-1] == "end_timestamp"}
    return [ends[i] - start for i, start in starts.items() if i in ends and ends[i] > start]


def _is_scenes_own(path: Path) -> bool:
    return len(path) == 4 and path[0] == "scenes" and path[2] == "timestamps"


def _same_share(lengths: Sequence[int], same: int) -> float:
    """The largest share of lengths within `same` of one of them."""
    rising = sorted(lengths)
    most = max(bisect_right(rising, a + same) - bisect_left(rising, a - same) for a in rising)
    return _ratio(most, len(rising))


def _growth(lengths: Sequence[int]) -> float:
    third = len(lengths) // 3
    return _ratio(_median_twice(lengths[-third:]), _median_twice(lengths[:third]))


def _median_twice(numbers: Sequence[int]) -> int:
    """Twice the median, which is a whole number even between two of them."""
    rising, half = sorted(numbers), len(numbers) // 2
    return rising[half] + rising[~half]


def _ratio(a: int, b: int) -> float:
    return round(a / b, 6)
