"""The two sets of videos that assets are partitioned by, and how an asset of the line becomes one of Dagster's."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster_shared.utils.warnings import BetaWarning

from vidpipe.recipe.line import STAGES
from vidpipe.recipe.stages import Line, Stage

VIDEO = dg.DynamicPartitionsDefinition(name="video")
SELECTED = dg.DynamicPartitionsDefinition(name="selected")
SETS: Mapping[str, dg.DynamicPartitionsDefinition] = {"video": VIDEO, "selected": SELECTED}


@dataclass(frozen=True)
class LineAsset:
    """An asset of the line, before a recipe says which others are in use, in which versions."""

    name: str
    function: Callable[..., Any]

    def of(self, line: Line, *, batch_size: int, pool: str | None = None) -> dg.AssetsDefinition:
        """The asset in a line: its partitions, its place in the graph, its group and version.

        A backfill runs `batch_size` videos at once. `pool` is the service that is asked: whoever bounds it bounds how
        many runs ask at once.
        """
        stage = line[self.name]
        is_table = stage.unit != "video"
        with warnings.catch_warnings():  # Dagster marks backfill_policy as beta, once per asset; versions are pinned
            warnings.simplefilter("ignore", BetaWarning)
            return dg.asset(
                name=self.name,
                deps=_deps(stage),
                group_name=stage.group,
                code_version=line.versions[self.name],
                partitions_def=None if is_table else SETS[stage.over],
                backfill_policy=None if is_table else dg.BackfillPolicy.multi_run(batch_size),
                io_manager_key=None if is_table else "settle",
                pool=pool,
                output_required=not stage.command,
                kinds={"table" if is_table else "python"},
            )(self.function)


def in_line(name: str) -> Callable[[Callable[..., Any]], LineAsset]:
    """The decorator of what an asset of the line does; `settle` takes the output of one with partitions."""
    return lambda function: LineAsset(name, function)


def _deps(stage: Stage) -> list[dg.AssetDep]:
    deps = []
    for name in stage.after:
        mapping: dg.PartitionMapping | None = None
        if STAGES[name].unit == "video":
            mapping = dg.IdentityPartitionMapping() if stage.unit == "video" else dg.AllPartitionMapping()
        deps.append(dg.AssetDep(name, partition_mapping=mapping))
    return deps
