"""Every claim about the ledger holds for both databases that it may be kept in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from vidpipe_tests.servers.postgres import Postgres, postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A PostgreSQL server."""
    with postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new ledger is to be: a file, or the URL of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "deep" / "ledger.db")
    server: Postgres = request.getfixturevalue("server")
    return server.fresh()
