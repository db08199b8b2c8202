"""What asking services costs: calls a second, memory over many of them, files on their way.

Everything is asked of the emulated services in a process of their own, by the real clients in another one, which is
what is measured; the ledger is SQLite, the store a folder. None has a peer: no other system does this work.
"""

import json
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from types import MappingProxyType
from typing import Any

from benchmarks.asking import Found, Wish
from benchmarks.figures import Figure, measure
from benchmarks.projects import environ_of, from_checkout, make_clips, make_project_of
from benchmarks.servers import serving

AT_ONCE = 64
_MIB = 1 << 20


def rate(folder: Path, n_calls: int = 20 * AT_ONCE, *, n_threads: int = AT_ONCE, delay_s: float = 2.0) -> list[Figure]:
    """As many calls at once as there are threads: the rate beside what the service's delay alone would allow."""
    found, late_s = _asked(folder, Wish(n_calls, n_threads), delay_s=delay_s)
    most_per_s, per_s = n_threads / delay_s, n_calls / found.wall_s
    note = (
        f"wall of {n_calls} calls, ramp and end included; share = calls a second / ({n_threads} / {delay_s:g} s); aim"
        " >= 0.95. server_late_ms: how much longer than that the emulated service took itself"
    )
    more = {"calls_per_s": per_s, "most_per_s": most_per_s, "share": per_s / most_per_s}
    more |= {"cpu_ms_per_call": 1000 * found.cpu_s / n_calls, "server_late_ms": 1000 * late_s}
    what = f"{n_calls:,} calls, {n_threads} at once, answers after {delay_s:g} s"
    return [Figure(f"rate_{n_threads}", what, found.wall_s, found.cpu_s, found.peak_rss_mb, note, more)]


def memory(folder: Path, n_calls: int = 2000, *, n_threads: int = AT_ONCE, delay_s: float = 0.5) -> list[Figure]:
    """The resident size after a tenth of many calls, and after all."""
    first = n_calls // 10
    found, _ = _asked(folder, Wish(n_calls, n_threads, looks=(first, n_calls)), delay_s=delay_s)
    before_mb, after_mb = found.rss_mb
    note = f"resident size after {first} and after {n_calls} answers; aim: flat, that is within 10 % and 10 MB"
    more = {"first_rss_mb": before_mb, "last_rss_mb": after_mb, "growth_mb": after_mb - before_mb}
    what = f"{n_calls:,} calls, {n_threads} at once, answers after {delay_s:g} s"
    return [Figure(f"memory_{n_calls}", what, found.wall_s, found.cpu_s, found.peak_rss_mb, note, more)]


def upload(folder: Path, n_files: int = 16, *, file_bytes: int = 16 * _MIB, n_threads: int = 8) -> list[Figure]:
    """Files that are sent before they are asked about, and deleted afterwards."""
    paths = _make_files(folder / "files", n_files, file_bytes)
    found, _ = _asked(folder, Wish(n_files, n_threads, files=tuple(map(str, paths))), delay_s=0.0)
    n_mib = n_files * file_bytes / _MIB
    note = "wall of: hash, send, poll until it is there, ask, delete; the emulated service takes its share of the CPU"
    more = {"mib_per_s": n_mib / found.wall_s, "mib_per_cpu_s": n_mib / found.cpu_s}
    what = f"{n_files} files of {file_bytes / _MIB:g} MiB, {n_threads} at once"
    return [Figure("upload", what, found.wall_s, found.cpu_s, found.peak_rss_mb, note, more)]


TASKS: Mapping[str, Callable[[Path], list[Figure]]] = MappingProxyType(
    {"rate_64": rate, "memory_2000": memory, "upload": upload}
)


def run_tasks(tasks: Sequence[str], folder: Path) -> list[Figure]:
    """Each task in its own empty folder under `folder`, one after the other."""
    return [figure for name in tasks for figure in TASKS[name](folder / name)]


def _asked(folder: Path, wish: Wish, *, delay_s: float) -> tuple[Found, float]:
    """What asking took, and how many seconds later than it should the service answered, on average."""
    make_clips(folder / "videos", 1)
    make_project_of(folder / "project", folder / "videos", annotator="gemini")
    wanted, told = folder / "wish.json", folder / "found.json"
    wanted.write_text(json.dumps(asdict(wish)), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.asking", str(folder / "project"), str(wanted), str(told)]
    with serving(folder / "services", delay_s=delay_s) as services:
        environ = environ_of(folder / "project") | services.environ() | {"VIDPIPE_CALLS": str(wish.n_threads)}
        measure(command, environ=from_checkout(environ))
        late_s = mean(float(entry["seconds"]) for entry in services.asked()) - delay_s
    fields: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    return Found(**{**fields, "rss_mb": tuple(fields["rss_mb"])}), late_s


def _make_files(folder: Path, n_files: int, file_bytes: int) -> list[Path]:
    """Videos of a second, each with bytes of its own behind it, which players skip: none shares an upload."""
    make_clips(folder, n_files)
    paths = sorted(folder.iterdir())
    for number, path in enumerate(paths):
        with path.open("ab") as file:
            n_pad = max(12, file_bytes - file.tell())
            file.write(struct.pack(">I4sI", n_pad, b"free", number) + bytes(n_pad - 12))
    return paths
