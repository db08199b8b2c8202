"""Questions about many videos as one batch job, instead of a call each: reserved, brought to the service, submitted.

A job is noted before anything is set aside or sent: whatever dies on the way leaves a note by which the job is found
again, or given up (`collecting`). What is asked is the caller's business, how it travels the service's.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from vidpipe.asking.making import Making, Wanted, chunks
from vidpipe.asking.terms import Terms
from vidpipe.errors import (
    CredentialError,
    InJobError,
    LostAnswerError,
    MediaRefusedError,
    PendingError,
    QuotaExhaustedError,
    RejectedRequestError,
    TransientServiceError,
    VidpipeError,
)
from vidpipe.ledger.jobs import Job, Jobs
from vidpipe.models.batches import Kept
from vidpipe.ports import Batches, Project, Service
from vidpipe.store.answers import Room
from vidpipe.store.prompts import Prompts
from vidpipe.workers.processes import Done, Task

SCOPE = "batch jobs"
"""Under which a job is claimed by whoever submits or collects it."""
MOST_JOBS = 100
"""At once, of a project at Gemini (services.md 1.7)."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Submitter:
    """A pool whose work is to put tasks (`Wanted`) into jobs; each is done when its job is submitted.

    The value of a task is its job's label; empty where the service cannot be asked about the video this way.
    """

    project: Project
    service: Service
    terms: Terms

    def run(self, tasks: Iterable[Task], stopped: Callable[[], bool]) -> Iterator[Done]:
        """Each task once, after its job; when `stopped()`, those whose job is not begun come back as `not_run`."""
        for some in chunks(tasks):
            if stopped():
                yield from (Done(task.key, "not_run") for task in some)
            else:
                yield from self._job(some)

    def _job(self, tasks: Sequence[Task]) -> Iterator[Done]:
        making = Making.of(tasks)
        with self.project.ledger.claims.held(SCOPE, [making.label]) as got:
            try:
                if not got:
                    raise InJobError
                self._make(making)
            except (VidpipeError, OSError) as error:
                making.errors = {task.key: making.errors.get(task.key, error) for task in tasks}
        for task in tasks:
            why = making.errors.get(task.key)
            if why is None or isinstance(why, MediaRefusedError):
                yield Done(task.key, "ok", "" if why else making.label)
            else:
                yield Done(task.key, "raised", why)

    def _make(self, making: Making) -> None:
        """Reserve, bring, submit.

        Raises:
            InJobError: it may have been submitted; `collecting` finds out.
            PendingError: there are as many jobs as the service takes.
            VidpipeError, OSError: nothing was.
        """
        self.service.standing.check()
        if len(self.project.ledger.jobs.open()) >= MOST_JOBS:
            raise PendingError("batch job limit")
        Room(self.project.store).check()
        prompts = Prompts(self.project.store)
        for question in (one for task in making.tasks for one in task.argument.questions):
            prompts.keep(question)
        jobs, homes = self.project.ledger.jobs, self._batches.homes()
        when = self.project.clock()
        model = making.tasks[0].argument.questions[0].settings.model
        jobs.begin(Job(making.label, self.service.name, homes[0], model, when.timestamp()))
        try:
            making.reserve(self.project.ledger.calls, self.terms, when)
            name = self._sent(making, homes) if making.calls else ""
        except InJobError:
            raise
        except (VidpipeError, OSError):
            jobs.end(making.label, "withdrawn", when.timestamp())
            raise
        if name:
            jobs.opened(making.label, name)
        else:
            jobs.end(making.label, "withdrawn", when.timestamp())

    def _sent(self, making: Making, homes: Sequence[str]) -> str:
        """The service's name of the job, at the first of our projects there that takes it; empty where none is left.

        Raises:
            InJobError: it may be there.
            ServiceError: no project takes it.
        """
        for i, home in enumerate(homes):
            try:
                self._bring(making, home)
                return self._submit(making, home) if making.calls else ""
            except (CredentialError, QuotaExhaustedError):
                if i == len(homes) - 1:
                    raise
            except RejectedRequestError as error:  # all of it: no video is to blame
                raise TransientServiceError(self.service.name, f"a batch job is {error.why}") from error
            finally:
                if making.label not in self._sent_labels():
                    files = spare(self.project.ledger.jobs, making.label, making.files)
                    self._batches.clear(home, making.label, "", files)
        raise AssertionError("the last project takes it or raises")

    def _sent_labels(self) -> set[str]:
        """The jobs that are submitted, or may be."""
        return {job.label for job in self.project.ledger.jobs.open() if job.n_lines}

    def _bring(self, making: Making, home: str) -> None:
        """Bring all files to a project.

        Raises:
            CredentialError, QuotaExhaustedError: it takes nothing now.
        """

        def bring(task: Task) -> Kept | None:
            wanted: Wanted = task.argument
            (media, *_) = [question.media for question in wanted.questions]
            if wanted.file is None or media is None:
                return None
            with wanted.file() as path:
                return self._batches.bring(home, replace(media, place=path))

        making.kept = {}
        with ThreadPoolExecutor(self.service.at_once, "bring") as pool:
            found = {t.key: pool.submit(bring, t) for t in making.tasks if t.key in making.calls}
        errors = {key: future.exception() for key, future in found.items()}
        making.kept = {key: future.result() for key, future in found.items() if errors[key] is None}
        for key, error in errors.items():
            if isinstance(error, CredentialError | QuotaExhaustedError):
                raise error
            if error is not None:
                making.leave_out(key, error, self.project.ledger.calls)

    def _submit(self, making: Making, home: str) -> str:
        """Submit what is left, noting first that it is about to be.

        Raises:
            InJobError: it may be there.
            ServiceError: it is not.
        """
        lines = making.lines
        jobs = self.project.ledger.jobs
        when = self.project.clock().timestamp()
        jobs.sending(making.label, home, len(lines), files=making.files, when=when)
        try:
            return self._batches.submit(home, making.label, lines)
        except LostAnswerError as error:
            _LOG.warning("%s: batch job %s may be there: %s", self.service.name, making.label, error.why)
            when = self.project.clock().timestamp()  # it may have been made only now
            jobs.sending(making.label, home, len(lines), files=making.files, when=when)
            return self._found(home, making.label)
        except (VidpipeError, OSError):
            jobs.sending(making.label, home, 0, files=(), when=when)
            raise

    def _found(self, home: str, label: str) -> str:
        try:
            name = self._batches.find(home, label)
        except VidpipeError:
            name = None
        if name is None:
            raise InJobError
        return name

    @property
    def _batches(self) -> Batches:
        assert self.service.jobs is not None, "a service without jobs is asked by calls"
        return self.service.jobs


def spare(jobs: Jobs, label: str, files: Iterable[str]) -> list[str]:
    """Those of a job's files at the service that no other open job needs."""
    needed = {name for job in jobs.open() if job.label != label for name in job.files}
    return [name for name in files if name not in needed]
