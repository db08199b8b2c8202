"""Canaries: made films of which everything is known, to see whether who watches them looks.

A film is a few still pictures, one after the other, each with its own pattern, colours and sound and a word on it that
is in no language: who tells it has read it. What belongs here: which films there are, and making their files. Not here:
when one is shown to whom (`vidpipe.asking.canaries`), what is made of the answer (`vidpipe.annotation.canaries`).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from vidpipe.media.clip_file import ClipFile
from vidpipe.media.dot_letters import dots_of
from vidpipe.media.encoders import PictureForm, SoundForm

VERSION = 1
"""Raised when films of the same name show something else."""
WORDS = (
    *("BEKFIB", "BOPRIK", "DALZEK", "DESVUG", "DIFPUR", "DIZRIT", "DULTIF", "FUGRIN", "GIRVED", "GOSNEK", "GOZSIZ"),
    *("KAMRUP", "KETSOS", "KIRSAB", "KOBROT", "KUVBIS", "LARFEF", "LEBNUR", "LEZPOD", "LILSOM", "LIMKEB", "MEPBOR"),
    *("MIVDUV", "MOLFUR", "MUVREF", "NEDVEF", "NINGIL", "NISDOS", "NOBVAV", "NOGZIT", "PIZSUS", "RAVTEB", "REFSIR"),
    *("RIFZON", "RIKDEP", "ROGTUV", "RUSBAL", "SAZLAB", "SOGKAR", "SOMBUK", "SOZTEN", "TEPSUP", "TIKFOT", "VEFLED"),
    *("VEZMIP", "VOKZEB", "VUNKIB", "VURGEN", "ZAGROV", "ZANTUF", "ZEDLIG", "ZIKTIN", "ZILZUL", "ZORMIS"),
)
"""No two differ in fewer than four letters, so that a misread one is still known."""
N_SCENES = 5
WIDTH_PX, HEIGHT_PX = 384, 216
_FRAMES_A_STEP = 10
_SHORTEST, _LONGEST = 26, 40  # a scene, in frames: who sees one frame a step sees each word at least twice
_LARGEST_STEP_S = 30
_DOT_PX = 7
_BLACK, _WHITE = 16, 235  # limited range
_SWING = 20  # how much lighter and darker than its ground a pattern is; far from the word's white
_GROUNDS = ((140, 128, 175), (80, 80, 80), (60, 80, 175), (140, 105, 80), (155, 175, 128), (80, 175, 105))  # Y, Cb, Cr
_PITCHES_HZ = (220, 294, 392, 523, 698, 932)
_SOUND = SoundForm(16_000, "mono", 24_000)
_BEEPS_A_S = 2
T = TypeVar("T")
_Places = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """A still picture from `start_s` until `end_s`: the word on it, its pattern and colours, its tone."""

    word: str
    start_s: Fraction
    end_s: Fraction
    pattern: int
    ground: tuple[int, int, int]
    pitch_hz: int
    beeps: bool


@dataclass(frozen=True, slots=True)
class Film:
    """A canary: its scenes, one after the other from time 0. `step_s` is how far apart the frames are that are seen."""

    name: str
    step_s: Fraction
    scenes: tuple[Scene, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The words in it, in order."""
        return tuple(scene.word for scene in self.scenes)

    @property
    def cuts_s(self) -> tuple[Fraction, ...]:
        """When each scene but the first begins."""
        return tuple(scene.start_s for scene in self.scenes[1:])

    @property
    def duration_s(self) -> Fraction:
        """When it ends."""
        return self.scenes[-1].end_s

    @property
    def sha256(self) -> str:
        """Stands for what it shows, whatever bytes an encoder makes of that; 64 hex digits."""
        return hashlib.sha256(repr((VERSION, self)).encode()).hexdigest()


