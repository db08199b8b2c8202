"""Small real clips with known truth: shots with hard cuts, frame numbers that can be read back, beeps at the
cuts.

Made with PyAV when a test asks, the same bytes every time. What a clip is good for stands in the test that
makes it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache, wraps
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, ParamSpec

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

_GREY = VideoReformatter()  # one for all frames: making one takes longer than using it, and more so with threads
TIME_BASE = Fraction(1, 30_000)
SAMPLE_RATE = 48_000
BEEP_S = 0.04
N_BITS = 16

Look = str | int
"""What a shot shows: a number is a moving pattern of its own colours, "still" the last picture before it,
else black, white, grey, or the number of a pattern that does not move, as "still 3".
"""

P = ParamSpec("P")
Rates = Sequence[tuple[float, float]]
"""Frame rates: pairs of the second from which it holds, and frames a second."""


@dataclass(frozen=True, slots=True)
class ClipTruth:
    """What a made clip holds: each frame's time, and the time of the first frame of each shot after the
    first.
    """

    path: Path
    times_s: tuple[Fraction, ...]
    cuts_s: tuple[Fraction, ...]
    end_s: Fraction


def _once(make: Callable[P, ClipTruth]) -> Callable[P, ClipTruth]:
    """Encodes what is asked for with the same arguments once in a process: it has the same bytes every time."""
    made: dict[str, tuple[bytes, ClipTruth]] = {}

    @wraps(make)
    def remembered(*args: P.args, **how: P.kwargs) -> ClipTruth:
        path = args[0]
        assert isinstance(path, Path)
        asked = repr((path.suffix, args[1:], sorted(how.items())))
        if asked in made:
            data, truth = made[asked]
            path.write_bytes(data)
            return replace(truth, path=path)
        truth = make(*args, **how)
        made[asked] = path.read_bytes(), truth
        return truth

    return remembered


@_once
def make_clip(  # noqa: PLR0913 (the knobs of a maker)
    path: Path,
    shots: Sequence[tuple[float, Look]],
    *,
    fps: float = 25,
    size: tuple[int, int] = (320, 180),
    sound: bool = True,
    vfr: Rates = (),
    start_s: float = 0,
    rotation: int = 0,
    codec: str = "libx264",
    sound_s: float | None = None,
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
) -> ClipTruth:
    """Writes `shots` as (seconds, look) one after the other; the container follows the suffix.

    `vfr` replaces `fps`. The sound is a soft tone with a loud beep of 0.04 s at the start of each shot, as
    long as the picture or `sound_s`. `rotation` is what a player turns clockwise.
    """
    starts_s = [Fraction(0), *accumulate(Fraction(str(seconds)) for seconds, _ in shots)]
    end_s = starts_s[-1]
    times_s = list(_frame_times(end_s, vfr or [(0, fps)]))
    length_s = float(end_s) if sound_s is None else sound_s
    with av.open(str(path), "w", options={"movie_timescale": "30000"} if path.suffix == ".mp4" else {}) as output:
        video = _video_stream(
            output, codec, size, pix_fmt, {"preset": "ultrafast", "crf": "12", "bf": "0", **(options or {})}
        )
        if rotation:
            video.set_display_rotation(-rotation)
        audio = output.add_stream("aac", rate=SAMPLE_RATE, layout="mono") if sound else None
        assert audio is None or isinstance(audio, AudioStream)
        offset = Fraction(str(start_s))
        if audio is not None:
            _write_sound(output, audio, beeps_s=[float(s) for s in starts_s[:-1]], length_s=length_s, offset=offset)
        ends = {int((a + offset) / TIME_BASE): int((b - a) / TIME_BASE) for a, b in pairwise([*times_s, end_s])}

        def mux_timed(packets: list["Packet[Any]"]) -> None:
            for packet in packets:
                packet.duration = ends.get(packet.pts or 0, 0)
                output.mux(packet)

        picture: npt.NDArray[np.uint8] | None = None
        reformat = VideoReformatter().reformat
        for number, time_s in enumerate(times_s):
            shot = bisect_right(starts_s, time_s, hi=len(shots)) - 1
            picture = _picture(shots[shot][1], number, size, picture)
            frame = reformat(VideoFrame.from_ndarray(picture, "rgb24"), format=pix_fmt, threads=1)
            frame.pts, frame.time_base = int((time_s + offset) / TIME_BASE), TIME_BASE
            mux_timed(video.encode(frame))
        mux_timed(video.encode(None))
    cuts_s = tuple(times_s[bisect_left(times_s, start)] for start in starts_s[1:-1])
    return ClipTruth(path, tuple(times_s), cuts_s, end_s)


def read_number(frame: VideoFrame) -> int:
    """The frame number that the bottom of a moving pattern carries, modulo 65,536."""
    gray = _GREY.reformat(frame, format="gray", threads=1).to_ndarray()
    height, width = gray.shape
    row = gray[height - height // 16]
    bits = [row[(2 * i + 1) * width // (2 * N_BITS)] > 127 for i in range(N_BITS)]
    return sum(1 << i for i, bit in enumerate(bits) if bit)


def read_times(path: Path) -> list[Fraction]:
    """The presentation times of a clip's frames, as the file has them, read without our own code."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert video.time_base is not None
        return [frame.pts * video.time_base for frame in container.decode(video) if frame.pts is not None]


