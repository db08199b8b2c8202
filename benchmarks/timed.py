"""`python -m benchmarks.timed MODULE TASK JOB.json OUT.json`: one piece of Python work, measured from inside.

Ours and Python peers are measured alike: a process of their own, seconds and CPU of the work and of the processes it
starts, without the interpreter's start and the imports; the largest resident size is the whole process's. Programs
are measured from outside (`figures.measure`), their start included: it is some milliseconds.
"""

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Usage, measure

Work = Callable[[], Any]
"""What is measured; its answer must be JSON."""


@dataclass(frozen=True, slots=True)
class Job:
    """What there is to be done: which file, where results go, and which seconds `[start, end)` to cut."""

    path: str
    out: str
    spans: tuple[tuple[float, float], ...] = ()


def timed(module: str, task: str, job: Job) -> tuple[Usage, Any]:
    """Do a task of a module in a child process: what it used, and its answer.

    A module has `TASKS`: by name, what makes the work of a job, imports included.

    Raises:
        subprocess.CalledProcessError: it failed; `stderr` holds its last words.
    """
    folder = Path(job.out)
    folder.mkdir(parents=True, exist_ok=True)
    wanted, found = folder / "job.json", folder / "figures.json"
    wanted.write_text(json.dumps(asdict(job)), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.timed", module, task, str(wanted), str(found)]
    measure(command, environ=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])})
    document = json.loads(found.read_text(encoding="utf-8"))
    return Usage(**document["usage"]), document["answer"]


def _used() -> tuple[float, float]:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return time.perf_counter(), sum(used.ru_utime + used.ru_stime for used in both)


def _peak_mb() -> float:
    """The largest resident size of this process or of one that it started.

    This process's own is read where the kernel counts it anew for each program: `getrusage` starts at what the parent
    had when it started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    own_kb = int(status.partition("VmHWM:")[2].split()[0])
    return max(own_kb, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def _main(module: str, task: str, wanted: Path, found: Path) -> None:
    fields = json.loads(wanted.read_text(encoding="utf-8"))
    job = Job(fields["path"], fields["out"], tuple((start, end) for start, end in fields["spans"]))
    work: Work = importlib.import_module(module).TASKS[task](job)
    wall_s, cpu_s = _used()
    answer = work()
    wall_after_s, cpu_after_s = _used()
    usage = Usage(wall_after_s - wall_s, cpu_after_s - cpu_s, _peak_mb())
    found.write_text(json.dumps({"usage": asdict(usage), "answer": answer}), encoding="utf-8")


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
