"""Checking the parquet shards of a dataset: each row of `metadata.jsonl` once, value by value, with its file's bytes.

What belongs here: reading shards a few rows at a time. Not here: how they are written (`parquet`), what a row must be
(`dataset_checks`).
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from vidpipe.export.chain import row_digest
from vidpipe.export.checked import Checked, CheckedRow, Fault
from vidpipe.export.published import Published
from vidpipe.export.target import CELL_BYTES
from vidpipe.export.values import in_short
from vidpipe.store.digests import sha256_of_file

SHARDS = re.compile(r"data/[^/]+\.parquet")
_CELLS, _JSON = "mp4", "json"
_BATCH_ROWS = 8  # of the files' bytes; a cell has at most 256 MB, and most have a hundredth


def shard_faults(published: Published, checked: Checked) -> Iterator[Fault]:
    """Where the shards do not hold exactly these rows in their order; nothing where the dataset has none.

    Raises:
        ServiceError: the Hub did not answer.
    """
    files = published.files()
    names = [name for name in files if SHARDS.fullmatch(name)]
    if not names:
        return
    left = {row.row_sha256: row for row in checked.rows}
    for name in names:
        with published.local(name) as path:
            try:
                checked.digests[name] = sha256_of_file(path)
                yield from _one(name, path, files, left)
            except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
                yield Fault(f"{name} is no shard: {type(error).__name__}")
    yield from (Fault("it is in no shard", row.file_name, row.video_id) for row in left.values())


def _one(name: str, path: Path, files: Any, left: dict[str, CheckedRow]) -> Iterator[Fault]:
    shard, before = pl.scan_parquet(path), dict[bool, int]()
    if (columns := shard.collect_schema().names()) != [_CELLS, _JSON]:
        yield Fault(f"{name} has the columns {in_short(', '.join(columns))}")
    for start, values in _values(shard):
        for i, row in enumerate(values, start):
            place, video_id = f"{name} row {i}", _video_id(row)
            known = left.pop(_digest(row), None)
            if known is None:
                yield Fault(f"{place} is no row of metadata.jsonl", "", video_id)
                continue
            if known.start_bytes < before.get(bool(known.file_name), 0):
                yield Fault(f"{place} is not where metadata.jsonl has it", known.file_name, video_id)
            before[bool(known.file_name)] = known.start_bytes
            cell = shard.select(_CELLS).slice(i, 1).collect().item()
            yield from (
                Fault(f"{place} {what}", known.file_name, video_id) for what in _cell_faults(cell, known, files)
            )


def _values(shard: pl.LazyFrame) -> Iterator[tuple[int, list[Any]]]:
    n_rows = shard.select(pl.len()).collect().item()
    for start in range(0, n_rows, _BATCH_ROWS):
        yield start, shard.select(_JSON).slice(start, _BATCH_ROWS).collect()[_JSON].to_list()


def _video_id(row: Any) -> str:
    return str(row.get("video_id") or "") if isinstance(row, dict) else ""


def _digest(row: Any) -> str:
    try:
        return row_digest(row)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ""


def _cell_faults(cell: Any, row: CheckedRow, files: Any) -> Iterator[str]:
    if cell is None:
        if row.file_name and files.get(row.file_name, 0) <= CELL_BYTES:
            yield "lacks the file's bytes"
    elif not row.file_name:
        yield "holds a file that is not to be published"
    elif not isinstance(cell, bytes):
        yield "holds no bytes"
    elif hashlib.sha256(cell).hexdigest() != row.sha256:
        yield "holds other bytes than the file"
