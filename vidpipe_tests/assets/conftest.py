"""Services that assets ask."""

from collections.abc import Iterator

import pytest

from vidpipe_tests.resources.gemini_line import Line


@pytest.fixture
def gemini() -> Iterator[Line]:
    """Gemini, and whoever asks it."""
    with Line.served() as line:
        yield line
