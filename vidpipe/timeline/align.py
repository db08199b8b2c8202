"""Annotated scenes onto the frames of the video: every scene begins on the frame of its cut.

What belongs here: scenes as pairs of times, cuts, frames, and the verdict whether they fit. Not here: what
else an annotation says (`vidpipe.annotation.alignment`), text forms (`timecodes`), the matching itself
(`matching`). The rules are those of FineVideo (spec/finevideo.md §8); all times are exact seconds on the
presentation clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Literal

from vidpipe.timeline.matching import find_drift, match
from vidpipe.timeline.placement import RESOLUTION_S, PlacedScene, SceneTimes, Timeline, place, placed_scenes

Misfit = Literal[
    "no scenes",
    "scene without a readable time",
    "more scenes than frames",
    "correction too large",
    "scene start too far off",
]
"""Why an annotation does not fit its video."""

WARN_FRAMES = 25
REJECT_FRAMES = 125
"""FineVideo: a scene start moved by more frames than this is a warning, or rejects the video."""
SAMPLE_S = Fraction(1)
"""A model reads one frame a second: a scene that starts up to this much after the last one ended follows
it."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """How an annotation lies on its video.

    `scenes` tile the frames in the order of the annotation; empty where they could not be placed. `misfit` is
    None where the annotation fits. `drift_s` was removed from all boundaries before matching.
    `residual_frames` is the largest distance between a matched boundary and its cut afterwards.
    `n_far_starts` counts warnings.
    """

    scenes: tuple[PlacedScene, ...] = ()
    misfit: Misfit | None = None
    drift_s: Fraction = Fraction(0)
    n_cuts_matched: int = 0
    n_cuts_missed: int = 0
    n_boundaries_without_cut: int = 0
    residual_frames: int = 0
    n_far_starts: int = 0

    @property
    def max_move_s(self) -> Fraction:
        """The largest correction of a scene's start or end, in seconds."""
        return max((max(s.start_move_s, s.end_move_s) for s in self.scenes), default=Fraction(0))


def align(
    scenes: Sequence[SceneTimes],
    timeline: Timeline,
    *,
    snap_s: Fraction = Fraction(2),
    reject_s: Fraction = Fraction(5),
) -> Alignment:
    """Place the scenes on the video's frames and say whether they fit.

    The first scene begins on the first frame, the last one ends with the last frame. Each boundary between
    two scenes moves to its cut (`matching.match`, after removing the drift) and stays at the nearest frame
    where it has none. A correction of `reject_s` or more is a misfit, and so is a scene start that lies,
    drift aside, more than 125 frames off and farther than `snap_s` (spec/finevideo.md: 125 frames, at 24-60
    frames per second; on faster footage whole seconds alone are as many frames). More than 25 frames count in
    `n_far_starts`.

    Raises:
        ValueError: `snap_s` is negative or `reject_s` is not positive.
    """
    if snap_s < 0 or reject_s <= 0:
        raise ValueError(f"need snap_s >= 0 and reject_s > 0, got {snap_s=} {reject_s=}")
    cuts = timeline.cut_frames()
    boundaries = _boundaries(scenes, timeline)
    if not scenes or boundaries is None:
        return Alignment(misfit="scene without a readable time" if scenes else "no scenes", n_cuts_missed=len(cuts))
    cut_times = [timeline.frame_times_s[i] for i in cuts]
    drift_s = find_drift(boundaries, cut_times, snap_s=snap_s, limit_s=reject_s)
    moved = [boundary - drift_s for boundary in boundaries]
    matched = [None if c is None else cuts[c] for c in match(moved, cut_times, snap_s=snap_s).cut_of]
    starts = place(moved, matched, timeline)
    placed = placed_scenes(scenes, starts, timeline, drift_s=drift_s) if starts else ()
    n_matched = len(matched) - matched.count(None)
    return Alignment(
        scenes=placed,
        misfit=_misfit(placed, snap_s, reject_s),
        drift_s=drift_s,
        n_cuts_matched=n_matched,
        n_cuts_missed=len(cuts) - n_matched,
        n_boundaries_without_cut=len(matched) - n_matched,
        residual_frames=_residual_frames(placed, matched),
        n_far_starts=sum(scene.start_rest_frames > WARN_FRAMES for scene in placed),
    )


def _misfit(placed: Sequence[PlacedScene], snap_s: Fraction, reject_s: Fraction) -> Misfit | None:
    if not placed:
        return "more scenes than frames"
    if any(max(scene.start_move_s, scene.end_move_s) >= reject_s for scene in placed):
        return "correction too large"
    if any(scene.start_rest_frames > REJECT_FRAMES and scene.start_rest_s > snap_s for scene in placed):
        return "scene start too far off"
    return None


def _residual_frames(placed: Sequence[PlacedScene], matched: Sequence[int | None]) -> int:
    pairs = zip(placed[1:], matched, strict=False)
    return max((abs(scene.first - cut) for scene, cut in pairs if cut is not None), default=0)


def _boundaries(scenes: Sequence[SceneTimes], timeline: Timeline) -> list[Fraction] | None:
    """Where each scene but the first begins, never falling; None where one boundary has no readable time.

    A scene's own start counts where it follows the scene before (one sample apart at most); else the frame
    after that scene's end (spec/finevideo.md: "scene k+1 starts one frame after scene k ends").
    """
    found = [_boundary(before.end_s, scene.start_s, timeline) for before, scene in pairwise(scenes)]
    known = [boundary for boundary in found if boundary is not None]
    return list(accumulate(known, max)) if len(known) == len(found) else None


def _boundary(end_s: Fraction | None, start_s: Fraction | None, timeline: Timeline) -> Fraction | None:
    if end_s is None:
        return start_s
    after_s = timeline.after(end_s + RESOLUTION_S)
    follows = start_s is not None and end_s <= start_s <= after_s + SAMPLE_S
    return start_s if follows else after_s
