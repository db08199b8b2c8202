"""The videos of a trial: which, and what is known of each, with records made for now where the line has none yet.

No record of the line is written: what is made here lies over the project's store, and goes with the trial. Not here:
asking (`trial_takes`).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import polars as pl

from assets import proxies, shots, signals, videos
from vidpipe import keys
from vidpipe.batch import Work
from vidpipe.cli.video_facts import catalogue_of
from vidpipe.errors import PendingError, RecipeError, ServiceError, StoreError, VideoError, WaitingError
from vidpipe.inputs import Inputs
from vidpipe.ledger.counts import is_pending
from vidpipe.ledger.snapshot import Entry, Snapshot
from vidpipe.ledger.staleness import stale_records
from vidpipe.ports import Project
from vidpipe.reasons import short_reason, video_error
from vidpipe.records import Outcome, Record
from vidpipe.store.documents import Tables, encode_rows, write_record
from vidpipe.store.objects import ObjectStore
from vidpipe.workers.processes import Done, Task

ANNOTATIONS = "video_annotations"
_WORKS: Mapping[str, Work] = {  # in the order of the line
    "raw_videos": videos.WORK,
    "annotation_proxy": proxies.WORK,
    "video_signals": signals.WORK,
    "shots": shots.WORK,
}
MEASURED, SHOWN = ("raw_videos", "video_signals", "shots"), ("annotation_proxy",)
"""What is known of a video whoever is asked, and what a model is shown of it."""
TROUBLE = (VideoError, WaitingError, StoreError, PendingError, ServiceError, OSError)
"""What one video can raise that is no bug, nor a mistake of who asked."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why nothing can be asked about a video: an outcome as a record has it, or `failed` or `pending`."""

    outcome: str
    reason: str

    @property
    def is_final(self) -> bool:
        """Whether that is known for ever."""
        return self.outcome not in ("failed", "pending")


_KILLED = Problem("failed", "worker was killed")


