"""The sensor that collects batch jobs, and has what they answered go on down the line.

Only where a recipe asks in batches; `vidpipe run` does the same by itself.
"""

import hashlib
from collections.abc import Iterator, Sequence

import dagster as dg

from vidpipe.asking.collecting import Collected, collect
from vidpipe.asking.services import prices_of
from vidpipe.errors import InJobError
from vidpipe.ledger.plan import pieces
from vidpipe.ports import Project, Service

_ANSWERS = ("video_annotations", "aligned_metadata")
_EVERY_S = 60
_START, _END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@dg.sensor(
    name="batch_jobs",
    asset_selection=dg.AssetSelection.assets(*_ANSWERS),
    minimum_interval_seconds=_EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def batch_jobs(
    context: dg.SensorEvaluationContext, project: dg.ResourceParam[Project], gemini: dg.ResourceParam[Service]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Looks at open batch jobs, keeps what they answered, and makes the annotations of those videos.

    Tables below, and what is to be asked again, are made by the next `vidpipe run` or by hand.
    """
    found = collect(project, gemini, prices_of(project))
    requests = list(_requests(project, context.instance.get_dynamic_partitions("selected")))
    yield from requests
    if not requests:
        yield dg.SkipReason(_told(found))


def _requests(project: Project, keys: Sequence[str]) -> Iterator[dg.RunRequest]:
    """One run for each range of neighbours that waited for a job which is over; the same ones are asked for once."""
    attempts = project.ledger.snapshot().attempts.get(_ANSWERS[0], {})
    waiting, ids = project.ledger.jobs.videos(), project.ledger.video_ids(keys)
    done = {
        key: attempts[video_id].updated
        for key, video_id in ids.items()
        if video_id in attempts and attempts[video_id].reason == str(InJobError()) and video_id not in waiting
    }
    for piece in pieces(keys, dict.fromkeys(done, _ANSWERS), project.recipe.batch_size):
        name = hashlib.sha256(" ".join(f"{key} {done[key]}" for key in piece.keys).encode()).hexdigest()[:20]
        yield dg.RunRequest(run_key=name, tags={_START: piece.keys[0], _END: piece.keys[-1]})


def _told(found: Collected) -> str:
    errors = "; ".join(sorted({str(error) for error in found.errors}))
    return f"{found.n_open} batch jobs open" + (f": {errors}" if errors else "")
