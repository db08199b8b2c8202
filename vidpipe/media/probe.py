"""The facts of a video file: read from its packets, with one decoded frame as proof that it is a video.

Here belongs what stands in the record `raw_videos`. Measuring frames belongs to `signals` and `dynamism`.
"""

import hashlib
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidpipe.errors import LimitExceededError, UnreadableVideoError
from vidpipe.media.container import NO_FRAME, clock_start_s, has_decoder, open_video, video_stream
from vidpipe.media.frames import FrameReader, nominal_ticks, read_frames, time_base_of
from vidpipe.media.limits import Limits
from vidpipe.media.packets import packets_end_s, packets_of
from vidpipe.media.pictures import displayed_size, orientation_of, sample_aspect

_SAME_RATE = Fraction(1, 5000)  # a rate this near to the measured one, relative, is taken as it stands
_MIN_MISSING_S, _MIN_MISSING_SHARE = 1.0, 0.01  # edit lists and rounded headers stay below, by ../shared/video
_NTSC = Fraction(1001, 1000)
_ROUNDED_TICKS = (
    (30, 2),
    (5, 1),
    (0, 0),
)  # frames this many ticks apart may differ by so many and be regular


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a file is, as far as its packets and first picture tell.

    `container` and codecs have FFmpeg's names. `width` and `height` are as displayed: sample aspect and
    rotation applied; `rotation` is the turn clockwise that makes the coded picture upright (0, 90, 180, 270).
    `duration_s` is the end of the last picture (its pts plus its duration) minus `start_s`, the container's
    start time: sound that goes on after the picture does not count. `time_base` and `frame_rate` (the
    average; frames after the first over their time) are fractions as text. `n_frames` counts packets that are
    shown. `is_vfr`: two frames' distances differ by more than a rounding of time stamps explains. `missing_s`: how
    much earlier all packets end than the header says, where that is more than a second and a hundredth: the file is
    truncated, and what is there can still be used; else 0.
    """

    container: str
    video_codec: str
    audio_codec: str | None
    width: int
    height: int
    rotation: int
    duration_s: float
    start_s: float
    time_base: str
    frame_rate: str
    n_frames: int
    is_vfr: bool
    has_audio: bool
    missing_s: float
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class _Timing:
    """What the packets say: pts of all shown frames in order, and the end of the last of them."""

    pts: npt.NDArray[np.int64]
    end_pts: int
    time_base: Fraction


def inspect_video(path: Path, limits: Limits) -> VideoFacts:
    """The facts of `path`: one pass over its packets, one decoded frame, one pass over its bytes.

    Raises:
        UnreadableVideoError: no video, no video stream, no supported codec, or no frame that decodes.
        LimitExceededError: too many pixels or frames, too long, or too much memory.
        OSError: the file cannot be read.
    """
    with open_video(path, limits) as container:
        reader = FrameReader(container, video_stream(container, limits), audio=None, limits=limits)
        picture = next(read_frames(reader)).frame
    with open_video(path, limits) as container:
        video = video_stream(container, limits)
        timing = _timing(container, video, limits)
        facts = _facts(path, container, video=video, timing=timing, picture=picture)
        stated_s = (container.duration or 0) / 1e6
    if not _is_short(facts.duration_s, stated_s):
        return facts
    with open_video(path, limits) as container:
        end_s = float(packets_end_s(container))  # sound may last longer
    return replace(facts, missing_s=round(stated_s - end_s, 6)) if _is_short(end_s, stated_s) else facts


def _is_short(end_s: float, stated_s: float) -> bool:
    return stated_s - end_s > max(_MIN_MISSING_S, _MIN_MISSING_SHARE * stated_s)


def _facts(
    path: Path, container: InputContainer, *, video: VideoStream, timing: _Timing, picture: VideoFrame
) -> VideoFacts:
    audio = container.streams.best("audio")
    orientation, aspect = orientation_of(picture), sample_aspect(video)
    width, height = displayed_size(picture.width, picture.height, aspect=aspect, orientation=orientation)
    start_s = clock_start_s(container)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return VideoFacts(
        container=container.format.name,
        video_codec=video.codec_context.codec.canonical_name,
        audio_codec=audio.codec_context.codec.canonical_name if audio and has_decoder(audio) else None,
        width=width,
        height=height,
        rotation=orientation.rotation,
        duration_s=round(float(timing.end_pts * timing.time_base - start_s), 6),
        start_s=round(float(start_s), 6),
        time_base=str(timing.time_base),
        frame_rate=str(_frame_rate(timing, video.average_rate)),
        n_frames=len(timing.pts),
        is_vfr=_is_vfr(timing.pts),
        has_audio=audio is not None,
        missing_s=0.0,
        sha256=sha256,
        bytes=path.stat().st_size,
    )


def _timing(container: InputContainer, video: VideoStream, limits: Limits) -> _Timing:
    time_base = time_base_of(video)
    durations: dict[int, int] = {}  # by pts
    for packet in packets_of(container, [video]):
        pts = packet.dts if packet.pts is None else packet.pts
        if pts is not None and not packet.is_discard:
            durations[pts] = packet.duration or 0
        if len(durations) > limits.max_frames:
            raise LimitExceededError("too many frames")
    if not durations:
        raise UnreadableVideoError(NO_FRAME)
    last = max(durations)
    end_pts = last + (durations[last] or nominal_ticks(video))
    if end_pts * time_base - clock_start_s(container) > limits.max_duration_s:
        raise LimitExceededError("too long")
    return _Timing(np.array(sorted(durations), np.int64), end_pts, time_base)


def _frame_rate(timing: _Timing, stated: Fraction | None) -> Fraction:
    """Frames after the first over their time; a stated or usual rate that differs by rounding wins."""
    n_after, ticks = len(timing.pts) - 1, int(timing.pts[-1] - timing.pts[0])
    if n_after == 0:
        return stated or 1 / ((timing.end_pts - int(timing.pts[0])) * timing.time_base)
    measured = n_after / (ticks * timing.time_base)
    slack = max(Fraction(1, ticks), _SAME_RATE) * measured
    usual = (stated or Fraction(0), Fraction(round(measured)), Fraction(round(measured * _NTSC)) / _NTSC)
    return next((rate for rate in usual if abs(rate - measured) <= slack), measured).limit_denominator(100_000)


def _is_vfr(pts: npt.NDArray[np.int64]) -> bool:
    distances = np.diff(pts)
    if not len(distances):
        return False
    usual = int(np.median(distances))
    rounding = next(ticks for at_least, ticks in _ROUNDED_TICKS if usual >= at_least)
    return int(distances.max() - distances.min()) > rounding