def film_of(name: str, *, fps: float | None = None) -> Film:
    """The film of that name, always the same; others show other words at other times.

    Somebody who sees fewer than one frame a second (`fps`) is shown a slower one.
    """
    seen_s = Fraction(1) if fps is None else 1 / Fraction(str(fps))
    step_s = Fraction(round(min(max(seen_s, Fraction(1)), Fraction(_LARGEST_STEP_S)) * 10), 10)
    draws = _draws(name)
    words = _some(draws, WORDS, N_SCENES)
    grounds = _some(draws, _GROUNDS, N_SCENES)
    pitches = _some(draws, _PITCHES_HZ, N_SCENES)
    patterns = _some(draws, range(len(_PATTERNS)), N_SCENES)
    scenes, start = [], 0
    for i in range(N_SCENES):
        end = start + _SHORTEST + next(draws) % (_LONGEST - _SHORTEST + 1)
        start_s, end_s = (frame * step_s / _FRAMES_A_STEP for frame in (start, end))
        beeps = next(draws) % 2 == 1
        scenes.append(Scene(words[i], start_s, end_s, patterns[i], grounds[i], pitches[i], beeps))
        start = end
    return Film(name, step_s, tuple(scenes))


def make_film(film: Film, target: Path) -> Path:
    """Writes a film as an MP4 (H.264, AAC) of some tens of kB; the same bytes every time by the same encoders.

    Raises:
        OSError: the file cannot be written.
    """
    base = film.step_s / _FRAMES_A_STEP
    form = PictureForm(WIDTH_PX, HEIGHT_PX, base, 1 / base, Fraction(1), primaries=1, transfer=1, matrix=1)
    file = ClipFile(target, form, _SOUND)
    for scene in film.scenes:
        picture = _picture(scene)
        for pts in range(int(scene.start_s / base), int(scene.end_s / base)):
            file.add_frame(VideoFrame.from_ndarray(picture, "yuv420p"), pts)
        file.add_sound(round(scene.start_s * _SOUND.rate), _tone(scene))
    file.end_video(int(film.duration_s / base))
    return file.finish(0)


def _draws(name: str) -> Iterator[int]:
    """Numbers that follow from a name; the same in every version of Python."""
    i = 0
    while True:
        yield int.from_bytes(hashlib.sha256(f"canary {name} {i}".encode()).digest()[:8], "big")
        i += 1


def _some(draws: Iterator[int], of: Sequence[T], n: int) -> list[T]:
    """So many of them, none twice."""
    left = list(of)
    return [left.pop(next(draws) % len(left)) for _ in range(n)]


_PATTERNS: tuple[Callable[[_Places, _Places], _Places], ...] = (
    lambda y, _: y * 0,
    lambda y, _: y // 12,
    lambda _, x: x // 16,
    lambda y, x: x // 24 + y // 24,
    lambda y, x: (x + y) // 20,
    lambda y, x: ((x - WIDTH_PX // 2) ** 2 + (y - HEIGHT_PX // 2) ** 2) // 3000,
)
"""Of rows and columns; what is odd there is darker than what is even."""


def _picture(scene: Scene) -> npt.NDArray[np.uint8]:
    """The picture as yuv420p (rows of Y, then Cb and Cr), the word large in a black box in its middle."""
    y, x = np.mgrid[:HEIGHT_PX, :WIDTH_PX]
    luma = scene.ground[0] + _SWING - 2 * _SWING * (_PATTERNS[scene.pattern](y, x) % 2)
    dots = np.kron(dots_of(scene.word), np.ones((_DOT_PX, _DOT_PX), np.uint8))
    top, left = (HEIGHT_PX - dots.shape[0]) // 2 & ~1, (WIDTH_PX - dots.shape[1]) // 2 & ~1
    box = slice(top, top + dots.shape[0]), slice(left, left + dots.shape[1])
    luma[box] = np.where(dots, _WHITE, _BLACK)
    planes = [luma]
    for value in scene.ground[1:]:
        plane = np.full((HEIGHT_PX // 2, WIDTH_PX // 2), value)
        plane[slice(top // 2, box[0].stop // 2), slice(left // 2, box[1].stop // 2)] = 128
        planes.append(plane.reshape(-1, WIDTH_PX))
    return np.concatenate(planes).astype(np.uint8)


def _tone(scene: Scene) -> npt.NDArray[np.float32]:
    """The sound of a scene, (1, samples) within ±0.3: a tone that goes on, or beeps."""
    start, end = (round(time_s * _SOUND.rate) for time_s in (scene.start_s, scene.end_s))
    wave = 0.3 * np.sin(np.arange(end - start) * (2 * np.pi * scene.pitch_hz / _SOUND.rate))
    if scene.beeps:
        wave = np.where(np.arange(end - start) * 2 * _BEEPS_A_S // _SOUND.rate % 2, 0.0, wave)
    return np.asarray(wave[np.newaxis], np.float32)
