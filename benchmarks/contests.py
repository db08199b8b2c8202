"""Who runs against whom on one file: ours, the peers with their command lines, and what is aimed at.

How rounds are run and summed up belongs to `media`.
"""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks import programs
from benchmarks.figures import Usage
from benchmarks.ours import N_JOINED
from benchmarks.programs import Command
from benchmarks.timed import Job, timed

WINDOW_S, OVERLAP_S = 60, 5
_UNCUT_S = 6.4  # the length of shots where none are known
_ALL_CORES = f"threads auto, {len(os.sched_getaffinity(0))} cores"

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
    """One task on one file: our work, peers, the seconds to cut, and a note on what is done and what limits it."""

    task: str
    ours: Run
    peers: tuple[Peer, ...]
    note: str
    spans: Spans = ()


def _ours(task: str) -> Run:
    return partial(timed, "benchmarks.ours", task)


def _python(name: str, package: str, task: str, words: str, *, aim: str = "") -> Peer:
    """A peer that is a Python library."""
    try:
        told = f"{package} {version(package)}: {words}"
    except PackageNotFoundError:
        return Peer(name, f"{package} is not installed", None, aim)
    return Peer(name, told, partial(timed, "benchmarks.python_peers", task), aim)


def _program(name: str, make: Callable[[Job], list[Command]], job: Job, *, aim: str = "", expect: int = 0) -> Peer:
    """A peer that is the program ffmpeg; its command line names the preset."""
    if programs.ffmpeg() is None:
        return Peer(name, "imageio-ffmpeg is not installed", None, aim)

    def run(job: Job) -> tuple[Usage, Any]:
        return programs.run_all(make(job), expect=expect), None

    return Peer(name, f"{programs.version()}: {programs.as_words(make(job), job)}; {_ALL_CORES}", run, aim)


def _plain_decode(*, aim: str = "", with_sound: bool = False) -> tuple[Peer, Peer]:
    task, what = ("decode_with_sound", "picture and sound") if with_sound else ("decode", "the picture")
    one, every = (task, f"{task}_all") if with_sound else ("decode_one", "decode_all")
    return (
        _python("decode, 1 thread", "av", one, f"decodes {what}, every frame, nothing else; 1 thread", aim=aim),
        _python("decode, all cores", "av", every, f"decodes {what}, every frame, nothing else; {_ALL_CORES}"),
    )


def _probe(source: Input) -> Contest:
    job = source.job()
    return Contest(
        "probe",
        _ours("probe"),
        (
            _program("ffmpeg -i", programs.header, job, expect=1),
            _python(
                "PyAV packets", "av", "packets", "opens the file and counts its packets, as ffprobe does; 1 thread"
            ),
        ),
        "ours reads every packet, decodes one frame as proof and hashes the whole file; `ffmpeg -i` reads the header "
        "only (the wheel has no ffprobe)",
    )


def _freezedetect(source: Input, aim: str) -> Peer:
    return _program("freezedetect", partial(programs.freezedetect, duration_s=source.duration_s), source.job(), aim=aim)


def _dynamism_compat(source: Input) -> Contest:
    peers = (_freezedetect(source, ">= 10 in the median"), *_plain_decode(aim=">= 0.91 at worst"))
    return Contest("dynamism_compat", _ours("dynamism_compat"), peers, "FineVideo's verdicts by the fewest frames")


def _dynamism_default(source: Input) -> Contest:
    told = "cv2.calcOpticalFlowFarneback at 2 fps, shorter side 120 px, read on without seeking (Data-Juicer seeks)"
    flow = _python("optical flow", "opencv-python-headless", "optical_flow", f"{told}; {_ALL_CORES}")
    peers = (_freezedetect(source, ">= 20 in the median, >= 5 at worst"), flow)
    return Contest("dynamism_default", _ours("dynamism_default"), peers, "what share of the duration stands still")


