"""FFmpeg's freezes from fewer frames, where that is certain to give the same.

Three certain rules, cheapest first (media research 2.1): a segment whose packets span less than 50 s has no freeze;
nor has one whose key frames in the middle cannot all be near one picture; and decoding a segment ends as soon as no
freeze can follow. Every segment is decided. Where anything is odd, UncertainError leaves it to decoding all.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.frame import VideoFrame

from vidpipe.media.freezes import FREEZE_S, NOISE, SEGMENT_S, SegmentWatch, Stillness, segment_of
from vidpipe.media.key_frames import KeyRun, PacketScan, UncertainError, decode_key
from vidpipe.media.limits import Limits

# The first frame at or after a segment's end is seen in it too; some packets may give no frame.
_N_AFTER = 4
_AFTER_S = 2  # how late that frame may be where key frames decide
# A freeze of 50 s in 60 s and what follows covers these seconds of the segment.
_CORE_S = (SEGMENT_S + _AFTER_S - FREEZE_S, FREEZE_S)
_KEY_STEP_S = 4  # at most ten key frames of a segment are looked at
_REDUCED_HEIGHT = 270  # blocks are so large that the picture has about this many rows of them
_FORMATS = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray"}) | frozenset(
    f"yuv{sampling}p1{bits}le" for sampling in (420, 422, 444) for bits in (0, 2)
)

Sums = npt.NDArray[np.int32]


class Found(NamedTuple):
    """The freezes in order, the video's duration in seconds, and how many frames were decoded to find them."""

    freezes: tuple[Stillness, ...]
    duration_s: Fraction
    n_decoded: int


def find_freezes(container: InputContainer, limits: Limits, duration_of: Callable[[Fraction], Fraction]) -> Found:
    """The freezes of all segments, the same as decoding everything finds.

    `duration_of` tells the duration from where the last packet of the picture ends.

    Raises:
        UncertainError: something is odd; decode everything.
        UnreadableVideoError: no video stream, no supported codec, or damage.
        LimitExceededError: too many pixels or frames, too long, or too much memory.
        av.FFmpegError: damage.
    """
    scan = PacketScan(container, limits)
    moving, n_keys = _moving_by_keys(scan)
    duration_s = duration_of(scan.end_s)
    run = KeyRun(container, scan, limits)
    freezes: list[Stillness] = []
    for index in range(segment_of(scan.time_s(run.times_pts[-1])) + 1):
        seen_s = _seen_s(scan, run.times_pts, index)
        if seen_s is None or seen_s[1] - seen_s[0] < FREEZE_S:
            continue
        if index in moving and seen_s[1] - (index + 1) * SEGMENT_S <= _AFTER_S:
            continue
        freezes += _decoded(run, SegmentWatch(index), last_s=seen_s[1], duration_s=duration_s)
    return Found(tuple(freezes), duration_s, n_keys + run.n_decoded)


def _seen_s(scan: PacketScan, times_pts: Sequence[int], index: int) -> tuple[Fraction, Fraction] | None:
    """The earliest and the latest time that a frame of the segment's watch can have; None where it has none."""
    first = bisect_left(times_pts, ceil(scan.pts_at(Fraction(index * SEGMENT_S))))
    after = bisect_left(times_pts, ceil(scan.pts_at(Fraction((index + 1) * SEGMENT_S))))
    if first == after:
        return None
    last = min(after + _N_AFTER, len(times_pts)) - 1
    return scan.time_s(times_pts[first]), scan.time_s(times_pts[last])


def _decoded(run: KeyRun, watch: SegmentWatch, *, last_s: Fraction, duration_s: Fraction) -> list[Stillness]:
    for frame in run.frames_from(watch.start_s):
        has_moved = watch.see(frame)
        if frame.time_s >= watch.end_s:
            return watch.close(frame.time_s)
        if has_moved and watch.is_settled(last_s):
            break
    return watch.close(duration_s)


def _moving_by_keys(scan: PacketScan) -> tuple[set[int], int]:
    """The segments whose key frames show that there is no freeze, and how many those were; reads all packets.

    The video's first key frame is decoded in any case, so that a video that cannot be decoded is found out.
    """
    moving: set[int] = set()
    n_keys = 0
    core = _Core()
    next_s = Fraction(0)
    for packet in scan.packets():
        if not packet.is_keyframe:
            continue
        time_s = scan.time_s(packet.pts or 0)
        index, within_s = segment_of(time_s), time_s % SEGMENT_S
        is_first = len(scan.key_pts) == 1
        if is_first or (_CORE_S[0] <= within_s < _CORE_S[1] and index not in moving and time_s >= next_s):
            frame = decode_key(scan.video, packet)
            n_keys += 1
            if is_first and frame is None:
                raise UncertainError("no picture at the start")
            core = core if core.index == index else _Core(index)
            if frame is not None and _CORE_S[0] <= within_s < _CORE_S[1]:
                next_s = time_s + _KEY_STEP_S
                core.see(frame)
        if core.has_moved:
            moving.add(core.index)
    if not scan.key_pts:
        raise UncertainError("no key frame")
    return moving, n_keys


class _Core:
    """The key frames in the middle of one segment, as sums over blocks, which differ no more than the pictures.

    All frames of a freeze differ from one reference by at most NOISE, so the mean difference of any of them from their
    median, to which no picture is nearer in sum, is at most that. Two of them differ by twice as much at most.
    """

    def __init__(self, index: int = -1) -> None:
        self.index = index
        self.has_moved = False
        self._form: tuple[int, int, str] | None = None
        self._sums: list[Sums] = []

    def see(self, frame: VideoFrame) -> None:
        """The next key frame of the segment's middle; of another form it decides nothing."""
        form = (frame.width, frame.height, frame.format.name)
        if frame.format.name not in _FORMATS or form != (self._form or form):
            return
        self._form = form
        sums, n_samples = _block_sums(frame)
        noise = NOISE * (1 << frame.format.components[0].bits) * n_samples * (1 + 1e-9)
        self.has_moved = any(int(np.abs(sums - other).sum(dtype=np.int64)) > 2 * noise for other in self._sums)
        self._sums.append(sums)
        n = len(self._sums)
        if not self.has_moved and n > 2:
            ranked = np.sort(np.stack(self._sums), axis=0)
            spread = ranked[(n + 1) // 2 :].sum(dtype=np.int64) - ranked[: n // 2].sum(dtype=np.int64)
            self.has_moved = int(spread) > n * noise


def _block_sums(frame: VideoFrame) -> tuple[Sums, int]:
    """Sums of equal square blocks of all planes in one row, and the number of samples of the picture."""
    block = max(1, round(frame.height / _REDUCED_HEIGHT))
    sample = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    parts, n_samples = [], 0
    for plane in frame.planes:
        samples = np.frombuffer(memoryview(plane), sample).reshape(plane.height, -1)[:, : plane.width]
        n_samples += samples.size
        rows, columns = samples.shape[0] // block * block, samples.shape[1] // block * block
        down = np.add.reduce([samples[i:rows:block, :columns] for i in range(block)], axis=0, dtype=np.int32)
        parts.append(np.add.reduce([down[:, i::block] for i in range(block)], axis=0, dtype=np.int32).ravel())
    return np.concatenate(parts), n_samples
