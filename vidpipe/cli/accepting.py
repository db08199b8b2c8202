"""`vidpipe accept`: a person declares stale records valid as they stand, and says why; and so they stay."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vidpipe import keys
from vidpipe.cli.naming import named_videos
from vidpipe.cli.projects import open_here
from vidpipe.errors import CorruptObjectError, MissingObjectError, RecipeError
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.ledger.staleness import stale_records
from vidpipe.ports import Project
from vidpipe.records import Acceptance, decode
from vidpipe.store.accepted import keep_accepted, put_back
from vidpipe.store.objects import sha256_of


@dataclass(frozen=True, slots=True)
class Accepted:
    """How many records were accepted; the videos whose record is missing or altered, or in another run's hands."""

    n: int
    damaged: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


def accept(folder: Path, asset: str, *, ids: Sequence[str] | None, reason: str) -> Accepted:
    """Declare the stale records of an asset, or those of these videos, valid.

    Their content stays as it is; provenance says from now on that they follow from the recipe, code and inputs of
    today, by whose word, and what they were made by. A record that is not as it was written is not accepted.

    Raises:
        RecipeError: no such asset or video, or no reason.
        StoreError: the store did not answer.
    """
    if not reason.strip():
        raise RecipeError("--reason", "say why, for those who read the lineage")
    project = open_here(folder)
    names = [stage.name for stage in project.line().per_video]
    if asset not in names:
        raise RecipeError("accept", f"no asset with videos {asset!r}; there are {', '.join(names)}")
    wanted = None if ids is None else set(named_videos(project, list(ids), at="--ids"))
    chosen = _stale(project, project.ledger.snapshot(), asset, wanted)
    with project.ledger.claims.held(project.stage(asset).over, chosen) as got:
        snapshot = project.ledger.snapshot(got)
        mine = _stale(project, snapshot, asset, set(got))  # another run may have made some of them just now
        hashes = {video_id: sha256 for video_id, (sha256, _) in project.ledger.hashes(asset).items()}
        damaged = [
            v
            for v in mine
            if not _accept(project, snapshot, asset=asset, video_id=v, sha256=hashes.get(v, ""), reason=reason)
        ]
    project.ledger.mark_damaged(asset, damaged)
    return Accepted(len(mine) - len(damaged), tuple(damaged), tuple(v for v in chosen if v not in set(got)))


def restore_accepted(project: Project, asset: str) -> None:
    """Put back accepted records that were found missing or altered: their stage would make others, for money maybe.

    What another process works on is left to it.

    Raises:
        StoreError: the store did not answer, or cannot be written.
    """
    theirs = project.ledger.claims.of_others()  # read before what is damaged: who lets go has settled
    over, damaged = project.stage(asset).over, project.ledger.damage.of_records(asset)
    kept = {copy.key for copy in project.store.children(keys.all_accepted(asset))} if damaged else set()
    for video_id, sha256 in damaged.items():
        if keys.accepted(asset, keys.segment(video_id)) in kept and (over, video_id) not in theirs:
            etag = put_back(project.store, asset, video_id, sha256=sha256)
            if etag is not None:
                project.ledger.damage.take_back(asset, video_id, sha256=sha256, etag=etag)


def _stale(project: Project, snapshot: Snapshot, asset: str, wanted: set[str] | None) -> list[str]:
    """The videos whose record is stale by itself and has all its inputs."""
    stale = stale_records(snapshot, project.line())[asset]
    mine = [v for v, why in stale.items() if why.direct and (wanted is None or v in wanted)]
    return [v for v in mine if snapshot.inputs(project.stage(asset), v) is not None]


def _accept(project: Project, snapshot: Snapshot, *, asset: str, video_id: str, sha256: str, reason: str) -> bool:
    """Whether a record could be accepted: one that is missing or altered cannot."""
    stage, key = project.stage(asset), keys.record(asset, keys.segment(video_id))
    inputs = snapshot.inputs(stage, video_id)
    assert inputs is not None
    try:
        data = project.store.get(key)
        record = decode(key, data)
    except (MissingObjectError, CorruptObjectError):
        return False
    if sha256_of(data) != sha256:
        return False
    made, version = record.provenance, project.code_version(stage)
    when = project.clock().isoformat(timespec="seconds").replace("+00:00", "Z")
    accepted = Acceptance(reason.strip(), when, made.code_version, made.inputs, made.run_id)
    provenance = replace(
        made,
        code_version=version,
        recipe=version.partition("+")[2],
        inputs=inputs,
        run_id=str(uuid.uuid4()),  # no run's: Dagster gets an event with these versions from the next one
        accepted=(*made.accepted, accepted),
    )
    valid = replace(record, provenance=provenance)
    written = keep_accepted(project.store, valid)
    project.ledger.settle(valid, video_id=video_id, sha256=written, etag="")
    # Who dies here leaves a record that looks altered: the next run puts the copy in its place.
    etag = put_back(project.store, asset, video_id, sha256=written)
    project.ledger.set_etag(asset, video_id, etag or "")
    return True
