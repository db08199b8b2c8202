"""Work that a worker pool has to survive. Importable, so that spawned processes find it."""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from vidpipe.errors import LimitExceededError


class UnpicklableError(Exception):
    """An exception that pickles, but cannot be made again from its arguments."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def double(n: int) -> int:
    """Twice the number."""
    return 2 * n


def note(argument: tuple[str, str]) -> str:
    """Leave a file of its own per call in a folder; the name."""
    folder, name = argument
    os.close(tempfile.mkstemp(prefix=f"{name}.", dir=folder)[0])
    return name


def segfault(argument: Any) -> None:
    """Read the address zero."""
    del argument
    ctypes.string_at(0)


def leave(code: int) -> None:
    """End the process without a word."""
    os._exit(code)


def kill_itself(argument: Any) -> None:
    """Die as if the kernel had run out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def leave_by_exception(argument: Any) -> None:
    """Ask the interpreter to end."""
    sys.exit(3)


def hang(argument: Any) -> None:
    """Never return."""
    while True:
        time.sleep(0.1)


def hang_deaf(argument: Any) -> None:
    """Never return, and listen to no signal that can be ignored."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    hang(argument)


def blow_up(argument: Any) -> None:
    """Take memory until there is none."""
    hoard = []
    while True:
        hoard.append(bytearray(64 * 1024**2))


_HOARD: list[bytearray] = []


def hoard(n_bytes: int) -> None:
    """Take memory and never give it back."""
    _HOARD.append(bytearray(n_bytes))


def exceed(argument: tuple[str, str]) -> None:
    """Leave a file of its own per call in a folder, and go beyond a limit."""
    folder, why = argument
    os.close(tempfile.mkstemp(dir=folder)[0])
    raise LimitExceededError(why)


def pid(argument: Any) -> int:
    """Which process this is, after a moment in which another one can take a task."""
    time.sleep(0.02)
    return os.getpid()


def fail(text: str) -> None:
    """Raise an ordinary error."""
    raise LookupError(text)


def fail_unpicklably(argument: Any) -> None:
    """Raise an error that cannot travel."""
    raise UnpicklableError(1, 2)


def answer_unpicklably(argument: Any) -> Any:
    """Give something that cannot travel."""
    return lambda: argument


def answer_amply(n_bytes: int) -> bytes:
    """Give many bytes."""
    return bytes(n_bytes)


def bear_child(folder: str) -> int:
    """Start a process that outlives the task, and tell its id."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(folder, "child").write_text(str(child.pid))
    return child.pid


def crash_once(marker: str) -> str:
    """Crash the first time only."""
    if not Path(marker).exists():
        Path(marker).touch()
        os._exit(11)
    return "second"


def tell_pid(folder: str) -> None:
    """Write down who works, then never return."""
    Path(folder, str(os.getpid())).touch()
    hang(None)
