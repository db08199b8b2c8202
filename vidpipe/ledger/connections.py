"""SQLite files that are read and written again and again, by one engine and by connections that stay open.

Made for Dagster's history: it makes an engine for every event, compiles its statements anew, and opens and closes the
file; SQLite then empties its write-ahead log and waits for the disk, several times per event. Here one engine serves
all files, and while they are `kept`, a closed connection waits for the next who asks for the same file. Commits do not
wait for the disk, as in the ledger: a killed process loses nothing; a power cut may lose the last events, which
`status --verify` names. Knows nothing of what is in the files.
"""

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

_MOST_FILES = 8  # Dagster's two indexes, and the files of the last runs; each takes three descriptors
_BUSY_S = 30.0  # how long a writer waits for another one, as Dagster's own


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

    def __init__(self, *, is_open: bool) -> None:
        self._free: list[_Kept] = []
        self._lock = threading.Lock()
        self._is_open = is_open

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


class SqliteFiles:
    """Connections to SQLite files, for several threads; none is shared by two at once."""

    def __init__(self) -> None:
        self._engine = sa.create_engine("sqlite://", creator=self._connection, poolclass=NullPool)
        self._asked = threading.local()
        self._shelves: OrderedDict[Path, _Shelf] = OrderedDict()
        self._lock = threading.Lock()
        self._is_kept = False

    @contextmanager
    def begin(self, path: Path) -> Iterator[sa.Connection]:
        """A connection to a file, within a transaction that is committed in the end."""
        self._asked.path = path
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def kept(self) -> Iterator[None]:
        """While the context lasts, connections stay open for the next use."""
        self._is_kept = True
        try:
            yield
        finally:
            with self._lock:
                self._is_kept = False
                shelves, self._shelves = list(self._shelves.values()), OrderedDict()
            for shelf in shelves:
                shelf.clear()

    def _connection(self) -> sqlite3.Connection:
        shelf = self._shelf(self._asked.path)
        return shelf.take() or _open(shelf, self._asked.path)

    def _shelf(self, path: Path) -> _Shelf:
        with self._lock:
            if not self._is_kept:
                return _Shelf(is_open=False)
            shelf = self._shelves.setdefault(path, _Shelf(is_open=True))
            self._shelves.move_to_end(path)
            old = [self._shelves.popitem(last=False)[1] for _ in range(len(self._shelves) - _MOST_FILES)]
        for one in old:
            one.clear()
        return shelf


def _open(shelf: _Shelf, path: Path) -> _Kept:
    connection = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False, factory=_Kept)
    connection.shelf = shelf
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection
