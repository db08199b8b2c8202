"""The two sets of videos that assets are partitioned by, and what assets of one kind have in common.

Versions and batch sizes belong to a project: `vidpipe.definitions` adds them.
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
from dagster_shared.utils.warnings import BetaWarning

from vidpipe.recipe.line import STAGES, Stage

VIDEO = dg.DynamicPartitionsDefinition(name="video")
SELECTED = dg.DynamicPartitionsDefinition(name="selected")
SETS: Mapping[str, dg.DynamicPartitionsDefinition] = {"video": VIDEO, "selected": SELECTED}

Decorator = Callable[[Callable[..., Any]], dg.AssetsDefinition]


def per_video(name: str) -> Decorator:
    """The decorator of a per-video asset: partitions, graph and group from the line; `settle` takes its output."""
    stage = STAGES[name]

    def decorated(function: Callable[..., Any]) -> dg.AssetsDefinition:
        with warnings.catch_warnings():  # Dagster marks backfill_policy as beta, once per asset; versions are pinned
            warnings.simplefilter("ignore", BetaWarning)
            return dg.asset(
                name=name,
                deps=_deps(stage),
                partitions_def=SETS[stage.over],
                backfill_policy=dg.BackfillPolicy.multi_run(),
                group_name=stage.group,
                io_manager_key="settle",
                kinds={"python"},
            )(function)

    return decorated


def over_all(name: str) -> Decorator:
    """The decorator of a table over all videos: unpartitioned."""
    stage = STAGES[name]
    return dg.asset(name=name, deps=_deps(stage), group_name=stage.group, kinds={"table"})


def _deps(stage: Stage) -> list[dg.AssetDep]:
    deps = []
    for name in stage.after:
        mapping: dg.PartitionMapping | None = None
        if STAGES[name].unit == "video":
            mapping = dg.IdentityPartitionMapping() if stage.unit == "video" else dg.AllPartitionMapping()
        deps.append(dg.AssetDep(name, partition_mapping=mapping))
    return deps
