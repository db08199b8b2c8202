"""FineVideo's own layout: parquet shards with the columns `mp4` (bytes) and `json` (struct).

What belongs here: the bytes of one shard. Not here: which rows go into it (`target`), where it goes
(`folder`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from vidpipe.export.columns import struct_of
from vidpipe.export.finevideo import FineVideoRecord

GROUP_BYTES = 64_000_000  # readers page by row group; 32–500 MB are advised


def write_shard(path: Path, rows: Sequence[Mapping[str, object]], cells: Sequence[bytes | None]) -> None:
    """Write one shard to a local file: row i has the video `cells[i]` (null: too large for a cell).

    Every shard has the same types, whatever its rows hold: nulls stay typed, and so do empty lists. The bytes
    depend on the rows, the cells and the versions of polars and vidpipe alone.
    """
    frame = pl.DataFrame(
        {
            "mp4": pl.Series(cells, dtype=pl.Binary),
            "json": pl.Series(rows, dtype=struct_of(FineVideoRecord), strict=True),
        }
    )
    n_bytes = sum(len(cell) for cell in cells if cell is not None)
    group_rows = max(1, len(rows) * GROUP_BYTES // max(n_bytes, GROUP_BYTES))
    frame.write_parquet(
        path, compression="zstd", compression_level=1, statistics=False, row_group_size=group_rows
    )


def shard_digest(parts: Sequence[str]) -> str:
    """sha256 that names what a shard is made from: its rows' digests and videos, and what writes it."""
    return hashlib.sha256("\n".join((pl.__version__, *parts)).encode()).hexdigest()
