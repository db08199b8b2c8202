"""`status --verify`: every record read and hashed, every file it names looked up, every event compared."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import dagster as dg

from vidpipe import keys, records
from vidpipe.errors import StoreError
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.ports import Project
from vidpipe.recipe.line import LINE, PER_VIDEO
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
    """Every difference there is. Records that are missing or altered are marked, so that the next run restores them."""
    snapshot = project.ledger.snapshot()
    found = []
    for stage in LINE:
        here = list(_in_store(project, snapshot, stage.name))
        if stage.unit == "video":
            project.ledger.mark_damaged(stage.name, {d.video_id for d in here if d.what != _UNKNOWN})
            here += _damaged(snapshot, stage.name, {d.video_id for d in here})
        elif here:
            project.ledger.mark_damaged(stage.name, [""])
        found += here
    for stage in PER_VIDEO:
        found += _in_dagster(snapshot, instance, stage.name, set(instance.get_dynamic_partitions(stage.over)))
    return found


_UNKNOWN = "in the store, but not in the ledger"


def _in_store(project: Project, snapshot: Snapshot, asset: str) -> Iterator[Difference]:
    known = project.ledger.hashes(asset)
    for video_id, (sha256, _) in known.items():
        key = keys.record(asset, keys.segment(video_id)) if video_id else keys.table(asset)
        try:
            data = project.store.get(key)
        except StoreError:
            yield Difference(video_id, asset, "record is missing")
            continue
        if sha256_of(data) != sha256:
            yield Difference(video_id, asset, "record was altered")
        elif not video_id:
            yield from _media(project, video_id, asset, {"rows": keys.table_rows(asset)})
        else:
            yield from _media(project, video_id, asset, records.decode(key, data).where)
    indexed = {keys.record(asset, keys.segment(video_id)) for video_id in snapshot.entries.get(asset, {}) if video_id}
    for stored in project.store.children(keys.records(asset)):
        if stored.key not in indexed:
            yield Difference(stored.key, asset, _UNKNOWN)


def _media(project: Project, video_id: str, asset: str, where: Mapping[str, object]) -> Iterator[Difference]:
    """The files of the store that a record names; those outside it are their owner's."""
    for name, place in where.items():
        if isinstance(place, Mapping):
            yield from _media(project, video_id, asset, place)
        elif isinstance(place, str) and not place.startswith("/"):
            try:
                project.store.head(place)
            except StoreError:
                yield Difference(video_id, asset, f"file is missing: {name}")


def _damaged(snapshot: Snapshot, asset: str, seen: set[str]) -> Iterator[Difference]:
    """What was found missing or altered earlier, and has not been restored."""
    for video_id, entry in snapshot.entries.get(asset, {}).items():
        if entry.damaged and video_id not in seen:
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
