"""Where one shot becomes another: hard cuts, dissolves and fades, told from flashes, shake and fast pans.

Here belongs how a hard cut and a fade are recognised in the rows per frame, and putting all kinds together;
dissolves are told from moving cameras in `dissolves`, and what a shot is stands in `shots`. Nothing is decoded. All
windows are stretches of time, so that a changing frame rate moves nothing. The numbers were chosen on films made of
real shots (`vidpipe_tests/films.py`, the tuning sources) and judged on others.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vidpipe.timeline.dissolves import dissolves
from vidpipe.timeline.frame_table import FrameTable
from vidpipe.timeline.rows import Floats, Rows

CHANGE = 12.0  # least mean change of hue, saturation and value of a hard cut
_PLAIN_CHANGE = 30.0  # a lesser one must stand out more
_STANDS_OUT = 1.5
_MIN_MOTION = 4.0
_NARROW = 8  # of 16 blocks may change less: more would be a caption
_STAYS = 0.5  # share of the change that must stay
_FLASH_S = 0.4  # the same picture again within this time: a flash, or a shaken camera
_SIDES = 4  # frames on either side that a cut stands out from
_BLACK = 36.0  # brightest block of a black picture
_RISE = 20.0  # how much brighter a picture is that fades from or to black
_FADE_S = 0.8

Kind = Literal["cut", "dissolve", "fade"]


@dataclass(frozen=True, slots=True)
class Transition:
    """The frame at which the next shot begins, by its place in the table: at a hard cut its very first.

    Of a dissolve and a fade it is a frame inside. `strength` is the change of the picture, 0..255.
    """

    frame: int
    kind: Kind
    strength: float


def transitions(table: FrameTable, threshold: float = CHANGE) -> list[Transition]:
    """All transitions in order; `threshold` is the least change (0..255) of a hard cut.

    A shot that shows for less than 0.4 s between two pictures of another is a flash, not a shot.
    """
    rows = Rows(table)
    cuts, flashes = _hard_cuts(rows, threshold)
    rows.without(flashes)
    fades = list(_fades(rows, {cut.frame for cut in cuts}))
    black = np.flatnonzero(rows.blocks.max(axis=1) < _BLACK)
    taken = np.union1d(np.array([cut.frame for cut in cuts], np.int64), black)
    mixes = [Transition(frame, "dissolve", apart) for frame, apart in dissolves(rows, taken)]
    return sorted((*cuts, *fades, *mixes), key=lambda transition: transition.frame)


def _second_around(values: Floats) -> Floats:
    """The second largest of the four values on either side of each, 0 where there are none."""
    padded = np.r_[np.zeros(_SIDES), values, np.zeros(_SIDES)]
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _SIDES + 1)
    around = np.delete(windows, _SIDES, axis=1)
    return np.asarray(np.partition(around, -2, axis=1)[:, -2])


def _hard_cuts(rows: Rows, threshold: float) -> tuple[list[Transition], list[tuple[int, int]]]:
    """The hard cuts, and the flashes: frames `[start, end)` after which the picture of before is back.

    A cut changes the picture far more than its neighbours do, in most places, and no frame shortly after it looks
    like one shortly before.
    """
    steps = rows.steps()
    out = np.sqrt((rows.motion / (1 + _second_around(rows.motion))) * (steps / (1 + _second_around(steps))))
    out *= np.minimum(rows.change / _PLAIN_CHANGE, 1)
    cuts, flashes = [], []
    widely = np.partition(np.abs(np.diff(rows.blocks, axis=0, prepend=rows.blocks[:1])), _NARROW, axis=1)[:, _NARROW]
    may_be = (rows.change >= threshold) & (widely >= _MIN_MOTION) & (out >= _STANDS_OUT)
    for frame in np.flatnonzero(may_be).tolist():
        stays, back = _stays(rows, frame)
        if stays >= _STAYS * steps[frame]:
            cuts.append(Transition(frame, "cut", float(rows.change[frame])))
        elif back > frame:
            flashes.append((frame, back))
    return cuts, flashes


def _stays(rows: Rows, frame: int) -> tuple[float, int]:
    """The least distance between frames shortly before and after, and the later one of those two."""
    first = rows.place(frame - 1, -_FLASH_S)
    last = rows.place(frame, _FLASH_S)
    apart = np.abs(rows.blocks[first:frame, None] - rows.blocks[None, frame : last + 1]).mean(axis=2)
    return float(apart.min()), frame + int(apart.min(axis=0).argmin())


def _fades(rows: Rows, cuts: set[int]) -> Iterator[Transition]:
    """The middle of each black stretch between pictures, unless a hard cut leads there or away."""
    black = np.r_[False, rows.blocks.max(axis=1) < _BLACK, False]
    starts = np.flatnonzero(black[1:] & ~black[:-1])
    ends = np.flatnonzero(~black[1:] & black[:-1])
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if start == 0 or end == rows.n or not cuts.isdisjoint(range(start, end + 1)):
            continue
        first, last = rows.place(start, -_FADE_S), rows.place(end, _FADE_S)
        bright = min(rows.luma[first:start].max(), rows.luma[end : last + 1].max())
        rise = float(bright - rows.luma[start:end].min())
        if rise >= _RISE:
            yield Transition((start + end - 1) // 2, "fade", rise)
