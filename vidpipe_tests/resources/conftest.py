"""Servers on loopback with adapters that ask them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from vidpipe.store.objects import ObjectStore, open_store
from vidpipe_tests.resources.gemini_line import Line
from vidpipe_tests.servers.hub import HubServer


@pytest.fixture
def line() -> Iterator[Line]:
    """Gemini, and adapters to it that are closed in the end."""
    with Line.served() as line:
        yield line


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """An empty Hub."""
    with HubServer() as hub:
        yield hub


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """Where the dataset folder lies."""
    return open_store(str(tmp_path / "store"), scratch=tmp_path / "scratch")


@pytest.fixture
def by_lfs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the library send files by LFS, request by request, and not by Xet."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
