"""Publishing a dataset folder into another folder: a mirror that readers may have open meanwhile.

New files come first, under names that nobody knows yet; then the texts that name them, one after the other; then what
no text names any more goes. After a kill at any moment the old release or the new one can be read.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from vidpipe.errors import RecipeError
from vidpipe.export.chain import MADE_BY
from vidpipe.export.release_owner import Earlier, refuse_foreign
from vidpipe.export.release_plan import Comparer, Difference, ReleaseFolder
from vidpipe.repositories import RemoteFile
from vidpipe.store.digests import sha256_of_file

_TEXTS = ("CHANGELOG.md", "data/README.md", "README.md", "without_media.jsonl", "metadata.jsonl", "index.html")
_PART = ".vidpipe-part"
_CHUNK_BYTES = 1 << 20


class Mirror:
    """A folder that is to hold what a dataset folder holds. What others put there stays.

    Raises:
        RecipeError: there is something else, or it cannot be read.
    """

    def __init__(self, folder: ReleaseFolder, target: Path) -> None:
        self._comparer, self._folder, self.target = Comparer(folder), folder, target
        if target.is_symlink() or (target.exists() and not target.is_dir()):
            raise RecipeError("--to", f"{target} is no folder")

    def difference(self) -> Difference:
        """What is to change there; every file that is there is read.

        Raises:
            RecipeError: it is no mirror of ours, or links lead out of it.
        """
        with _told(self.target):
            there = dict(self._there())
            refuse_foreign(self._folder, there, self._read, key="--to", place=str(self.target))
            found = self._comparer.difference(there, Earlier(there, self._read).has)
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
            for path in sorted(found.sent, key=turn_of):
                self._put(path)
            for path in found.gone:
                (self.target / path).unlink(missing_ok=True)
        return found

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
