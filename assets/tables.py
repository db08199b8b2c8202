"""How an asset over all videos reports to Dagster, and the check that tells when it no longer holds what it should."""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import dagster as dg

from assets.owners import own_run
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.ledger.staleness import rows_differ
from vidpipe.ports import Project
from vidpipe.records import Record
from vidpipe.tables import Made, settle_table

Make = Callable[[Project], Made]
Differ = Callable[[Snapshot], Collection[str]]
Show = Callable[[Project, Record], Mapping[str, Any]]
_SHOWN = 20


def table_result(
    context: dg.AssetExecutionContext, project: Project, make: Make, *, show: Show | None = None
) -> dg.MaterializeResult[Any]:
    """Make the table, alone, and say what it holds; `show` says of its record where people find that.

    Its Dagster data version is the fingerprint of its recipe: otherwise one added video would make every partition
    below it stale.

    Raises:
        dagster.Failure: another run is making it.
    """
    own_run(context)
    asset = context.asset_key.to_user_string()
    began = time.perf_counter()
    with project.ledger.claims.held(asset, [""]) as got:
        if not got:
            raise dg.Failure(f"{asset} is being made by another run", allow_retries=False)
        made = make(project)
        seconds = time.perf_counter() - began
        record = settle_table(project, asset, made, run_id=context.run.run_id, seconds=seconds)
    shown = {name: value for name, value in record.value.items() if isinstance(value, bool | int | float | str)}
    return dg.MaterializeResult(
        metadata={
            "outcome": record.outcome,
            **shown,
            **(show(project, record) if show else {}),
            "seconds": record.provenance.seconds,
        },
        data_version=dg.DataVersion(project.fingerprint(project.stage(asset))),
    )


def current_check(asset: str, *, also: Differ | None = None) -> dg.AssetChecksDefinition:
    """The check that a table holds exactly what its inputs hold now; Dagster itself cannot tell above 99 videos.

    `also` finds the videos, by id, that do not follow the table.
    """

    @dg.asset_check(asset=asset, name="current", description="The table holds exactly what its inputs hold now.")
    def current(project: dg.ResourceParam[Project]) -> dg.AssetCheckResult:
        snapshot = project.ledger.snapshot()
        differ = sorted({*rows_differ(project.stage(asset), snapshot), *(also(snapshot) if also else ())})
        return dg.AssetCheckResult(
            passed=not differ,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"n_differ": len(differ), "first": differ[:_SHOWN]},
        )

    return current
