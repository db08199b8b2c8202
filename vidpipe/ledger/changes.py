"""Has anybody written to the ledger since we last looked? So that what is unchanged is not read again.

SQLite tells exactly, whichever process wrote; other databases do not, and everything is read again there.
"""

import threading

import sqlalchemy as sa


class Changes:
    """Watches a database through a connection of its own, on which nothing is ever written."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None
        self._lock = threading.Lock()

    def mark(self) -> int | None:
        """A number that is another one after every commit of anybody else's connection; None where none is known."""
        if self._engine.dialect.name != "sqlite":
            return None
        with self._lock:
            if self._connection is None:
                self._connection = self._engine.connect()
            found = self._connection.exec_driver_sql("PRAGMA data_version").scalar()
            self._connection.rollback()
        return None if found is None else int(found)

    def close(self) -> None:
        """Let go of the connection. Marks that are asked for afterwards say nothing about those before."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
