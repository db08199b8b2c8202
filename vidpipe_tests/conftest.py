"""What holds for every test: no corpus, no `corpus` tests; a clean environment; no way out of this machine."""

import gc
import os
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from vidpipe_tests.shared import SHARED

OURS = ("VIDPIPE_", "AWS_", "GEMINI_", "GOOGLE_", "TGI_", "HF_", "HUGGINGFACE_", "TWELVELABS_", "DAGSTER_")
LONG = (
    *("e2e/test_ui", "e2e/test_services", "e2e/", "benchmarks/", "media/", "ledger/", "cli/", "assets/", "asking/"),
    *("timeline/test_agreement", "timeline/test_films", "test_readme", "test_versions", "test_arch", "workers/"),
)
"""What takes long, in the order in which it begins: first what waits most, and needs nothing that others make."""


settings.register_profile("vidpipe", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # no test is timed
settings.load_profile("vidpipe")


sys.dont_write_bytecode = False  # rewriting their asserts is most of what it takes to load tests: once is enough
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_configure() -> None:
    """Hear signals as at a login: what a test runner, or `nohup`, ignores, whatever we start would ignore for ever."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Where several processes load all tests, each begins with others, and finds the rest as its siblings left it."""
    told = getattr(session.config, "workerinput", None)
    if told is None or session.config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    here = Path(__file__).parent
    paths = sorted(path.relative_to(here.parent) for path in here.rglob("test_*.py"))
    first = len(paths) * int(told["workerid"].removeprefix("gw")) // told["workercount"]
    for path in paths[first:] + paths[:first]:
        with suppress(Exception, pytest.skip.Exception):  # the collection itself tells of it
            import_module(".".join(path.with_suffix("").parts))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first, so that short ones fill the end; skip what needs the shared corpus where it is not there."""
    items.sort(key=_place)
    if SHARED.is_dir():
        return
    for item in items:
        if item.get_closest_marker("corpus"):
            item.add_marker(pytest.mark.skip(reason="the shared corpus is not beside this checkout"))


def _place(item: pytest.Item) -> int:
    name = item.nodeid.removeprefix("vidpipe_tests/")
    return next((place for place, begins in enumerate(LONG) if name.startswith(begins)), len(LONG))


def pytest_collection_finish() -> None:
    """Leave what is imported out of the collections that our media code asks for after every video."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(OURS):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in (
            "127.0.0.1",
            "::1",
            "localhost",
        ):
            raise PermissionError(f"tests stay on this machine, got {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
