"""How much of a video stands still, and where.

Here belong the answer, the two ways to count, and the duration. What counts as standing still belongs to `stillness`
and to `freezes` (as FineVideo counted, exactly); what is done with a static video, to the recipe. Two accidents of
the original are not repeated: it also calls a video static whose title or file name contains "freezedetect".
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Literal

import av

from vidpipe.errors import VideoError
from vidpipe.media.container import open_video, video_stream
from vidpipe.media.frames import FrameReader, TimedFrame, read_frames
from vidpipe.media.freeze_shortcuts import find_freezes
from vidpipe.media.freezes import SEGMENT_S, FrozenSegments, Stillness, segment_of
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.packets import packets_end_s
from vidpipe.media.still_packets import quiet_by_packets
from vidpipe.media.stillness import quiet_by_pixels, still_spans

_HEADER_SLACK_S = 1  # a header may promise this much more than the packets hold before they are believed instead


@dataclass(frozen=True, slots=True)
class SegmentVerdict:
    """Seconds [start_s, end_s) of the video and whether it is static there."""

    start_s: float
    end_s: float
    static: bool


@dataclass(frozen=True, slots=True)
class Freeze:
    """Seconds [start_s, end_s) in which the picture stands still."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Dynamism:
    """How much is static, 0..1, with every segment's verdict and every freeze, in order of time.

    With mode default the segments are as long as the picture stands still or moves, and the share is of the duration;
    with compat they are 60 s long, the share is of their number, and a freeze lies within one of them.
    """

    static_share: float
    segments: tuple[SegmentVerdict, ...]
    freezes: tuple[Freeze, ...]
    mode: str


def measure_dynamism(path: Path, limits: Limits, *, mode: Literal["default", "compat"] = "default") -> Dynamism:
    """The share of `path` that stands still, from as few decoded frames as answer it.

    default: the share of the duration in which nothing on the picture changes for 1.5 s or more (see `stillness`).
    compat: FineVideo's share, FFmpeg's freezedetect (noise 0.05, 50 s) on 60-s segments. These start at 0, 60, … <
    int(duration); the share is static segments / ceil(duration / 60). A segment's filter sees its frames and the
    first one at or after its end, as `-t 60` lets through. A freeze that is still going on when the segment ends
    counts, and ends with it; one that a border splits counts only where 50 s of it lie in one segment. Only what is
    needed to be certain is decoded, everything where the file is odd or damaged; the answer is the same.

    `duration` is the file's, sound included, as ffprobe reports it; where the header promises over a second more than
    the packets hold, the packets count.

    Raises:
        UnreadableVideoError: no video, no video stream, no supported codec, or no frame that decodes.
        LimitExceededError: too many pixels or frames, too long, or too much memory.
        OSError: the file cannot be read.
        ValueError: the mode is unknown.
    """
    if mode not in ("default", "compat"):
        raise ValueError(f"need mode default or compat, got {mode=}")
    sparing, thorough = (
        (_still_by_packets, _still_by_frames) if mode == "default" else (_frozen_by_packets, measure_every_frame)
    )
    try:
        return sparing(path, limits)
    except (UncertainError, VideoError, av.FFmpegError):
        return thorough(path, limits)


def measure_every_frame(path: Path, limits: Limits) -> Dynamism:
    """`measure_dynamism` with mode compat, by decoding everything.

    Raises:
        UnreadableVideoError: no video, no video stream, no supported codec, or no frame that decodes.
        LimitExceededError: too many pixels or frames, too long, or too much memory.
        OSError: the file cannot be read.
    """
    segments = FrozenSegments()
    duration_s = _see_all(path, limits, segments.see_all)
    return _as_finevideo(tuple(segments.close(duration_s)), duration_s)


def _frozen_by_packets(path: Path, limits: Limits) -> Dynamism:
    with open_video(path, limits) as container:
        found = find_freezes(container, limits, _duration_of(path, limits, container.duration))
    return _as_finevideo(found.freezes, found.duration_s)


def _still_by_packets(path: Path, limits: Limits) -> Dynamism:
    with open_video(path, limits) as container:
        quiet, end_s = quiet_by_packets(container, limits)
        duration_of = _duration_of(path, limits, container.duration)
    return _as_spans(quiet, duration_of(end_s))


def _still_by_frames(path: Path, limits: Limits) -> Dynamism:
    quiet: list[bool] = []
    duration_s = _see_all(path, limits, lambda frames: quiet.extend(quiet_by_pixels(frames)))
    return _as_spans(quiet, duration_s)


def _see_all(path: Path, limits: Limits, see: Callable[[Iterator[TimedFrame]], None]) -> Fraction:
    """Shows every frame, and tells the duration in seconds."""
    with open_video(path, limits) as container:
        reader = FrameReader(container, video_stream(container, limits), audio=None, limits=limits)
        see(read_frames(reader))
        duration_of = _duration_of(path, limits, container.duration)
    return duration_of(reader.end_pts * reader.time_base - reader.start_s)


def _as_spans(quiet: Sequence[bool], duration_s: Fraction) -> Dynamism:
    still = still_spans(quiet, duration_s)
    edges_s = sorted({Fraction(0), duration_s, *(one.start_s for one in still), *(one.end_s for one in still)})
    starts_s = {one.start_s for one in still}
    segments = tuple(
        SegmentVerdict(round(float(start_s), 6), round(float(end_s), 6), start_s in starts_s)
        for start_s, end_s in pairwise(edges_s)
    )
    still_s = sum((one.end_s - one.start_s for one in still), Fraction(0))
    return Dynamism(round(float(still_s / duration_s), 6), segments, _as_freezes(still), "default")


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
    return Dynamism(share, verdicts, _as_freezes(freezes), "compat")


def _as_freezes(still: Sequence[Stillness]) -> tuple[Freeze, ...]:
    return tuple(Freeze(round(float(one.start_s), 6), round(float(one.end_s), 6)) for one in still)


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
