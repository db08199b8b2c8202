"""Checks that say what Dagster's own statuses cannot: what is unusable, what is out of date, what does not add up."""

from functools import partial
from itertools import islice

import dagster as dg

from assets.overview import look
from assets.quality_checks import RULES, moves_check, told_checks
from assets.tables import current_check
from vidpipe import keys
from vidpipe.export.checking import folder_problems
from vidpipe.export.published import StoreFiles
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.ports import Project
from vidpipe.recipe.line import DATASETS
from vidpipe.recipe.stages import Line, Stage

_MOST_UNUSABLE = 0.25
_GATE = "selected_videos"
_SHOWN = 20  # problems of a kind; more are as good as these


def usable_check(asset: str) -> dg.AssetChecksDefinition:
    """The check that warns when many of an asset's videos are unusable: settled partitions are green either way."""

    @dg.asset_check(asset=asset, name="usable", description="At most a quarter of the videos is unusable here.")
    def usable(context: dg.AssetCheckExecutionContext, project: dg.ResourceParam[Project]) -> dg.AssetCheckResult:
        counts = next(c for c in look(context.instance, project).assets if c.asset == asset)
        n_bad = counts.unusable.total() + counts.blocked.total()
        share = n_bad / counts.n_in if counts.n_in else 0.0
        return dg.AssetCheckResult(
            passed=share <= _MOST_UNUSABLE,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"share_unusable": round(share, 4), "n_unusable": n_bad, "n_in": counts.n_in},
        )

    return usable


def whole_check(asset: str) -> dg.AssetChecksDefinition:
    """The check that a dataset's folder is whole: what `publish` would refuse is seen here first."""

    @dg.asset_check(asset=asset, name="whole", description="Every file is named exactly once; all rows have one shape.")
    def whole(project: dg.ResourceParam[Project]) -> dg.AssetCheckResult:
        published = StoreFiles(project.store, keys.dataset(DATASETS[asset], "").rstrip("/"))
        problems = list(islice(folder_problems(published), _SHOWN))
        return dg.AssetCheckResult(passed=not problems, metadata={"n_problems": len(problems), "first": problems})

    return whole


@dg.asset_check(asset="ledger", name="conserved", description="Every video is somewhere, exactly once, at every asset.")
def conserved(context: dg.AssetCheckExecutionContext, project: dg.ResourceParam[Project]) -> dg.AssetCheckResult:
    """Fails when a video is lost, counted twice, or blamed on an asset that let it through."""
    problems = look(context.instance, project).problems
    return dg.AssetCheckResult(
        passed=not problems, metadata={"n_problems": len(problems), "first": list(problems[:_SHOWN])}
    )


def not_applied(gate: Stage, snapshot: Snapshot) -> list[str]:
    """The videos whose record at the gate is missing or made from another row than the selection has now, sorted.

    Dagster cannot tell: the version of the selection is its recipe's, so the gate never looks stale there.
    """
    records = {v: entry for v, entry in snapshot.entries.get(_GATE, {}).items() if not entry.damaged}
    rows = snapshot.rows.get("selection", {})
    wanted = snapshot.input_texts(gate, rows)
    changed = {v for v, text in wanted.items() if v not in records or records[v].inputs != text}
    changed |= {v for v, entry in records.items() if entry.outcome == "ok" and v not in rows}
    return sorted(v for v, row in snapshot.rows.get("catalogue", {}).items() if row.outcome == "ok" and v in changed)


def checks_of(line: Line, *, by_model: bool) -> tuple[dg.AssetChecksDefinition, ...]:
    """The checks of the assets in use; `by_model`: a model tells about videos, and what it says is judged."""
    tables = [stage.name for stage in line.tables if stage.unit == "table" and stage.name != "selection"]
    return (
        *(usable_check(stage.name) for stage in line.per_video),
        current_check("selection", also=partial(not_applied, line[_GATE])),
        *(current_check(name) for name in tables),
        *(whole_check(name) for name in tables if name in DATASETS),
        *(told_checks(name) for name in RULES if by_model and name in line),
        moves_check(),
        conserved,
    )
