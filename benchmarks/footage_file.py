"""One clip of footage while it is written: frames with their times and a steady stream of sound, in one file.

Bytes depend on the frames alone: the encoders' threads are counted and their clocks off. What is shown belongs to
`footage`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.stream import VideoStream

from benchmarks.reels import SAMPLE_RATE

TIME_BASE = Fraction(1, 90_000)
_BLOCK = 960  # samples: what Opus takes at once


@dataclass(frozen=True, slots=True)
class Encoder:
    """A video codec of FFmpeg's with its options, the sound codec beside it, and the container's suffix."""

    video: str
    options: dict[str, str] = field(default_factory=dict)
    audio: str = "aac"
    suffix: str = ".mp4"


def x264(gop: int, **params: int) -> Encoder:
    """H.264 as people make it: veryfast, crf 23, at most `gop` frames from key frame to key frame."""
    text = ":".join(f"{name}={value}" for name, value in params.items())
    options = {"preset": "veryfast", "crf": "23", "g": str(gop), "threads": "2"}
    return Encoder("libx264", {**options, **({"x264-params": text} if text else {})})


X265 = Encoder(
    "libx265",
    {"preset": "superfast", "crf": "26", "x265-params": "frame-threads=1:pools=2:log-level=none:keyint=250"},
)
VP9 = Encoder(
    "libvpx-vp9",
    {"deadline": "realtime", "cpu-used": "8", "b": "2500k", "g": "128", "threads": "2"},
    audio="libopus",
    suffix=".webm",
)


def write_clip(
    path: Path,
    frames: Iterable[tuple[int, av.VideoFrame]],
    sounds: Iterator[npt.NDArray[np.float32]],
    *,
    encoder: Encoder,
    rate: Fraction,
) -> None:
    """Write the frames, each with its pts in 1/90,000 s, and sound for as long as they last; whole or not at all."""
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    options = {"movflags": "+faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(part.absolute()), "w", container_options={"fflags": "+bitexact"}, options=options) as output:
        video, audio = _video(output, encoder, rate), _audio(output, encoder)
        heard = _blocks(sounds)
        n_samples = 0
        for pts, frame in frames:
            if not video.codec_context.is_open:
                video.width, video.height = frame.width, frame.height
            frame.pts, frame.time_base = pts, TIME_BASE
            frame.pict_type = PictureType.NONE  # the encoder would follow the decoded frame's
            output.mux(video.encode(frame))
            until = (pts + int(1 / rate / TIME_BASE)) * SAMPLE_RATE * TIME_BASE
            while n_samples + _BLOCK <= until:
                _hear(output, audio, next(heard), n_samples)
                n_samples += _BLOCK
        output.mux(video.encode(None))
        output.mux(audio.encode(None))
    part.replace(path)


def _video(output: OutputContainer, encoder: Encoder, rate: Fraction) -> VideoStream:
    stream = output.add_stream(encoder.video, rate=rate, options={"flags": "+bitexact", **encoder.options})
    assert isinstance(stream, VideoStream), "it encodes pictures"
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = stream.time_base = TIME_BASE
    stream.codec_context.thread_count = 2  # some encoders' bytes depend on it
    return stream


def _audio(output: OutputContainer, encoder: Encoder) -> AudioStream:
    options = {"flags": "+bitexact", "b": "96000"}
    stream = output.add_stream(encoder.audio, rate=SAMPLE_RATE, options=options, layout="stereo")
    assert isinstance(stream, AudioStream), "it encodes sound"
    return stream


def _hear(output: OutputContainer, stream: AudioStream, samples: npt.NDArray[np.float32], at: int) -> None:
    kind = "fltp" if stream.codec_context.name == "aac" else "flt"
    block = samples if kind == "fltp" else samples.T.reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format=kind, layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, at, Fraction(1, SAMPLE_RATE)
    output.mux(stream.encode(frame))


def _blocks(sounds: Iterator[npt.NDArray[np.float32]]) -> Iterator[npt.NDArray[np.float32]]:
    """The same sound in pieces of one size, (2, 960)."""
    held = np.empty((2, 0), np.float32)
    for piece in sounds:
        held = np.concatenate([held, piece], axis=1)
        n_whole = held.shape[1] // _BLOCK * _BLOCK
        for start in range(0, n_whole, _BLOCK):
            yield held[:, start : start + _BLOCK]
        held = held[:, n_whole:]
