"""Which gradual changes of the picture are dissolves: a mix of two pictures, not a moving camera.

Here belongs how one stretch of rows is measured and judged; hard cuts, flashes and fades belong to `transitions`.
The weights were fitted (logistic regression) to films made of real shots, `vidpipe_tests/films.py`, the tuning
sources.
"""

from typing import NamedTuple

import numpy as np

from vidpipe.timeline.rows import Floats, Places, Rows

HALVES_S = (0.32, 0.4, 0.5)  # a dissolve lasts up to twice this
_END_S = 0.16  # what is averaged on either side
_AROUND_S = 0.3  # whose motion is the shots' own
_PEAK_S = 0.24
_MIDDLE_S = (0.2, 0.3)  # before and after; `bend` looks back
_APART_S = 0.6  # of two dissolves that close together the surer one counts
_MIN_APART = 8.0  # blocks' mean difference between the pictures on either side
_MAX_UNREST = 0.5
_LAG = 6  # frames that `swing` looks back
_OFFSET = 7.9
_WEIGHTS = (-2.7, -7.8, 4.6, -3.5, -3.9, -3.9, -3.6, 0.7, -0.4, -11.3, -13.6)


class Stretch(NamedTuple):
    """What was measured around one frame.

    `apart` is how far the blocks on either side are apart (0..255, and 1), and the measure of most others.
    `aside`, `far_aside`: how far the blocks leave the straight line between the sides, in the mean and at most.
    `unrest`: how much they move on either side. `pace`: the swiftest motion beyond the shots' own, `excess` all
    of it. `bump`: the most that a picture differs from the mean of those around it, beyond the shots' own.
    `bend`: the same as a share of the change, in the middle, low where pictures mix; `own_bend` on either side.
    `dip`: the least sharpness, as a share of that of the sides: a mix is softer, a swift camera softer still.
    """

    apart: float
    aside: float
    far_aside: float
    unrest: float
    pace: float
    bump: float
    bend: float
    own_bend: float
    excess: float
    dip: float


class Window(NamedTuple):
    """Places in the table: the end before is `[start, left]`, the end after `[right, end]`, the way between."""

    start: int
    left: int
    right: int
    end: int


def dissolves(rows: Rows, taken: Places) -> list[tuple[int, float]]:
    """A frame inside each dissolve, in order, and how far the pictures on either side are apart (0..255).

    Changes around the frames `taken` (in order) have been explained already.
    """
    judged = []
    for frame, windows in _peaks(rows, taken):
        stretch = max((_measured(rows, frame, window) for window in windows), key=score)
        judged.append((score(stretch), frame, stretch.apart - 1))
    kept: list[tuple[int, float]] = []
    for sure, frame, apart in sorted(judged, reverse=True):
        first, last = rows.place(frame, -_APART_S), rows.place(frame, _APART_S)
        if sure > 0 and not any(first < other <= last for other, _ in kept):
            kept.append((frame, apart))
    return sorted(kept)


def score(stretch: Stretch) -> float:
    """Above 0 where a dissolve is likelier than not; never where the sides are as restless as they are apart."""
    if stretch.unrest > _MAX_UNREST:
        return -1.0
    return float(_OFFSET + np.dot(_WEIGHTS, features(stretch)))


def features(stretch: Stretch) -> tuple[float, ...]:
    """What the weights weigh, each within bounds, so that none decides alone."""
    return (
        min(stretch.aside, 0.8),
        min(stretch.far_aside, 1.2),
        min(stretch.unrest, 0.6),
        min(max(stretch.pace, 0.0), 1.0),
        min(max(stretch.bump, 0.0), 0.6),
        min(stretch.bend, 1.0),
        min(stretch.bend / stretch.own_bend, 1.2),
        min(max(stretch.excess, 0.0), 6.0),
        min(max(-stretch.excess, 0.0), 6.0),
        max(min(stretch.dip, 1.3) - 0.6, 0.0),
        max(0.4 - stretch.dip, 0.0),
    )


