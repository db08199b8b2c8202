"""SQLite files that are opened again and again, kept open while a run writes to them.

Dagster opens each file of its history anew for every event, and closes it again: SQLite then empties its write-ahead
log and waits for the disk, several times per event. Here a closed connection is kept for the next that asks for the
same file. Commits do not wait for the disk, as in the ledger: a killed process loses nothing; a power cut may lose the
last events, which `status --verify` names. Built on SQLAlchemy's public events; knows nothing of what is in the files.
"""

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

_MOST_FILES = 8  # Dagster's two indexes, and the files of the last runs; each takes three descriptors


class _Kept(sqlite3.Connection):
    """A connection whose `close` puts it on its shelf; `end` closes it."""

    shelf: "_Shelf"

    def close(self) -> None:
        """Undo what was not committed, and wait for the next who asks."""
        self.rollback()
        self.shelf.put(self)

    def end(self) -> None:
        """Close the connection."""
        super().close()


class _Shelf:
    """The connections to one file that nobody uses at the moment."""

    def __init__(self) -> None:
        self._free: list[_Kept] = []
        self._lock = threading.Lock()
        self._is_open = True

    def take(self) -> _Kept | None:
        with self._lock:
            return self._free.pop() if self._free else None

    def put(self, connection: _Kept) -> None:
        with self._lock:
            if self._is_open:
                self._free.append(connection)
                return
        connection.end()

    def clear(self) -> None:
        """Close what lies here, and what comes back later."""
        with self._lock:
            self._is_open = False
            free, self._free = self._free, []
        for connection in free:
            connection.end()


@contextmanager
def kept_open(home: Path) -> Iterator[None]:
    """While the context lasts, connections of SQLAlchemy's to SQLite files under `home` are kept for the next use."""
    shelves: OrderedDict[str, _Shelf] = OrderedDict()
    lock = threading.Lock()

    def connect(_dialect: object, _record: object, arguments: Any, options: Any) -> sqlite3.Connection | None:
        name = str(arguments[0]) if arguments else ""
        if not Path(name).is_relative_to(home):
            return None
        with lock:
            shelf = shelves.setdefault(name, _Shelf())
            shelves.move_to_end(name)
            old = [shelves.popitem(last=False)[1] for _ in range(len(shelves) - _MOST_FILES)]
        for one in old:
            one.clear()
        return shelf.take() or _open(shelf, arguments, options)

    sa.event.listen(sa.Engine, "do_connect", connect)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "do_connect", connect)
        for shelf in shelves.values():
            shelf.clear()


def _open(shelf: _Shelf, arguments: Any, options: Mapping[str, Any]) -> _Kept:
    connection: _Kept = sqlite3.connect(*arguments, **{**options, "check_same_thread": False, "factory": _Kept})
    connection.shelf = shelf
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection
