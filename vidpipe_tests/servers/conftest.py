"""An emulated Gemini, and the real client that asks it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from vidpipe_tests.servers.gemini import GeminiServer

if TYPE_CHECKING:  # loads for seconds, and other tests of this folder need no client
    from google import genai


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    """Keeps no key for dead, and no file."""
    with GeminiServer() as server:
        yield server


@pytest.fixture
def client(server: GeminiServer) -> Iterator["genai.Client"]:
    """With the key `key-a`."""
    from vidpipe_tests.servers.clients import client_of

    with client_of(server) as client:
        yield client
