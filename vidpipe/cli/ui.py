"""`vidpipe ui`: Dagster's webserver and daemon on a project, as two children that end with us."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import click

from vidpipe.cli.naming import UI
from vidpipe.cli.projects import open_instance
from vidpipe.cli.recovery import end_dead_runs
from vidpipe.errors import RecipeError

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_GRACE_S = 15.0


def serve(folder: Path, *, host: str, port: int) -> int:
    """Serve the UI until interrupted; the exit code of the child that ended first, 0 after Ctrl-C.

    Raises:
        RecipeError: the recipe cannot be used, or the port is taken.
    """
    project, instance = open_instance(folder)  # says at once what is wrong, and makes DAGSTER_HOME
    _check_port(host, port)
    module = ["-m", "vidpipe.definitions", "-d", str(folder)]
    web = [sys.executable, "-m", "vidpipe.cli.web", *module, "--host", host, "--port", str(port)]
    daemon = [sys.executable, "-m", "dagster._daemon", "run", *module]
    project.ledger.set_fact(UI, f"http://{host}:{port}")
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what our children leave behind is ours to end
    children = [subprocess.Popen(command, preexec_fn=_end_with_parent) for command in (web, daemon)]  # noqa: S603, PLW1509
    click.echo(f"Dagster UI: http://{host}:{port}  (Ctrl-C ends it)", err=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
        return next(child.returncode for child in children if child.poll() is not None) or 1
    except KeyboardInterrupt:
        return 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        _end(children)
        end_dead_runs(project, instance)


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    """End webserver and daemon; then what they started, runs too: `vidpipe run` goes on where those stopped."""
    for child in children:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
    until = time.monotonic() + _GRACE_S
    for child in children:
        try:
            child.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
    while heirs := _children():
        for pid in heirs:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _children() -> list[int]:
    """Process ids of our children, also of those that we have inherited."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, _, rest = path.read_text(errors="replace").partition(" (")
            if int(rest.rpartition(") ")[2].split()[1]) == os.getpid():
                found.append(int(pid))
    return found


def _check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise RecipeError(
                f"--port {port}", f"cannot be used ({os.strerror(error.errno or 0)}); choose another"
            ) from error


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
