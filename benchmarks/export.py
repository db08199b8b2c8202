"""What writing a dataset costs: records a second, and memory, over many small clips.

The clips are one real clip with a number in a box at its end, so that each has its own bytes. None has a peer: no other
tool writes both layouts with their provenance, card and explorer.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from benchmarks.figures import Figure
from benchmarks.projects import make_clips
from benchmarks.timed import Job, timed

CLIP_BYTES = 50_000
_NOTE = "rows made from their provenance, both layouts, card, explorer and provenance written; aim >= 300/s and < 1 GB"


def records(
    folder: Path, n_records: int = 10_000, *, tasks: Sequence[str] = ("scenes", "scenes", "segments")
) -> list[Figure]:
    """Scenes of videos whose files lie in the store; all over again, when nothing is new; then as segments."""
    store = folder / "store"
    make_files(folder / "clip", store, n_records)
    found = []
    for i, task in enumerate(tasks):
        usage, n_rows = timed("benchmarks.exporting", task, Job(str(store), str(folder / "out")))
        more = {"records_per_s": n_rows / usage.wall_s}
        again = ", again, nothing new" if task in tasks[:i] else ""
        name = f"{n_rows:,} {task} with clips of {CLIP_BYTES / 1000:g} kB{again}"
        found.append(Figure("records_10k", name, usage.wall_s, usage.cpu_s, usage.rss_mb, _NOTE, more))
    return found


TASKS: Mapping[str, Callable[[Path], list[Figure]]] = MappingProxyType({"records_10k": records})


def run_tasks(tasks: Sequence[str], folder: Path) -> list[Figure]:
    """Each task in its own empty folder under `folder`, one after the other."""
    return [figure for name in tasks for figure in TASKS[name](folder / name)]


def make_files(folder: Path, store: Path, n_clips: int) -> None:
    """So many videos in a store, as `raw_videos` keeps them; `folder` is for the clip that they are made of."""
    make_clips(folder, 1)
    clip = next(folder.glob("*.mp4")).read_bytes()
    n_bytes = max(CLIP_BYTES - len(clip), 16)
    for number in range(n_clips):
        place = store / f"raw_videos/video{number:05}"
        place.mkdir(parents=True)
        box = struct.pack(">I4sQ", n_bytes, b"free", number)
        (place / "video.mp4").write_bytes(clip + box.ljust(n_bytes, b"\0"))
