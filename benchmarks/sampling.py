"""`python -m benchmarks.sampling PROJECT OUT.json`: one `vidpipe run`, and where its main process spends its time.

The stack of the thread that drives the line is looked at every few milliseconds. A moment belongs to whose code is
innermost among Dagster's and ours: SQLAlchemy called by Dagster is Dagster's, called by the ledger it is vidpipe's.
Waiting for workers is a share of its own. Nothing is instrumented, so nothing is slower but by the sampling itself.
"""

import json
import os
import resource
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

STEP_S = 0.005
_LINE = "vidpipe.cli.engine"  # the module that stands on the stack of the thread that drives the line
_OURS = ("vidpipe", "assets", "resources")
_WAITING = ("_pool",)


def share_of(frame: FrameType | None) -> str:
    """Whose moment a stack is: `workers`, `vidpipe`, `dagster`, or `other` where neither is on it."""
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in _OURS:
            return "workers" if frame.f_code.co_name in _WAITING else "vidpipe"
        if package.startswith("dagster"):
            return "dagster"
        frame = frame.f_back
    return "other"


def line_frame() -> FrameType | None:
    """The innermost frame of the thread that drives the line; None where there is none."""
    for innermost in sys._current_frames().values():  # noqa: SLF001 - the documented way
        frame: FrameType | None = innermost
        while frame is not None:
            if frame.f_globals.get("__name__") == _LINE:
                return innermost
            frame = frame.f_back
    return None


class Sampler(threading.Thread):
    """Adds up, in seconds by share, where the line's thread is; until it exists or after it ends, `around`."""

    def __init__(self) -> None:
        super().__init__(daemon=True, name="sampler")
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.ended = threading.Event()

    def run(self) -> None:
        """Look again and again, until `ended`."""
        before = time.perf_counter()
        while not self.ended.wait(STEP_S):
            now = time.perf_counter()
            frame = line_frame()
            self.seconds[share_of(frame) if frame is not None else "around"] += now - before
            before = now


def sampled_run(folder: Path) -> dict[str, float | int]:
    """One run of the line: exit code, seconds by share, and the CPU seconds of this process and of its workers."""
    from vidpipe.cli.running import run_line  # here, so that workers, which load this module again, do not load it

    os.environ |= {"VIDPIPE_PROJECT": str(folder), "DAGSTER_HOME": str(folder / ".dagster")}
    sampler = Sampler()
    sampler.start()
    code = run_line(folder)
    sampler.ended.set()
    sampler.join()
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "exit_code": code,
        "main_cpu_s": own.ru_utime + own.ru_stime,
        "workers_cpu_s": children.ru_utime + children.ru_stime,
        **{f"{name}_s": seconds for name, seconds in sampler.seconds.items()},
    }


if __name__ == "__main__":
    found = sampled_run(Path(sys.argv[1]).absolute())
    Path(sys.argv[2]).write_text(json.dumps(found), encoding="utf-8")
    sys.exit(int(found["exit_code"]))
