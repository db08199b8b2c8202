"""Real processes beside the one that tests."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Start = Callable[[str], "subprocess.Popen[str]"]


@contextmanager
def processes(code_of: Callable[[str], str]) -> Iterator[Start]:
    """Starts Python processes that run the code made of a piece; they are killed at the end. Texts go in and out."""
    started = []

    def start(body: str) -> "subprocess.Popen[str]":
        made = subprocess.Popen([sys.executable, "-c", code_of(body)], stdin=-1, stdout=-1, text=True)
        started.append(made)
        return made

    try:
        yield start
    finally:
        for made in started:
            made.kill()
            made.communicate()
