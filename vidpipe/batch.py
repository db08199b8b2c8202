"""One stage over a batch of videos: who needs work, the work itself, and what became of each video.

Knows no Dagster. Reading inputs, running tasks and writing records happen here for every stage alike; what a stage
measures stands in its library module, and how its result is shown in `assets/`.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from typing import Any

from vidpipe.errors import (
    AnswerError,
    CorruptObjectError,
    ForeignAnswerError,
    MissingObjectError,
    PendingError,
    RejectedRequestError,
    ServiceError,
    StoppedError,
    StoreError,
    UntrustedServiceError,
    VideoError,
    WaitingError,
)
from vidpipe.inputs import Inputs
from vidpipe.ledger.counts import is_pending
from vidpipe.ledger.snapshot import Snapshot, as_text
from vidpipe.ports import Project, WorkerPool
from vidpipe.reasons import FULL, short_reason, video_error
from vidpipe.recipe.stages import Stage
from vidpipe.records import Outcome, Record
from vidpipe.store.documents import read_record, write_record
from vidpipe.workers.processes import Done, Task

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    """A video that is done at this stage for ever. `fresh` tells a new record from one that was still valid."""

    key: str
    record: Record
    fresh: bool


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A video that is not done: `reason` is short; `waits` tells that it was not even tried."""

    key: str
    reason: str
    waits: bool


Prepare = Callable[[Inputs], "Task | Outcome"]
Finish = Callable[[Inputs, Any], Outcome]


@dataclass(frozen=True, slots=True)
class Work:
    """What a stage does with one video.

    `prepare` answers at once, or gives a task whose result `finish` turns into the outcome. With `n_threads` above 1 so
    many videos are prepared at once, and each answers: that is for work that waits for services. `workers` do the
    tasks; None: the project's.
    """

    prepare: Prepare
    finish: Finish | None = None
    n_threads: int = 1
    workers: WorkerPool | None = None


def run_batch(
    project: Project, asset: str, segments: Sequence[str], work: Work, run_id: str
) -> Iterator[Settled | LeftOver]:
    """Every video exactly once, as it settles; records are written and indexed before they are yielded."""
    stage = project.stage(asset)
    ids = project.ledger.video_ids(segments)
    for key in segments:
        if key not in ids:
            yield LeftOver(key, "waits for catalogue", waits=True)
    mine = [ids[key] for key in segments if key in ids]
    with project.ledger.claims.held(stage.over, mine) as got:
        batch = _Batch(project, stage, work, run_id, project.ledger.snapshot(got))
        for key in segments:
            if key in ids and ids[key] not in set(got):
                yield LeftOver(key, "in another run", waits=True)
        yield from batch.run([key for key in segments if key in ids and ids[key] in set(got)], ids)


