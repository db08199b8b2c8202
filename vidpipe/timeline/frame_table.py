"""One row per frame: what the single decode of a video measured, as arrays, and the file that holds them.

Here belongs the form of the rows and of the loudness beside them. Measuring them belongs to `vidpipe.media`,
what follows from them (shots, scores) to the modules that read them.
"""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

LOUDNESS_BIN_S = Fraction(1, 10)
SILENCE_DBFS = -120.0
COLUMNS = {
    "pts": np.int64,
    "is_key": np.bool_,
    "delta_hue": np.float32,
    "delta_sat": np.float32,
    "delta_lum": np.float32,
    "motion": np.float32,
    "luma": np.float32,
    "blur": np.float32,
    "dhash": np.uint64,
    "blocks_upper": np.uint64,
    "blocks_lower": np.uint64,
    "swing": np.uint16,
    "bend": np.uint16,
}


@dataclass(frozen=True, slots=True, eq=False)
class FrameTable:
    """The frames of a video in presentation order, one element of each array per frame; 61 bytes a frame.

    `pts` (int64, strictly increasing) counts `time_base` seconds and is the file's own; `start_s` is the
    presentation time of the clock's zero (the container's start), `end_pts` the end of the last frame.
    `delta_hue` (0..179), `delta_sat`, `delta_lum` (0..255) are mean absolute differences from the frame
    before, 0 for the first; `motion` is the mean absolute luma difference from it and `luma` the mean luma,
    both 0..1; `blur` is the variance of the Laplacian of 8-bit luma (higher is sharper); `dhash` the 64-bit
    difference hash of the upright picture; `blocks_upper` and `blocks_lower` hold the mean luma (0..255) of
    4 x 4 blocks of the picture as coded, row by row, eight to a number, the first in the highest byte. `swing`
    is the mean absolute luma difference from the sixth frame before, `bend` that of the third before from the
    mean of those two, in 1/256 of 0..255.

    Raises:
        ValueError: there is no frame, the columns differ in length, or pts do not increase up to `end_pts`.
    """

    time_base: Fraction
    start_s: Fraction
    end_pts: int
    pts: npt.NDArray[np.int64]
    is_key: npt.NDArray[np.bool_]
    delta_hue: npt.NDArray[np.float32]
    delta_sat: npt.NDArray[np.float32]
    delta_lum: npt.NDArray[np.float32]
    motion: npt.NDArray[np.float32]
    luma: npt.NDArray[np.float32]
    blur: npt.NDArray[np.float32]
    dhash: npt.NDArray[np.uint64]
    blocks_upper: npt.NDArray[np.uint64]
    blocks_lower: npt.NDArray[np.uint64]
    swing: npt.NDArray[np.uint16]
    bend: npt.NDArray[np.uint16]

    def __post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in COLUMNS}
        if not self.n_frames or len(set(lengths.values())) != 1:
            raise ValueError(f"need one row per frame, got {lengths}")
        if self.end_pts <= self.pts[-1] or bool((np.diff(self.pts) <= 0).any()):
            raise ValueError(f"need pts that increase up to the end, got {self.end_pts=} {self.pts=}")

    @property
    def n_frames(self) -> int:
        """How many frames there are."""
        return len(self.pts)

    def time_of(self, pts: int) -> Fraction:
        """Exact seconds on the video's clock (presentation time minus container start) of a time stamp."""
        return int(pts) * self.time_base - self.start_s

    def times_s(self) -> npt.NDArray[np.float64]:
        """Each frame's seconds on the video's clock, for arithmetic that need not be exact."""
        return np.asarray(self.pts * float(self.time_base) - float(self.start_s), np.float64)

    def lengths(self) -> npt.NDArray[np.int64]:
        """How long each frame is shown, in units of `time_base`: until the next frame, or the end."""
        return np.diff(self.pts, append=np.int64(self.end_pts))

    def blocks(self) -> npt.NDArray[np.uint8]:
        """The mean luma of the blocks, (n_frames, 16)."""
        halves = (self.blocks_upper, self.blocks_lower)
        return np.concatenate([half.astype(">u8").view(np.uint8).reshape(-1, 8) for half in halves], axis=1)

    def sha256(self) -> str:
        """Of the clock and the raw little-endian columns, so that it does not depend on a file format."""
        digest = hashlib.sha256(repr(_clock(self)).encode())
        for name, kind in COLUMNS.items():
            digest.update(getattr(self, name).astype(np.dtype(kind).newbyteorder("<")).tobytes())
        return digest.hexdigest()


def save_frame_table(table: FrameTable, path: Path) -> None:
    """Writes the rows as parquet; the clock stands in the file's metadata.

    Raises:
        OSError: the file cannot be written.
    """
    import polars as pl

    rows = pl.DataFrame({name: getattr(table, name) for name in COLUMNS})
    rows.write_parquet(path, metadata=_clock(table))


def load_frame_table(path: Path) -> FrameTable:
    """The rows that `save_frame_table` wrote.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file holds something else.
    """
    import polars as pl

    clock = pl.read_parquet_metadata(path)
    missing = [name for name in ("time_base", "start_s", "end_pts") if name not in clock]
    if missing:
        raise ValueError(f"no frame table: {missing} not in the metadata of {path.name!r}")
    rows = pl.read_parquet(path, columns=list(COLUMNS))
    return FrameTable(
        Fraction(clock["time_base"]),
        Fraction(clock["start_s"]),
        int(clock["end_pts"]),
        **{name: rows[name].to_numpy().astype(kind, copy=False) for name, kind in COLUMNS.items()},
    )


def save_loudness(dbfs: npt.NDArray[np.float32], path: Path) -> None:
    """Writes the loudness, one row per 0.1 s from the clock's zero, as parquet.

    Raises:
        OSError: the file cannot be written.
    """
    import polars as pl

    pl.DataFrame({"dbfs": dbfs.astype(np.float32)}).write_parquet(path)


def load_loudness(path: Path) -> npt.NDArray[np.float32]:
    """RMS loudness in dBFS (-120: silence) of each 0.1 s from the clock's zero, as `save_loudness` wrote it.

    Raises:
        OSError: the file cannot be read.
    """
    import polars as pl

    return pl.read_parquet(path, columns=["dbfs"])["dbfs"].to_numpy().astype(np.float32, copy=False)


def _clock(table: FrameTable) -> dict[str, str]:
    return {"time_base": str(table.time_base), "start_s": str(table.start_s), "end_pts": str(table.end_pts)}
