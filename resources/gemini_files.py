"""Our files at Gemini: brought there once for all who ask about them, polled until usable, deleted afterwards.

Names are made of what a file is, so that an upload that was interrupted, or its answer lost, is found again instead of
lying there twice. What follows from a problem is decided in `gemini`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from resources.gemini_clients import Clients
from resources.gemini_pace import Pace
from resources.gemini_problems import Kind, Problem, ProblemError
from resources.gemini_remotes import Remotes, short
from resources.gemini_shares import PREFIX, Remote, Share, digest_of, is_ours
from vidpipe.models.calls import Media

if TYPE_CHECKING:
    from google.genai.types import File

_POLL_S, _LONGEST_POLL_S = 2.0, 10.0


class Uploads:
    """The files of this process. Safe to use from several threads.

    Names begin with `prefix`; of all but the usual one no sweep takes any. A file that is there already is used where
    the service keeps it for at least `least_life_s` more.
    """

    def __init__(
        self,
        clients: Clients,
        *,
        processing_s: float,
        pace: Pace,
        owner: str = "",
        prefix: str = PREFIX,
        least_life_s: float = 0.0,
    ) -> None:
        self._clients = clients
        self._remotes = Remotes(clients, pace, owner)
        self._processing_s, self._least_life_s = processing_s, least_life_s
        self._prefix = prefix
        self._pace = pace
        self._lock = threading.Lock()
        self._shares: dict[tuple[str, str], Share] = {}
        self._leaving: dict[tuple[int, str, str], threading.Lock] = {}

    @contextmanager
    def holding(self, media: Media) -> Iterator[None]:
        """Keeps a file at the service until the last who holds it leaves; then it is deleted."""
        key = _key(media)
        with self._lock:
            share = self._shares.setdefault(key, Share(Path(media.place), *key, is_made=media.made_by != "source"))
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

    def left(self, project: int, media: Media) -> tuple[str, tuple[str, ...]]:
        """Brings a file that nobody holds and that stays: its address, and the names that it may lie under.

        Raises:
            ProblemError: it is not there, or not usable.
        """
        key = _key(media)
        share = Share(Path(media.place), *key, is_made=media.made_by != "source")
        with self._lock:
            lock = self._leaving.setdefault((project, *key), threading.Lock())
        with lock:
            uri = self._brought(project, share)
        return uri, tuple(sorted(name for _, name in share.begun))

    def where(self, media: Media) -> tuple[int, float] | None:
        """A project that has the file, and the seconds that bringing it there took."""
        key = _key(media)
        with self._lock:
            share = self._shares.get(key)
            places = list(share.files.items()) if share is not None else []
        return (places[-1][0], places[-1][1].seconds) if places else None

    def placed(self, project: int, media: Media) -> Remote:
        """The file at a project; whoever comes first brings it, the others wait. It must be held.

        Raises:
            ProblemError: it is not there, or not usable.
        """
        key = _key(media)
        with self._lock:
            share = self._shares[key]
            lock = share.locks.setdefault(project, threading.Lock())
        with lock:
            with self._lock:
                remote = share.files.get(project)
            if remote is None:
                started = self._pace.steady()
                uri = self._brought(project, share)
                remote = Remote(uri, self._pace.steady() - started)
                with self._lock:
                    share.files[project] = remote
            return remote

    def forget(self, project: int, media: Media, remote: Remote) -> None:
        """Looks at the file anew before the next question: the service says that `remote` cannot be used."""
        key = _key(media)
        with self._lock:
            share = self._shares[key]
            if share.files.get(project) == remote:
                del share.files[project]

    def sweep(self, project: int, older_than_s: float, *, with_own: bool = False) -> int:
        """Deletes what is left of us at a project and older than that; how many files that were.

        `with_own`: what was sent for our own owner, too, however new.

        Raises:
            ProblemError: they cannot be listed.
        """
        limit = self._pace.now() - timedelta(seconds=older_than_s)
        found = self._remotes.files(project)
        with self._lock:
            used = {name for share in self._shares.values() for place, name in share.begun if place == project}
        old = [file for file in found if file.create_time is not None and file.create_time <= limit]
        own = [file for file in found if with_own and self._remotes.has_mark(file)]
        names = {short(file.name) for file in old + own}
        return sum(self._remotes.delete(project, name) for name in sorted(names - used) if is_ours(name))

    def _brought(self, project: int, share: Share) -> str:
        """The address of the file, found under its name or uploaded; under another where that cannot be used."""
        for name in share.names(self._clients.tag(project), self._pace.chance(), self._prefix):
            with self._lock:
                share.begun.add((project, name))
            file = self._uploaded(project, share, name)
            if file is not None:
                return self._usable(project, name, file)
        raise ProblemError(Problem(Kind.BUSY, "no name is free for the file"))

    def _uploaded(self, project: int, share: Share, name: str) -> "File | None":
        """The file under that name; None where something else has the name."""
        from google.genai import types

        try:
            return self._remotes.upload(project, share.path, name=name, mime_type=share.mime_type)
        except ProblemError as error:
            if error.problem.kind is Kind.DENIED:  # nothing is there that this key could delete
                with self._lock:
                    share.begun.discard((project, name))
            if error.problem.kind is not Kind.TAKEN:
                raise
        found = self._remotes.find(project, name)
        if found is None or found.state is types.FileState.FAILED:
            return None
        if self._least_life_s and not self._lasts(found):
            return None
        if not share.is_made and found.size_bytes != share.path.stat().st_size:
            return None
        return found

    def _lasts(self, file: "File") -> bool:
        until = file.expiration_time
        return until is not None and (until - self._pace.now()).total_seconds() >= self._least_life_s

    def _usable(self, project: int, name: str, file: "File | None") -> str:
        """The address of the file, once the service has worked through it."""
        from google.genai import types

        deadline, wait_s = self._pace.steady() + self._processing_s, _POLL_S
        while file is not None and file.state is not types.FileState.ACTIVE:
            if file.state is types.FileState.FAILED:
                self._remotes.delete(project, name)
                raise ProblemError(Problem(Kind.UNREADABLE, "the service cannot read the file"))
            if self._pace.steady() + wait_s > deadline:
                raise ProblemError(Problem(Kind.LATE, "the service takes too long with the file"))
            self._pace.wait(wait_s * (0.5 + self._pace.chance() / 2))
            wait_s = min(_LONGEST_POLL_S, wait_s * 1.5)
            file = self._remotes.find(project, name)
        if file is None or not file.uri:
            raise ProblemError(Problem(Kind.BUSY, "the file is gone", retry_after_s=0.0))
        return file.uri


def _key(media: Media) -> tuple[str, str]:
    """What is equal for files that may share an upload."""
    return digest_of(media), media.mime_type
