"""Our files at Gemini: brought there once for all who ask about them, polled until usable, deleted afterwards.

Names are made of the content, so that an upload that was interrupted, or its answer lost, is found again instead of
lying there twice. What follows from a problem is decided in `gemini`.
"""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from resources.gemini_clients import Clients
from resources.gemini_pace import Pace
from resources.gemini_problems import Kind, Problem, ProblemError
from resources.gemini_remotes import Remotes, short
from vidpipe.models.calls import Media

if TYPE_CHECKING:
    from google.genai.types import File

PREFIX = "vidpipe-"
_HASH_CHARS, _SUFFIX_CHARS = 20, 4  # a name has 40 characters of [a-z0-9-] at most
_POLL_S, _LONGEST_POLL_S = 2.0, 10.0


@dataclass(frozen=True, slots=True)
class Remote:
    """A file that can be asked about; `seconds` is what it took to bring it there."""

    name: str
    uri: str
    seconds: float


@dataclass(slots=True)
class _Share:
    """A file that somebody asks about: how many hold it, and where it lies."""

    path: Path
    mime_type: str
    n_holders: int = 0
    digest: str = ""
    locks: dict[int, threading.Lock] = field(default_factory=dict)
    files: dict[int, Remote] = field(default_factory=dict)
    begun: set[tuple[int, str]] = field(default_factory=set)


class Uploads:
    """The files of this process. Safe to use from several threads."""

    def __init__(self, clients: Clients, *, processing_s: float, pace: Pace) -> None:
        self._clients = clients
        self._remotes = Remotes(clients, pace)
        self._processing_s = processing_s
        self._pace = pace
        self._lock = threading.Lock()
        self._shares: dict[tuple[str, str], _Share] = {}

    @contextmanager
    def holding(self, media: Media) -> Iterator[None]:
        """Keeps a file at the service until the last who holds it leaves; then it is deleted."""
        key = (str(media.place), media.mime_type)
        with self._lock:
            share = self._shares.setdefault(key, _Share(Path(media.place), media.mime_type))
            share.n_holders += 1
        try:
            yield
        finally:
            with self._lock:
                share.n_holders -= 1
                is_last = share.n_holders == 0
                if is_last:
                    del self._shares[key]
            if is_last:
                for project, name in sorted(share.begun):
                    self._remotes.delete(project, name)

    def where(self, media: Media) -> tuple[int, float] | None:
        """A project that has the file, and the seconds that bringing it there took."""
        with self._lock:
            share = self._shares.get((str(media.place), media.mime_type))
            places = list(share.files.items()) if share is not None else []
        return (places[-1][0], places[-1][1].seconds) if places else None

    def placed(self, project: int, media: Media) -> Remote:
        """The file at a project; whoever comes first brings it, the others wait. It must be held.

        Raises:
            ProblemError: it is not there, or not usable.
        """
        with self._lock:
            share = self._shares[str(media.place), media.mime_type]
            lock = share.locks.setdefault(project, threading.Lock())
        with lock:
            if project not in share.files:
                started = self._pace.steady()
                share.digest = share.digest or _digest(share.path)
                file = self._brought(project, share)
                remote = Remote(file.name or "", file.uri or "", self._pace.steady() - started)
                with self._lock:
                    share.files[project] = remote
            return share.files[project]

    def forget(self, project: int, media: Media, remote: Remote) -> None:
        """Looks at the file anew before the next question: the service says that `remote` cannot be used."""
        with self._lock:
            share = self._shares[str(media.place), media.mime_type]
            if share.files.get(project) == remote:
                del share.files[project]

    def sweep(self, project: int, older_than_s: float) -> int:
        """Deletes what is left of us at a project and older than that; how many files that were.

        Raises:
            ProblemError: they cannot be listed.
        """
        limit = self._pace.now() - timedelta(seconds=older_than_s)
        found = self._remotes.files(project)
        with self._lock:
            used = {name for share in self._shares.values() for place, name in share.begun if place == project}
        old = [file for file in found if file.create_time is not None and file.create_time <= limit]
        names = {short(file.name) for file in old}
        return sum(self._remotes.delete(project, name) for name in sorted(names - used) if name.startswith(PREFIX))

    def _brought(self, project: int, share: _Share) -> "File":
        """The file, found under its name or uploaded; under another where the name cannot be used."""
        name = f"{PREFIX}{self._clients.tag(project)}-{share.digest}"
        for attempt in (name, f"{name}-{self._suffix()}"):
            with self._lock:
                share.begun.add((project, attempt))
            file = self._uploaded(project, share, attempt)
            if file is not None:
                return self._usable(project, file)
        raise ProblemError(Problem(Kind.BUSY, "no name is free for the file"))

    def _uploaded(self, project: int, share: _Share, name: str) -> "File | None":
        """The file under that name; None where something else has the name."""
        from google.genai import types

        try:
            return self._remotes.upload(project, share.path, name=name, mime_type=share.mime_type)
        except ProblemError as error:
            if error.problem.kind is not Kind.TAKEN:
                raise
        found = self._remotes.find(project, name)
        if found is None or found.state is types.FileState.FAILED or found.size_bytes != share.path.stat().st_size:
            return None
        return found

    def _usable(self, project: int, file: "File") -> "File":
        """The file, once the service has worked through it."""
        from google.genai import types

        deadline, wait_s = self._pace.steady() + self._processing_s, _POLL_S
        current: File | None = file
        while current is not None and current.state is not types.FileState.ACTIVE:
            if current.state is types.FileState.FAILED:
                self._remotes.delete(project, short(file.name))
                raise ProblemError(Problem(Kind.UNREADABLE, "the service cannot read the file"))
            if self._pace.steady() + wait_s > deadline:
                raise ProblemError(Problem(Kind.LATE, "the service takes too long with the file"))
            self._pace.wait(wait_s * (0.5 + self._pace.chance() / 2))
            wait_s = min(_LONGEST_POLL_S, wait_s * 1.5)
            current = self._remotes.find(project, short(file.name))
        if current is None or not current.uri:
            raise ProblemError(Problem(Kind.BUSY, "the file is gone", retry_after_s=0.0))
        return current

    def _suffix(self) -> str:
        number = int(self._pace.chance() * 2 ** (5 * _SUFFIX_CHARS))
        return base64.b32encode(number.to_bytes(5, "big")).decode().lower()[-_SUFFIX_CHARS:]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return base64.b32encode(digest).decode().lower()[:_HASH_CHARS]
