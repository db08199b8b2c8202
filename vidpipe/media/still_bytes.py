"""What bytes tell of half seconds, once some of them were looked at.

Here belongs telling stillness from motion by amounts of bytes. Which half seconds are looked at belongs to
`still_packets`, what stillness is to `stillness`.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import ceil, log2

import numpy as np

from vidpipe.media.key_frames import PacketScan, UncertainError
from vidpipe.media.stillness import SLOT_S

_MARGIN = 2  # doublings of bytes beyond all probes, where these agree, that mean the other state
_FAR_BELOW = 3.5  # doublings below the least motion of its group of pictures that mean stillness
_FARTHER, _FAR = 1.5, 3  # doublings by which a probe counts less: per group of pictures it is away, and at most
_CLEAR = 2  # doublings beyond all probes of the other state that leave no doubt


class Slots:
    """The half seconds of a video: how many bytes each takes, and which group of pictures its middle is in.

    Counted are bytes beside key frames and beyond the smallest packets, by time of presentation. Groups count from 1.
    """

    def __init__(self, scan: PacketScan) -> None:
        keys = set(scan.key_pts)
        between = sorted((pts, size) for pts, size in zip(scan.pts, scan.n_bytes, strict=True) if pts not in keys)
        least = min((size for _, size in between), default=0)
        self._pts = array("q", (pts for pts, _ in between))
        self._sums = array("q", accumulate((size - least for _, size in between), initial=0))
        self._scan = scan
        self.keys_s = sorted(scan.time_s(pts) for pts in scan.key_pts)
        starts_s = [slot * SLOT_S for slot in range(ceil(scan.end_s / SLOT_S))]
        self.amounts = [self.between(start_s, start_s + SLOT_S) for start_s in starts_s]
        self.groups = [self.group_of(start_s + SLOT_S / 2) for start_s in starts_s]

    def between(self, start_s: Fraction, end_s: Fraction) -> float:
        """Bytes in [start_s, end_s)."""
        first, last = (bisect_left(self._pts, ceil(self._scan.pts_at(time_s))) for time_s in (start_s, end_s))
        return float(self._sums[last] - self._sums[first])

    def group_of(self, time_s: Fraction) -> int:
        """The number of the group of pictures shown at `time_s`; 0 before the first."""
        return bisect_right(self.keys_s, time_s)


@dataclass(frozen=True, slots=True)
class Probe:
    """What was seen from `time_s` on; the bytes are those of half a second."""

    time_s: Fraction
    n_bytes: float
    has_moved: bool


class Judge:
    """Tells from bytes whether a half second is quiet, by the probes that are most like it.

    More bytes than where it moved mean motion, fewer than where it stood still mean stillness. How far bytes fall
    short of that is measured in doublings; a probe in another group of pictures counts as some doublings further.

    Raises:
        UncertainError: there are no probes.
    """

    def __init__(self, probes: Sequence[Probe], slots: Slots) -> None:
        if not probes:
            raise UncertainError("nothing to learn from")
        self._doublings = np.log2(np.array([probe.n_bytes for probe in probes]) + 1)
        self._moved = np.array([probe.has_moved for probe in probes])
        self._groups = np.array([slots.group_of(probe.time_s) for probe in probes])

    def doubts(self, amount: float) -> bool:
        """Whether so many bytes are neither well below those of all motion nor well above those of all stillness."""
        if self._moved.all() or not self._moved.any():
            return False
        least_moving, most_still = self._doublings[self._moved].min(), self._doublings[~self._moved].max()
        return bool(least_moving - _CLEAR <= log2(amount + 1) <= most_still + _CLEAR)

    def doubtful_groups(self, slots: Slots) -> list[int]:
        """Groups of pictures, those first in which most half seconds are told with least difference."""
        doubts: defaultdict[int, float] = defaultdict(float)
        for amount, group in zip(slots.amounts, slots.groups, strict=True):
            if group:
                doubts[group] += 1 / (1 + abs(self.likeness(amount, group)))
        return sorted(doubts, key=lambda group: (-doubts[group], group))

    def likeness(self, amount: float, group: int) -> float:
        """How much more so many bytes there are like stillness than like motion."""
        apart, moved = self._doublings - log2(amount + 1), self._moved
        if moved.all() or not moved.any():
            return float(apart.min()) - _MARGIN if moved.all() else _MARGIN + float(apart.max())
        beside = moved & (self._groups == group)
        below = float(apart[beside if beside.any() else moved].min()) - _FAR_BELOW
        if below > 0 and apart[moved].min() > 0:
            return below
        far = np.minimum(_FAR, np.abs(self._groups - group) * _FARTHER) + np.abs(apart) / 16  # decides between equals
        return float((np.maximum(apart, 0) + far)[moved].min() - (np.maximum(-apart, 0) + far)[~moved].min())
