"""Tables over all videos: their rows in the store, each row's versions in the index, and their own record.

Knows no Dagster. What a table holds is decided where it is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from vidpipe.ledger.snapshot import Row
from vidpipe.ports import Project
from vidpipe.records import Outcome, Record
from vidpipe.store.documents import encode_rows, write_table
from vidpipe.store.objects import sha256_of


@dataclass(frozen=True, slots=True)
class Made:
    """A table just made: its rows, what the index keeps of each by video id, and the value of its own record.

    `inputs` names the versions of what no row can name, such as the state of the sources; `files` the files of the
    store that belong to the table, by key, with their sizes in bytes.
    """

    rows: pl.DataFrame
    index: Mapping[str, Row]
    value: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)


def settle_table(project: Project, asset: str, made: Made, *, run_id: str, seconds: float) -> Record:
    """Write a table and index it: rows, their versions by video id, and the table's own record.

    The record names what it vouches for: the sha256 of the rows, and the sizes of the files beside them.

    Raises:
        StoreFullError: no room.
        UnwritableObjectError: a key cannot be written.
    """
    project.keep_settings(project.stage(asset))
    provenance = project.provenance(project.stage(asset), inputs=made.inputs, run_id=run_id, seconds=seconds)
    rows = encode_rows(made.rows)
    where = {"bytes": dict(made.files)} if made.files else {}
    outcome = Outcome("ok", value=made.value, where=where, parts={"rows": sha256_of(rows)})
    record = Record.of("", asset, outcome, provenance)
    stored, sha256 = write_table(project.store, record, rows)
    project.ledger.set_rows(asset, made.index)
    project.ledger.settle(record, video_id="", sha256=sha256, etag=stored.etag)
    return record
