"""Gemini's Batch API as `Batches`: jobs of many questions, each of one project, since files are a project's own.

Which lines make a job, what is noted of it and when it is asked about belong to `vidpipe.asking`. A job is named by
whoever submits it, so that one whose making was never heard of is found again.
"""

import io
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Self, TypeVar

from resources.gemini_clients import Clients
from resources.gemini_files import Uploads
from resources.gemini_lines import encoded, results
from resources.gemini_pace import REAL, Pace
from resources.gemini_problems import Kind, Problem, ProblemError
from resources.gemini_projects import SERVICE
from resources.gemini_remotes import Remotes
from resources.gemini_tries import Tries, read
from vidpipe.errors import LostAnswerError, ServiceError
from vidpipe.models.batches import JobLine, JobState, Kept, Result
from vidpipe.models.calls import Media

if TYPE_CHECKING:
    from google.genai.types import BatchJob

T = TypeVar("T")
_LEAST_LIFE_S = 30 * 3600.0  # of a file that is there already, of 48 h: a job may take a day
_GONE = frozenset({Kind.MISSING})
_NO_FILE = frozenset({Kind.MISSING, Kind.FORBIDDEN})  # nobody tells a file that is gone from one that is not ours
_PAGE = 100
_LOG = logging.getLogger(__name__)


