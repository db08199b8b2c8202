"""How much of a video stands still, and where.

Here belongs the answer and its duration. What counts as standing still belongs to `freezes` (as FineVideo counted,
exactly) and to `stillness`; what is done with a static video, to the recipe. Two accidents of the original are not
repeated: it also calls a video static whose title or file name contains "freezedetect".
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Literal

import av

from vidpipe.errors import VideoError
from vidpipe.media.container import open_video, video_stream
from vidpipe.media.frames import FrameReader, read_frames
from vidpipe.media.freeze_shortcuts import find_freezes
from vidpipe.media.freezes import SEGMENT_S, FrozenSegments, Stillness, segment_of
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.packets import packets_end_s

_HEADER_SLACK_S = 1  # a header may promise this much more than the packets hold before they are believed instead


@dataclass(frozen=True, slots=True)
class SegmentVerdict:
    """Seconds [start_s, end_s) of the video and whether a freeze was seen there."""

    start_s: float
    end_s: float
    static: bool


@dataclass(frozen=True, slots=True)
class Freeze:
    """Seconds [start_s, end_s) in which the picture stands still, within one segment."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Dynamism:
    """The share of static segments, 0..1, with every segment's verdict and every freeze, in order of time."""

    static_share: float
    segments: tuple[SegmentVerdict, ...]
    freezes: tuple[Freeze, ...]
    mode: str


def measure_dynamism(path: Path, limits: Limits, *, mode: Literal["compat"] = "compat") -> Dynamism:
    """FineVideo's static share of `path`: FFmpeg's freezedetect (noise 0.05, 50 s) on 60-s segments.

    Segments start at 0, 60, … < int(duration); the share is static segments / ceil(duration / 60). A
    segment's filter sees its frames and the first one at or after its end, as `-t 60` lets through. A freeze
    that is still going on when the segment ends counts, and ends with it; one that a border splits counts
    only where 50 s of it lie in one segment. `duration` is the file's, sound included, as ffprobe reports it;
    where the header promises over a second more than the packets hold, the packets count. Only what is needed to be
    certain is decoded, everything where the file is odd or damaged; the answer is the same.

    Raises:
        UnreadableVideoError: no video, no video stream, no supported codec, or no frame that decodes.
        LimitExceededError: too many pixels or frames, too long, or too much memory.
        OSError: the file cannot be read.
        ValueError: the mode is unknown.
    """
    if mode != "compat":
        raise ValueError(f"need mode compat, got {mode=}")
    try:
        with open_video(path, limits) as container:
            freezes, duration_s = find_freezes(container, limits, _duration_of(path, limits, container.duration))
        return _as_finevideo(freezes, duration_s)
    except (UncertainError, VideoError, av.FFmpegError):
        return measure_every_frame(path, limits)


def measure_every_frame(path: Path, limits: Limits) -> Dynamism:
    """`measure_dynamism` with mode compat, by decoding everything.

    Raises:
        UnreadableVideoError: no video, no video stream, no supported codec, or no frame that decodes.
        LimitExceededError: too many pixels or frames, too long, or too much memory.
        OSError: the file cannot be read.
    """
    segments = FrozenSegments()
    with open_video(path, limits) as container:
        reader = FrameReader(container, video_stream(container, limits), audio=None, limits=limits)
        segments.see_all(read_frames(reader))
        duration_of = _duration_of(path, limits, container.duration)
    duration_s = duration_of(reader.end_pts * reader.time_base - reader.start_s)
    return _as_finevideo(tuple(segments.close(duration_s)), duration_s)


def _as_finevideo(freezes: tuple[Stillness, ...], duration_s: Fraction) -> Dynamism:
    static = {segment_of(freeze.start_s) for freeze in freezes}
    numbers = range(ceil(int(duration_s) / SEGMENT_S))
    verdicts = tuple(
        SegmentVerdict(
            float(number * SEGMENT_S),
            round(float(min(Fraction((number + 1) * SEGMENT_S), duration_s)), 6),
            number in static,
        )
        for number in numbers
    )
    share = round(sum(verdict.static for verdict in verdicts) / ceil(duration_s / SEGMENT_S), 6)
    spans = tuple(Freeze(round(float(freeze.start_s), 6), round(float(freeze.end_s), 6)) for freeze in freezes)
    return Dynamism(share, verdicts, spans, "compat")


def _duration_of(path: Path, limits: Limits, stated_us: int | None) -> Callable[[Fraction], Fraction]:
    """Tells the duration from where the picture ends: ffprobe's where it is believable, else the last packet's end.

    It is positive; the sound may be longer than the picture.
    """
    stated_s = Fraction(stated_us or 0, 1_000_000)

    def duration_s(video_end_s: Fraction) -> Fraction:
        if 0 < stated_s <= video_end_s + _HEADER_SLACK_S:
            return stated_s
        with open_video(path, limits) as container:
            end_s = max(packets_end_s(container), video_end_s)
        return stated_s if 0 < stated_s <= end_s + _HEADER_SLACK_S else end_s

    return duration_s