def _peaks(rows: Rows, taken: Places) -> list[tuple[int, list[Window]]]:
    """Where the picture changes most for good, and the windows around it."""
    every = np.arange(rows.n)
    windows = [_windows(rows, every, half_s) for half_s in HALVES_S]
    sums = np.concatenate([np.zeros((1, rows.blocks.shape[1])), np.cumsum(rows.blocks, axis=0)])
    start, left, right, end = windows[1]
    before = (sums[left + 1] - sums[start]) / (left + 1 - start)[:, None]
    after = (sums[end + 1] - sums[right]) / (end + 1 - right)[:, None]
    apart = np.abs(before - after).mean(axis=1)
    first, last = rows.at(every, -_PEAK_S), rows.at(every, _PEAK_S)
    explained = np.searchsorted(taken, start, side="right") < np.searchsorted(taken, end, side="right")
    return [
        (frame, [Window(*(int(places[frame]) for places in window)) for window in windows])
        for frame in np.flatnonzero((apart >= _MIN_APART) & ~explained).tolist()
        if apart[frame] >= apart[first[frame] : last[frame] + 1].max() and left[frame] < frame < right[frame]
    ]


def _windows(rows: Rows, every: Places, half_s: float) -> tuple[Places, Places, Places, Places]:
    return (
        rows.at(every, -half_s - _END_S),
        rows.at(every, -half_s),
        rows.at(every, half_s),
        rows.at(every, half_s + _END_S),
    )


def _measured(rows: Rows, frame: int, window: Window) -> Stretch:
    before, after = slice(window.start, window.left + 1), slice(window.right, window.end + 1)
    one, other = rows.blocks[before].mean(axis=0), rows.blocks[after].mean(axis=0)
    apart = float(np.abs(other - one).mean()) + 1
    unrest = max(np.abs(rows.blocks[before] - one).mean(), np.abs(rows.blocks[after] - other).mean())
    aside = _aside(rows.blocks[window.left : window.right + 1], one, other) / apart
    blur = rows.blur[window.left : window.right + 1]
    sharp = np.linspace(rows.blur[before].mean(), rows.blur[after].mean(), len(blur)) + 1
    return Stretch(
        apart,
        aside=float(aside.mean()),
        far_aside=float(aside.max()),
        unrest=float(unrest) / apart,
        pace=_pace(rows, window) / apart,
        bump=_bump(rows, window) / apart,
        bend=_bend(rows, slice(rows.place(frame, -_MIDDLE_S[0]), rows.place(frame, _MIDDLE_S[1]) + 1)),
        own_bend=max(_bend(rows, before), _bend(rows, _later(rows, window))),
        excess=_excess(rows, window) / apart,
        dip=float(_thirds(blur / sharp).min()),
    )


def _aside(way: Floats, one: Floats, other: Floats) -> Floats:
    """How far the blocks on the way are from the straight line from `one` to `other`."""
    smooth = _thirds(way)
    line = other - one
    share = (smooth - one) @ line / max(float(line @ line), 1.0)
    return np.asarray(np.abs(smooth - one - np.outer(share, line)).mean(axis=1))


def _pace(rows: Rows, window: Window) -> float:
    return float(_thirds(rows.motion[window.left + 1 : window.right + 1]).max() - max(_own(rows, window)))


def _bump(rows: Rows, window: Window) -> float:
    own = max(rows.bend[window.start : window.left + 1].mean(), rows.bend[_later(rows, window)].mean())
    return float(_thirds(rows.bend[window.left + 1 : window.right + _LAG + 1]).max() - own)


def _later(rows: Rows, window: Window) -> slice:
    """The end after, for what looks back."""
    return slice(min(window.right + _LAG, rows.n - 1), window.end + _LAG + 3)


def _bend(rows: Rows, span: slice) -> float:
    n = len(rows.bend[span])
    return float((rows.bend[span].sum() + n / 2) / (rows.swing[span].sum() + n))


def _excess(rows: Rows, window: Window) -> float:
    own0, own1 = _own(rows, window)
    motion = rows.motion[window.left + 1 : window.right + 1]
    return float((motion - np.linspace(own0, own1, len(motion))).sum())


def _own(rows: Rows, window: Window) -> tuple[float, float]:
    first = rows.place(window.left, -_AROUND_S)
    last = rows.place(window.right, _AROUND_S)
    return float(rows.motion[first : window.left + 1].mean()), float(rows.motion[window.right : last + 1].mean())


def _thirds(values: Floats) -> Floats:
    """Means of three neighbours, or the values where there are fewer."""
    return (values[:-2] + values[1:-1] + values[2:]) / 3 if len(values) > 2 else values
