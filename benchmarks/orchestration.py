"""What the machinery itself costs: Dagster's and vidpipe's share beyond the media work, and at 20,000 videos.

Every task works in a folder that goes with it, on real projects, through the command as people run it. None has a
peer: no other system does this work.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.figures import Figure, Usage, measure, middle
from benchmarks.overlap import overlap
from benchmarks.projects import VIDPIPE, from_checkout, make_project, make_recorded, media_seconds
from vidpipe.opening import open_project
from vidpipe.ports import Project

BATCH = 50
RECORDED = 20_000
_TIMES = 3
_SAMPLED = (sys.executable, "-m", "benchmarks.sampling")


def batch(folder: Path, n_videos: int = BATCH) -> list[Figure]:
    """A batch of tiny videos through the whole line: seconds a video beyond the media work, and whose they are."""
    environ = make_project(folder, n_videos)
    out = folder / "sampled.json"
    usage = measure([*_SAMPLED, str(folder / "project"), str(out)], environ=from_checkout(environ))
    project = open_project(folder / "project")
    found: dict[str, float] = json.loads(out.read_text(encoding="utf-8"))
    overhead = _overhead(project, usage, found)
    note = (
        "ours_s = (wall of the process - seconds of per-video work in workers / n_workers - those in the main process)"
        " / videos, seconds as the records' provenance states them; of it dagster_s, vidpipe_s, waiting_s (workers'"
        " start and idle time) and around_s (imports, the closing table) by sampling the main process every 5 ms."
        " ours_cpu_s = (CPU of all processes - all seconds of per-video work) / videos. aim: ours_s < 0.25"
    )
    per_video = {name: seconds / n_videos for name, seconds in overhead.items()}
    ours_s, ours_cpu_s = per_video.pop("ours_s"), per_video.pop("ours_cpu_s")
    n_bytes = _size(folder / "project" / ".dagster") / (n_videos * len(project.line().per_video))
    more: dict[str, Any] = {**per_video, "n_videos": n_videos, "run_wall_s": usage.wall_s, "run_cpu_s": usage.cpu_s}
    more |= {"dagster_bytes_per_asset_and_video": round(n_bytes), "store": "folder", "ledger": "sqlite"}
    return [
        Figure(f"batch_{n_videos}", f"{n_videos} videos of 1 s, 64 x 48", ours_s, ours_cpu_s, usage.rss_mb, note, more)
    ]


def _overhead(project: Project, usage: Usage, found: Mapping[str, float]) -> dict[str, float]:
    """Seconds beyond the media work, over all videos: in sum, and by share."""
    in_workers_s, in_main_s = media_seconds(project)
    n_workers = int(getattr(project.workers, "n_workers", 1))
    vidpipe_s = found.get("vidpipe_s", 0.0) + found.get("other_s", 0.0)
    return {
        "ours_s": usage.wall_s - in_workers_s / n_workers - in_main_s,
        "ours_cpu_s": usage.cpu_s - in_workers_s - in_main_s,
        "dagster_s": found.get("dagster_s", 0.0),
        "vidpipe_s": vidpipe_s - in_main_s,
        "waiting_s": found.get("workers_s", 0.0) - in_workers_s / n_workers,
        "around_s": usage.wall_s - sum(found.get(f"{n}_s", 0.0) for n in ("dagster", "vidpipe", "other", "workers")),
        "main_cpu_s": found["main_cpu_s"] - in_main_s,
        "media_s": in_workers_s + in_main_s,
    }


def single(folder: Path) -> list[Figure]:
    """One video through the whole line, as one command, three times over."""
    usages = []
    for number in range(_TIMES):
        environ = make_project(folder / str(number), 1)
        usages.append(measure([*VIDPIPE, "run"], environ=environ))
    usage = middle(usages)
    note = f"the whole process; median of {_TIMES} runs on projects of their own"
    return [Figure("single", "1 video of 1 s, 64 x 48", usage.wall_s, usage.cpu_s, usage.rss_mb, note)]


def index(folder: Path, n_videos: int = RECORDED, *, n_times: int = _TIMES) -> list[Figure]:
    """Many videos that are all done: what `status --json` takes, and a run that finds nothing to do."""
    environ = make_recorded(folder, n_videos)
    n_stages = len(open_project(folder / "project").line().per_video)
    what = f"{n_videos:,} recorded videos, {n_videos * n_stages:,} records in a folder"
    found = []
    for name, command, aim_s in (("status --json", ["status", "--json"], 2), ("run, nothing to do", ["run"], 10)):
        measure([*VIDPIPE, *command], environ=environ)  # the file system's caches, as after any work on the project
        usages = [measure([*VIDPIPE, *command], environ=environ) for _ in range(n_times)]
        usage, best = middle(usages), min(u.wall_s for u in usages)
        note = f"the whole process; median of {n_times} runs; aim < {aim_s} s"
        task = f"index_{n_videos // 1000}k" if n_videos >= 1000 else f"index_{n_videos}"
        more = {"best_s": best}
        found.append(Figure(task, f"{name}: {what}", usage.wall_s, usage.cpu_s, usage.rss_mb, note, more))
    return found


TASKS: Mapping[str, Callable[[Path], list[Figure]]] = MappingProxyType(
    {"batch_50": batch, "single": single, "index_20k": index, "overlap": overlap}
)


def run_tasks(tasks: Sequence[str], folder: Path) -> list[Figure]:
    """Each task in its own empty folder under `folder`, one after the other."""
    return [figure for name in tasks for figure in TASKS[name](folder / name)]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
