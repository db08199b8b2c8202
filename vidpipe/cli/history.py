"""Dagster's history in SQLite as this process keeps it: the same files and tables, read and written at less cost.

Dagster makes an engine for every event and compiles its statements anew, and builds each run's file by its migrations.
Here all files share one engine, a run's file is laid out as their index is, and the events that a run begins with are
written together. Whoever else reads or writes the files (the UI, its daemon, its runs) uses Dagster's own classes.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite import create_db_conn_string
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection

from vidpipe.ledger.connections import SqliteFiles

_BATCH = 500
_PLANNED = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED


def open_history(home: Path) -> dg.DagsterInstance:
    """The instance that `dagster.yaml` in `home` describes; its history is a `History` if it names no other."""
    ref = InstanceRef.from_dir(str(home))
    data = ref.storage_data
    if data is not None and data.class_name == DagsterSqliteStorage.__name__:
        ref = ref._replace(storage_data=ConfigurableClassData(__name__, History.__name__, data.config_yaml))
    return dg.DagsterInstance.from_ref(ref)


@contextmanager
def kept_open(instance: dg.DagsterInstance) -> Iterator[None]:
    """While the context lasts, the files of a `History` stay open, and what a run begins with is written together."""
    events = instance.event_log_storage
    if not isinstance(events, _Events):
        yield
        return
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(_BATCH))  # Dagster asks for it at each event
    with events.files.kept():
        yield


class History(DagsterSqliteStorage):
    """Runs, events and schedules in SQLite files below `base_dir`, where Dagster has them."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir, self._inst_data = base_dir, inst_data
        files, home = SqliteFiles(), Path(base_dir)
        self._run_storage = _Runs.of(home / "history", files)
        self._event_log_storage = _Events(home / "history" / "runs", files)
        self._schedule_storage = _schedules(home / "schedules")
        DagsterStorage.__init__(self)  # type: ignore[no-untyped-call,arg-type]  # as Dagster types it

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "History":
        """As Dagster makes it."""
        return cls(inst_data=inst_data, **config_value)


class _Runs(SqliteRunStorage):
    """The runs."""

    files: SqliteFiles
    path: Path

    @classmethod
    def of(cls, folder: Path, files: SqliteFiles) -> "_Runs":
        """The runs in a folder; their file is made when it is missing."""
        if not _is_made(folder / "runs.db"):
            SqliteRunStorage.from_local(str(folder))
        runs = cls(create_db_conn_string(str(folder), "runs"))
        runs.files, runs.path = files, folder / "runs.db"
        return runs

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection, in a transaction."""
        with self.files.begin(self.path) as connection:
            yield connection


class _Events(SqliteEventLogStorage):
    """The events: a file for each run, and the index of all."""

    def __init__(self, folder: Path, files: SqliteFiles) -> None:
        self.files, self.folder = files, folder
        self._known: set[tuple[str, str]] = set()
        if not _is_made(folder / f"{INDEX_SHARD_NAME}.db"):
            SqliteEventLogStorage(str(folder))
        super().__init__(str(folder))

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        path = self.folder / f"{shard}.db"
        if shard not in self._initialized_dbs:
            if not _is_made(path):
                _lay_out_as(self.folder / f"{INDEX_SHARD_NAME}.db", path)
            self._initialized_dbs.add(shard)
        with self.files.begin(path) as connection:
            yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether there is a table; one that is there stays."""
        return self._once("table", table_name, super().has_table)

    def has_secondary_index(self, name: str) -> bool:
        """Whether what a migration adds is there; it stays."""
        return self._once("index", name, super().has_secondary_index)

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        ask = partial(super()._has_asset_key_col_on_connection, conn)
        return self._once("column", column_name, ask)

    def _once(self, what: str, name: str, ask: Callable[[str], bool]) -> bool:
        if (what, name) not in self._known and ask(name):
            self._known.add((what, name))
        return (what, name) in self._known

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events; those that tell what a run is to make in one go."""
        planned = [event for event in events if event.dagster_event_type is _PLANNED]
        if planned:
            self._store_planned(planned)
        for event in events:
            if event.dagster_event_type is not _PLANNED:
                self.store_event(event)

    def _store_planned(self, events: Sequence[EventLogEntry]) -> None:
        rows = [self._event_to_row(event) for event in events]
        newest = {event.get_dagster_event().asset_key: event for event in events}
        with self.run_connection(events[0].run_id) as connection:
            connection.execute(SqlEventLogStorageTable.insert(), rows)
        with self.index_connection() as connection:
            connection.execute(SqlEventLogStorageTable.insert(), rows)
            for event in newest.values():
                self._store_asset_event(connection, event, 0)  # of what is only planned no id is kept


def _schedules(folder: Path) -> SqliteScheduleStorage:
    if not _is_made(folder / "schedules.db"):
        return SqliteScheduleStorage.from_local(str(folder))
    return SqliteScheduleStorage(create_db_conn_string(str(folder), "schedules"))


def _is_made(path: Path) -> bool:
    """Whether a file has its tables: the version of its schema is noted after them."""
    if not path.exists():
        return False
    with closing(sqlite3.connect(path)) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'")]
        return bool(names and database.execute("SELECT version_num FROM alembic_version").fetchall())


def _lay_out_as(model: Path, path: Path) -> None:
    """Give a file the tables and the version of another one; Dagster may be about to do the same elsewhere."""
    with closing(sqlite3.connect(model)) as database:
        query = (
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC"
        )
        wanted = dict(database.execute(query).fetchall())
        versions = database.execute("SELECT version_num FROM alembic_version").fetchall()
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute("BEGIN IMMEDIATE")
        there = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        for name, statement in wanted.items():
            if name not in there:
                database.execute(statement)
        if not database.execute("SELECT version_num FROM alembic_version").fetchall():
            database.executemany("INSERT INTO alembic_version VALUES (?)", versions)
        database.execute("COMMIT")
