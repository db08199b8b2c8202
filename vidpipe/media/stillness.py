"""Where a picture stands still, whatever the encoder: nothing on it changes for 1.5 s or more.

The picture at every half second is looked at as a grid of 32 x 18 block means of its luma. A half second is quiet
when no block changes by 4 grey levels from its beginning to its end, so that a walking person moves the picture and
a camera's or an encoder's noise does not: over the films of the shared corpus nearly all half seconds of what moves
change some block by over 14 levels, of what stands still by under 2. Quiet stretches of 1.5 s or more stand still; a
change between two of them that is over within 1.5 s (the next slide) does not end the stillness. What is shown on
after the last frame stands still.

Here belong the definition and its exact measure, which decodes everything. Measuring it nearly as well from few frames
belongs to `still_packets`; what follows from it, to `dynamism`.
"""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from math import ceil

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from vidpipe.media.frames import TimedFrame
from vidpipe.media.freezes import Stillness

SLOT_S = Fraction(1, 2)
_GRID_WIDTH, _GRID_HEIGHT, _BLOCK_PX = 32, 18, 4
_MOVED = 4 * _BLOCK_PX**2  # grey levels times the samples of a block; see above
_MIN_STILL_SLOTS = 3
_MAX_CHANGE_SLOTS = 3
_UNFILTERED = int(Interpolation.FAST_BILINEAR | Interpolation.BITEXACT | Interpolation.ACCURATE_RND)

Grid = npt.NDArray[np.int32]


class Grids:
    """Sums over the blocks of a frame's luma, (18, 32)."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def of(self, frame: VideoFrame) -> Grid:
        """The frame's grid, int32."""
        width, height = _GRID_WIDTH * _BLOCK_PX, _GRID_HEIGHT * _BLOCK_PX
        small = self._reformatter.reformat(frame, width, height, "gray", interpolation=_UNFILTERED, threads=1)
        samples = np.asarray(small.to_ndarray(), np.int32)
        blocks = samples.reshape(_GRID_HEIGHT, _BLOCK_PX, _GRID_WIDTH, _BLOCK_PX)
        return np.asarray(blocks.sum(axis=(1, 3)), np.int32)


def has_moved(one: Grid, other: Grid) -> bool:
    """Whether the picture has changed anywhere from one to the other, half a second apart."""
    return int(np.abs(one - other).max()) >= _MOVED


def quiet_by_pixels(frames: Iterable[TimedFrame], first: int = 0) -> Iterator[bool]:
    """Per half second from number `first` on whether it is quiet, to that of the last frame.

    The frames begin with one shown at the beginning of the first half second, or with the video's first.
    """
    grids = Grids()
    edge = first
    before: Grid | None = None
    now: Grid | None = None  # of the frame that is shown
    shown: TimedFrame | None = None
    for frame in frames:
        while shown is not None and frame.time_s > edge * SLOT_S:
            now = grids.of(shown.frame) if now is None else now
            if before is not None:
                yield not has_moved(before, now)
            before, edge = now, edge + 1
        shown, now = frame, None
    if shown is not None:
        yield before is None or not has_moved(before, grids.of(shown.frame))


def still_spans(quiet: Sequence[bool], duration_s: Fraction) -> list[Stillness]:
    """Where the picture stands still, in order; `quiet` tells of each half second, what lies beyond is quiet."""
    n_slots = max(1, ceil(duration_s / SLOT_S))
    states = [*quiet[:n_slots], *[True] * (n_slots - len(quiet))]
    runs: list[list[int]] = []  # [first, end) slots of long quiet stretches
    start = 0
    for is_quiet, group in groupby(states):
        length = len(list(group))
        if is_quiet and length >= min(_MIN_STILL_SLOTS, n_slots):
            if runs and start - runs[-1][1] <= _MAX_CHANGE_SLOTS:
                runs[-1][1] = start + length
            else:
                runs.append([start, start + length])
        start += length
    return [Stillness(first * SLOT_S, min(end * SLOT_S, duration_s)) for first, end in runs]
