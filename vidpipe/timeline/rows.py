"""The frame table as numbers to be compared, with places found by time.

Here belongs what detectors of transitions share: columns as float64, and which frame is shown how long before or
after another. What follows from them belongs to `transitions` and `dissolves`.
"""

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from vidpipe.timeline.frame_table import FrameTable

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


class Rows:
    """The table as numbers that are compared; all arrays have one element per frame."""

    def __init__(self, table: FrameTable) -> None:
        self.pts = table.pts
        self._time_base = table.time_base
        self._known_ticks: dict[float, int] = {}
        self.n = table.n_frames
        self.blocks = table.blocks().astype(np.float64)
        self.change = (table.delta_hue.astype(np.float64) + table.delta_sat + table.delta_lum) / 3
        self.motion = table.motion.astype(np.float64) * 255
        self.luma = table.luma.astype(np.float64) * 255
        self.blur = table.blur.astype(np.float64)
        self.swing, self.bend = table.swing / 256, table.bend / 256

    def at(self, frames: Places, shift_s: float) -> Places:
        """The last frame shown at `shift_s` from the starts of `frames`, within the table."""
        found = np.searchsorted(self.pts, self.pts[frames] + self._ticks(shift_s), side="right") - 1
        return np.clip(found, 0, self.n - 1)

    def place(self, frame: int, shift_s: float) -> int:
        """The same for one frame."""
        found = int(np.searchsorted(self.pts, self.pts[frame] + self._ticks(shift_s), side="right")) - 1
        return min(max(found, 0), self.n - 1)

    def _ticks(self, shift_s: float) -> int:
        if shift_s not in self._known_ticks:
            self._known_ticks[shift_s] = int(Fraction(str(shift_s)) / self._time_base)
        return self._known_ticks[shift_s]

    def steps(self) -> Floats:
        """How far each frame's blocks are from those of the frame before."""
        return np.concatenate([[0.0], np.abs(np.diff(self.blocks, axis=0)).mean(axis=1)])

    def without(self, flashes: list[tuple[int, int]]) -> None:
        """Put the frame before in the place of each flash `[start, end)`."""
        for start, end in flashes:
            for values in (self.blocks, self.blur, self.luma):
                values[start:end] = values[start - 1]
            self.motion[start : end + 1] = self.motion[start - 1]
