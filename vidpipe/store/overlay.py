"""A store laid over another: what is written stays in a folder of its own, all else is read from the one below.

For work that must leave no trace where it reads. Only single objects: lists and sweeps are those of the folder alone.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from vidpipe.errors import MissingObjectError
from vidpipe.store.objects import ObjectStore, Stored, open_store


class Overlay(ObjectStore):
    """Reads what was written here, else what `below` has; writes, and deletes, in `folder` alone."""

    def __init__(self, below: ObjectStore, folder: Path) -> None:
        own = open_store(str(folder), scratch=folder.with_name(f"{folder.name}-scratch"))
        super().__init__(own._store, url=own.url, root=own._root, scratch=own._scratch)  # noqa: SLF001 - of our kind
        self._below = below

    def get(self, key: str) -> bytes:
        """The object's bytes; raises as `ObjectStore.get`."""
        return super().get(key) if self._is_own(key) else self._below.get(key)

    def head(self, key: str) -> Stored:
        """What is said of an object where it lies; raises as `ObjectStore.head`."""
        with contextlib.suppress(MissingObjectError):
            return super().head(key)
        return self._below.head(key)

    @contextlib.contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """A local file with the object's content; raises as `ObjectStore.local`."""
        with super().local(key) if self._is_own(key) else self._below.local(key) as path:
            yield path

    def place(self, key: str) -> str:
        """Where a person finds the object."""
        return super().place(key) if self._is_own(key) else self._below.place(key)

    def _is_own(self, key: str) -> bool:
        try:
            super().head(key)
        except MissingObjectError:
            return False
        return True
