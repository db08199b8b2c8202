"""What is left to do, from a snapshot alone: which videos need which stages, and in which runs they go.

A run is one contiguous range of a set in its order of registration: Dagster knows no other kind.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from vidpipe.ledger.snapshot import Snapshot
from vidpipe.ledger.staleness import rows_differ, stale_records
from vidpipe.recipe.stages import Line, Stage


@dataclass(frozen=True, slots=True)
class Piece:
    """One run: these assets, in line order, over these neighbouring partition keys."""

    assets: tuple[str, ...]
    keys: tuple[str, ...]


def needs(
    snapshot: Snapshot,
    line: Line,
    stages: Sequence[Stage],
    held: Collection[str] = (),
    free: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> dict[str, tuple[str, ...]]:
    """The stages, among these, that each video has to go through, in line order, by video id; none: not there.

    Needed is what has no valid record, or has not been reported, and then whatever reads it: those decide again
    whether they are still valid. Where a record of one of the assets `held` is only stale, it stays, and all that reads
    it waits, but for the videos that are `free` there. Videos that no catalogue keeps need nothing.
    """
    names = [stage.name for stage in stages]
    settled = _settled(snapshot, line, names)
    waits = _waiting(line, held_back(snapshot, line, held, free))
    for video_id, waiting in waits.items():
        for name in waiting & settled.keys():
            settled[name].add(video_id)
    kept = {v for v, row in snapshot.rows.get("catalogue", {}).items() if row.outcome == "ok"}
    left = {v for v in kept if any(v not in done for done in settled.values())}
    below_of: dict[tuple[frozenset[str], frozenset[str]], tuple[str, ...]] = {}
    found: dict[str, tuple[str, ...]] = {}
    for video_id in snapshot.videos.values() if left else ():
        if video_id in left:
            first = frozenset(name for name in names if video_id not in settled[name])
            kind = first, waits.get(video_id, frozenset())
            if kind not in below_of:
                reached = line.dependents(first) - kind[1]
                below_of[kind] = tuple(name for name in names if name in reached)
            found[video_id] = below_of[kind]
    return found


def _waiting(line: Line, held: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """What waits where records are held, these and what only serves them included, by video."""
    waits: dict[str, frozenset[str]] = {}
    for name, video_ids in held.items():
        below = line.dependents({name}) | {stage.name for stage in line.stages if stage.serves == name}
        for video_id in video_ids:
            waits[video_id] = waits.get(video_id, frozenset()) | below
    return waits


def held_back(
    snapshot: Snapshot,
    line: Line,
    held: Collection[str],
    free: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> dict[str, frozenset[str]]:
    """The videos whose record is stale by itself, and nothing worse, by asset, of those `held`; without empty ones.

    Videos that are `free` at an asset are not held there: to make their records again costs nothing.
    """
    stale = stale_records(snapshot, line)
    found = {}
    for name in held:
        entries = snapshot.entries.get(name, {})
        ids = {v for v, why in stale[name].items() if why.direct and not entries[v].damaged}
        if ids := ids.difference(free.get(name, ())):
            found[name] = frozenset(ids)
    return found


def in_doubt(snapshot: Snapshot, left: Mapping[str, Collection[str]], name: str) -> frozenset[str]:
    """The videos whose record at an asset stands, and may not once what it reads is made: `left` is what they need.

    A run makes that first, and then holds such a record back.
    """
    whole = (v for v, entry in snapshot.entries.get(name, {}).items() if not entry.damaged)
    return frozenset(v for v in whole if name in left.get(v, ()))


def in_turn(
    snapshot: Snapshot, line: Line, stages: Sequence[Stage], held: Collection[str] = (), paid: Collection[str] = ()
) -> Iterator[tuple[Stage, ...]]:
    """Neighbouring stages, cut before each one `held` where what the others make may change what was told there.

    Whether such a record stays is decided when they are through: a run of both would ask, and pay, at once. It is one
    that cost something, or that would: those at `paid`.
    """
    settled = _settled(snapshot, line, [stage.name for stage in stages])
    kept = {v for v, row in snapshot.rows.get("catalogue", {}).items() if row.outcome == "ok"}
    here: list[Stage] = []
    for stage in stages:
        name = stage.serves or stage.name
        entries = snapshot.entries.get(name, {}) if name in held else {}
        told = {v for v, entry in entries.items() if entry.cost_usd > 0 or name in paid} & kept
        above = line.ancestors({stage.name}) & {other.name for other in here}
        if not all(told <= settled[other] for other in above):
            yield tuple(here)
            here = []
        here.append(stage)
    yield tuple(here)


def _settled(snapshot: Snapshot, line: Line, names: Sequence[str]) -> dict[str, set[str]]:
    """The videos with a valid, reported record that is not stale by itself, by asset."""
    stale = stale_records(snapshot, line)
    found = {}
    for name in names:
        entries = snapshot.entries.get(name, {})
        direct = {v for v, why in stale[name].items() if why.direct}
        found[name] = {v for v, entry in entries.items() if entry.reported and not entry.damaged} - direct
    return found


def pieces(keys: Sequence[str], wanted: Mapping[str, tuple[str, ...]], size: int) -> Iterator[Piece]:
    """Runs over what is wanted (stages by key): neighbours with the same stages together, at most `size` of them.

    `keys` is the whole set in its order of registration.
    """
    here: list[str] = []
    for key in keys:
        if here and (len(here) == size or wanted.get(key) != wanted[here[0]]):
            yield Piece(wanted[here[0]], tuple(here))
            here = []
        if key in wanted:
            here.append(key)
    if here:
        yield Piece(wanted[here[0]], tuple(here))


def table_is_due(asset: str, snapshot: Snapshot, line: Line) -> bool:
    """Whether a table over videos has to be made.

    It is missing, damaged, of another recipe or code, unreported, holds other rows than it should, or failed last.
    """
    entry = snapshot.entry(asset, "")
    if "" in snapshot.attempts.get(asset, {}):
        return True
    if entry is None or entry.damaged or not entry.reported or entry.code_version != line.versions[asset]:
        return True
    return bool(rows_differ(line[asset], snapshot))


def leaving(snapshot: Snapshot, members: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """The partition keys that no longer belong into a set, by set.

    `video` holds what the catalogue keeps, `selected` what its gate lets through besides.
    """
    gone: dict[str, list[str]] = {"selected": [], "video": []}
    for over, keys in members.items():
        for key in keys:
            video_id = snapshot.videos.get(key, "")
            row = snapshot.row("catalogue", video_id) if video_id else None
            stays = row is not None and row.outcome == "ok"
            if over == "selected" and stays:
                gate = snapshot.entry("selected_videos", video_id)
                stays = gate is None or gate.outcome == "ok"
            if not stays:
                gone[over].append(key)
    return gone


def entering(snapshot: Snapshot, members: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """The partition keys that belong into a set and are not there, by set, in the order of registration.

    So a video that comes back, or that somebody took out by hand, is a member again though its records stand.
    """
    missing: dict[str, list[str]] = {"video": [], "selected": []}
    have = {over: set(keys) for over, keys in members.items()}
    for key, video_id in snapshot.videos.items():
        row = snapshot.row("catalogue", video_id)
        if row is None or row.outcome != "ok":
            continue
        if key not in have["video"]:
            missing["video"].append(key)
        gate = snapshot.entry("selected_videos", video_id)
        if gate is not None and gate.outcome == "ok" and not gate.damaged and key not in have["selected"]:
            missing["selected"].append(key)
    return missing
