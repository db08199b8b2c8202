"""What a benchmark measures, and on which machine: figures as the contract's JSON has them.

How a process is measured stands here too; what is run stands in the tasks.
"""

import os
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

_SOFTWARE = ("vidpipe", "dagster", "sqlalchemy", "polars", "av")


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process used, its own children included: seconds of wall and CPU, and the largest resident size."""

    wall_s: float
    cpu_s: float
    rss_mb: float


@dataclass(frozen=True, slots=True)
class Beside:
    """What a peer took, medians over the rounds, and how much more than ours: medians of each round's ratio.

    `peer` is its version, command line, threads and preset. Figures are None where it could not be run.
    """

    peer: str
    peer_s: float | None = None
    ratio: float | None = None
    peer_rss_mb: float | None = None
    peer_cpu_s: float | None = None
    ratio_cpu: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One row. `more` holds figures of this task alone; `beside` is None where there is no peer to compare with.

    Figures are None where a row sums others up, or ours could not be run either.
    """

    task: str
    input: str
    ours_s: float | None
    ours_cpu_s: float | None
    ours_rss_mb: float | None
    note: str
    more: Mapping[str, Any] = field(default_factory=dict)
    beside: Beside | None = None

    def as_json(self) -> dict[str, Any]:
        """The row as the contract has it."""
        row = asdict(self)
        more, beside = row.pop("more"), row.pop("beside") or dict.fromkeys(Beside.__slots__)
        return {name: _rounded(value) for name, value in (row | beside | more).items()}


def measure(command: Sequence[str], *, environ: Mapping[str, str], expect: int = 0) -> Usage:
    """Run a command to its end, its output thrown away, and say what it used.

    Raises:
        subprocess.CalledProcessError: its exit code is not the expected one; `stderr` holds its last words.
    """
    began = time.perf_counter()
    with subprocess.Popen(command, env=dict(environ), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None, "stderr is a pipe"
        words = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - began
    if process.returncode != expect:
        last_words = words.decode(errors="replace")[-2000:]
        error = subprocess.CalledProcessError(process.returncode, command, stderr=last_words)
        error.add_note(last_words)
        raise error
    return Usage(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def middle(usages: Sequence[Usage]) -> Usage:
    """The medians of several runs, each figure by itself; the largest resident size."""
    return Usage(
        median(u.wall_s for u in usages),
        median(u.cpu_s for u in usages),
        max(u.rss_mb for u in usages),
    )


def machine() -> dict[str, Any]:
    """What the figures were measured on; no names of hosts."""
    return {
        "cpu": _cpu(),
        "n_cores": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 2),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in _SOFTWARE},
    }


def _cpu() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return named or platform.machine()


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
