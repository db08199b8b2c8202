"""When a video's packets are shown, and its key frames alone, without decoding what lies between.

Here belongs what one pass over the packets tells, and decoding one key packet by itself. Whoever cannot be sure that
this gives the same pictures and times as decoding everything raises UncertainError and decodes everything instead.
"""

from array import array
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from vidpipe.media.container import clock_start_s, video_stream
from vidpipe.media.frames import nominal_ticks, time_base_of
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
        self._container, self._limits = container, limits
        self._last_end: int = 0
        self._nominal_ticks = nominal_ticks(self.video)

    def packets(self) -> Iterator["Packet[Any]"]:
        """The packets that are shown, in the file's order.

        Raises:
            UncertainError: a packet has no time, or one before the start; there are no packets, or too many.
            LimitExceededError: FFmpeg ran out of memory.
        """
        for packet in packets_of(self._container, [self.video]):
            if packet.size and not packet.is_discard:
                self._note(packet)
                yield packet
        if not self.pts or len(set(self.pts)) < len(self.pts):
            raise UncertainError("packets without times of their own")

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
        time_s = self.time_s(pts)
        if not 0 <= time_s <= self._limits.max_duration_s or len(self.pts) >= self._limits.max_frames:
            raise UncertainError("odd time")
        self.pts.append(pts)
        self.n_bytes.append(packet.size)
        if packet.is_keyframe:
            self.key_pts.append(pts)
        self._last_end = max(self._last_end, pts + (packet.duration or self._nominal_ticks))


def decode_key(video: VideoStream, packet: "Packet[Any]") -> VideoFrame:
    """The picture of a key packet by itself, the same as in its place.

    Raises:
        UncertainError: it is damaged, half a picture, or needs others.
    """
    context = video.codec_context
    context.flush_buffers()
    frames = [*context.decode(packet), *context.decode(None)]
    context.flush_buffers()
    if len(frames) != 1:
        raise UncertainError("no single picture")
    frame = frames[0]
    if not frame.key_frame or frame.pict_type not in _WHOLE or frame.interlaced_frame or frame.is_corrupt:
        raise UncertainError("no whole picture")
    return frame
