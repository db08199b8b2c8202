"""The exact times of all frames, made one at a time: a long video has half a million of them.

What belongs here: pts as a sequence of seconds. Not here: what else is known per frame (`frame_table`).
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import overload

import numpy as np
import numpy.typing as npt


class FrameTimes(Sequence[Fraction]):
    """Seconds of each frame on the video's clock: `pts * time_base - start_s`. `pts` rise strictly.

    `FrameTimes(table.pts, table.time_base, table.start_s)` are those of a frame table.
    """

    def __init__(self, pts: npt.NDArray[np.int64], time_base: Fraction, start_s: Fraction) -> None:
        self.pts = pts
        self.time_base = time_base
        self.start_s = start_s

    def __len__(self) -> int:
        return len(self.pts)

    @overload
    def __getitem__(self, index: int) -> Fraction: ...
    @overload
    def __getitem__(self, index: slice) -> "FrameTimes": ...
    def __getitem__(self, index: int | slice) -> "Fraction | FrameTimes":
        if isinstance(index, slice):
            return FrameTimes(self.pts[index], self.time_base, self.start_s)
        return int(self.pts[index]) * self.time_base - self.start_s
