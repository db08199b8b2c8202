"""`vidpipe …` in a process of its own, but without the two seconds that loading it takes.

One process loads the command line; every command runs in a fork of it, with its own arguments, environment, folder
and output, and ends as any process does. `python -m vidpipe_tests.commands FD` is that process; what it loads stands
inside a function, since the workers of a command load its main module again. How the program itself starts, and is
interrupted, is tested by starting `VIDPIPE`.
"""

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

TIMEOUT_S = 240
VIDPIPE = str(Path(sys.executable).with_name("vidpipe"))
_REQUEST_BYTES = 1 << 20
_HEAVY = (
    "av",
    *(f"dagster._core.{name}" for name in ("executor.in_process", "instance.factory", "instance.runs.run_domain")),
    *(f"dagster._core.{name}" for name in ("secrets.env_file", "storage.root", "storage.sqlite_storage")),
    "upath.implementations.local",
    *(f"vidpipe.cli.{name}" for name in ("lineage", "main", "running", "status", "tables", "verifying")),
)


def environment(**more: str) -> dict[str, str]:
    """What a command sees: ours, quiet, one worker as others test at the same time, and `more`."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "120", "VIDPIPE_WORKERS": "1", **more}


def call(*args: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`vidpipe …` with `env` beside ours, to its end; -14 where it does not end."""
    asked = {"args": args, "cwd": str(cwd or Path.cwd()), "environ": environment(**(env or {}))}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        channel = _loaded()
        socket.send_fds(channel, [json.dumps(asked).encode()], [out.fileno(), err.fileno()])
        code = int(channel.recv(16))
        told = [os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode() for file in (out, err)]
    return subprocess.CompletedProcess([VIDPIPE, *args], code, *told)


@dataclass(frozen=True)
class Begun:
    """A command that runs beside the test, in a session of its own."""

    pid: int
    end: socket.socket

    def wait(self) -> int:
        """Its exit code, once it has ended; minus the signal where one ended it."""
        with self.end:
            return int(self.end.recv(16))

    def kill(self) -> int:
        """End it at once, as `kill -9` does; as `wait`."""
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()


def begin(*args: str, said: Path, env: Mapping[str, str] | None = None) -> Begun:
    """`vidpipe …` as in `call`, not waited for; what it says is added to `said`."""
    asked = {"args": args, "cwd": str(Path.cwd()), "environ": environment(**(env or {}))}
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with said.open("ab") as log, theirs:
        fds = [log.fileno(), log.fileno(), theirs.fileno()]
        socket.send_fds(_loaded(), [json.dumps(asked).encode()], fds)
    ours.settimeout(TIMEOUT_S)
    return Begun(int(ours.recv(16)), ours)


@cache
def _loaded() -> socket.socket:
    """The way to the process that has loaded everything; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "vidpipe_tests.commands", str(theirs.fileno())]
    root = Path(__file__).parents[1]
    process = subprocess.Popen(command, cwd=root, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _serve(channel: socket.socket) -> None:
    """Fork for every request; returns in the fork, and when the other end is closed."""
    for name in _HEAVY:
        import_module(name)
    gc.freeze()  # no command looks through what all of them share
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        request, fds, _, _ = socket.recv_fds(channel, _REQUEST_BYTES, 3)
        if not request:
            sys.exit(0)
        asked = json.loads(request)
        if "GEMINI_API_KEY" in asked["environ"]:
            import_module("google.genai")  # for all that follow; most commands need none of it
        if (child := os.fork()) == 0:
            channel.close()
            if len(fds) > 2:
                _keep(fds.pop())
            _become(asked, fds)
            return
        for fd in fds:
            os.close(fd)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if len(fds) == 2:
            channel.send(str(code).encode())


def _keep(end: int) -> None:
    """Go on in a process that nobody here waits for; another one does, and tells `end` of it."""
    if os.fork() != 0:
        os._exit(0)
    if (child := os.fork()) == 0:
        os.close(end)
        os.setsid()
        return
    with socket.socket(fileno=end) as told:
        told.send(str(child).encode())
        told.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
    os._exit(0)


def _become(asked: Mapping[str, Any], fds: list[int]) -> None:
    """Be the command that is asked for: its words, folder, environment and output."""
    for number, fd in enumerate(fds, start=1):
        os.dup2(fd, number)
        os.close(fd)
    sys.argv = [VIDPIPE, *asked["args"]]
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.alarm(TIMEOUT_S)


def _leave(codes: list[int]) -> None:
    """End with this code, now that all else is done: to take apart what forks share would first copy all of it."""
    sys.stdout.flush()
    sys.stderr.flush()
    for code in codes:
        os._exit(code)


if __name__ == "__main__":
    codes: list[int] = []
    atexit.register(_leave, codes)  # before anybody else's, so that it comes last
    _serve(socket.socket(fileno=int(sys.argv[1])))
    try:
        import_module("vidpipe.cli.main").main()
    except SystemExit as ended:
        codes += [ended.code] if isinstance(ended.code, int) else []
        raise
