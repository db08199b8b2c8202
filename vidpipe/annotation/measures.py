"""What pixels and sound alone say about a stretch of video: two scores, and the moments at which they jump.

What belongs here: numbers from arrays. Not here: which stretch is a scene and how it is told (`offline`).
All numbers depend on the given arrays only; scores are rounded to 6 digits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from vidpipe.timeline.spans import Span

BIN_S = 0.1
"""One value of loudness covers this much (`vidpipe.timeline.frame_table.LOUDNESS_BIN_S`)."""
HALF_MOTION = 0.04
"""Mean motion that scores 0.5: ten of 255 grey levels from frame to frame, a steady pan."""
QUIET_DBFS = -60.0
"""Softer than this is silence: without a floor, digital silence would outweigh every other difference."""
MIN_BINS = 10
"""Fewer bins (one second) say nothing about correlation."""
PIXEL_JUMP = 0.1
"""Least mean luma difference of a jump (0..1), …"""
PIXEL_JUMP_FACTOR = 4
"""… which is also this many times the stretch's median."""
SOUND_JUMP_DB = 12.0
"""Least difference of mean loudness between the half seconds before and after: four times the loudness
ratio."""
SOUND_SIDE_BINS = 5
APART_S = 1.0
"""Of jumps closer together than this the stronger is kept."""
MAX_JUMPS = 10
"""At most the strongest so many of a kind in one stretch."""
EDGE_S = 1e-6
"""Times in floats may lie this far from the exact ones; frames are farther apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A video's measures.

    `times_s` (n,) are float seconds, rising; `motion` (n,) is the mean absolute luma difference from the
    frame before, 0..1; `loudness_dbfs` (m,) holds one value per 0.1 s from time 0, None without sound.

    Raises:
        ValueError: times and motion differ in length.
    """

    times_s: npt.NDArray[np.float64]
    motion: npt.NDArray[np.float32]
    loudness_dbfs: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.times_s.shape != self.motion.shape or self.times_s.ndim != 1:
            raise ValueError(f"need one motion per time, got {self.motion.shape=} {self.times_s.shape=}")

    def within(self, span: Span, cuts_s: Sequence[Fraction] = ()) -> "Measured":
        """The frames of a half-open span without those on `cuts_s`, whose motion is the cut's."""
        edges = np.array([float(span.start_s), float(span.end_s)]) - EDGE_S
        low, high = np.searchsorted(self.times_s, edges)
        times_s = self.times_s[low:high]
        cuts = np.array([float(cut) for cut in cuts_s], np.float64)
        on_cut = np.zeros(len(times_s), np.bool_)
        edges_of = (np.searchsorted(times_s, cuts + edge) for edge in (-EDGE_S, EDGE_S))
        for first, last in zip(*edges_of, strict=True):
            on_cut[first:last] = True
        return Measured(times_s[~on_cut], self.motion[low:high][~on_cut], self.loudness_dbfs)


@dataclass(frozen=True, slots=True)
class Jump:
    """A moment at which something changes abruptly: float seconds, and how much, in its own unit."""

    time_s: float
    strength: float


def dynamism_score(measured: Measured) -> float | None:
    """`m / (m + 0.04)` of the mean motion m: 0 stands still, 0.5 is a steady pan, 1 is never reached.

    None where no frame was measured.
    """
    if not len(measured.motion):
        return None
    mean = float(np.mean(measured.motion, dtype=np.float64))
    return round(mean / (mean + HALF_MOTION), 6)


def audio_visual_correlation(measured: Measured) -> float | None:
    """|Pearson's r| of motion and loudness per 0.1-s bin: 0 unrelated, 1 in step (or exactly against it).

    Bins without a frame or without sound are left out. None without sound, with fewer than `MIN_BINS` bins,
    or where motion or loudness never changes.
    """
    if measured.loudness_dbfs is None:
        return None
    sound = _audible(measured.loudness_dbfs)
    bins = np.floor((measured.times_s + EDGE_S) / BIN_S).astype(np.int64)
    inside = (bins >= 0) & (bins < len(sound))
    present, position, counts = np.unique(bins[inside], return_inverse=True, return_counts=True)
    if len(present) < MIN_BINS:
        return None
    motion = np.bincount(position, weights=measured.motion[inside].astype(np.float64)) / counts
    return _pearson(motion, sound[present])


def _pearson(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float | None:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    if scale < 1e-9:
        return None
    return round(min(1.0, abs(float(np.sum(a * b))) / scale), 6)


def picture_jumps(measured: Measured) -> list[Jump]:
    """Frames that differ from the one before by far more than usual in this stretch, in order of time."""
    if not len(measured.motion):
        return []
    least = max(PIXEL_JUMP, PIXEL_JUMP_FACTOR * float(np.median(measured.motion)))
    found = np.flatnonzero(measured.motion >= least)
    return _strongest([Jump(float(measured.times_s[i]), float(measured.motion[i])) for i in found])


def sound_jumps(measured: Measured, span: Span) -> list[Jump]:
    """Times at which the half second that follows is 12 dB louder or softer than the one before, in order."""
    if measured.loudness_dbfs is None:
        return []
    sound, side = _audible(measured.loudness_dbfs), SOUND_SIDE_BINS
    low = max(0, int(np.ceil(float(span.start_s) / BIN_S - EDGE_S)))
    sound = sound[low : max(low, int(float(span.end_s) / BIN_S + EDGE_S))]
    if len(sound) < 2 * side:
        return []
    means = np.convolve(sound, np.ones(side), "valid") / side
    steps = np.abs(means[side:] - means[:-side])
    return _strongest(
        [Jump((low + side + int(i)) * BIN_S, float(steps[i])) for i in np.flatnonzero(steps >= SOUND_JUMP_DB)]
    )


def _audible(dbfs: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Loudness in [-60, 0] dBFS; what is no number is silence."""
    known = np.nan_to_num(dbfs.astype(np.float64), nan=QUIET_DBFS, neginf=QUIET_DBFS, posinf=0.0)
    return np.clip(known, QUIET_DBFS, 0.0)


def _strongest(jumps: Sequence[Jump]) -> list[Jump]:
    kept: list[Jump] = []
    for jump in sorted(jumps, key=lambda j: (-j.strength, j.time_s)):
        if len(kept) == MAX_JUMPS:
            break
        if all(abs(jump.time_s - other.time_s) >= APART_S for other in kept):
            kept.append(jump)
    return sorted(kept, key=lambda j: j.time_s)
