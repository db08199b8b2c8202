"""Did the model look to the end? What FineVideo found in 0.5 % of its videos, as numbers (spec/finevideo.md §8).

A model that stops looking still writes: its last scene takes all the rest, scenes grow longer and longer, or become
equally long because they are counted and no longer seen; or nothing is told of the end at all. What belongs here:
those measures. Not here: other checks (`quality`). Where too little is told to decide, a measure is None.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import Any

from vidpipe.annotation.told_times import Path, times_in
from vidpipe.timeline.timecodes import Reading

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
    ends, starts, times = [Fraction(0)], [], times_in(content, duration_s)
    for path, _, reading in times:
        if reading.start_s is not None:
            ends.append(reading.end_s or reading.start_s)
            if path[-1] != "end_timestamp":
                starts.append(reading.start_s)
    lengths = _lengths_s(times)
    return Attention(
        told_share=_rounded(min(max(ends), duration_s) / duration_s),
        tail_share=_rounded(1 - min(max(starts), duration_s) / duration_s) if len(starts) >= MIN_STARTS else None,
        same_share=_same_share(lengths[:-1]) if len(lengths) >= MIN_SCENES else None,
        growth=_growth(lengths) if len(lengths) >= MIN_SCENES else None,
    )


def _lengths_s(times: Sequence[tuple[Path, str | None, Reading]]) -> list[Fraction]:
    """The lengths of the scenes that have both times in order, in exact seconds."""
    own = [(path, reading) for path, _, reading in times if _is_scenes_own(path)]
    starts = {path[1]: reading.start_s for path, reading in own if path[-1] == "start_timestamp"}
    ends = {path[1]: reading.end_s or reading.start_s for path, reading in own if path[-1] == "end_timestamp"}
    lengths = []
    for i, start_s in starts.items():
        end_s = ends.get(i)
        if start_s is not None and end_s is not None and end_s > start_s:
            lengths.append(end_s - start_s)
    return lengths


def _is_scenes_own(path: tuple[str | int, ...]) -> bool:
    return len(path) == 4 and path[0] == "scenes" and path[2] == "timestamps"


def _same_share(lengths: Sequence[Fraction]) -> float:
    """The largest share of lengths within half a second of one of them."""
    rising = sorted(lengths)
    most = max(bisect_right(rising, a + SAME_S) - bisect_left(rising, a - SAME_S) for a in rising)
    return _rounded(Fraction(most, len(rising)))


def _growth(lengths: Sequence[Fraction]) -> float:
    third = len(lengths) // 3
    return _rounded(median(lengths[-third:]) / median(lengths[:third]))


def _rounded(number: Fraction) -> float:
    return round(float(number), 6)
