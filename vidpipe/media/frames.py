"""Frames and sound as they come: one pass over a file, packet by packet, going on after damage.

Here belongs reading in order and telling times. What is measured on a frame, and opening the file, belong
elsewhere. Frames are yielded one at a time and never kept.
"""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidpipe.errors import LimitExceededError, UnreadableVideoError
from vidpipe.media.container import NO_FRAME, check_pixels, clock_start_s
from vidpipe.media.limits import Limits
from vidpipe.media.packets import known_packets

_PATIENCE = 10_000  # packets that may fail before the first frame
_NOMINAL_RATE = Fraction(25)  # where neither frames nor the stream tell a rate


@dataclass(frozen=True, slots=True)
class TimedFrame:
    """A frame and when it is shown.

    `pts` counts the stream's time base, `time_s` is exact seconds on the video's clock.
    """

    pts: int
    time_s: Fraction
    frame: VideoFrame
    is_key: bool


@dataclass(frozen=True, slots=True)
class TimedSound:
    """A piece of decoded sound; `time_s` is its first sample on the video's clock, exact."""

    time_s: Fraction
    frame: AudioFrame


class FrameReader:
    """One pass over a file: frames in presentation order, pts strictly increasing, and sound if asked.

    A packet that does not decode is counted in `n_errors` (`n_sound_errors`) and reading goes on; a demuxer
    that gives up ends the file there, what was begun is still delivered. A frame's pts is the file's own. AVI
    stores none, there the decoding order counts; elsewhere FFmpeg's rule for faulty time stamps holds (pts,
    until they went back more often than dts). A frame without any follows the one before by that one's
    duration. A frame whose time stamp does not exceed the one before is left out and counted in `n_errors`:
    no player shows it either.
    """

    def __init__(
        self, container: InputContainer, video: VideoStream, *, audio: AudioStream | None, limits: Limits
    ) -> None:
        gc.collect()  # the last video's decoder hangs in PyAV's reference cycles and may hold hundreds of MB
        self.n_errors = 0
        self.n_sound_errors = 0
        self.n_frames = 0
        self.start_s = clock_start_s(container)
        self._container = container
        self._video = video
        self._audio = audio
        self._limits = limits
        self._time_base = time_base_of(video)
        self._stamps = _Stamps(has_pts=container.format.name != "avi")
        self._max_pts = floor((Fraction(limits.max_duration_s) + self.start_s) / self._time_base)
        self._last_pts: int | None = None
        self._nominal_ticks = self._last_ticks = nominal_ticks(video)

    @property
    def time_base(self) -> Fraction:
        """Seconds per unit of pts."""
        return self._time_base

    @property
    def end_pts(self) -> int:
        """The end of the last frame so far, by its own duration or, without one, the stream's nominal rate.

        Raises:
            UnreadableVideoError: there was no frame.
        """
        if self._last_pts is None:
            raise UnreadableVideoError(NO_FRAME)
        return self._last_pts + self._last_ticks

    def read(self) -> Iterator[TimedFrame | TimedSound]:
        """Frames in presentation order; pieces of sound in theirs, wherever the file has them.

        Raises:
            UnreadableVideoError: not one frame could be decoded, or the codec is not supported.
            LimitExceededError: too many pixels or frames, too long, or FFmpeg ran out of memory.
        """
        failed: set[type[Exception]] = set()
        for packet in self._packets():
            try:
                decoded = packet.decode() if packet is not None else self._flushed()
            except av.EOFError:
                continue
            except av.FFmpegError as error:
                self._count(packet, error)
                failed.add(type(error))
                if not self.n_frames and self.n_errors > _PATIENCE:
                    break
                continue
            for frame in decoded:
                timed = self._timed(frame)
                if timed is not None:
                    yield timed
        if not self.n_frames:
            raise UnreadableVideoError("unsupported codec" if failed == {av.PatchWelcomeError} else NO_FRAME)

    def _packets(self) -> Iterator["Packet[Any] | None"]:
        """Packets to the end, FFmpeg's empty ones that flush included; None where they are missing."""
        streams = [self._video] if self._audio is None else [self._video, self._audio]
        packets = known_packets(self._container, streams)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as error:
                self._count(None, error)
                yield None
                return
            if packet is None:
                return
            yield packet

    def _flushed(self) -> list[VideoFrame | AudioFrame]:
        return list(self._video.codec_context.decode(None))

    def _count(self, packet: "Packet[Any] | None", error: av.FFmpegError) -> None:
        if isinstance(error, MemoryError):
            raise LimitExceededError("needs too much memory") from error
        if packet is not None and packet.stream is self._audio:
            self.n_sound_errors += 1
        else:
            self.n_errors += 1

    def _timed(self, frame: object) -> TimedFrame | TimedSound | None:
        if isinstance(frame, AudioFrame):
            if frame.pts is None or frame.time_base is None:
                return None
            return TimedSound(frame.pts * frame.time_base - self.start_s, frame)
        assert isinstance(frame, VideoFrame)
        pts = self._stamps.of(frame)
        if pts is None:
            pts = self._first_pts() if self._last_pts is None else self.end_pts
        if self._last_pts is not None and pts <= self._last_pts:
            self.n_errors += 1
            return None
        self._check(frame, pts)
        self._last_pts, self.n_frames = pts, self.n_frames + 1
        self._last_ticks = frame.duration or self._nominal_ticks
        return TimedFrame(pts, pts * self._time_base - self.start_s, frame, bool(frame.key_frame))

    def _check(self, frame: VideoFrame, pts: int) -> None:
        check_pixels(frame.width, frame.height, self._limits)
        if pts > self._max_pts:
            raise LimitExceededError("too long")
        if self.n_frames >= self._limits.max_frames:
            raise LimitExceededError("too many frames")

    def _first_pts(self) -> int:
        start = self._video.start_time
        return round(self.start_s / self._time_base) if start is None else start


