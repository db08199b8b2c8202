"""All that the ledger knows at one moment, in memory: what staleness, plans and counts are computed from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from vidpipe.recipe.line import Part, Read, Stage


class Entry(NamedTuple):
    """A record as the index knows it."""

    outcome: str
    reason: str | None
    data_version: str
    code_version: str
    inputs: str
    parts: str
    cost_usd: float
    seconds: float
    updated: str
    reported: bool
    damaged: bool
    run_id: str


class Row(NamedTuple):
    """A video's row of a table."""

    outcome: str
    reason: str | None
    parts: str
    inputs: str


class Attempt(NamedTuple):
    """The last attempt that failed."""

    reason: str
    n: int
    run_id: str
    updated: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Entries, rows and failed attempts by asset and video id. The empty id stands for a table itself.

    `videos` maps every key segment to its id, in the order of registration.
    """

    videos: Mapping[str, str]
    entries: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)
    rows: Mapping[str, Mapping[str, Row]] = field(default_factory=dict)
    attempts: Mapping[str, Mapping[str, Attempt]] = field(default_factory=dict)

    def entry(self, asset: str, video_id: str) -> Entry | None:
        """The record of a video at an asset; None where there is none."""
        return self.entries.get(asset, {}).get(video_id)

    def row(self, asset: str, video_id: str) -> Row | None:
        """The row of a video in a table; None where there is none."""
        return self.rows.get(asset, {}).get(video_id)

    def version(self, read: Read, video_id: str) -> str | None:
        """The version of one part of what is known upstream; None where nothing is known."""
        if read.part in ("files", "texts", "row"):
            row = self.row(read.asset, video_id)
            return None if row is None else part_of(row.parts, read.part)
        entry = self.entry(read.asset, video_id)
        if entry is None or entry.damaged:
            return None
        if read.part == "value":
            return entry.data_version
        if read.part == "outcome":
            return f"skipped: {entry.reason}" if entry.outcome == "skipped" else entry.outcome
        return part_of(entry.parts, read.part)

    def inputs(self, stage: Stage, video_id: str) -> dict[str, str] | None:
        """What the stage would read now, as provenance states it; None while something is missing.

        A video that was not ok upstream has no row in a table of those that were: such a row counts as empty.
        """
        found: dict[str, str] = {}
        for read in stage.reads:
            version = self.version(read, video_id)
            if version is None:
                if read.part != "row" or not self._is_closed(stage, video_id):
                    return None
                version = ""
            found[input_name(stage, read)] = version
        return found

    def _is_closed(self, stage: Stage, video_id: str) -> bool:
        entries = (self.entry(read.asset, video_id) for read in stage.reads if read.gates)
        return any(entry is not None and entry.outcome != "ok" for entry in entries)


def input_name(stage: Stage, read: Read) -> str:
    """How provenance names an input: the asset, with its part where the stage reads several of it."""
    alone = sum(other.asset == read.asset for other in stage.reads) == 1
    return read.asset if alone else f"{read.asset}.{read.part}"


def part_of(parts: str, part: Part) -> str:
    """The version of one part in an entry's or row's JSON; empty where it has none."""
    return str(json.loads(parts).get(part, "")) if parts != "{}" else ""


def as_text(found: Mapping[str, str]) -> str:
    """Inputs or parts as the index holds them: JSON in the given order."""
    return json.dumps(dict(found), separators=(",", ":"), ensure_ascii=True)
