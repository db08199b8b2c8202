"""FineVideo's own layout: parquet shards with the columns `mp4` (bytes) and `json` (struct).

What belongs here: the bytes of one shard. Not here: which rows go into it (`target`), where it goes
(`folder`).
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from vidpipe.export.columns import struct_of
from vidpipe.export.finevideo import FineVideoRecord

GROUP_BYTES = 64_000_000  # readers page by row group; 32–500 MB are advised
BATCH_ROWS = 500
FORMAT = "1"  # counts up whenever the same rows give other bytes: shards are named by what makes them


def write_shard(path: Path, rows: Sequence[Mapping[str, object]], cells: Sequence[bytes | None]) -> None:
    """Write one shard to a local file: row i has the video `cells[i]` (null: too large for a cell).

    Every shard has the same types, whatever its rows hold: nulls stay typed, and so do empty lists. The bytes
    depend on the rows, the cells and the version of polars alone. The rows are streamed, since polars needs
    several times the memory of what it writes at once.
    """
    n_bytes = sum(len(cell) for cell in cells if cell is not None)
    group_rows = max(1, len(rows) * GROUP_BYTES // max(n_bytes, GROUP_BYTES))
    schema = pl.Schema([("mp4", pl.Binary()), ("json", struct_of(FineVideoRecord))])
    batch_rows = min(group_rows, BATCH_ROWS)

    def batches(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        del with_columns, predicate, n_rows, batch_size  # nothing is selected: all rows are written
        for start in range(0, len(rows), batch_rows):
            part = slice(start, start + batch_rows)
            yield pl.DataFrame({"mp4": cells[part], "json": rows[part]}, schema=schema)

    # Videos are compressed already, and captions are small beside them.
    register_io_source(batches, schema=schema).sink_parquet(
        path, compression="uncompressed", statistics=False, row_group_size=group_rows
    )


def shard_digest(parts: Sequence[str]) -> str:
    """sha256 that names what a shard is made from: its rows' digests and videos, and what writes it."""
    return hashlib.sha256("\n".join((FORMAT, pl.__version__, *parts)).encode()).hexdigest()