def time_base_of(stream: VideoStream) -> Fraction:
    """Seconds per unit of the stream's pts."""
    return stream.time_base or Fraction(1, 1000)


def nominal_ticks(stream: VideoStream) -> int:
    """How long a frame lasts that does not say, in units of pts: by the stream's rate, else 25 a second."""
    rate = stream.average_rate or stream.guessed_rate or _NOMINAL_RATE
    return max(1, round(1 / (rate * time_base_of(stream))))


def read_frames(reader: FrameReader) -> Iterator[TimedFrame]:
    """The frames of `reader` without its sound.

    Raises:
        UnreadableVideoError: not one frame could be decoded, or the codec is not supported.
        LimitExceededError: too many pixels or frames, too long, or FFmpeg ran out of memory.
    """
    return (item for item in reader.read() if isinstance(item, TimedFrame))


class _Stamps:
    """FFmpeg's `guess_correct_pts`: pts, or dts once pts went back more often than dts did."""

    def __init__(self, *, has_pts: bool) -> None:
        self._has_pts = has_pts
        self._last_pts: int | None = None
        self._last_dts: int | None = None
        self._n_faulty_pts = 0
        self._n_faulty_dts = 0

    def of(self, frame: VideoFrame) -> int | None:
        """The time stamp of the next frame that the decoder gave."""
        pts, dts = (frame.pts if self._has_pts else None), frame.dts
        if dts is not None:
            self._n_faulty_dts += self._last_dts is not None and dts <= self._last_dts
            self._last_dts = dts
        elif pts is not None:
            self._last_dts = pts
        if pts is not None:
            self._n_faulty_pts += self._last_pts is not None and pts <= self._last_pts
            self._last_pts = pts
        elif dts is not None:
            self._last_pts = dts
        if pts is not None and (dts is None or self._n_faulty_pts <= self._n_faulty_dts):
            return pts
        return dts