def _analysis(source: Input) -> Contest:  # noqa: ARG001 - as all contests
    peers = _plain_decode(aim=">= 0.77", with_sound=True)
    return Contest("analysis", _ours("analysis"), peers, "every measure, on one decoding thread; aim < 150 MB at 1080p")


def _cut_exact(source: Input) -> Contest:
    spans = source.shots()
    job = source.job(spans)
    peers = (
        _program("ffmpeg per clip", programs.cut_each, job, aim=">= 1.8"),
        _program("ffmpeg, 16 outputs", programs.cut_many, job, aim=">= 1.15"),
        _program("limit: one encode", programs.encode_once, job),
    )
    note = (
        f"{len(spans)} known shots, all exact at both ends, x264 veryfast crf 23 everywhere; the limit is decoding and "
        "encoding every frame once"
    )
    return Contest("cut_exact", _ours("cut_exact"), peers, note, spans)


def _windows_smart(source: Input) -> Contest:
    spans = windows(source.duration_s)
    moviepy = _python(
        "moviepy",
        "moviepy",
        "moviepy_windows",
        f"VideoFileClip(FILE).subclipped(…).write_videofile(…, audio_codec='aac') per window; medium; {_ALL_CORES}",
        aim=">= 20",
    )
    peers = (moviepy, _program("ffmpeg per window", programs.cut_each, source.job(spans), aim=">= 6"))
    note = f"{len(spans)} windows of {WINDOW_S} s that share {OVERLAP_S} s"
    return Contest("windows_smart", _ours("windows_smart"), peers, note, spans)


def _shots_in_pass(source: Input) -> Contest:  # noqa: ARG001 - as all contests
    peers = (*_plain_decode(aim=">= 0.95"), _pyscenedetect())
    note = "the one pass with what cuts are decided from and nothing else, on one decoding thread"
    return Contest("shots_in_pass", _ours("shots_in_pass"), peers, note)


def _pyscenedetect(*, aim: str = "") -> Peer:
    told = f"detect(FILE, ContentDetector()): threshold 27, 15 frames; {_ALL_CORES}"
    return _python("PySceneDetect", "scenedetect-headless", "scenes", told, aim=aim)


def _proxy(source: Input) -> Contest:
    size = "640:-2" if source.size[0] >= source.size[1] else "-2:640"
    job = source.job()
    told = f"VideoReader(FILE).get_batch(one frame in five seconds), full size, not encoded; {_ALL_CORES}"
    peers = (
        _program("ffmpeg fps=0.2", partial(programs.proxy, size=size), job, aim=">= 10"),
        _program("ffmpeg -skip_frame nokey", partial(programs.proxy, size=size, only_keys=True), job),
        _python("decord", "decord", "decord_frames", told),
    )
    note = "one frame in five seconds, 640 px, without sound; of key frames alone ffmpeg's times are up to a GOP off"
    return Contest("proxy", _ours("proxy"), peers, note)


def _join(source: Input) -> Contest:
    def run(job: Job) -> tuple[Usage, Any]:
        programs.write_list(job, N_JOINED)
        return programs.run_all(programs.concat(job)), None

    peer = _program("ffmpeg concat", programs.concat, source.job(), aim=">= 0.87")
    peer = peer if peer.run is None else replace(peer, run=run)
    note = f"{N_JOINED} times the file, without encoding, its index in front; each packet passes through Python once"
    return Contest("join", _ours("join"), (peer,), note)


CONTESTS: Mapping[str, Callable[[Input], Contest]] = MappingProxyType(
    {
        "probe": _probe,
        "dynamism_compat": _dynamism_compat,
        "dynamism_default": _dynamism_default,
        "shots_in_pass": _shots_in_pass,
        "cut_exact": _cut_exact,
        "windows_smart": _windows_smart,
        "join": _join,
        "proxy": _proxy,
        "analysis": _analysis,
    }
)
