"""All that the ledger knows at one moment, in memory: what staleness, plans and counts are computed from."""

import gc
import json
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, NamedTuple, TypeVar, cast

from vidpipe.recipe.stages import Part, Read, Stage

Found = TypeVar("Found")

_OF_ROWS: frozenset[Part] = frozenset({"files", "texts", "page", "row"})


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
    _found: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def entry(self, asset: str, video_id: str) -> Entry | None:
        """The record of a video at an asset; None where there is none."""
        return self.entries.get(asset, {}).get(video_id)

    def row(self, asset: str, video_id: str) -> Row | None:
        """The row of a video in a table; None where there is none."""
        return self.rows.get(asset, {}).get(video_id)

    def version(self, read: Read, video_id: str) -> str | None:
        """The version of one part of what is known upstream; None where nothing is known."""
        table: Mapping[str, Mapping[str, Entry | Row]] = self.rows if read.part in _OF_ROWS else self.entries
        known = table.get(read.asset, {}).get(video_id)
        return None if known is None else _version_in(known, read.part)

    def inputs(self, stage: Stage, video_id: str) -> dict[str, str] | None:
        """What the stage would read now, as provenance states it; None while something is missing.

        A video that was not ok upstream has no row in a table of those that were: such a row counts as empty, and so
        does what is only shown where it is not known.
        """
        found: dict[str, str] = {}
        for read in stage.reads:
            version = self.version(read, video_id)
            if version is None:
                if read.part != "row" or not self._is_closed(stage, video_id):
                    return None
                version = ""
            found[input_name(stage, read)] = version
        return found | {input_name(stage, read): self.version(read, video_id) or "" for read in stage.shows}

    def input_texts(self, stage: Stage, video_ids: Collection[str]) -> dict[str, str]:
        """The inputs of many videos as the index holds them; those that miss one are left out.

        The same as `as_text(inputs(stage, video_id))`, many times faster, since whole columns are put together:
        `status` asks for all videos at all stages.
        """
        both = (*stage.reads, *stage.shows)
        columns = [self.once(read, partial(self._quoted_versions, read)) for read in both]
        names = (quoted(input_name(stage, read)).replace("%", "%%") for read in both)
        form = "{" + ",".join(f"{name}:%s" for name in names) + "}"
        whole = set(video_ids).intersection(*columns)
        ids = [v for v in video_ids if v in whole]
        rows = zip(*(map(column.__getitem__, ids) for column in columns), strict=True)
        found = dict(zip(ids, map(form.__mod__, rows), strict=True))
        for video_id in set(video_ids) - whole:
            inputs = self.inputs(stage, video_id)
            if inputs is not None:
                found[video_id] = as_text(inputs)
        return found

    def _quoted_versions(self, read: Read) -> dict[str, str]:
        """The versions of one part, of all videos of which it is known, as JSON strings."""
        if read.part == "value":
            entries = self.entries.get(read.asset, {})
            versions = {v: entry.data_version for v, entry in entries.items() if not entry.damaged}
        else:
            table: Mapping[str, Mapping[str, Entry | Row]] = self.rows if read.part in _OF_ROWS else self.entries
            parts = ((v, _version_in(known, read.part)) for v, known in table.get(read.asset, {}).items())
            versions = {v: version for v, version in parts if version is not None}
        return dict(zip(versions, map(quoted, versions.values()), strict=True))

    def once(self, name: Hashable, find: Callable[[], Found]) -> Found:
        """What `find` gives, found once: it follows from what is known here, which never changes."""
        if name not in self._found:
            self._found[name] = find()
        return cast("Found", self._found[name])

    def _is_closed(self, stage: Stage, video_id: str) -> bool:
        entries = (self.entry(read.asset, video_id) for read in stage.reads if read.gates)
        return any(entry is not None and entry.outcome != "ok" for entry in entries)


def inputs_of(text: str) -> dict[str, str]:
    """The inputs in an entry, by name."""
    return dict(json.loads(text))


def input_name(stage: Stage, read: Read) -> str:
    """How provenance names an input: the asset, with its part where the stage reads several of it."""
    alone = sum(other.asset == read.asset for other in (*stage.reads, *stage.shows)) == 1
    return read.asset if alone else f"{read.asset}.{read.part}"


def part_of(parts: str, part: Part) -> str:
    """The version of one part in an entry's or row's JSON; empty where it has none."""
    if "\\" in parts or " " in parts:
        return str(json.loads(parts).get(part, ""))
    return parts.partition(f'"{part}":"')[2].partition('"')[0]  # as `as_text` writes it, where nothing is escaped


def as_text(found: Mapping[str, str]) -> str:
    """Inputs or parts as the index holds them: JSON in the given order."""
    return json.dumps(dict(found), separators=(",", ":"), ensure_ascii=True)


@contextmanager
def without_collection() -> Iterator[None]:
    """Spare the garbage collector many thousand new objects, none of which is in a cycle: it costs half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _version_in(known: Entry | Row, part: Part) -> str | None:
    """The version of a part in what is known; None where it is damaged."""
    if isinstance(known, Row):
        return part_of(known.parts, part)
    if known.damaged:
        return None
    if part == "value":
        return known.data_version
    if part == "outcome":
        return f"skipped: {known.reason}" if known.outcome == "skipped" else known.outcome
    return part_of(known.parts, part)
