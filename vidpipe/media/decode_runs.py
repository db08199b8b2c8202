"""Which packets must be decoded for wanted frames: runs from a key frame on.

Here belongs the plan. Decoding by it belongs to `picked_frames`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vidpipe.media.key_frames import PacketScan, UncertainError


@dataclass(frozen=True, slots=True)
class Run:
    """Packets [first, last] in decoding order, which begin with a key frame, and the wanted pts that they give."""

    first: int
    last: int
    wanted: tuple[int, ...]


def plan_runs(scan: PacketScan, wanted: Sequence[int]) -> list[Run]:
    """What is decoded in one go for the frames at the `wanted` pts, which are the scan's; overlapping needs are one.

    Raises:
        UncertainError: there is no key frame before one of them.
    """
    pts = np.frombuffer(scan.pts, np.int64)
    keys = np.flatnonzero(np.isin(pts, np.frombuffer(scan.key_pts, np.int64)))
    order = np.argsort(pts)
    numbers = order[np.searchsorted(pts, wanted, sorter=order)]
    needs = sorted({(_start(pts, keys, int(number)), int(number)) for number in numbers})
    runs: list[tuple[int, int, list[int]]] = []
    for first, last in needs:
        if runs and first <= runs[-1][1]:
            begun, until, shown = runs.pop()
            runs.append((begun, max(last, until), shown))
            shown.append(int(pts[last]))
        else:
            runs.append((first, last, [int(pts[last])]))
    return [Run(first, last, tuple(sorted(shown))) for first, last, shown in runs]


def _start(pts: npt.NDArray[np.int64], keys: npt.NDArray[np.int64], number: int) -> int:
    """The packet with which decoding begins for the one of this number: its key frame, or the one before that."""
    place = int(np.searchsorted(keys, number, side="right")) - 1
    if place >= 0 and pts[number] < pts[keys[place]]:  # it is shown before the key frame, and may need what was before
        place -= 1
    if place < 0:
        raise UncertainError("no key frame before")
    return int(keys[place])
