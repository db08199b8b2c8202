"""The files of a dataset as they are published, wherever they lie: what checking and comparing read.

What belongs here: which files there are, and each as a local file for as long as it is read. Not here: what they mean.
A Hub's files come from `resources`, by the same protocol.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vidpipe.errors import MissingObjectError, RecipeError
from vidpipe.export.target import DatasetStore
from vidpipe.store.objects import sha256_of

NO_DATASET = "no dataset"
"""What an error names that says so, wherever the files are."""
_LARGE = ("videos/", "data/")


class Published(Protocol):
    """A dataset's files."""

    def files(self) -> Mapping[str, int]:
        """The size in bytes of every file by its name, relative to the dataset, parted by slashes.

        Raises:
            RecipeError: there is no such dataset.
            ServiceError: the Hub did not answer.
        """
        ...

    def local(self, name: str) -> AbstractContextManager[Path]:
        """A local file with the content of one of them, for reading.

        Raises:
            MissingObjectError: there is none of that name.
            ServiceError: the Hub did not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoreFiles:
    """The files of a store below a prefix (`datasets/scenes`)."""

    store: DatasetStore
    prefix: str

    def files(self) -> Mapping[str, int]:
        """As `Published`."""
        found = self.store.list(self.prefix)
        return dict(sorted((one.key.removeprefix(f"{self.prefix}/"), one.n_bytes) for one in found))

    def local(self, name: str) -> AbstractContextManager[Path]:
        """As `Published`."""
        return self.store.local(f"{self.prefix}/{name}")


@dataclass(frozen=True, slots=True)
class NearFiles:
    """The files of a place that is far away: each is brought here once. The large ones go once they were read.

    `there`: their sizes in bytes as they were when the place was opened. `folder`: an empty one that goes with it.
    """

    there: Mapping[str, int]
    bring: Callable[[str], AbstractContextManager[Path]]
    folder: Path

    def files(self) -> Mapping[str, int]:
        """As `Published`."""
        return self.there

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """As `Published`."""
        if name not in self.there:
            raise MissingObjectError(name, "no such file")
        if name.startswith(_LARGE):
            with self.bring(name) as path:
                yield path
            return
        kept = self.folder / sha256_of(name.encode("utf-8", "surrogatepass"))
        if not kept.is_file():
            with self.bring(name) as path:
                shutil.copyfile(path, kept)
        yield kept


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """The files in a folder, but hidden ones: those of git and of the Hub's clients are no part of a dataset."""

    folder: Path

    def files(self) -> Mapping[str, int]:
        """As `Published`."""
        if not self.folder.is_dir():
            raise RecipeError(str(self.folder), "no such folder")
        return dict(sorted(self._walk()))

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """As `Published`."""
        path = self.folder / name
        if not path.is_file():
            raise MissingObjectError(name, "no such file")
        yield path

    def _walk(self) -> Iterator[tuple[str, int]]:
        for place, folders, names in os.walk(self.folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                path = Path(place) / name
                if not name.startswith(".") and path.is_file():
                    yield path.relative_to(self.folder).as_posix(), path.stat().st_size
