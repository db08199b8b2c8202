"""A person at a terminal: progress while it works, and Ctrl-C, which reaches every process at once.

What is interrupted without a terminal, its main process alone, belongs here too: the next run goes on in either case.
"""

import fcntl
import os
import pty
import signal
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vidpipe_tests.commands import VIDPIPE, environment
from vidpipe_tests.e2e.projects import Line, processes_of

CTRL_C = b"\x03"
WORKERS = {"VIDPIPE_WORKERS": "2"}


class Terminal:
    """A command that runs on a terminal of its own."""

    def __init__(self, line: Line, *args: str) -> None:
        self.keyboard, screen = pty.openpty()
        self.shown = b""
        self.process = subprocess.Popen(
            [VIDPIPE, args[0], "-C", str(line.folder), *args[1:]],
            env=environment(TERM="xterm", LINES="40", **WORKERS),
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
        code = self.process.wait(timeout=240)
        self.reader.join(timeout=60)
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


def wait_for(claim: Callable[[], bool], *, within_s: float = 240) -> None:
    """Return as soon as a claim holds."""
    until = time.monotonic() + within_s
    while not claim():
        assert time.monotonic() < until
        time.sleep(0.002)


def interrupt(line: Line, moment: str, n_times: int) -> bytes:
    """Run until something is in the store, then press Ctrl-C so often; what was shown. Nothing may be left over."""
    assert not (line.folder / moment).exists(), "no run before has come so far"
    with terminal(line, "run") as shown:
        wait_for((line.folder / moment).exists)
        for _ in range(n_times):
            shown.press(CTRL_C)
            wait_for(lambda: b"Stopping" in shown.shown)
        assert shown.wait() == 130
    assert b"Traceback" not in shown.shown
    wait_for(lambda: processes_of(line.folder) == [])
    with line.instance() as instance:
        assert [run for run in instance.get_runs() if not run.is_finished] == []
    return shown.shown


def interrupt_alone(line: Line, moment: str, n_times: int) -> None:
    """Run without a terminal until something is in the store, then interrupt the main process so often."""
    assert not (line.folder / moment).exists(), "no run before has come so far"
    log = line.folder / "said.log"
    n_before = log.read_text().count("Stopping") if log.exists() else 0
    run = line.begin("run", env=WORKERS)
    wait_for((line.folder / moment).exists)
    for _ in range(n_times):
        with suppress(ProcessLookupError):  # it has ended
            os.kill(run.pid, signal.SIGINT)
        wait_for(lambda: log.read_text().count("Stopping") > n_before)
    assert run.wait() == 130
    assert "Traceback" not in log.read_text()


def test_ctrl_c_and_signals_stop_without_a_traceback_leave_nothing_and_the_next_run_goes_on(
    finished: Line, tmp_path: Path
) -> None:
    line = Line.at(tmp_path / "project", finished.videos)
    interrupt_alone(line, "store/raw_videos", 2)  # ends at once
    wait_for(lambda: processes_of(line.folder) == [])
    interrupt_alone(line, "store/selected_videos", 1)  # finishes what has begun
    line.has_no_rests()
    assert processes_of(line.folder) == []
    shown = interrupt(line, "store/video_signals", 1)
    assert b"video_signals" in shown  # a bar shows how far it is
    assert b"/4" in shown
    interrupt(line, "store/aligned_metadata", 2)
    with terminal(line, "run") as last:
        assert last.wait() == 0
    assert b"Traceback" not in last.shown
    line.is_whole()
    assert line.contents() == finished.contents()