def read_numbers(path: Path) -> list[int]:
    """The frame numbers of a clip of moving patterns."""
    with av.open(str(path)) as container:
        return [read_number(frame) for frame in container.decode(video=0)]


def read_sound(path: Path) -> tuple[float, npt.NDArray[np.float32]]:
    """The time of the first sample and all samples of the first channel, read without our own code."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    samples = np.concatenate([np.asarray(frame.to_ndarray(), np.float32)[0] for frame in frames])
    return float(frames[0].time or 0), samples


def beeps_s(first_s: float, samples: npt.NDArray[np.float32], rate: int = SAMPLE_RATE) -> list[float]:
    """When the beeps of a made clip begin, to about 2 ms."""
    window = rate // 500
    usable = samples[: len(samples) // window * window].reshape(-1, window)
    loud = np.sqrt((usable**2).mean(axis=1)) > 0.15
    starts = np.flatnonzero(loud & ~np.concatenate([[False], loud[:-1]]))
    found = [first_s + int(start) * window / rate for start in starts]
    return [time_s for i, time_s in enumerate(found) if i == 0 or time_s - found[i - 1] > BEEP_S]


def _frame_times(end_s: Fraction, rates: Rates) -> list[Fraction]:
    times_s: list[Fraction] = []
    for i, (from_s, fps) in enumerate(rates):
        until_s = min(end_s, Fraction(str(rates[i + 1][0]))) if i + 1 < len(rates) else end_s
        time_s, step_s = Fraction(str(from_s)), 1 / Fraction(str(fps))
        while time_s < until_s:
            times_s.append(time_s)
            time_s += step_s
    return times_s


def _video_stream(
    output: OutputContainer, codec: str, size: tuple[int, int], pix_fmt: str, options: dict[str, str]
) -> VideoStream:
    stream = output.add_stream(codec, rate=25, options=options if codec == "libx264" else {})
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = *size, pix_fmt
    context.time_base, stream.time_base = TIME_BASE, TIME_BASE
    context.thread_count = 1
    return stream


def _write_sound(
    output: OutputContainer, stream: AudioStream, *, beeps_s: Sequence[float], length_s: float, offset: Fraction
) -> None:
    time_s = np.arange(round(length_s * SAMPLE_RATE)) / SAMPLE_RATE
    samples = 0.03 * np.sin(2 * np.pi * 440 * time_s)
    for beep_s in beeps_s:
        inside = (time_s >= beep_s) & (time_s < beep_s + BEEP_S)
        samples[inside] = 0.6 * np.sin(2 * np.pi * 1760 * time_s[inside])
    for start in range(0, len(samples), 1024):
        frame = AudioFrame.from_ndarray(samples[None, start : start + 1024].astype(np.float32), "fltp", "mono")
        frame.sample_rate = SAMPLE_RATE
        frame.pts, frame.time_base = start + round(offset * SAMPLE_RATE), Fraction(1, SAMPLE_RATE)
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def _picture(
    look: Look, number: int, size: tuple[int, int], before: npt.NDArray[np.uint8] | None
) -> npt.NDArray[np.uint8]:
    width, height = size
    if look == "still" and before is not None:
        return before
    flat = {"black": 0, "white": 255, "grey": 128, "still": 128}
    if isinstance(look, str) and look in flat:
        return np.full((height, width, 3), flat[look], np.uint8)
    is_still = isinstance(look, str)
    seed = int(look.removeprefix("still ")) if isinstance(look, str) else look
    return _pattern(seed, 0 if is_still else number, size)


def _pattern(seed: int, number: int, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Blocks in the seed's own colours, a bar that moves, and the frame's number in bits along the bottom."""
    width, height = size
    picture = _blocks(seed, size).copy()
    bar = number * 3 % width
    picture[:, bar : bar + max(2, width // 16)] = 255 - picture[0, 0]
    bits = (number >> (np.arange(width) * N_BITS // width)) & 1
    picture[height - max(1, height // 8) :] = (bits * 255).astype(np.uint8)[None, :, None]
    return picture


@lru_cache(maxsize=16)
def _blocks(seed: int, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    width, height = size
    colours = np.random.default_rng(seed).integers(20, 236, (4, 6, 3), dtype=np.uint8)
    rows, columns = np.arange(height) * 4 // height, np.arange(width) * 6 // width
    return colours[rows][:, columns]
