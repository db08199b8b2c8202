"""Which records no longer follow from their inputs, their recipe or their code: one pure function, transitive.

Dagster's own staleness is not transitive and gives up on tables above 99 videos; this one decides what `run` does.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from vidpipe.ledger.snapshot import Snapshot, as_text
from vidpipe.recipe.stages import Line, Stage


@dataclass(frozen=True, slots=True)
class Stale:
    """Why a record is stale: the first cause, and the assets between the cause and the record, the record's last."""

    cause: str
    path: tuple[str, ...]
    direct: bool

    def __str__(self) -> str:
        return self.cause if self.direct else f"{self.cause}; {' > '.join(self.path)}"


def stale_records(snapshot: Snapshot, line: Line) -> dict[str, dict[str, Stale]]:
    """Every stale per-video record, by asset and video id, with its first cause in line order.

    A record is stale when its code version is not the current one, when an input has another version than the one it
    was made from, or when a record that it reads is stale. An input that is missing says nothing.
    """
    name = ("stale", *sorted(line.versions.items()))
    return snapshot.once(name, lambda: _stale_records(snapshot, line))


def _stale_records(snapshot: Snapshot, line: Line) -> dict[str, dict[str, Stale]]:
    found: dict[str, dict[str, Stale]] = {}
    for stage in line.per_video:
        now = line.versions[stage.name]
        entries = snapshot.entries.get(stage.name, {})
        texts = snapshot.input_texts(stage, entries)
        upstream = [stale for read in stage.reads if (stale := found.get(read.asset))]
        here: dict[str, Stale] = {}
        for video_id, entry in entries.items():
            text = texts.get(video_id, entry.inputs)
            if entry.damaged or (text == entry.inputs and entry.code_version == now and not upstream):
                continue
            if entry.code_version != now:
                here[video_id] = _by_code(stage, entry.code_version, now)
            elif text != entry.inputs:
                here[video_id] = Stale(_which_input(entry.inputs, json.loads(text)), (stage.name,), direct=True)
            elif upstream:
                above = next((stale[video_id] for stale in upstream if video_id in stale), None)
                if above is not None:
                    here[video_id] = Stale(above.cause, (*above.path, stage.name), direct=False)
        found[stage.name] = here
    return found


def stale_table(stage: Stage, snapshot: Snapshot, line: Line, members: Collection[str] = ()) -> Stale | None:
    """Why a table is stale: another recipe or code made it, or a record of one of these videos that it reads is stale.

    None where it is not, or not there.
    """
    entry, now = snapshot.entry(stage.name, ""), line.versions[stage.name]
    if entry is None:
        return None
    if entry.code_version != now:
        return _by_code(stage, entry.code_version, now)
    stale = stale_records(snapshot, line)
    reads = (stale.get(read.asset, {}) for read in stage.reads)
    first = next((why[v] for why in reads if why for v in members if v in why), None)
    return None if first is None else Stale(first.cause, (*first.path, stage.name), direct=False)


def wanted_rows(stage: Stage, snapshot: Snapshot) -> dict[str, str]:
    """What each row of a table over videos would be made from now: text by video id.

    A selection has a row for every video that is ok upstream. A dataset has one for every catalogued video that is
    settled to its end: the versions of what is published, or what kept it out. A video on its way has no row.
    """
    if stage.name == "selection":
        entries = snapshot.entries.get("taxonomy_categories", {})
        return snapshot.input_texts(stage, [v for v, entry in entries.items() if entry.outcome == "ok"])
    ends = {video_id: end_of(snapshot, stage, video_id) for video_id in snapshot.rows.get("catalogue", {})}
    texts = snapshot.input_texts(stage, [v for v, end in ends.items() if end and end[1] == "ok"])
    return {v: text for v, end in ends.items() if end and (text := texts.get(v) or _left_out(*end)) is not None}


def rows_differ(stage: Stage, snapshot: Snapshot) -> list[str]:
    """The videos whose row is missing, changed or left over in a table, sorted; of an upload, such datasets."""
    if stage.command:
        return _newer(stage, snapshot)
    wanted = wanted_rows(stage, snapshot)
    have = {video_id: row.inputs for video_id, row in snapshot.rows.get(stage.name, {}).items()}
    return sorted(v for v in wanted.keys() | have.keys() if wanted.get(v) != have.get(v))


def _newer(upload: Stage, snapshot: Snapshot) -> list[str]:
    """The datasets that have changed since they were uploaded, or were not."""
    entry = snapshot.entry(upload.name, "")
    sent = {} if entry is None else json.loads(entry.inputs)
    now = {name: found.data_version for name in upload.after if (found := snapshot.entry(name, "")) is not None}
    return sorted(name for name in now.keys() | sent.keys() if now.get(name) != sent.get(name))


def end_of(snapshot: Snapshot, dataset: Stage, video_id: str) -> tuple[str, str, str | None] | None:
    """What became of a catalogued video before a dataset: (asset, outcome, reason) of the record that decided it.

    That is the dataset's own name where all that it reads is ok. None while the video is on its way, or not asked for.
    """
    row = snapshot.row("catalogue", video_id)
    if row is None or row.outcome == "pending":
        return None
    if row.outcome != "ok":
        return "catalogue", row.outcome, row.reason
    for name in dict.fromkeys(("selected_videos", *(read.asset for read in dataset.reads if read.gates))):
        entry = snapshot.entry(name, video_id)
        if entry is None or entry.damaged:
            return None
        if entry.outcome == "skipped":
            cause = str(entry.reason)
            blamed = snapshot.entry(cause, video_id)
            return (cause, blamed.outcome, blamed.reason) if blamed else None
        if entry.outcome != "ok":
            return name, entry.outcome, entry.reason
    return dataset.name, "ok", None


def _left_out(asset: str, outcome: str, reason: str | None) -> str | None:
    """What the row of a video that is not published is made from; None where it would be published."""
    return None if outcome == "ok" else as_text({"left out at": asset, "outcome": outcome, "reason": reason or ""})


def _by_code(stage: Stage, before: str, now: str) -> Stale:
    return Stale(f"{stage.name}: {_what_changed(before, now)}", (stage.name,), direct=True)


def _what_changed(before: str, now: str) -> str:
    return "its code changed" if before.partition("+")[0] != now.partition("+")[0] else "its recipe changed"


def _which_input(before: str, wanted: Mapping[str, str]) -> str:
    had = json.loads(before)
    name = next((n for n, version in wanted.items() if had.get(n) != version), "an input")
    return f"{name} changed"
