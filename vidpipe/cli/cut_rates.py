"""How often the videos of a project cut, where that is not known yet: found out from pieces of some of them."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from assets.videos import limits_of
from vidpipe.annotation.lengths import SCENE_S
from vidpipe.media.shot_rate import shot_rate
from vidpipe.ports import Project
from vidpipe.workers.processes import Processes, Task

PIECE_S, MOST_S, MOST_PIECES = 60.0, 360.0, 30
"""The longest piece, all pieces together, in seconds, and how many there are at most: some seconds of work."""
_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class CutRate:
    """So many cuts in so many seconds of so many videos."""

    n_cuts: int
    seconds: float
    n_videos: int = 0

    @property
    def per_s(self) -> float:
        """Cuts a second; where nothing was seen, as many as a model is taken to see."""
        return self.n_cuts / self.seconds if self.seconds else 1 / SCENE_S


def sampled(project: Project, durations_s: Mapping[str, float]) -> CutRate:
    """The cuts in the middle of some of these files, evenly spread; `durations_s` by path, as far as they are known.

    A file that cannot be decoded counts for nothing.
    """
    paths = [path for path in sorted(durations_s) if Path(path).is_file()]
    mean_s = sum(min(durations_s[path], PIECE_S) for path in paths) / len(paths) if paths else 1.0
    n = min(len(paths), MOST_PIECES, max(1, int(MOST_S / max(mean_s, 0.1))))
    some = [paths[i * len(paths) // n] for i in range(n)]
    with tempfile.TemporaryDirectory(prefix="vidpipe-") as scratch:
        look = partial(shot_rate, limits=limits_of(project), scratch=Path(scratch), most_s=PIECE_S)
        processes = Processes(n_workers=1, timeout_s=_TIMEOUT_S)
        tasks = (Task(path, look, Path(path)) for path in some)
        seen = [done.value for done in processes.run(tasks) if done.how == "ok"]
    n_cuts = sum(rate.n_shots - 1 for rate in seen)
    return CutRate(n_cuts, sum(rate.seconds for rate in seen), len(seen))
