"""A model that looks: the scenes of a video by its cuts, told truly, or with the mistakes that models make.

Cuts are found in the pictures that were sent. A proxy of one frame a second says only between which frames a cut
lies: its middle is told. With the videos that proxies are made of at hand, the cuts are theirs.
"""

import hashlib
import io
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.reformatter import VideoReformatter

from vidpipe.errors import VidpipeError
from vidpipe.media.coarse_shots import find_shots
from vidpipe.media.limits import Limits
from vidpipe_tests.servers.gemini_asks import Seen
from vidpipe_tests.servers.gemini_generate import Eyes, even_scenes
from vidpipe_tests.servers.instances import Span

DRIFT_S = 1.4
_SIDE_PX = 16
_SPARSE_S = 0.2  # frames farther apart than this are a proxy's
_CUT = 38.0  # grey levels by which pictures a second apart differ at cuts; in the demo's footage 41 and more
_N_COMPARED = 6
_MAX_UNLIKENESS = 16.0  # grey levels; what was scaled and encoded again differs by less than half of it
_MAX_LONGER_S = 1.5  # than its source a proxy can be
_LEAST_S = 0.04


@dataclass(frozen=True, slots=True)
class _Film:
    """A video's pictures, tiny: times in seconds [n], pictures [n, side, side, RGB]."""

    times_s: npt.NDArray[np.float64]
    pictures: npt.NDArray[np.uint8]

    @property
    def is_sparse(self) -> bool:
        """Whether it can only be a proxy."""
        return len(self.times_s) > 1 and float(np.median(np.diff(self.times_s))) > _SPARSE_S

    def changes_s(self) -> tuple[float, ...]:
        """The middle of every gap between two frames across which the picture is another."""
        changed = np.abs(np.diff(self.pictures.astype(np.float32), axis=0)).mean(axis=(1, 2, 3)) > _CUT
        return tuple((((self.times_s[:-1] + self.times_s[1:]) / 2)[changed]).tolist())


class TrueEyes:
    """Sees the true scenes. `videos` are the files that proxies may be made of. Safe to use from several threads."""

    def __init__(self, videos: Sequence[Path] = ()) -> None:
        self._videos = [(path, length_s) for path in videos if (length_s := _length_s(path)) is not None]
        self._lock = threading.Lock()
        self._cuts_s: dict[str, tuple[float, ...]] = {}

    def __call__(self, seen: Seen) -> list[Span]:
        """The scenes of what is looked at; of a video whose pictures nobody has, scenes of equal length."""
        if not seen.data or not seen.clip.has_picture:
            return even_scenes(seen)
        sha256 = hashlib.sha256(seen.data).hexdigest()
        with self._lock:
            cuts_s = self._cuts_s.get(sha256)
        if cuts_s is None:
            try:
                cuts_s = self._cuts(seen)
            except (VidpipeError, av.FFmpegError):  # damaged: it sees one long scene
                cuts_s = ()
            with self._lock:
                self._cuts_s[sha256] = cuts_s
        return list(pairwise([seen.start_s, *(s for s in cuts_s if seen.start_s < s < seen.end_s), seen.end_s]))

    def _cuts(self, seen: Seen) -> tuple[float, ...]:
        itself = self._same(seen.data)
        if itself is not None:
            return _cuts_of(itself)
        film = _film(seen.data)
        source = self._source(film, seen.clip.duration_s)
        if source is not None:
            return _cuts_of(source)
        if film.is_sparse:
            return film.changes_s()
        with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
            file.write(seen.data)
            file.flush()
            return _found(Path(file.name))

    def _same(self, data: bytes) -> Path | None:
        """The video that was sent as it is: to look at the others would take long where there are many."""
        same_size = (path for path, _ in self._videos if path.stat().st_size == len(data))
        return next((path for path in same_size if path.read_bytes() == data), None)

    def _source(self, film: _Film, length_s: float) -> Path | None:
        """The video that a film is made of, as far as its length and a few of its pictures tell."""
        some = np.unique(np.linspace(0, len(film.times_s) - 1, _N_COMPARED).astype(int))
        likes = [
            (_unlikeness(path, film.times_s[some], film.pictures[some]), path)
            for path, other_s in self._videos
            if abs(other_s - length_s) <= _MAX_LONGER_S
        ]
        unlikeness, path = min(likes, default=(_MAX_UNLIKENESS, None))
        return path if unlikeness < _MAX_UNLIKENESS else None


