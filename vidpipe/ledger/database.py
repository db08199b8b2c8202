"""Opening the ledger's database, and being alone in it: what SQLite and PostgreSQL do each in their own way."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from vidpipe.ledger.schema import METADATA

_BUSY_MS = 60_000
_POLL_S = 0.05
_OPENING = 0x76696470697065  # "vidpipe": the advisory lock under which PostgreSQL's tables are made


def open_database(url: str) -> sa.Engine:
    """The database at a path (SQLite, made when missing) or an SQLAlchemy URL, with all tables in it.

    Processes that open a new ledger at once do not collide.

    Raises:
        ImportError: the database's driver is not installed.
        sqlalchemy.exc.SQLAlchemyError: it cannot be opened.
        OSError: the file's folder cannot be made.
    """
    if "://" not in url:
        Path(url).parent.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{url}"
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _tune_sqlite)
    with engine.begin() as db:
        if db.dialect.name == "sqlite":
            db.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            db.execute(sa.select(sa.func.pg_advisory_xact_lock(_OPENING)))
        METADATA.create_all(db)
    return engine


@contextmanager
def alone(engine: sa.Engine, table: sa.Table) -> Iterator[sa.Connection]:
    """A transaction beside which nobody else writes to the table, from its first read on."""
    with engine.begin() as db:
        if db.dialect.name == "sqlite":
            db.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            db.execute(sa.text(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE"))
        yield db


def _tune_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    _keep_log(cursor)
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _keep_log(cursor: Any) -> None:
    """Have writes go to a log beside the file. A new file changes to that alone: SQLite does not wait for it itself."""
    until = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(_POLL_S)
        else:
            return