@dataclass(frozen=True)
class Known:
    """What the project knows of its videos. `ids`: those of the catalogue, in the order in which a run takes them."""

    project: Project
    rows: pl.DataFrame
    snapshot: Snapshot
    ids: tuple[str, ...]

    @classmethod
    def of(cls, project: Project) -> "Known":
        """As the ledger and the catalogue have it; before there is a catalogue, as the sources are now.

        Raises:
            RecipeError: a source cannot be read.
        """
        rows, snapshot = catalogue_of(project), project.ledger.snapshot()
        kept = rows["video_id"].to_list()
        there = frozenset(kept)
        registered = [name for name in snapshot.videos.values() if name in there]
        return cls(project, rows, snapshot, tuple(dict.fromkeys([*registered, *kept])))

    def chosen(self, names: Sequence[str] | None, limit: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The videos of these names, ids or partition keys; None: so many of all that are to be annotated.

        Beside them those that may take the place of one that turns out to be none.

        Raises:
            RecipeError: there is no such video, or none at all.
        """
        if names is not None:
            return tuple(dict.fromkeys(self._named(name) for name in names)), ()
        found = self.annotated()
        if not found:
            raise RecipeError("try", "there is no video to annotate; `vidpipe status` says why")
        return found[:limit], found[limit:]

    def annotated(self) -> tuple[str, ...]:
        """All that the project would annotate, as far as is known."""
        out = {name for asset in self._above() for name, entry in self._settled(asset) if entry.outcome != "ok"}
        return tuple(name for name in self.ids if name not in out)

    def problems(self, names: Sequence[str]) -> dict[str, Problem]:
        """Those of the videos that a run would leave out before anybody is asked about them, and why."""
        stale, found = stale_records(self.snapshot, self.project.line()), dict[str, Problem]()
        for asset in self._above():
            for name, entry in self._settled(asset):
                if entry.outcome not in ("ok", "skipped") and name in names and name not in stale.get(asset, ()):
                    found.setdefault(name, Problem("skipped", f"{entry.outcome} at {asset}: {entry.reason}"))
        return found

    def row(self, name: str) -> dict[str, Any]:
        """A video's row of the catalogue."""
        return self.rows.filter(pl.col("video_id") == name).row(0, named=True)

    def _above(self) -> list[str]:
        """The assets above annotations, in the order of the line."""
        line = self.project.line()
        above = line.ancestors({ANNOTATIONS}) - {ANNOTATIONS}
        return [name for name in line.names if name in above]

    def _settled(self, asset: str) -> Iterator[tuple[str, Entry]]:
        entries = self.snapshot.entries.get(asset, {}).items()
        return ((name, entry) for name, entry in entries if name and not entry.damaged)

    def _named(self, name: str) -> str:
        if name in self.ids:
            return name
        found = next((one for one in self.ids if keys.segment(one) == name), None)
        if found is None:
            row = self.snapshot.row("catalogue", name)
            why = f", which is {row.outcome} there: {row.reason}" if row and row.reason else ""
            raise RecipeError("--ids", f"no such video in the catalogue: {name!r}{why}")
        return found


@dataclass(frozen=True)
class Desk:
    """A project with all records at hand that questions about some videos are made of; `problems` where one is not.

    `project` writes into its own folder alone. Several threads may read from it once everything is made.
    """

    project: Project
    problems: dict[str, Problem] = field(default_factory=dict)

    @classmethod
    def over(cls, project: Project, store: ObjectStore, problems: Mapping[str, Problem]) -> "Desk":
        """Over the project's own records, or those of another desk; `store` lies over these."""
        return cls(replace(project, store=store, tables=Tables(store)), dict(problems))

    def lay_out(self, known: Known, names: Sequence[str], assets: Collection[str]) -> None:
        """Make what is missing or stale of these videos at these assets; of one that has a problem, nothing.

        Raises:
            StoreError: the trial's own folder cannot be written.
        """
        if not known.snapshot.rows.get("catalogue"):
            self.project.store.put(keys.table_rows("catalogue"), encode_rows(known.rows))
        line = self.project.line()
        stale = stale_records(known.snapshot, line)
        for asset, work in _WORKS.items():
            if asset in assets and asset in line:
                entries = known.snapshot.entries.get(asset, {})
                stands = {name for name, entry in entries.items() if not entry.damaged} - stale[asset].keys()
                self.make(asset, work, [name for name in names if name not in stands and name not in self.problems])

    def inputs(self, asset: str, name: str) -> Inputs:
        """What a stage may read of a video."""
        return Inputs(self.project, self.project.stage(asset), name, keys.segment(name), {})

    def make(self, asset: str, work: Work, names: Sequence[str]) -> None:
        """Make the records of these videos at an asset, whatever is there; `problems` where that cannot be.

        Raises:
            StoreError: the trial's own folder cannot be written.
        """
        flying: dict[str, Inputs] = {}
        for done in self.project.workers.run(self._tasks(asset, work, names, flying), self.project.stop.is_set):
            inputs = flying.pop(done.key)
            with inputs.closing:
                self._guarded(inputs, partial(self._finish, work, done))

    def _tasks(self, asset: str, work: Work, names: Sequence[str], flying: dict[str, Inputs]) -> Iterator[Task]:
        for name in names:
            inputs = self.inputs(asset, name)
            found = self._guarded(inputs, work.prepare)
            if isinstance(found, Task):
                flying[found.key] = inputs
                yield found
                continue
            with inputs.closing:
                if found is not None:
                    self._guarded(inputs, partial(self._keep, found))

    def _finish(self, work: Work, done: Done, inputs: Inputs) -> None:
        if done.how == "ok" and work.finish is not None:
            self._keep(work.finish(inputs, done.value), inputs)
            return
        not_run = done.how == "not_run" and self.project.stop.is_set()
        error = None if not_run else video_error(done)
        if error is not None:
            raise error
        self.problems[inputs.video_id] = Problem("pending", "not reached") if not_run else _KILLED

    def _keep(self, outcome: Outcome, inputs: Inputs) -> None:
        if outcome.kind != "ok":
            self.problems[inputs.video_id] = Problem(outcome.kind, f"{outcome.reason} ({inputs.stage.name})")
        source = outcome.parts.get("media") or inputs.source_sha256
        made = self.project.provenance(inputs.stage, inputs={}, run_id="try", seconds=0.0, source_sha256=source)
        write_record(self.project.store, Record.of(inputs.video_id, inputs.stage.name, outcome, made))

    def _guarded(self, inputs: Inputs, step: Callable[[Inputs], Any]) -> Any:
        """One video's trouble is no other's."""
        try:
            return step(inputs)
        except TROUBLE as error:
            self.problems[inputs.video_id] = problem_of(error)
            return None


def problem_of(error: Exception) -> Problem:
    """What an error says of a video, as `vidpipe run` would say it."""
    if isinstance(error, VideoError):
        return Problem("unusable", str(error))
    if isinstance(error, StoreError | PendingError | ServiceError | OSError):
        reason = short_reason(error)
        return Problem("pending" if is_pending(reason) else "failed", reason)
    return Problem("pending", str(error))
