"""The four requests about files at Gemini, one project each: upload, look, delete, list.

Nothing here is paid, so that a lost answer is as good as none: what it means is said in `Kind`, as for questions. Who
shares a file, and for how long, belongs to `gemini_files`.
"""

import itertools
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from resources.gemini_clients import Clients
from resources.gemini_errors import translated
from resources.gemini_pace import Pace
from resources.gemini_problems import Kind, Problem, ProblemError
from vidpipe.errors import VidpipeError

if TYPE_CHECKING:
    from google.genai.types import File, HttpOptions

T = TypeVar("T")

_TIMEOUT_S = 60.0
_N_TRIES = 8  # of what nothing else tries again
_PASSING = frozenset({Kind.BUSY, Kind.CROWDED})
_PAGE = 100
_LOG = logging.getLogger(__name__)
_HERE = {  # what a problem means where no question is asked
    Kind.LOST: Kind.BUSY,
    Kind.FORBIDDEN: Kind.DENIED,
    Kind.MISSING: Kind.REFUSED,
    Kind.UNREADY: Kind.DENIED,
}


class Remotes:
    """Files by project and name (without `files/`). Safe to use from several threads."""

    def __init__(self, clients: Clients, pace: Pace, owner: str = "") -> None:
        self._clients = clients
        self._pace = pace
        self._mark = f"vidpipe {owner}".strip()

    def upload(self, project: int, path: Path, *, name: str, mime_type: str) -> "File":
        """Sends a file, with our mark on it. The name that it has here is not told.

        Raises:
            ProblemError: it is not there; of kind `TAKEN` where the name is in use.
            OSError: the local file cannot be read.
        """
        from google.genai import types

        client = self._clients.of(project)
        config = types.UploadFileConfig(name=name, mime_type=mime_type, display_name=self._mark)
        with path.open("rb") as file:
            return _told(lambda: client.files.upload(file=file, config=config))

    def find(self, project: int, name: str) -> "File | None":
        """The file of that name; None where there is none that we may see.

        Raises:
            ProblemError: the service does not say.
        """
        from google.genai import types

        client = self._clients.of(project)
        config = types.GetFileConfig(http_options=_brief())
        try:
            return _told(lambda: client.files.get(name=name, config=config), gone=Kind.MISSING)
        except ProblemError as error:
            if error.problem.kind is not Kind.MISSING:
                raise
        return None

    def has_mark(self, file: "File") -> bool:
        """Whether it was sent for the same owner as ours."""
        return file.display_name == self._mark

    def files(self, project: int) -> "list[File]":
        """All files of a project, ours and others.

        Raises:
            ProblemError: they cannot be listed.
        """
        from google.genai import types

        client = self._clients.of(project)
        config = types.ListFilesConfig(page_size=_PAGE, http_options=_brief())
        for n_failed in itertools.count(1):
            try:
                return _told(lambda: list(client.files.list(config=config)))
            except ProblemError as error:
                problem = error.problem
            if n_failed == _N_TRIES or problem.kind not in _PASSING or self._is_stopped(n_failed):
                raise ProblemError(problem)
        raise AssertionError("counting has no end")

    def delete(self, project: int, name: str) -> bool:
        """Whether the file was there and no longer is. What cannot be deleted is left to a sweep, never an error."""
        from google.genai import types

        client = self._clients.of(project)
        config = types.DeleteFileConfig(http_options=_brief())
        for n_failed in range(1, _N_TRIES + 1):
            try:
                _told(lambda: client.files.delete(name=name, config=config), gone=Kind.MISSING)
            except ProblemError as error:
                problem = error.problem
            else:
                return True
            if problem.kind is Kind.MISSING:
                return False
            if problem.kind not in _PASSING or self._is_stopped(n_failed):
                break
        _LOG.warning("gemini: file %s of key %d could not be deleted (%s)", name, project + 1, problem.why)
        return False

    def _is_stopped(self, n_failed: int) -> bool:
        """Waits; whether a run that stops forbids it: an answer that was paid may be on its way past here."""
        try:
            self._pace.wait(self._pace.backoff_s(n_failed))
        except VidpipeError:
            return True
        return False


def short(name: str | None) -> str:
    """A file's name without the folder that all have."""
    return (name or "").removeprefix("files/")


def _told(call: Callable[[], T], *, gone: Kind | None = None) -> T:
    """The result of a request about files. Answers that cannot be read are the service's, as a broken connection is.

    Raises:
        ProblemError: it failed; `gone` where nobody may see such a file.
    """
    try:
        return translated(call)
    except ProblemError as error:
        problem = error.problem
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError):
        problem = Problem(Kind.BUSY, "the service's answer cannot be read", retry_after_s=0.0)
    kind = _HERE.get(problem.kind, problem.kind)
    if problem.kind in (Kind.FORBIDDEN, Kind.MISSING) and gone is not None:
        kind = gone
    raise ProblemError(Problem(kind, problem.why, problem.said, problem.retry_after_s))


def _brief() -> "HttpOptions":
    from google.genai import types

    return types.HttpOptions(timeout=round(_TIMEOUT_S * 1000))
