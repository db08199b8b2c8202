"""How much memory the analysis takes of a long video and of a large one, and how its time grows with their length."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks import programs
from benchmarks.figures import Figure
from benchmarks.timed import Job, timed

_LARGE_S = 10
_NOTE = "packets of one clip, copied again and again; aim < 150 MB up to 1080p and < 400 MB at 4K, within 50 MB of each"


def memory(clip: Path, folder: Path, *, progress: Callable[[str], None]) -> Iterator[Figure]:
    """A row for 1, 10 and 60 minutes of a clip, and for ten seconds of it at 4K; none without ffmpeg.

    Raises:
        subprocess.CalledProcessError: a file could not be made or measured.
    """
    if programs.ffmpeg() is None:
        return
    sizes = [
        (f"{minutes} min of {clip.name}", partial(programs.repeated, seconds=60 * minutes)) for minutes in (1, 10, 60)
    ]
    for words, make in (
        *sizes,
        (f"{_LARGE_S} s of {clip.name} at 3840x2160", partial(programs.enlarged, seconds=_LARGE_S)),
    ):
        progress(f"memory: {words}")
        folder.mkdir(parents=True, exist_ok=True)
        programs.run_all(make(Job(str(clip.absolute()), str(folder))))
        made = next(folder.glob("*.mp4"))
        usage, n_frames = timed("benchmarks.ours", "analysis", Job(str(made), str(folder / "out")))
        shutil.rmtree(folder)
        more = {"n_frames": n_frames, "ms_per_frame": 1000 * usage.cpu_s / n_frames}
        yield Figure("analysis", words, usage.wall_s, usage.cpu_s, usage.rss_mb, _NOTE, more)
