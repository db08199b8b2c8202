"""Tables over all videos: their rows in the store, each row's versions in the index, and their own record.

Knows no Dagster. What a table holds is decided where it is made.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from vidpipe.ledger.snapshot import Row
from vidpipe.ports import Project
from vidpipe.recipe.line import STAGES
from vidpipe.records import Outcome, Provenance, Record
from vidpipe.store.documents import write_table


def settle_table(
    project: Project,
    asset: str,
    rows: pl.DataFrame,
    index: Mapping[str, Row],
    *,
    value: Mapping[str, Any],
    inputs: Mapping[str, str],
    run_id: str,
    seconds: float,
) -> Record:
    """Write a table and index it: rows, their versions by video id, and the table's own record.

    Raises:
        StoreFullError: no room.
        UnwritableObjectError: a key cannot be written.
    """
    code_version = project.code_version(STAGES[asset])
    provenance = Provenance(
        source_sha256=None,
        inputs=dict(inputs),
        code_version=code_version,
        recipe=code_version.partition("+")[2],
        software=dict(project.software),
        run_id=run_id,
        cost_usd=0.0,
        seconds=round(seconds, 3),
        finished=project.clock().isoformat(timespec="seconds").replace("+00:00", "Z"),
    )
    record = Record.of("", asset, Outcome("ok", value=value), provenance)
    stored, sha256 = write_table(project.store, record, rows)
    project.ledger.set_rows(asset, index)
    project.ledger.settle(record, video_id="", sha256=sha256, etag=stored.etag)
    return record
