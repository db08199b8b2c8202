"""FineVideo's own layout: parquet shards with the columns `mp4` (bytes) and `json` (struct).

What belongs here: the bytes of one shard. Not here: which rows go into it (`target`), where it goes
(`folder`).
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source
from pydantic import BaseModel

from vidpipe.export.columns import struct_of

BATCH_ROWS = 500
FORMAT = "2"  # counts up whenever the same rows give other bytes: shards are named by what makes them


def write_shard(path: Path, model: type[BaseModel], lines: Iterable[bytes], cells: Sequence[bytes | None]) -> None:
    """Write one shard to a local file, as one row group: row i, a line of JSON, has the video `cells[i]`, or null.

    Every shard has the same types, whatever its rows hold: nulls stay typed, and so do empty lists. The bytes
    depend on the rows, the cells and the version of polars alone. The rows are streamed, since polars needs
    several times the memory of what it writes at once.
    """
    struct = struct_of(model)
    schema = pl.Schema([("mp4", pl.Binary()), ("json", struct)])

    def batches(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        del with_columns, predicate, n_rows, batch_size  # nothing is selected: all rows are written
        rest = iter(lines)
        for start in range(0, len(cells), BATCH_ROWS):
            part = pl.Series([line.decode() for line in islice(rest, BATCH_ROWS)], dtype=pl.String)
            videos = pl.Series(cells[start : start + BATCH_ROWS], dtype=pl.Binary)
            yield pl.DataFrame({"mp4": videos, "json": part.str.json_decode(struct)}, schema=schema)

    # Videos are compressed already, and captions are small beside them.
    register_io_source(batches, schema=schema).sink_parquet(
        path, compression="uncompressed", statistics=False, row_group_size=max(1, len(cells))
    )


def shard_digest(parts: Sequence[str]) -> str:
    """sha256 that names what a shard is made from: its rows' digests and videos, and what writes it."""
    return hashlib.sha256("\n".join((FORMAT, pl.__version__, *parts)).encode()).hexdigest()
