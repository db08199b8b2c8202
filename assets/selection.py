"""Which videos are produced: a table over all, and each video's own verdict, which fills the set `selected`."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from assets.batch import each_video
from assets.partitions import in_line
from assets.tables import table_result
from vidpipe.batch import Work
from vidpipe.inputs import Inputs
from vidpipe.ledger.snapshot import Row, as_text
from vidpipe.ledger.staleness import wanted_rows
from vidpipe.ports import Project
from vidpipe.records import Outcome, version_of
from vidpipe.tables import Made


@in_line("selection")
def selection(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> dg.MaterializeResult[Any]:
    """Which of the videos that came this far are produced; strategy `all` lets every one through."""
    return table_result(context, project, _select)


@in_line("selected_videos")
def selected_videos(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> Iterator[Any]:
    """Each video's own verdict. Fills the set `selected`, by which everything below is partitioned.

    Members enter in key order, in one call per batch, before their events: a verdict on record implies membership.
    """
    ids = project.ledger.video_ids(context.partition_keys)
    rows = project.ledger.snapshot(list(ids.values())).rows.get("selection", {})
    through = {video_id for video_id, row in rows.items() if row.outcome == "ok"}
    context.instance.add_dynamic_partitions("selected", [k for k in context.partition_keys if ids.get(k) in through])
    yield from each_video(context, project, Work(partial(_verdict, rows)))


def _select(project: Project) -> Made:
    wanted = wanted_rows(project.stage("selection"), project.ledger.snapshot())
    verdict = {"outcome": "ok", "reason": None}
    index = {v: Row("ok", None, as_text({"row": version_of(verdict)}), text) for v, text in sorted(wanted.items())}
    rows = pl.DataFrame({"video_id": list(index)}, schema={"video_id": pl.String})
    value = {"strategy": project.recipe.selection.strategy, "n_videos": len(index), "n_selected": len(index)}
    return Made(rows, index, value)


def _verdict(rows: Mapping[str, Row], inputs: Inputs) -> Outcome:
    row = rows[inputs.video_id]
    if row.outcome == "ok":
        return Outcome("ok", value={"strategy": inputs.project.recipe.selection.strategy})
    return Outcome("dropped", row.reason or "not selected")
