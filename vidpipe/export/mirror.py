"""Publishing a dataset folder into another folder: a mirror that readers may have open meanwhile.

New files come first, under names that nobody knows yet; then the texts that name them, one after the other; then what
no text names any more goes. After a kill at any moment the old release or the new one can be read. Where names carry no
digits of their content (layout `takalawang`) a video that changed is replaced under its name, before its row is. What a
change touches is noted in the mirror until it is done: names alone do not tell what a killed one left there.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from vidpipe.errors import RecipeError
from vidpipe.export.chain import MADE_BY
from vidpipe.export.release_owner import Earlier, refuse_foreign
from vidpipe.export.release_plan import Comparer, Difference, ReleaseFolder, RowChanges, release_rows
from vidpipe.repositories import RemoteFile
from vidpipe.store.digests import sha256_of_file

_TEXTS = ("CHANGELOG.md", "data/README.md", "README.md", "without_media.jsonl", "metadata.jsonl", "index.html")
_PART, _NOTE = ".vidpipe-part", ".vidpipe-mirror"
_CHUNK_BYTES = 1 << 20


class Mirror:
    """A folder that is to hold what a dataset folder holds. What others put there stays.

    Raises:
        RecipeError: there is something else, or it cannot be read.
    """

    def __init__(self, folder: ReleaseFolder, target: Path) -> None:
        self._comparer, self._folder, self.target = Comparer(folder), folder, target
        with _told(target):
            if target.is_symlink() or (target.exists() and not target.is_dir()):
                raise RecipeError("--to", f"{target} is no folder")

    def rows(self) -> RowChanges:
        """How the rows differ from those that are there.

        Raises:
            RecipeError: these cannot be read.
        """
        with _told(self.target):
            return release_rows(self._folder, self.target)

    def difference(self) -> Difference:
        """What is to change there; every file that is there is read.

        Raises:
            RecipeError: it is no mirror of ours, or links lead out of it.
        """
        with _told(self.target):
            there = dict(self._there())
            refuse_foreign(self._folder.knows, there, self._read, key="--to", place=str(self.target))
            earlier, noted = Earlier(there, self._read), self._noted()
            found = self._comparer.difference(there, lambda path: path in noted or earlier.has(path))
            self._refuse_links((*found.sent, *found.gone))
        return found

    def write(self) -> Difference:
        """Change it; what was changed. A second time nothing is.

        Raises:
            RecipeError: it cannot be written, or a file that is to be copied is damaged.
        """
        found = self.difference()
        with _told(self.target):
            for left in self.target.rglob(f"*{_PART}"):
                left.unlink()
            if found:
                self._note({*self._noted(), *found.sent, *found.gone})
            for path in sorted(found.sent, key=turn_of):
                self._put(path)
            for path in found.gone:
                self._take_away(path)
            (self.target / _NOTE).unlink(missing_ok=True)
        return found

    def _take_away(self, path: str) -> None:
        """Delete a file, and the folders that held nothing else: their names may tell of what is gone."""
        (self.target / path).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it holds something
            for folder in (*PurePosixPath(path).parents,)[:-1]:
                (self.target / folder).rmdir()

    def _noted(self) -> frozenset[str]:
        """What a change that was killed was about to write or to take away."""
        try:
            names = json.loads((self.target / _NOTE).read_bytes())
        except (FileNotFoundError, ValueError, RecursionError):
            return frozenset()
        return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()

    def _note(self, names: set[str]) -> None:
        self.target.mkdir(parents=True, exist_ok=True)
        part = self.target / f"{_NOTE}{_PART}"
        with part.open("x", encoding="utf-8") as note:
            json.dump(sorted(names), note)
            note.flush()
            os.fsync(note.fileno())
        part.replace(self.target / _NOTE)

    def _put(self, path: str) -> None:
        target = self.target / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}{_PART}")
        with self._folder.local(path) as source, source.open("rb") as data, part.open("xb") as copy:
            digest = hashlib.sha256()
            while chunk := data.read(_CHUNK_BYTES):
                digest.update(chunk)
                copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())
        try:
            self._comparer.check(path, digest.hexdigest())
        except RecipeError:
            part.unlink()
            raise
        part.replace(target)

    def _refuse_links(self, paths: tuple[str, ...]) -> None:
        """Refuse to write or to delete where a link leads."""
        places = {place for path in paths for place in (PurePosixPath(path), *PurePosixPath(path).parents)}
        for place in sorted(places):
            if (self.target / place).is_symlink():
                raise RecipeError("--to", f"{self.target / place} is a symbolic link; nothing is written through it")

    def _there(self) -> Iterator[tuple[str, RemoteFile]]:
        """The files that are there, but what is hidden: that of git and of systems is no part of a dataset."""
        for place, folders, names in os.walk(self.target):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for file in (Path(place) / name for name in names if not name.startswith(".")):
                if not file.is_symlink() and file.is_file() and not file.name.endswith(_PART):
                    path = file.relative_to(self.target).as_posix()
                    yield path, RemoteFile(file.stat().st_size, "", sha256_of_file(file))

    def _read(self, path: str) -> bytes | None:
        return (self.target / path).read_bytes()


def turn_of(path: str) -> tuple[int, str]:
    """When a file comes: what tells that the folder is ours, what no text has named yet, then the texts.

    These in an order that a reader can bear.
    """
    first = -1 if path == MADE_BY else 0
    return (_TEXTS.index(path) + 1 if path in _TEXTS else first, path)


@contextlib.contextmanager
def _told(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RecipeError("--to", f"{target}: {os.strerror(error.errno or 0)}") from error
