"""SQLite files kept open: nothing is lost, nothing is shared, nothing stays behind."""

import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from vidpipe.ledger.connections import SqliteFiles


def raw(connection: sa.Connection) -> object:
    return connection.connection.dbapi_connection


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "index.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE t (n INTEGER UNIQUE)")
    return path


def insert(files: SqliteFiles, file: Path, *numbers: int) -> None:
    with files.begin(file) as db:
        for number in numbers:
            db.execute(sa.text("INSERT INTO t VALUES (:n)"), {"n": number})


def test_a_closed_connection_serves_the_next_who_asks_while_it_is_kept(file: Path) -> None:
    files = SqliteFiles()
    with files.kept():
        with files.begin(file) as first:
            used = raw(first)
        with files.begin(file) as second:
            assert raw(second) is used
    with files.begin(file) as third:
        assert raw(third) is not used


def test_two_at_once_never_share_a_connection(file: Path) -> None:
    files = SqliteFiles()
    with files.kept(), files.begin(file) as first, files.begin(file) as second:
        assert raw(first) is not raw(second)


def test_what_failed_is_undone_and_what_was_committed_is_seen_by_others(file: Path) -> None:
    files = SqliteFiles()
    with files.kept():
        insert(files, file, 1)
        with pytest.raises(sa.exc.IntegrityError):
            insert(files, file, 2, 1)
        code = f"import sqlite3; print(sqlite3.connect({str(file)!r}).execute('SELECT n FROM t').fetchall())"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[(1,)]"


def test_each_file_has_its_own(file: Path) -> None:
    other, files = file.with_name("run.db"), SqliteFiles()
    with files.kept():
        with files.begin(other) as db:
            db.execute(sa.text("CREATE TABLE t (n INTEGER)"))
        for number in range(4):
            insert(files, (file, other)[number % 2], number)
        for path, wanted in ((file, [0, 2]), (other, [1, 3])):
            with files.begin(path) as db:
                assert list(db.execute(sa.text("SELECT n FROM t")).scalars()) == wanted


def test_everything_is_closed_in_the_end_even_what_was_still_in_use(file: Path) -> None:
    files, late = SqliteFiles(), ExitStack()
    with files.kept():
        insert(files, file, 1)
        late.enter_context(files.begin(file))
    late.close()
    assert not file.with_name("index.db-wal").exists()  # SQLite removes it with the last connection


def test_few_files_stay_open_however_many_there_are(file: Path) -> None:
    files = SqliteFiles()
    with files.kept():
        for number in range(40):
            with files.begin(file.parent / f"run{number}.db") as db:
                db.execute(sa.text("CREATE TABLE t (n INTEGER)"))
        held = [path for path in Path("/proc/self/fd").iterdir() if "run" in str(path.resolve().name)]
        assert 0 < len(held) < 12
