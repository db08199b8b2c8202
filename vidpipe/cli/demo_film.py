"""Moving pictures in and out for the demo: read a clip's frames, filter them, write H.264 with a tone.

Here belongs how the demo's footage is decoded and encoded, always through PyAV. What it shows, in which order
and under which names, is the business of `demo_footage`. The line itself never uses this module.
"""

import filecmp
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import PictureType

FRAME_RATE = 25
SAMPLE_RATE = 48_000
WIDTH_PX, HEIGHT_PX = 480, 272

Steps = tuple[tuple[str, str], ...]  # FFmpeg filters in order: name, arguments


@dataclass(frozen=True, slots=True)
class Take:
    """Frames with their places on the 25-fps grid, and the sound of the same stretch (samples,) float32."""

    frames: Iterable[tuple[int, av.VideoFrame]]
    sound: npt.NDArray[np.float32]


def load(path: Path) -> list[av.VideoFrame]:
    """All frames of a clip as yuv420p at 25 a second, cropped around the middle to the demo's shape."""
    with av.open(str(path.absolute())) as container:
        stream = container.streams.video[0]
        width = min(stream.width, stream.height * WIDTH_PX // HEIGHT_PX)
        height = min(stream.height, stream.width * HEIGHT_PX // WIDTH_PX)
        steps = (
            ("crop", f"{width}:{height}"),
            ("scale", f"{WIDTH_PX}:{HEIGHT_PX}"),
            ("setsar", "1"),
            ("format", "yuv420p"),
            ("fps", str(FRAME_RATE)),
        )
        return list(filtered(container.decode(stream), steps))


def filtered(frames: Iterable[av.VideoFrame], steps: Steps) -> Iterator[av.VideoFrame]:
    """The frames after FFmpeg's filters `steps`: new frames, in order; the given ones stay as they are.

    All given frames must have the first one's size and format, and there must be one.
    """
    frames = iter(frames)
    first = next(frames)
    graph = av.filter.Graph()
    nodes = [
        graph.add_buffer(width=first.width, height=first.height, format=first.format, time_base=first.time_base),
        *(graph.add(name, arguments) for name, arguments in steps),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    for frame in itertools.chain([first], frames, [None]):
        graph.push(frame)
        yield from _pulled(graph)


def _pulled(graph: av.filter.Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            yield cast("av.VideoFrame", graph.pull())
        except (av.BlockingIOError, av.EOFError):
            return


def tone(n_frames: int, pitch_hz: float, level: float) -> npt.NDArray[np.float32]:
    """A tone with a little noise, (samples,) float32 within ±`level`, as long as `n_frames` frames."""
    n = n_frames * SAMPLE_RATE // FRAME_RATE
    noise = np.random.default_rng(0).uniform(-1, 1, n)
    wave = np.sin(np.arange(n) * (2 * np.pi * pitch_hz / SAMPLE_RATE))
    return np.asarray(level * (0.7 * wave + 0.3 * noise), dtype=np.float32)


def write_video(path: Path, takes: Iterable[Take]) -> None:
    """Encode the takes one after the other as H.264 and AAC in an MP4 whose index stands at its end.

    The frames' time stamps are overwritten by their places. Parents of `path` are made; the file appears
    whole or not at all, and one with the same bytes is left untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with av.open(str(part.absolute()), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=FRAME_RATE, options={"preset": "ultrafast", "crf": "26"})
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        video.codec_context.thread_count, video.codec_context.gop_size = 2, 2 * FRAME_RATE
        # x264's bytes depend on the number of threads, so it is fixed.
        audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        n_samples = 0
        for take in takes:
            for place, frame in take.frames:
                frame.pts, frame.time_base = place, Fraction(1, FRAME_RATE)
                frame.pict_type = PictureType.NONE  # the encoder would follow the decoded frame's
                container.mux(video.encode(frame))
            heard = av.AudioFrame.from_ndarray(take.sound[np.newaxis], format="fltp", layout="mono")
            heard.sample_rate, heard.pts = SAMPLE_RATE, n_samples
            n_samples += len(take.sound)
            container.mux(audio.encode(heard))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    _replace(part, path)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; one with the same bytes is left untouched."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    _replace(part, path)


def _replace(part: Path, path: Path) -> None:
    """Put `part` in the place of `path`, but leave `path` untouched where the bytes are equal."""
    if path.is_file() and filecmp.cmp(part, path, shallow=False):
        part.unlink()
    else:
        part.replace(path)
