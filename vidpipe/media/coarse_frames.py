"""Frames with as many left out as can be without missing where the picture changes.

Pictures that no other is made from are left out first. Where the two on either side of a gap differ, the gap is
decoded a second time and gives all its frames. What lies in a gap unseen takes no more bytes than its like and has
pictures like each other on either side. Which packets may be left out is told by `spare_packets`, decoding a gap is
the work of `second_look`; reading everything belongs to `frames`.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidpipe.errors import LimitExceededError
from vidpipe.media.content_samples import Sampler, changes, hsv_of_samples
from vidpipe.media.frames import FrameReader, TimedFrame, TimedSound
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.packets import known_packets
from vidpipe.media.pictures import Pixels
from vidpipe.media.second_look import SecondLook
from vidpipe.media.spare_packets import Group, Groups

Mode = Literal["full", "coarse"]
"""Whether all frames are decoded, or those that may show a change."""

_N_CONTEXT = 3  # frames next to a key frame that are never left out


@dataclass(slots=True)
class _Seen:
    """A frame of the first pass, as it is and small.

    `is_doubtful`: what lies between the one before and it is looked into.
    """

    pts: int
    frame: VideoFrame
    small: Pixels
    is_doubtful: bool = False


class CoarseReader(FrameReader):
    """One pass over a file like FrameReader's, without most frames where nothing changes.

    Every frame has the time and the pixels that FrameReader gives it. No frame is left out of a gap across which hue,
    saturation and value change by `change` (0..255) in the mean, nor of the `n_beside` gaps (or neighbours without one)
    on either side.

    Raises:
        UncertainError: frames cannot be left out of such a file.
    """

    def __init__(
        self,
        container: InputContainer,
        video: VideoStream,
        *,
        audio: AudioStream | None,
        limits: Limits,
        change: float,
        n_beside: int,
    ) -> None:
        super().__init__(container, video, audio=audio, limits=limits)
        self._groups = Groups(video, limits)
        self._doubtful_change, self._n_beside = change, n_beside
        context = video.codec_context
        if limits.hardware is not None or (container.format.name == "avi" and context.has_b_frames):
            raise UncertainError("decoding order for time")
        context.options = {**context.options, "err_detect": "explode"}  # what is damaged is not for a short cut
        self._sample = Sampler()
        self._expected: deque[int] = deque()
        self._line: deque[_Seen] = deque()
        self._n_doubtful = 0

    def read(self) -> Iterator[TimedFrame | TimedSound]:
        """Frames in presentation order, and sound.

        Raises:
            UncertainError: something is odd; what was read counts for nothing, read all with a FrameReader.
            LimitExceededError: too many pixels or frames, too long, or FFmpeg ran out of memory.
        """
        with ExitStack() as stack:
            self._second = SecondLook(stack, self._container, self._limits)
            try:
                yield from self._read()
            except av.FFmpegError as error:
                if isinstance(error, MemoryError):
                    raise LimitExceededError("needs too much memory") from error
                raise UncertainError("damage") from error

    def _read(self) -> Iterator[TimedFrame | TimedSound]:
        for item in self._grouped():
            if isinstance(item, Group):
                yield from self._pictures(item)
            else:
                yield item
        for frame in self._video.codec_context.decode(None):
            yield from self._see(frame)
        self._second.is_complete = True
        while self._line:
            yield from self._settle()
        if self._expected or not self.n_frames:
            raise UncertainError("missing frames")

    def _grouped(self) -> Iterator[Group | TimedSound]:
        """Sound, and groups of packets once they are complete."""
        streams = [self._video] if self._audio is None else [self._video, self._audio]
        for packet in known_packets(self._container, streams):
            if packet.stream is self._audio:
                yield from self._sound(packet)
            elif packet.size and (group := self._groups.add(packet)) is not None:
                yield group
        if (group := self._groups.rest()) is not None:
            yield group

    def _sound(self, packet: "Packet[Any]") -> Iterator[TimedSound]:
        try:
            decoded = packet.decode()
        except av.EOFError:
            return
        except av.FFmpegError as error:
            self._count(packet, error)
            return
        for frame in decoded:
            timed = self._timed(frame)
            if isinstance(timed, TimedSound):
                yield timed

    def _pictures(self, group: Group) -> Iterator[TimedFrame]:
        """What decoding a group's packets brings out."""
        group.leave_out(_N_CONTEXT, is_rough=False)
        self._second.add(group)
        self._expected = deque(sorted((*self._expected, *(group.shown - group.left_out))))
        for packet in group.packets:
            if packet.pts not in group.left_out:
                for frame in self._video.codec_context.decode(packet):
                    yield from self._see(frame)

    def _see(self, frame: VideoFrame) -> Iterator[TimedFrame]:
        """The next frame of the first pass; gives those that are settled by it."""
        if not self._expected or frame.pts != self._expected.popleft() or frame.is_corrupt:
            raise UncertainError("frames differ from packets")
        now = _Seen(frame.pts, frame, self._small(frame))
        if self._line:
            self._judge(self._line[-1], now)
        self._line.append(now)
        if len(self._line) > self._n_beside + 1:
            yield from self._settle()

    def _judge(self, before: _Seen, now: _Seen) -> None:
        """Decides whether the gap between two neighbours is looked into; around a change the gaps beside it are."""
        change = float(changes(np.stack([before.small, now.small], axis=1)).mean()) if _alike(before, now) else np.inf
        if change >= self._doubtful_change:
            self._n_doubtful = self._n_beside + 1
            for seen in list(self._line)[len(self._line) - self._n_beside :]:
                seen.is_doubtful = True
        now.is_doubtful = self._n_doubtful > 0
        self._n_doubtful -= 1

    def _settle(self) -> Iterator[TimedFrame]:
        """The first frame of those seen, and what is looked into after it."""
        first = self._line.popleft()
        yield from self._in_order(first.frame)
        if self._line and self._line[0].is_doubtful and self._second.has_gap(first.pts, self._line[0].pts):
            frames = self._second.frames(first.pts, self._line[0].pts)
            if not np.array_equal(first.small, self._small(next(frames))):
                raise UncertainError("a key frame that is none")
            for frame in frames:
                yield from self._in_order(frame)
        self._second.forget(first.pts)

    def _small(self, frame: VideoFrame) -> Pixels:
        return np.asarray(hsv_of_samples(self._sample(frame)[:, None])[:, 0])

    def _in_order(self, frame: VideoFrame) -> Iterator[TimedFrame]:
        timed = self._timed(frame)
        if not isinstance(timed, TimedFrame):
            raise UncertainError("odd times")
        yield timed


def _alike(one: _Seen, other: _Seen) -> bool:
    return one.small.shape == other.small.shape
