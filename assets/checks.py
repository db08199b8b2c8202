"""Checks that say what Dagster's own statuses cannot: what is unusable, what is out of date, what does not add up."""

from collections.abc import Sequence

import dagster as dg

from assets.overview import look
from assets.tables import current_check
from vidpipe.ports import Project
from vidpipe.recipe.line import PER_VIDEO

_MOST_UNUSABLE = 0.25


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


@dg.asset_check(asset="ledger", name="conserved", description="Every video is somewhere, exactly once, at every asset.")
def conserved(context: dg.AssetCheckExecutionContext, project: dg.ResourceParam[Project]) -> dg.AssetCheckResult:
    """Fails when a video is lost, counted twice, or blamed on an asset that let it through."""
    problems = look(context.instance, project).problems
    return dg.AssetCheckResult(
        passed=not problems, metadata={"n_problems": len(problems), "first": list(problems[:20])}
    )


CHECKS: Sequence[dg.AssetChecksDefinition] = (
    *(usable_check(stage.name) for stage in PER_VIDEO),
    current_check("selection"),
    current_check("scene_dataset"),
    conserved,
)
