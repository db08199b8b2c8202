"""Services that assets ask."""

from collections.abc import Iterator

import pytest

from vidpipe_tests.resources.gemini_line import Line
from vidpipe_tests.servers.gemini import GeminiServer


@pytest.fixture
def gemini() -> Iterator[Line]:
    """Gemini, and whoever asks it."""
    with GeminiServer() as server:
        line = Line(server)
        yield line
        line.close()
