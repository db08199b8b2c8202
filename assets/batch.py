"""How a per-video asset reports a batch to Dagster. Nothing else knows what a partial failure is.

One run carries many partitions. Each settled video gets its own event as soon as its record is written; then the
batch is the step's output, and `Settle` fails the step when videos are left over. The executor lets steps downstream
run all the same, so that good videos flow on in the same run and Dagster's status stays exact for every partition.
"""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.owners import own_run
from assets.showing import partition_metadata
from assets.turn import aside
from vidpipe.batch import LeftOver, Work, run_batch
from vidpipe.ports import Project

# A step whose output event is out lets its downstream run, even if the step then fails.
EXECUTOR = dg.in_process_executor.configured({"step_dependency_config": {"require_upstream_step_success": False}})

# Not public: tells Dagster 1.13 that the step reports its own materializations. Were it to vanish, a batch without
# failures would get a second, bare event per video; vidpipe_tests/assets/test_batch.py counts them.
_REPORTS_ITSELF = {"__source_asset_observation__": True}
_SHOWN = 100


@dataclass(frozen=True)
class Batch:
    """What became of the videos of a run at one asset: how many are settled, and why the others are not."""

    n_settled: int
    left_over: Mapping[str, str]


class Settle(dg.IOManager):
    """Stores nothing; fails the step if videos are left over.

    That is after the step's output is out, so that steps downstream run, and before Dagster would record every
    partition of the run as materialized.
    """

    def handle_output(self, context: dg.OutputContext, obj: Batch) -> None:  # noqa: ARG002 - Dagster's
        """Let a complete batch pass.

        Raises:
            dagster.Failure: videos are left over; their reasons are its metadata.
        """
        if obj.left_over:
            n_videos = obj.n_settled + len(obj.left_over)
            raise dg.Failure(
                f"{len(obj.left_over)} of {n_videos} videos left over",
                metadata=dict(list(obj.left_over.items())[:_SHOWN]),
                allow_retries=False,
            )

    def load_input(self, context: dg.InputContext) -> None:
        """Never: assets read the object store.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("assets read the object store; name upstream assets in deps=")


def each_video(context: dg.AssetExecutionContext, project: Project, work: Work) -> Iterator[Any]:
    """Run the stage over the partitions of this run, one or a range; one event per settled video, then the batch."""
    own_run(context)
    asset = context.asset_key.to_user_string()
    tags = version_tags(context)
    n_settled, left_over = 0, {}
    for result in aside(run_batch(project, asset, context.partition_keys, work, context.run.run_id)):
        if isinstance(result, LeftOver):
            left_over[result.key] = html.escape(result.reason)
            continue
        n_settled += 1
        yield dg.AssetMaterialization(
            context.asset_key,
            partition=result.key,
            metadata=partition_metadata(project, result.key, result.record),
            tags={**tags, "dagster/data_version": result.record.data_version},
        )
        # We come back here once the event is stored; who is killed in between leaves it to the next run's recovery.
        project.ledger.mark_reported(asset, [result.record.video_id], run_id=result.record.provenance.run_id)
    yield dg.Output(Batch(n_settled, left_over), metadata=_REPORTS_ITSELF)


def version_tags(context: dg.AssetExecutionContext) -> dict[str, str]:
    """The tags that Dagster puts on its own events; it judges a partition's staleness by them."""
    spec = context.assets_def.get_asset_spec(context.asset_key)
    tags = {"dagster/code_version": spec.code_version or context.run.run_id}
    for dep in spec.deps:
        name = dep.asset_key.to_user_string()
        newest = context.instance.fetch_materializations(dep.asset_key, limit=1).records
        event = newest[0].event_log_entry.asset_materialization if newest else None
        # A table's version is compared as it stands; of a partitioned dependency only the pointer counts.
        version = (event.tags or {}).get("dagster/data_version") if event and event.partition is None else None
        tags[f"dagster/input_event_pointer/{name}"] = str(newest[0].storage_id) if newest else "NULL"
        tags[f"dagster/input_data_version/{name}"] = version or "see the event pointer"
    return tags
