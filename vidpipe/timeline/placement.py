"""Scenes onto frames: which frames each scene covers, once it is known where it begins.

What belongs here: the video as its frames, cuts and end; scenes as runs of frames that tile it. Not here:
which boundary belongs to which cut (`matching`), and whether the result is acceptable (`align`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

RESOLUTION_S = Fraction(1, 2000)
"""Time stamps carry milliseconds: moves up to half of one are none."""


@dataclass(frozen=True, slots=True)
class SceneTimes:
    """One scene as annotated, in seconds, in any order; None where no time could be read."""

    start_s: Fraction | None
    end_s: Fraction | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The video's side: its frames, its cuts, its end.

    `frame_times_s` rise strictly and are only indexed and searched, so a lazy sequence serves. `cuts_s` are
    the starts of all shots but the first. `end_s` is the end of the last frame.

    Raises:
        ValueError: there is no frame, or the video ends before its last frame.
    """

    frame_times_s: Sequence[Fraction]
    cuts_s: Sequence[Fraction]
    end_s: Fraction

    def __post_init__(self) -> None:
        if not self.frame_times_s or self.end_s < self.frame_times_s[-1]:
            raise ValueError(f"need frames, the last one before the end, got {len(self.frame_times_s)} {self.end_s=}")

    def nearest(self, time_s: Fraction) -> int:
        """The index of the frame whose time is nearest; the earlier of two."""
        at = bisect_left(self.frame_times_s, time_s)
        beside = [i for i in (at - 1, at) if 0 <= i < len(self.frame_times_s)]
        return min(beside, key=lambda i: abs(self.frame_times_s[i] - time_s))

    def after(self, time_s: Fraction) -> Fraction:
        """The time of the first frame later than `time_s`; the end where there is none."""
        at = bisect_right(self.frame_times_s, time_s)
        return self.frame_times_s[at] if at < len(self.frame_times_s) else self.end_s

    def cut_frames(self) -> list[int]:
        """The frames on which shots begin, in order, each once; never the first frame."""
        return sorted({self.nearest(cut) for cut in self.cuts_s} - {0})


@dataclass(frozen=True, slots=True)
class PlacedScene:
    """A scene on frames `first` to `last`, both included; `start_s` and `end_s` are their times.

    `until_s` is where the last frame ends. `start_move_s` and `end_move_s` say how far off the annotated
    times lay, in seconds, 0 or more: a start before the video's first frame and an end while the last frame
    is shown are right. `start_rest_s` and `start_rest_frames` count a start's way beyond the drift that all
    boundaries share.
    """

    first: int
    last: int
    start_s: Fraction
    end_s: Fraction
    until_s: Fraction
    start_move_s: Fraction
    end_move_s: Fraction
    start_rest_s: Fraction
    start_rest_frames: int


def place(boundaries: Sequence[Fraction], cut_of: Sequence[int | None], timeline: Timeline) -> list[int]:
    """The first frame of every scene: 0, then one per boundary, rising strictly.

    A boundary with a cut (`cut_of`: the index of its frame) begins on it, any other on the frame nearest to
    it that its neighbours leave. Empty where a stretch between two cuts has more scenes than frames.
    """
    starts = [0, *(timeline.nearest(t) if c is None else c for t, c in zip(boundaries, cut_of, strict=True))]
    for i in range(1, len(starts)):
        starts[i] = max(starts[i], starts[i - 1] + 1) if cut_of[i - 1] is None else starts[i]
    free = len(timeline.frame_times_s)
    for i in range(len(starts) - 1, 0, -1):
        starts[i] = free = min(starts[i], free - 1) if cut_of[i - 1] is None else starts[i]
    return starts if all(a < b for a, b in pairwise([*starts, len(timeline.frame_times_s)])) else []


def placed_scenes(
    scenes: Sequence[SceneTimes], starts: Sequence[int], timeline: Timeline, *, drift_s: Fraction
) -> tuple[PlacedScene, ...]:
    """The scenes on their frames, and how far their times lay off. `starts` is what `place` returned."""
    edges = [*starts, len(timeline.frame_times_s)]
    return tuple(
        _placed_scene(scene, first, following - 1, timeline, drift_s=drift_s if first else Fraction(0))
        for scene, (first, following) in zip(scenes, pairwise(edges), strict=False)
    )


def _placed_scene(scene: SceneTimes, first: int, last: int, timeline: Timeline, *, drift_s: Fraction) -> PlacedScene:
    start_s, end_s = timeline.frame_times_s[first], timeline.frame_times_s[last]
    until_s = timeline.after(end_s)
    earliest_s = start_s if first else min(Fraction(0), start_s)
    expected_s = start_s if scene.start_s is None else scene.start_s - drift_s
    return PlacedScene(
        first=first,
        last=last,
        start_s=start_s,
        end_s=end_s,
        until_s=until_s,
        start_move_s=_outside(scene.start_s, earliest_s, start_s),
        end_move_s=_outside(scene.end_s, end_s, until_s),
        start_rest_s=_outside(expected_s, earliest_s, start_s),
        start_rest_frames=abs(timeline.nearest(expected_s) - first),
    )


def _outside(time_s: Fraction | None, low_s: Fraction, high_s: Fraction) -> Fraction:
    """How far a time lies outside [low_s, high_s]; 0 for none, and for less than time stamps can tell."""
    distance_s = Fraction(0) if time_s is None else max(low_s - time_s, time_s - high_s)
    return distance_s if distance_s > RESOLUTION_S else Fraction(0)
