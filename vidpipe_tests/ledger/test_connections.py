"""SQLite files kept open: nothing is lost, nothing is shared, nothing stays behind."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from vidpipe.ledger.connections import kept_open


def connect(path: Path) -> sa.Connection:
    return sa.create_engine(f"sqlite:///{path}", poolclass=NullPool).connect()


def raw(connection: sa.Connection) -> object:
    return connection.connection.dbapi_connection


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "index.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE t (n INTEGER)")
    return path


def test_a_closed_connection_serves_the_next_engine(file: Path) -> None:
    with kept_open(file.parent):
        with connect(file) as first:
            used = raw(first)
        with connect(file) as second:
            assert raw(second) is used


def test_two_at_once_never_share_a_connection(file: Path) -> None:
    with kept_open(file.parent), connect(file) as first, connect(file) as second:
        assert raw(first) is not raw(second)


def test_what_was_not_committed_is_undone_and_what_was_is_seen_by_others(file: Path) -> None:
    with kept_open(file.parent):
        with connect(file) as db:
            db.execute(sa.text("INSERT INTO t VALUES (1)"))
            db.commit()
            db.execute(sa.text("INSERT INTO t VALUES (2)"))
        code = f"import sqlite3; print(sqlite3.connect({str(file)!r}).execute('SELECT n FROM t').fetchall())"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[(1,)]"


def test_other_files_are_left_alone(file: Path, tmp_path: Path) -> None:
    with kept_open(file.parent), connect(tmp_path / "other.db") as db:
        assert type(raw(db)) is sqlite3.Connection


def test_everything_is_closed_in_the_end_even_what_was_still_in_use(file: Path) -> None:
    with kept_open(file.parent):
        late = connect(file)
        late.execute(sa.text("INSERT INTO t VALUES (1)"))
        late.commit()
        connect(file).close()
    late.close()
    assert not file.with_name("index.db-wal").exists()  # SQLite removes it with the last connection


def test_few_files_stay_open_however_many_there_are(file: Path) -> None:
    with kept_open(file.parent):
        for number in range(40):
            with connect(file.parent / f"run{number}.db") as db:
                db.execute(sa.text("CREATE TABLE t (n INTEGER)"))
        held = [path for path in Path("/proc/self/fd").iterdir() if "run" in str(path.resolve().name)]
        assert 0 < len(held) < 12


def test_dagster_reads_back_what_it_wrote_with_kept_connections(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with kept_open(tmp_path), dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        instance.add_dynamic_partitions("video", ["a", "b"])
        instance.report_runless_asset_event(dg.AssetMaterialization("made", partition="a"))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.get_dynamic_partitions("video") == ["a", "b"]
        assert instance.get_materialized_partitions(dg.AssetKey("made")) == {"a"}
