"""Servers on loopback with adapters that ask them."""

from collections.abc import Iterator

import pytest

from vidpipe_tests.resources.gemini_line import Line
from vidpipe_tests.servers.gemini import GeminiServer


@pytest.fixture
def line() -> Iterator[Line]:
    """Gemini, and adapters to it that are closed in the end."""
    with GeminiServer() as server:
        line = Line(server)
        yield line
        line.close()
