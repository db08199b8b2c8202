"""A person at a terminal: progress while it works, and Ctrl-C, which reaches every process at once."""

import fcntl
import os
import pty
import signal
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vidpipe_tests.e2e.projects import VIDPIPE, Line, environment, make_sources, processes_of

CTRL_C = b"\x03"


class Terminal:
    """A command that runs on a terminal of its own."""

    def __init__(self, line: Line, *args: str) -> None:
        self.keyboard, screen = pty.openpty()
        self.shown = b""
        self.process = subprocess.Popen(
            [VIDPIPE, args[0], "-C", str(line.folder), *args[1:]],
            env=environment(TERM="xterm", LINES="40"),
            stdin=screen,
            stdout=screen,
            stderr=screen,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no thread of ours is running
        )
        os.close(screen)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        try:
            while data := os.read(self.keyboard, 65536):
                self.shown += data
        except OSError:  # the other end is closed
            return

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self.keyboard, keys)

    def wait(self) -> int:
        """The exit code, when all that it shows is read."""
        code = self.process.wait(timeout=120)
        self.reader.join(timeout=20)
        return code


@contextmanager
def terminal(line: Line, *args: str) -> Iterator[Terminal]:
    """A command on a terminal, ended with the context."""
    opened = Terminal(line, *args)
    try:
        yield opened
    finally:
        if opened.process.poll() is None:
            os.killpg(opened.process.pid, signal.SIGKILL)
        opened.wait()
        os.close(opened.keyboard)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """What an undisturbed run gives, at a terminal."""
    folder = tmp_path_factory.mktemp("terminal")
    line = Line.at(folder / "project", make_sources(folder / "videos", 3))
    with terminal(line, "run") as shown:
        assert shown.wait() == 0
    assert b"raw_videos" in shown.shown
    assert b"/5" in shown.shown
    assert b"Traceback" not in shown.shown
    return line


@pytest.mark.parametrize(
    ("moment", "n_times"), [("store/raw_videos", 1), ("store/segment_clips", 2), ("store/video_signals", 1)]
)
def test_ctrl_c_stops_without_a_traceback_and_leaves_nothing(
    finished: Line, tmp_path: Path, moment: str, n_times: int
) -> None:
    line = Line.at(tmp_path / "project", finished.folder.parent / "videos")
    with terminal(line, "run") as shown:
        until = time.monotonic() + 60
        while not (line.folder / moment).exists():
            assert time.monotonic() < until
            time.sleep(0.002)
        for _ in range(n_times):
            shown.press(CTRL_C)
            time.sleep(0.5)
        assert shown.wait() == 130
    assert b"Stopping" in shown.shown
    assert b"Traceback" not in shown.shown
    until = time.monotonic() + 10
    while rest := processes_of(line.folder):
        assert time.monotonic() < until, rest
        time.sleep(0.1)
    with line.instance() as instance:
        assert [run for run in instance.get_runs() if not run.is_finished] == []
    line.run()
    line.is_whole()
    assert line.contents() == finished.contents()