class _Batch:
    """The state of one stage over one batch."""

    def __init__(self, project: Project, stage: Stage, work: Work, run_id: str, snapshot: Snapshot) -> None:
        self.project, self.stage, self.work, self.run_id, self.snapshot = (
            project,
            stage,
            work,
            run_id,
            snapshot,
        )
        self.code_version = project.code_version(stage)
        project.keep_settings(stage)
        self.is_over = False
        self.flying: dict[str, Inputs] = {}
        self.early: list[Settled | LeftOver] = []

    def run(self, segments: Sequence[str], ids: Mapping[str, str]) -> Iterator[Settled | LeftOver]:
        if self.work.n_threads > 1:
            yield from self._on_threads(segments, ids)
            return
        for done in (self.work.workers or self.project.workers).run(self._tasks(segments, ids), self._stopped):
            yield from self._drain()
            inputs = self.flying.pop(done.key)
            with inputs.closing:
                yield self._guarded(inputs, partial(self._finish, done=done))
        yield from self._drain()

    def _on_threads(self, segments: Sequence[str], ids: Mapping[str, str]) -> Iterator[Settled | LeftOver]:
        pool = ThreadPoolExecutor(self.work.n_threads, self.stage.name)
        try:
            futures = [pool.submit(self._one, key, ids[key]) for key in segments]
            for future in as_completed(futures):
                yield future.result()
        finally:  # whoever stops listening stops what has not begun, too
            self.is_over = True
            pool.shutdown(cancel_futures=True)

    def _one(self, key: str, video_id: str) -> Settled | LeftOver:
        """A video that needs no worker, from beginning to end."""
        inputs = Inputs(self.project, self.stage, video_id, key, {})
        with inputs.closing:
            result = self._guarded(inputs, self._begin)
        assert isinstance(result, Settled | LeftOver), "work on threads answers"
        return result

    def _stopped(self) -> bool:
        return self.is_over or self.project.stop.is_set()

    def _drain(self) -> Iterator[Settled | LeftOver]:
        while self.early:
            yield self.early.pop(0)

    def _tasks(self, segments: Sequence[str], ids: Mapping[str, str]) -> Iterator[Task]:
        """Tasks of the videos that need a worker; all others are settled on the way, into `early`."""
        for key in segments:
            inputs = Inputs(self.project, self.stage, ids[key], key, {})
            result = self._guarded(inputs, self._begin)
            if isinstance(result, Task):
                self.flying[key] = inputs
                yield result
            else:
                inputs.closing.close()
                self.early.append(result)

    def _guarded(self, inputs: Inputs, step: Callable[[Inputs], Any]) -> Any:
        """The batch's boundary: whatever one video does, the others go on."""
        try:
            return step(inputs)
        except (VideoError, AnswerError, RejectedRequestError) as error:
            if isinstance(error, ForeignAnswerError):  # the service's fault, not this video's
                return self._failed(inputs, str(error))
            unusable = Outcome("unusable", str(error))
            return self._guarded(inputs, lambda i: self._settle(i, unusable, 0.0))
        except (WaitingError, StoppedError) as error:
            return LeftOver(inputs.key, str(error), waits=True)
        except (StoreError, PendingError, ServiceError, OSError) as error:
            reason = short_reason(error)
            self.is_over = self.is_over or reason == FULL or isinstance(error, UntrustedServiceError)
            _LOG.warning("%s of %s: %s", self.stage.name, inputs.key, error)
            return self._failed(inputs, reason, waits=is_pending(reason))
        except Exception as error:  # noqa: BLE001 - the one place; a bug costs this video, and is logged in full
            _LOG.exception("%s of %s: a bug", self.stage.name, inputs.key)
            return self._failed(inputs, f"internal error: {type(error).__name__}")

    def _begin(self, inputs: Inputs) -> Task | Settled | LeftOver:
        if self._stopped():
            return LeftOver(inputs.key, "not reached", waits=True)
        found = self.snapshot.inputs(self.stage, inputs.video_id)
        if found is None:
            raise WaitingError(self._missing(inputs.video_id))
        inputs.versions = found
        standing = self._standing(inputs)
        if standing is not None:
            return Settled(inputs.key, standing, fresh=False)
        blamed = self._blamed(inputs.video_id)
        if blamed is not None:
            return self._settle(inputs, Outcome("skipped", blamed), 0.0)
        began = time.perf_counter()
        result = self.work.prepare(inputs)
        return result if isinstance(result, Task) else self._settle(inputs, result, time.perf_counter() - began)

    def _finish(self, inputs: Inputs, done: Done) -> Settled | LeftOver:
        if done.how == "ok" and self.work.finish is not None:
            began = time.perf_counter()
            outcome = self.work.finish(inputs, done.value)
            return self._settle(inputs, outcome, done.seconds + time.perf_counter() - began)
        if done.how == "not_run" and self._stopped():
            return LeftOver(inputs.key, "not reached", waits=True)
        error = video_error(done)
        if error is None:
            return self._failed(inputs, "worker was killed")
        raise error

    def _missing(self, video_id: str) -> str:
        return next(r.asset for r in self.stage.reads if self.snapshot.version(r, video_id) is None)

    def _standing(self, inputs: Inputs) -> Record | None:
        """The record that is already there and still follows from the inputs."""
        entry = self.snapshot.entry(self.stage.name, inputs.video_id)
        if entry is None or entry.damaged or entry.code_version != self.code_version:
            return None
        if entry.inputs != as_text(inputs.versions):
            return None
        try:
            return read_record(self.project.store, self.stage.name, inputs.video_id)
        except (MissingObjectError, CorruptObjectError):
            return None

    def _blamed(self, video_id: str) -> str | None:
        """The asset because of which the video is skipped here; None when all upstream is ok."""
        for read in self.stage.reads:
            entry = self.snapshot.entry(read.asset, video_id) if read.gates else None
            if entry is not None and entry.outcome != "ok":
                return entry.reason if entry.outcome == "skipped" else read.asset
        return None

    def _settle(self, inputs: Inputs, outcome: Outcome, seconds: float) -> Settled:
        provenance = self.project.provenance(
            self.stage,
            inputs=inputs.versions,
            run_id=self.run_id,
            seconds=seconds,
            source_sha256=outcome.parts.get("media") or inputs.source_sha256,
            outcome=outcome,
        )
        record = Record.of(inputs.video_id, self.stage.name, outcome, provenance)
        stored, sha256 = write_record(self.project.store, record)
        self.project.ledger.settle(record, video_id=inputs.video_id, sha256=sha256, etag=stored.etag)
        return Settled(inputs.key, record, fresh=True)

    def _failed(self, inputs: Inputs, reason: str, *, waits: bool = False) -> LeftOver:
        self.project.ledger.fail(self.stage.name, inputs.video_id, reason=reason, run_id=self.run_id)
        return LeftOver(inputs.key, reason, waits=waits)
