"""`vidpipe accept`: a person declares stale records valid as they stand, and says why."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vidpipe.cli.naming import named_videos
from vidpipe.cli.projects import open_here
from vidpipe.errors import RecipeError
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.ledger.staleness import stale_records
from vidpipe.ports import Project
from vidpipe.recipe.line import PER_VIDEO, STAGES, Stage
from vidpipe.records import Acceptance
from vidpipe.store.documents import read_record, write_record


def accept(folder: Path, asset: str, *, ids: Sequence[str] | None, reason: str) -> int:
    """Declare the stale records of an asset, or those of these videos, valid; how many there were.

    Their content stays as it is; provenance says from now on that they follow from the recipe, code and inputs of
    today, by whose word, and what they were made by.

    Raises:
        RecipeError: no such asset or video, or no reason.
        StoreError: the store did not answer.
    """
    if asset not in {stage.name for stage in PER_VIDEO}:
        raise RecipeError("accept", f"no asset with videos {asset!r}; there are {', '.join(s.name for s in PER_VIDEO)}")
    if not reason.strip():
        raise RecipeError("--reason", "say why, for those who read the lineage")
    project = open_here(folder)
    wanted = None if ids is None else set(named_videos(project, list(ids), at="--ids"))
    stale = stale_records(project.ledger.snapshot(), project.code_versions())[asset]
    chosen = [v for v, why in stale.items() if why.direct and (wanted is None or v in wanted)]
    stage = STAGES[asset]
    with project.ledger.claims.held(stage.over, chosen) as got:
        snapshot = project.ledger.snapshot(got)
        return sum(_accepted(project, stage, snapshot, video_id, reason.strip()) for video_id in got)


def _accepted(project: Project, stage: Stage, snapshot: Snapshot, video_id: str, reason: str) -> bool:
    """Whether a record could be declared valid: one whose inputs are on their way cannot."""
    inputs = snapshot.inputs(stage, video_id)
    if inputs is None:
        return False
    record = read_record(project.store, stage.name, video_id)
    made = record.provenance
    when = project.clock().isoformat(timespec="seconds").replace("+00:00", "Z")
    accepted = Acceptance(reason, when, made.code_version, made.inputs)
    version = project.code_version(stage)
    provenance = replace(
        made, code_version=version, recipe=version.partition("+")[2], inputs=inputs, accepted=(*made.accepted, accepted)
    )
    valid = replace(record, provenance=provenance)
    stored, sha256 = write_record(project.store, valid)
    project.ledger.settle(valid, video_id=video_id, sha256=sha256, etag=stored.etag)
    return True