class GeminiBatches:
    """The jobs of one or more projects, each known by the tag of its key. Safe to call from several threads at once.

    `failures_s` is how long a request is tried again that costs nothing; `processing_s` is the time that the service
    has to work through a file. `owner` is for whom all is sent: jobs and files have it in their names.

    Raises:
        CredentialError: there is no key, or one that no service can have given.
        RecipeError: the address is none.
    """

    def __init__(  # noqa: PLR0913 (plain arguments, all but the first with a default)
        self,
        keys: Sequence[str],
        base_url: str | None = None,
        *,
        owner: str = "",
        timeout_s: float = 600.0,
        failures_s: float = 120.0,
        processing_s: float = 900.0,
        api_version: str = "v1",
        pace: Pace = REAL,
    ) -> None:
        self._clients = Clients(keys, base_url, timeout_s=timeout_s, api_version=api_version)
        self._uploads = Uploads(
            self._clients,
            processing_s=processing_s,
            pace=pace,
            owner=owner,
            prefix="vidbatch",
            least_life_s=_LEAST_LIFE_S,
        )
        self._remotes = Remotes(self._clients, pace, owner)
        self._tries = Tries(self._clients, pace, failures_s)
        self._owner = owner

    def __repr__(self) -> str:
        return f"GeminiBatches({self._clients.n} projects)"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections."""
        self._clients.close()

    def homes(self) -> tuple[str, ...]:
        """The projects that a new job may go to, the first one first.

        Raises:
            CredentialError: no key is accepted.
        """
        return self._tries.homes()

    def bring(self, home: str, media: Media) -> Kept:
        """Brings a local file to a project, where it stays until it is deleted, or for the service's two days.

        Raises:
            MediaRefusedError: the service cannot read it.
            ServiceError: it is not there.
            OSError: it cannot be read here.
        """
        project = self._tries.project(home)
        return self._tries.tried(project, lambda: Kept(*self._uploads.left(project, media)))

    def submit(self, home: str, label: str, lines: Sequence[JobLine]) -> str:
        """Makes one job of lines that all ask the same model; the service's name for it.

        Raises:
            LostAnswerError: it may have been made; `find` tells.
            RejectedRequestError: it will never be taken.
            ServiceError: it was not made.
            RecipeError: settings that Gemini does not have.
        """
        from google.genai import types

        project = self._tries.project(home)
        client, data = self._clients.of(project), encoded(lines)
        upload = types.UploadFileConfig(name=_input(label), mime_type="jsonl", display_name=self._title(label))
        self._remotes.delete(project, _input(label))  # of another try: it may be of other lines
        self._tries.tried(project, lambda: _sent(lambda: client.files.upload(file=io.BytesIO(data), config=upload)))
        model, source = lines[0].question.settings.model, f"files/{_input(label)}"
        config = types.CreateBatchJobConfig(display_name=self._title(label))
        name = self._tries.made(
            project,
            lambda: read(lambda: client.batches.create(model=model, src=source, config=config)).name or "",
            lambda: self.find(home, label),
        )
        if not name:
            raise LostAnswerError(SERVICE, "the job that was made has no name")
        return name

    def find(self, home: str, label: str) -> str | None:
        """The service's name of the job that was submitted under a label; None where there is none.

        Raises:
            ServiceError: the service does not say.
        """
        from google.genai import types

        project, config = self._tries.project(home), types.ListBatchJobsConfig(page_size=_PAGE)
        client = self._clients.of(project)
        jobs = self._tries.tried(project, lambda: read(lambda: list(client.batches.list(config=config))), is_free=True)
        return next((job.name for job in jobs if job.display_name == self._title(label) and job.name), None)

    def look(self, home: str, job: str) -> JobState:
        """Where a job is.

        Raises:
            ServiceError: the service does not say.
        """
        found = self._looked(home, job)
        return "gone" if found is None else _state(found)

    def results(self, home: str, job: str, model: str) -> list[Result] | None:
        """What came of a job's lines, as far as it has any; None where it had, and they are no longer there.

        Raises:
            ServiceError: the service does not say.
        """
        found = self._looked(home, job)
        if found is None:
            return None
        file = _output(found)
        if file is None:
            return None if _state(found) == "ended" else []
        project = self._tries.project(home)
        client = self._clients.of(project)
        data = self._seen(project, lambda: client.files.download(file=file), gone=_NO_FILE)
        return None if data is None else list(results(data, model))

    def clear(self, home: str, label: str, job: str, files: Sequence[str]) -> None:
        """Takes away a job that is over, what it was asked and answered, and these files. What fails is left there."""
        with suppress(ServiceError):
            project, names = self._tries.project(home), [_input(label), *files]
            if job:
                found, client = self._looked(home, job), self._clients.of(project)
                names += [(found and _output(found)) or ""]
                self._seen(project, lambda: client.batches.delete(name=job))
            for name in names:
                if name:
                    self._remotes.delete(project, name.removeprefix("files/"))
            return
        _LOG.warning("gemini: batch job %s was not taken away", label)

    def _looked(self, home: str, job: str) -> "BatchJob | None":
        project = self._tries.project(home)
        client = self._clients.of(project)
        return self._seen(project, lambda: client.batches.get(name=job))

    def _seen(self, project: int, call: Callable[[], T], *, gone: Collection[Kind] = _GONE) -> T | None:
        """The result of a request about what is there; None where it no longer is."""

        def there() -> T | None:
            try:
                return read(call)
            except ProblemError as error:
                if error.problem.kind not in gone:
                    raise
                return None

        return self._tries.tried(project, there, is_free=True)

    def _title(self, label: str) -> str:
        """What a person sees of it at the service, and what it is found by."""
        return f"vidpipe {self._owner} {label}"


def _input(label: str) -> str:
    """The name of the file that holds a job's lines."""
    return f"vidbatch-in-{label}"


def _output(job: "BatchJob") -> str | None:
    """The name of the file that holds what came of them."""
    return job.dest.file_name if job.dest is not None else None


def _sent(call: Callable[[], T]) -> T | None:
    """The upload of a job's lines, which nobody pays: what was lost is sent again, and may have come all the same."""
    try:
        return read(call)
    except ProblemError as error:
        problem = error.problem
    if problem.kind is Kind.TAKEN:
        return None
    is_lost = problem.kind is Kind.LOST
    raise ProblemError(Problem(Kind.BUSY, problem.why, problem.said, 0.0) if is_lost else problem)


def _state(job: "BatchJob") -> JobState:
    """Where a job is; what is not known to be over goes on."""
    from google.genai.types import JobState as Told

    over: dict[Told | None, JobState] = {
        Told.JOB_STATE_SUCCEEDED: "ended",
        Told.JOB_STATE_PARTIALLY_SUCCEEDED: "ended",
        Told.JOB_STATE_FAILED: "failed",
        Told.JOB_STATE_CANCELLED: "cancelled",
        Told.JOB_STATE_EXPIRED: "expired",
    }
    return over.get(job.state, "running")
