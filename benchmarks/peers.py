"""Who runs beside us, on which file, and how: files, peers with their command lines, and contests of them.

Which peers a task has stands in `contests`; how rounds are run and summed up in `media`.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import programs
from benchmarks.figures import Usage
from benchmarks.programs import Command
from benchmarks.timed import Job, timed

WINDOW_S, OVERLAP_S = 60, 5
_UNCUT_S = 6.4  # the length of shots where none are known
ALL_CORES = f"threads auto, {len(os.sched_getaffinity(0))} cores"

Spans = tuple[tuple[float, float], ...]
Run = Callable[[Job], tuple[Usage, Any]]


@dataclass(frozen=True, slots=True)
class Input:
    """A file to measure on: seconds of its picture, and where its cuts are, if known."""

    path: Path
    duration_s: float
    size: tuple[int, int]
    cuts_s: tuple[float, ...] = ()

    def job(self, spans: Spans = (), out: str = "OUT") -> Job:
        """The job of these spans, with results in `out`."""
        return Job(str(self.path), out, spans)

    def shots(self) -> Spans:
        """The known shots; pieces of 6.4 s where there are none."""
        n_pieces = max(1, round(self.duration_s / _UNCUT_S))
        cuts_s = self.cuts_s or [round(i * self.duration_s / n_pieces, 3) for i in range(1, n_pieces)]
        return tuple(pairwise((0.0, *cuts_s, self.duration_s)))

    @property
    def words(self) -> str:
        """How rows name it."""
        return f"{self.path.name} ({self.size[0]}x{self.size[1]}, {self.duration_s:.0f} s)"


def windows(duration_s: float) -> Spans:
    """Windows of 60 s that share 5 s, as `vidpipe.timeline.spans.sliding_windows` has them."""
    starts = range(0, max(1, math.ceil(duration_s - OVERLAP_S)), WINDOW_S - OVERLAP_S)
    return tuple((float(start), min(float(start + WINDOW_S), duration_s)) for start in starts)


@dataclass(frozen=True, slots=True)
class Peer:
    """What is run beside ours: a short name, all that a person needs to run it too, and what is aimed at.

    `run` is None where it cannot be run; `words` say why. `judge` makes figures of our answer and its.
    """

    name: str
    words: str
    run: Run | None
    aim: str = ""
    judge: Callable[[Any, Any], dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Contest:
    """One task on one file: our work, peers, the seconds to cut, and a note on what is done and what limits it.

    Where ours and a peer differ by little there are at least so many rounds, however long one takes.
    """

    task: str
    ours: Run
    peers: tuple[Peer, ...]
    note: str
    spans: Spans = ()
    least_rounds: int = 1


def ours(task: str) -> Run:
    """Our own work on a task."""
    return partial(timed, "benchmarks.ours", task)


def python(name: str, package: str, task: str, words: str, *, aim: str = "") -> Peer:
    """A peer that is a Python library."""
    try:
        told = f"{package} {version(package)}: {words}"
    except PackageNotFoundError:
        return Peer(name, f"{package} is not installed", None, aim)
    return Peer(name, told, partial(timed, "benchmarks.python_peers", task), aim)


def program(name: str, make: Callable[[Job], list[Command]], job: Job, *, aim: str = "", expect: int = 0) -> Peer:
    """A peer that is the program ffmpeg; its command line names the preset."""
    if programs.ffmpeg() is None:
        return Peer(name, "imageio-ffmpeg is not installed", None, aim)

    def run(job: Job) -> tuple[Usage, Any]:
        return programs.run_all(make(job), expect=expect), None

    return Peer(name, f"{programs.version()}: {programs.as_words(make(job), job)}; {ALL_CORES}", run, aim)


def plain_decode(*, aim: str = "", with_sound: bool = False) -> tuple[Peer, Peer]:
    """The limit of all that must see every frame: on one thread, to which the aim belongs, and on all cores."""
    task, what = ("decode_with_sound", "picture and sound") if with_sound else ("decode", "the picture")
    one, every = (task, f"{task}_all") if with_sound else ("decode_one", "decode_all")
    return (
        python("decode, 1 thread", "av", one, f"decodes {what}, every frame, nothing else; 1 thread", aim=aim),
        python("decode, all cores", "av", every, f"decodes {what}, every frame, nothing else; {ALL_CORES}"),
    )


def pyscenedetect(*, aim: str = "") -> Peer:
    """ContentDetector on OpenCV: its default threshold and reduction, scenes as short as ours."""
    told = f"detect(FILE, ContentDetector(min_scene_len=0.6)): threshold 27; {ALL_CORES}"
    return python("PySceneDetect", "scenedetect-headless", "scenes", told, aim=aim)
