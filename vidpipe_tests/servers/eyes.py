"""A model that looks: the scenes of a video by its cuts, told truly, or with the mistakes that models make.

Cuts are found in the pictures that were sent. A proxy of one frame a second says only between which frames a cut
lies; with the videos that proxies are made of at hand, the cuts are theirs.
"""

import hashlib
import io
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from vidpipe.errors import VidpipeError
from vidpipe.media.coarse_shots import find_shots
from vidpipe.media.limits import Limits
from vidpipe_tests.servers.gemini_asks import Seen
from vidpipe_tests.servers.gemini_generate import Eyes, even_scenes
from vidpipe_tests.servers.instances import Span

DRIFT_S = 1.4
_SIDE_PX = 16
_N_COMPARED = 12
_MAX_UNLIKENESS = 16.0  # grey levels; what was scaled and encoded again differs by less than half of it
_LEAST_S = 0.04


@dataclass(frozen=True, slots=True)
class _Film:
    """A video's pictures, tiny and grey: times in seconds [n], pictures [n, side, side], its cuts in seconds."""

    times_s: npt.NDArray[np.float64]
    pictures: npt.NDArray[np.uint8]
    cuts_s: tuple[float, ...]

    def unlikeness(self, times_s: npt.NDArray[np.float64], pictures: npt.NDArray[np.uint8]) -> float:
        """By how many grey levels its pictures at given times differ from given ones, on average."""
        at = np.clip(np.searchsorted(self.times_s, times_s + 1e-3, side="right") - 1, 0, len(self.times_s) - 1)
        return float(np.abs(self.pictures[at].astype(np.float32) - pictures).mean())


class TrueEyes:
    """Sees the true scenes. `videos` are the files that proxies may be made of. Safe to use from several threads."""

    def __init__(self, videos: Sequence[Path] = ()) -> None:
        self._films = [_film(path.read_bytes()) for path in videos]
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
                cuts_s = self._cuts(seen.data)
            except (VidpipeError, av.FFmpegError):  # damaged: it sees one long scene
                cuts_s = ()
            with self._lock:
                self._cuts_s[sha256] = cuts_s
        return list(pairwise([seen.start_s, *(s for s in cuts_s if seen.start_s < s < seen.end_s), seen.end_s]))

    def _cuts(self, data: bytes) -> tuple[float, ...]:
        film = _film(data)
        some = np.unique(np.linspace(0, len(film.times_s) - 1, _N_COMPARED).astype(int))
        times_s, pictures = film.times_s[some], film.pictures[some]
        likes = sorted((other.unlikeness(times_s, pictures), i) for i, other in enumerate(self._films))
        if likes and likes[0][0] <= _MAX_UNLIKENESS:
            return self._films[likes[0][1]].cuts_s
        return film.cuts_s


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
    with av.open(io.BytesIO(data), "r") as container:
        zero_s = (container.start_time or 0) / av.time_base
        for frame in container.decode(video=0):
            times_s.append((frame.time or 0.0) - zero_s)
            small = frame.reformat(_SIDE_PX, _SIDE_PX, "gray", interpolation="AREA")
            pictures.append(small.to_ndarray())
    return _Film(np.array(times_s), np.array(pictures), _cuts_of(data))


def _cuts_of(data: bytes) -> tuple[float, ...]:
    """The moments at which the picture cuts: the middle between two frames where they are far apart."""
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(data)
        file.flush()
        shots = find_shots(Path(file.name), Limits(), min_length_s=0.1, mode="full")
    return tuple(float(shot.start_s) for shot in shots[1:])
