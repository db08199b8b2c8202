"""`status --verify`: every record read and hashed, every file it names looked up, every event compared."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

import dagster as dg

from vidpipe import keys, records
from vidpipe.cli.files import lost_files
from vidpipe.errors import MissingObjectError
from vidpipe.ledger.counts import IN_VAIN
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.ports import Project
from vidpipe.store.objects import sha256_of


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that store, ledger and Dagster do not agree on."""

    video_id: str
    asset: str
    what: str

    def __str__(self) -> str:
        name = keys.segment(self.video_id) if self.video_id else "the table"
        return f"{self.asset}: {name}: {self.what}"

    def as_json(self) -> dict[str, str]:
        """As `status --json` shows it."""
        return asdict(self)


def differences(project: Project, instance: dg.DagsterInstance) -> list[Difference]:
    """Every difference there is. Records that are missing or altered are marked, so that the next run restores them.

    What a run beside this writes meanwhile is no difference.

    Raises:
        StoreError: the store did not answer; what was found until then is marked.
    """
    found = []
    line = project.line()
    for stage in line.stages:
        seen = {video_id: sha256 for video_id, (sha256, _) in project.ledger.hashes(stage.name).items()}
        here = list(_in_store(project, stage.name, seen))
        now = project.ledger.hashes(stage.name)
        here = [d for d in here if now.get(d.video_id, ("",))[0] == seen[d.video_id]]
        _mark(project, stage.name, here, seen)
        here += _damaged(project.ledger.snapshot(), stage.name, {d.video_id for d in here})
        found += [*here, *_unknown(project, stage.name)]
    for stage in line.per_video:
        members = set(instance.get_dynamic_partitions(stage.over))
        found += _in_dagster(project.ledger.snapshot(), instance, stage.name, members)
    return found


_MISSING, _ALTERED = "record is missing", "record was altered"


def _mark(project: Project, asset: str, here: Iterable[Difference], seen: Mapping[str, str]) -> None:
    """Note what was found; a record whose files are lost is not made whole by its own bytes."""
    of_records = {d.video_id for d in here if d.what in (_MISSING, _ALTERED)}
    project.ledger.damage.mark(asset, {v: seen[v] for v in of_records})
    of_files = {d.video_id for d in here} - of_records
    project.ledger.damage.mark_for_good(asset, {v: seen[v] for v in of_files})


def _in_store(project: Project, asset: str, seen: Mapping[str, str]) -> Iterator[Difference]:
    for video_id, sha256 in seen.items():
        key = keys.record(asset, keys.segment(video_id)) if video_id else keys.table(asset)
        try:
            data = project.store.get(key)
        except MissingObjectError:
            yield Difference(video_id, asset, _MISSING)
            continue
        if sha256_of(data) != sha256:
            yield Difference(video_id, asset, _ALTERED)
            continue
        for _, what in lost_files(project.store, records.decode(key, data)):
            yield Difference(video_id, asset, what)


def _unknown(project: Project, asset: str) -> Iterator[Difference]:
    """Records that the ledger does not know; those that are written meanwhile it knows by then."""
    stored = [child.key for child in project.store.children(keys.records(asset))]
    entries = project.ledger.snapshot().entries.get(asset, {})
    indexed = {keys.record(asset, keys.segment(video_id)) for video_id in entries if video_id}
    for key in stored:
        if key not in indexed:
            yield Difference(key, asset, "in the store, but not in the ledger")


def _damaged(snapshot: Snapshot, asset: str, seen: set[str]) -> Iterator[Difference]:
    """What was found missing or altered earlier and is not restored; what goes into another batch job was neither."""
    attempts = snapshot.attempts.get(asset, {})
    again = {video_id for video_id, attempt in attempts.items() if attempt.reason.startswith(IN_VAIN)}
    for video_id, entry in snapshot.entries.get(asset, {}).items():
        if entry.damaged and video_id not in seen and video_id not in again:
            yield Difference(video_id, asset, "record is missing or was altered")


def _in_dagster(
    snapshot: Snapshot, instance: dg.DagsterInstance, asset: str, members: set[str]
) -> Iterator[Difference]:
    """Where Dagster's newest event of a member tells another version than the ledger, or there is none."""
    tag = "dagster/data_version"
    told = instance.event_log_storage.get_latest_tags_by_partition(
        dg.AssetKey(asset), dg.DagsterEventType.ASSET_MATERIALIZATION, [tag]
    )
    for video_id, entry in snapshot.entries.get(asset, {}).items():
        key = keys.segment(video_id)
        if key not in members or entry.damaged:
            continue
        version = told.get(key, {}).get(tag)
        if version is None:
            yield Difference(video_id, asset, "Dagster has no event of it")
        elif version != entry.data_version:
            yield Difference(video_id, asset, "Dagster has the event of another version")
    for key in told.keys() & members:
        if snapshot.entry(asset, snapshot.videos.get(key, "")) is None:
            yield Difference(snapshot.videos.get(key, key), asset, "Dagster has an event, but there is no record")
