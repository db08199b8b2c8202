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


def records(folder: Path, n_records: int = 10_000) -> list[Figure]:
    """Scenes of videos whose files lie in the store; then all over again, when nothing is new."""
    store = folder / "store"
    _make_clips(folder / "clip", store, n_records)
    found = []
    for task, what in (("scenes", "written anew"), ("scenes", "again, nothing new"), ("segments", "as segments")):
        usage, n_rows = timed("benchmarks.exporting", task, Job(str(store), str(folder / "out")))
        more = {"records_per_s": n_rows / usage.wall_s}
        name = f"{n_rows:,} records with clips of {CLIP_BYTES / 1000:g} kB, {what}"
        found.append(Figure("records_10k", name, usage.wall_s, usage.cpu_s, usage.rss_mb, _NOTE, more))
    return found


TASKS: Mapping[str, Callable[[Path], list[Figure]]] = MappingProxyType({"records_10k": records})


def run_tasks(tasks: Sequence[str], folder: Path) -> list[Figure]:
    """Each task in its own empty folder under `folder`, one after the other."""
    return [figure for name in tasks for figure in TASKS[name](folder / name)]


def _make_clips(folder: Path, store: Path, n_clips: int) -> None:
    make_clips(folder, 1)
    clip = next(folder.glob("*.mp4")).read_bytes()
    n_bytes = max(CLIP_BYTES - len(clip), 16)
    for number in range(n_clips):
        place = store / f"raw_videos/video{number:05}"
        place.mkdir(parents=True)
        box = struct.pack(">I4sQ", n_bytes, b"free", number)
        (place / "video.mp4").write_bytes(clip + box.ljust(n_bytes, b"\0"))
