"""When a video's packets are shown, and its key frames alone, without decoding what lies between.

Here belongs what one pass over the packets tells, decoding one key packet by itself, and decoding from a key frame on.
Whoever cannot be sure that
this gives the same pictures and times as decoding everything raises UncertainError and decodes everything instead.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor
from typing import Any

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from vidpipe.media.container import check_pixels, clock_start_s, video_stream
from vidpipe.media.frames import TimedFrame, nominal_ticks, time_base_of
from vidpipe.media.limits import Limits
from vidpipe.media.packets import packets_of

_WHOLE = (PictureType.I, PictureType.NONE)


class UncertainError(Exception):
    """A short cut may differ from decoding every frame; never leaves `vidpipe.media`."""


class PacketScan:
    """One pass over the packets of a container's picture, and what it has told so far.

    Raises:
        UnreadableVideoError: no video stream, or no decoder for any.
        LimitExceededError: the header announces too many pixels.
        UncertainError: the container has no presentation times and its pictures may be reordered.
    """

    def __init__(self, container: InputContainer, limits: Limits) -> None:
        self.video: VideoStream = video_stream(container, limits)
        context = self.video.codec_context
        context.options = {**context.options, "err_detect": "explode"}  # no concealed damage in a short cut
        if container.format.name == "avi" and context.has_b_frames:
            raise UncertainError("decoding order for time")
        self.start_s = clock_start_s(container)
        self.time_base = time_base_of(self.video)
        self.pts, self.n_bytes = array("q"), array("q")  # in decoding order
        self.key_pts = array("q")
        self._key_dts: dict[int, int] = {}  # by the key frame's pts
        self._name = container.format.name
        self._container, self._limits = container, limits
        self._first_pts = ceil(self.pts_at(Fraction(0)))
        self._last_pts = floor(self.pts_at(Fraction(limits.max_duration_s)))
        self._last_end: int = 0
        self._latest_pts: int | None = None
        self._nominal_ticks = nominal_ticks(self.video)

    def packets(self) -> Iterator["Packet[Any]"]:
        """The packets that are shown, in the file's order.

        Raises:
            UncertainError: a packet has no time, one before the start, or times go back; there are no packets,
                or too many.
            LimitExceededError: FFmpeg ran out of memory.
        """
        for packet in packets_of(self._container, [self.video]):
            if packet.size and not packet.is_discard:
                self._note(packet)
                yield packet
        if not self.pts or len(set(self.pts)) < len(self.pts):
            raise UncertainError("packets without times of their own")

    def seek(self, key_pts: int) -> None:
        """Lets the container go on at a key frame, or before it; the decoder forgets what it was told.

        Raises:
            av.FFmpegError: the container cannot.
        """
        target = self._key_dts[key_pts] if self._name.startswith("mpeg") else key_pts
        if self._name.startswith("mov"):  # FFmpeg takes the first packet's delay for that of all
            first_pts, first_dts = next(iter(self._key_dts.items()))
            target = max(target, self._key_dts[key_pts] + first_pts - first_dts)
        self._container.seek(target, stream=self.video)
        self.video.codec_context.flush_buffers()

    def time_s(self, pts: int) -> Fraction:
        """Exact seconds on the video's clock."""
        return pts * self.time_base - self.start_s

    def pts_at(self, time_s: Fraction) -> Fraction:
        """The pts, perhaps between two, at `time_s`."""
        return (time_s + self.start_s) / self.time_base

    @property
    def end_s(self) -> Fraction:
        """Where the last packet ends, by its own duration or the stream's nominal rate."""
        return self.time_s(self._last_end)

    def _note(self, packet: "Packet[Any]") -> None:
        pts = packet.pts
        if pts is None or packet.is_corrupt or packet.has_sidedata("new_extradata"):
            raise UncertainError("odd packet")
        if not self._first_pts <= pts <= self._last_pts or len(self.pts) >= self._limits.max_frames:
            raise UncertainError("odd time")
        if packet.is_keyframe and self._latest_pts is not None and pts <= self._latest_pts:
            raise UncertainError("times go back")
        self._latest_pts = pts if self._latest_pts is None else max(pts, self._latest_pts)
        self.pts.append(pts)
        self.n_bytes.append(packet.size)
        if packet.is_keyframe:
            self.key_pts.append(pts)
            self._key_dts[pts] = pts if packet.dts is None else packet.dts
        self._last_end = max(self._last_end, pts + (packet.duration or self._nominal_ticks))


