"""Where the picture cuts: a pure function of the rows per frame; our own detector and PySceneDetect 0.7.2's two.

Nothing is decoded here. Times go by pts throughout, so that a changing frame rate moves no cut. How our own tells
transitions from flashes and cameras belongs to `transitions`; choosing a detector and its threshold to the recipe.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from vidpipe.timeline.frame_table import FrameTable
from vidpipe.timeline.transitions import CHANGE, Transition, transitions

Detector = Literal["default", "content", "adaptive"]

DEFAULT_THRESHOLD = CHANGE
CONTENT_THRESHOLD = 27.0  # PySceneDetect 0.7.2, ContentDetector
ADAPTIVE_THRESHOLD = 3.0  # PySceneDetect 0.7.2, AdaptiveDetector
_MIN_CONTENT = 15.0  # AdaptiveDetector: least score of a cut
_NEIGHBOURS = 2  # AdaptiveDetector: frames on either side
_MAX_RATIO = 255.0
THRESHOLDS: dict[Detector, float] = {
    "default": DEFAULT_THRESHOLD,
    "content": CONTENT_THRESHOLD,
    "adaptive": ADAPTIVE_THRESHOLD,
}


@dataclass(frozen=True, slots=True)
class Shot:
    """Frames between two cuts, half-open: from its first frame to that of the next shot, or the end.

    `*_pts` are the file's own time stamps, `*_s` exact seconds on the video's clock.
    """

    start_pts: int
    end_pts: int
    start_s: Fraction
    end_s: Fraction


def detect_shots(
    table: FrameTable, *, detector: Detector, threshold: float | None = None, min_length_s: float
) -> list[Shot]:
    """The shots in order, covering the video from first frame to end without gap or overlap.

    `default` finds hard cuts, dissolves and fades through black, and no cut where a light flashes, a camera
    shakes or moves fast; of cuts closer together than `min_length_s` hard ones count first, then the stronger.
    `content` and `adaptive` are PySceneDetect's: cuts closer together than `min_length_s` are merged
    (FlashFilter's MERGE) or dropped, as there. A change within `min_length_s` of the first frame is never a cut.
    `threshold`, None for the detector's own, is the least change of a hard cut for `default` (0-255; 12.0) and
    of any for `content` (27.0), for `adaptive` the least ratio of a frame's change to its neighbours' (3.0).

    Raises:
        ValueError: the detector is unknown, or a number is negative.
    """
    if detector not in THRESHOLDS:
        raise ValueError(f"need default, content or adaptive, got {detector=}")
    threshold = THRESHOLDS[detector] if threshold is None else threshold
    if threshold < 0 or min_length_s < 0:
        raise ValueError(f"need numbers that are not negative, got {threshold=} {min_length_s=}")
    min_ticks = Fraction(str(min_length_s)) / table.time_base
    match detector:
        case "default":
            cuts = _far_apart(table.pts, transitions(table, threshold), min_ticks)
        case "content":
            cuts = list(_merged(table.pts, content_scores(table) >= threshold, min_ticks))
        case "adaptive":
            cuts = list(_adaptive(table.pts, content_scores(table), threshold, min_ticks))
    return _between(table, cuts)


def content_scores(table: FrameTable) -> npt.NDArray[np.float64]:
    """PySceneDetect's content value per frame: mean change of hue, saturation, value; the first is 0."""
    return (table.delta_hue.astype(np.float64) + table.delta_sat + table.delta_lum) / 3


def _between(table: FrameTable, cuts: list[int]) -> list[Shot]:
    edges = [int(table.pts[0]), *(int(table.pts[cut]) for cut in cuts if cut > 0), table.end_pts]
    times_s = [table.time_of(pts) for pts in edges]
    return [
        Shot(edges[i], edges[i + 1], times_s[i], times_s[i + 1])
        for i in range(len(edges) - 1)
        if edges[i] < edges[i + 1]
    ]


def _far_apart(pts: npt.NDArray[np.int64], found: list[Transition], min_ticks: Fraction) -> list[int]:
    """The frames of those that count: hard cuts first, then the stronger, then the earlier."""
    kept: list[int] = []
    for transition in sorted(found, key=lambda one: (one.kind != "cut", -one.strength, one.frame)):
        if all(abs(int(pts[transition.frame] - pts[other])) >= min_ticks for other in (0, *kept)):
            kept.append(transition.frame)
    return sorted(kept)


def _merged(pts: npt.NDArray[np.int64], above: npt.NDArray[np.bool_], min_ticks: Fraction) -> Iterator[int]:
    """FlashFilter, MERGE: a cut at once after quiet; else, once there was a cut, one as flashes end.

    The first frame counts as one above the threshold. Flashes end when `min_ticks` passed since the last of
    them.
    """
    last = start = 0
    is_armed = is_merging = False
    for i in range(len(pts)):
        is_quiet = pts[i] - pts[last] >= min_ticks
        if above[i]:
            last = i
        if is_merging:
            if is_quiet and not above[i] and pts[last] - pts[start] >= min_ticks:
                is_merging = False
                yield last
        elif above[i] and is_quiet:
            is_armed = True
            yield i
        elif above[i] and is_armed:
            is_merging, start = True, i


def _adaptive(
    pts: npt.NDArray[np.int64], scores: npt.NDArray[np.float64], threshold: float, min_ticks: Fraction
) -> Iterator[int]:
    """AdaptiveDetector: a cut where the change stands out from the two frames on either side.

    The last two frames are never cuts: they have no neighbours on the right.
    """
    last = 0
    for i in range(_NEIGHBOURS, len(pts) - _NEIGHBOURS):
        if scores[i] < _MIN_CONTENT:
            continue
        around = np.r_[scores[i - _NEIGHBOURS : i], scores[i + 1 : i + 1 + _NEIGHBOURS]]
        mean = float(around.mean())
        ratio = _MAX_RATIO if mean < 1e-5 else min(float(scores[i]) / mean, _MAX_RATIO)
        if ratio >= threshold and pts[i] - pts[last] >= min_ticks:
            last = i
            yield i
