"""Publishing a dataset folder into another folder: a mirror that readers may have open meanwhile.

New files come first, under names that nobody knows yet; then the texts that name them, one after the other; then what
no text names any more goes. After a kill at any moment the old release or the new one can be read.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from vidpipe.errors import RecipeError
from vidpipe.export.release_plan import Comparer, Difference, ReleaseFolder, named_digits
from vidpipe.repositories import RemoteFile

_TEXTS = ("CHANGELOG.md", "data/README.md", "README.md", "without_media.jsonl", "metadata.jsonl", "index.html")
_PART = ".vidpipe-part"


class Mirror:
    """A folder that is to hold what a dataset folder holds.

    Raises:
        RecipeError: there is something else, or it cannot be read.
    """

    def __init__(self, folder: ReleaseFolder, target: Path) -> None:
        self._comparer, self._folder, self.target = Comparer(folder), folder, target
        if target.exists() and not target.is_dir():
            raise RecipeError("--to", f"{target} is no folder")

    def difference(self) -> Difference:
        """What is to change there."""
        with _told(self.target):
            return self._comparer.difference(dict(self._there()))

    def write(self) -> Difference:
        """Change it; what was changed. A second time nothing is.

        Raises:
            RecipeError: it cannot be written.
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
        with self._folder.local(path) as source:
            shutil.copyfile(source, part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(target)

    def _there(self) -> Iterator[tuple[str, RemoteFile]]:
        for file in self.target.rglob("*"):
            if file.is_symlink() or not file.is_file() or file.name.endswith(_PART):
                continue
            path = file.relative_to(self.target).as_posix()
            sha256 = named_digits(path)
            if sha256 is None:
                with file.open("rb") as data:
                    sha256 = hashlib.file_digest(data, "sha256").hexdigest()
            yield path, RemoteFile(file.stat().st_size, "", sha256)


def turn_of(path: str) -> tuple[int, str]:
    """When a file comes: what no text has named yet first, then the texts in an order that a reader can bear."""
    return (_TEXTS.index(path) + 1 if path in _TEXTS else 0, path)


@contextlib.contextmanager
def _told(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RecipeError("--to", f"{target}: {os.strerror(error.errno or 0)}") from error