def decode_key(video: VideoStream, packet: "Packet[Any]") -> VideoFrame | None:
    """The picture of a key packet by itself, the same as in its place; None where it is half a picture or needs others.

    Raises:
        av.FFmpegError: it is damaged.
    """
    context = video.codec_context
    context.flush_buffers()
    frames = [*context.decode(packet), *context.decode(None)]
    context.flush_buffers()
    if len(frames) != 1:
        return None
    return frames[0] if is_whole(frames[0]) else None


def is_whole(frame: VideoFrame) -> bool:
    """Whether it is a key frame that needs no other, and no half picture."""
    return frame.key_frame and frame.pict_type in _WHOLE and not frame.interlaced_frame and not frame.is_corrupt


class KeyRun:
    """Frames from wanted times on: reading goes on where it is, or begins anew at a key frame.

    `n_decoded` counts all frames that were decoded for it.
    """

    def __init__(self, container: InputContainer, scan: PacketScan, limits: Limits) -> None:
        self.times_pts = array("q", sorted(scan.pts))
        self._keys_pts = array("q", sorted(scan.key_pts))
        self._container, self._scan, self._limits = container, scan, limits
        self._frames: Iterator[TimedFrame] = iter(())
        self._last: TimedFrame | None = None
        self.n_decoded = 0

    def frames_from(self, time_s: Fraction) -> Iterator[TimedFrame]:
        """The frames at or after `time_s` in order, which is not before what was asked for last.

        Raises:
            UncertainError: the file does not seek, or its frames have other times than its packets.
            LimitExceededError: too many pixels, or FFmpeg ran out of memory.
            av.FFmpegError: damage.
        """
        first_pts = ceil(self._scan.pts_at(time_s))
        begin = bisect_right(self._keys_pts, floor(self._scan.pts_at(time_s))) - 1
        key_pts = self._keys_pts[max(0, begin)]
        if self._last is None or self._last.pts < key_pts:
            self._seek(key_pts)
        if self._last is not None and self._last.pts >= first_pts:
            yield self._last
        for frame in self._frames:
            if self._last is None and not (frame.is_key and frame.pts <= key_pts):
                raise UncertainError("the file does not seek")
            self._last = frame
            if frame.pts >= first_pts:
                yield frame

    def _seek(self, key_pts: int) -> None:
        self._last = None
        self._scan.seek(key_pts)
        self._frames = self._decoded()

    def _decoded(self) -> Iterator[TimedFrame]:
        """Every frame from here on; stricter than `FrameReader`, which goes on after damage."""
        last_pts: int | None = None
        for packet in packets_of(self._container, [self._scan.video]):
            for frame in packet.decode():
                assert isinstance(frame, VideoFrame)
                self.n_decoded += 1
                check_pixels(frame.width, frame.height, self._limits)
                pts = frame.dts if frame.pts is None else frame.pts
                if pts is None or not self._is_known(pts) or (last_pts is not None and pts <= last_pts):
                    raise UncertainError("frames differ from packets")
                last_pts = pts
                yield TimedFrame(pts, self._scan.time_s(pts), frame, bool(frame.key_frame))

    def _is_known(self, pts: int) -> bool:
        place = bisect_left(self.times_pts, pts)
        return place < len(self.times_pts) and self.times_pts[place] == pts