def drifting(eyes: Eyes) -> Eyes:
    """Eyes that see everything `DRIFT_S` late, two scenes as one, and one scene as two."""

    def see(seen: Seen) -> list[Span]:
        edges = _mistaken([start_s for start_s, _ in eyes(seen)], seen.end_s)
        latest = [seen.end_s - _LEAST_S * (len(edges) - i) for i in range(len(edges))]
        late = [max(seen.start_s, min(edge + DRIFT_S, last)) for edge, last in zip(edges, latest, strict=True)]
        return list(pairwise([*late, seen.end_s]))

    return see


def _mistaken(starts: list[float], end_s: float) -> list[float]:
    """The starts of scenes without one that there is, and with the middle of the longest scene.

    Nobody should take the one for the other: so what is missed lies far from what is invented, and does not touch it.
    A start that would be told after the end is missed before any other. Of fewer than three scenes none is missed.
    """
    scenes = list(pairwise([*starts, end_s]))
    longest = max(scenes, key=lambda scene: scene[1] - scene[0])
    middle = sum(longest) / 2
    others = [s for s in starts[1:] if s not in longest]
    if others:
        missed = max(others, key=lambda s: (s + DRIFT_S >= end_s, abs(s - middle)))
        starts = [s for s in starts if s != missed]
    return sorted([*starts, middle])


def _film(data: bytes) -> _Film:
    times_s, pictures = [], []
    reformat = VideoReformatter().reformat  # making one takes longer than using it
    with av.open(io.BytesIO(data), "r") as container:
        for frame in container.decode(video=0):
            times_s.append((frame.time or 0.0) - _zero_s(container))
            pictures.append(_tiny(frame, reformat))
    return _Film(np.array(times_s), np.array(pictures))


def _unlikeness(path: Path, times_s: npt.NDArray[np.float64], pictures: npt.NDArray[np.uint8]) -> float:
    """By how many grey levels a video's pictures at given times differ from given ones, on average."""
    found, reformat = [], VideoReformatter().reformat
    with av.open(path, "r") as container:
        container.streams.video[0].thread_type = "AUTO"
        for time_s in times_s:
            at_s = float(time_s) + _zero_s(container) + 1e-3
            container.seek(int(at_s * av.time_base))
            last = None
            for frame in container.decode(video=0):
                if last is not None and (frame.time or 0.0) > at_s:
                    break
                last = frame
            if last is None:
                return _MAX_UNLIKENESS
            found.append(_tiny(last, reformat))
    return float(np.abs(np.array(found, np.float32) - pictures).mean())


def _tiny(frame: av.VideoFrame, reformat: Callable[..., av.VideoFrame]) -> npt.NDArray[np.uint8]:
    small = reformat(frame, _SIDE_PX, _SIDE_PX, "rgb24", interpolation="AREA", threads=1)
    return np.asarray(small.to_ndarray(), np.uint8)


def _zero_s(container: InputContainer) -> float:
    return (container.start_time or 0) / av.time_base


def _length_s(path: Path) -> float | None:
    try:
        with av.open(path, "r") as container:
            return (container.duration or 0) / av.time_base if container.streams.video else None
    except (av.FFmpegError, UnicodeDecodeError, OSError):
        return None


@cache
def _cuts_of(path: Path) -> tuple[float, ...]:
    return _found(path)


def _found(path: Path) -> tuple[float, ...]:
    return tuple(float(shot.start_s) for shot in find_shots(path, Limits(), min_length_s=0.1)[1:])
