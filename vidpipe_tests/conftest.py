"""What holds for every test: no corpus, no `corpus` tests; a clean environment; no way out of this machine."""

import gc
import os
import signal
import socket
from typing import Any

import pytest

from vidpipe_tests.shared import SHARED

OURS = ("VIDPIPE_", "AWS_", "GEMINI_", "GOOGLE_", "TGI_", "HF_", "HUGGINGFACE_", "TWELVELABS_", "DAGSTER_")
_FOLDERS = ("e2e/", "benchmarks/", "media/", "ledger/", "workers/")
_MODULES = (
    "cli/test_demo",
    "test_readme",
    "assets/test_batch",
    "test_versions",
    "timeline/test_agreement",
    "timeline/test_films",
)
LONG = tuple(f"vidpipe_tests/{name}" for name in (*_FOLDERS, *_MODULES))


def pytest_configure() -> None:
    """Hear signals as at a login: what a test runner, or `nohup`, ignores, whatever we start would ignore for ever."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first, so that short ones fill the end; skip what needs the shared corpus where it is not there."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
    if SHARED.is_dir():
        return
    for item in items:
        if item.get_closest_marker("corpus"):
            item.add_marker(pytest.mark.skip(reason="the shared corpus is not beside this checkout"))


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
