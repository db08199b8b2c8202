"""Frames decoded a second time, from a key frame on, where the first time left some out.

Here belongs which packets are kept for that and how they are decoded again. Where to look is decided in
`coarse_frames`.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from av.container import InputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from vidpipe.media.container import open_video, video_stream
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.spare_packets import Group


class SecondLook:
    """The groups of packets that were decoded last, and a decoder of its own for them.

    `is_complete`: no group will follow.
    """

    def __init__(self, stack: ExitStack, container: InputContainer, limits: Limits) -> None:
        self.is_complete = False
        self._stack, self._path, self._limits = stack, Path(container.name), limits
        self._groups: deque[Group] = deque()
        self._n_forgotten = 0
        self._decoder: VideoCodecContext | None = None
        self._packets: Iterator[Packet[Any]] = iter(())
        self._decoded: deque[VideoFrame] = deque()
        self._number = -1  # of the group that is being decoded

    @property
    def n_bytes(self) -> int:
        """The size of all packets that are kept."""
        return sum(group.n_bytes for group in self._groups)

    def add(self, group: Group) -> None:
        """The next group, complete.

        Raises:
            UncertainError: it does not follow the one before.
        """
        if self._groups and group.key_pts <= self._groups[-1].key_pts:
            raise UncertainError("odd times")
        self._groups.append(group)

    def forget(self, pts: int) -> None:
        """Nothing before `pts` will be asked for."""
        while len(self._groups) > 1 and self._groups[1].key_pts <= pts:
            self._groups.popleft()
            self._n_forgotten += 1

    def has_gap(self, first: int, end: int) -> bool:
        """Whether a picture of [first, end) was left out."""
        return any(group.has_gap(first, end) for group in self._groups)

    def frames(self, first: int, end: int) -> Iterator[VideoFrame]:
        """All frames of [first, end), which does not begin before what was asked for last.

        Raises:
            UncertainError: not all of them come.
            av.FFmpegError: damage.
        """
        numbers = [i for i, group in enumerate(self._groups) if group.key_pts <= first]
        if not numbers:
            raise UncertainError("frames before the key frame")
        if self._n_forgotten + numbers[-1] > self._number:
            self._begin(self._n_forgotten + numbers[-1])
        for pts in sorted(pts for group in self._groups for pts in group.shown_within(first, end)):
            frame = self._next(first)
            while frame.pts is not None and frame.pts < first:
                frame = self._next(first)
            if frame.pts != pts:
                raise UncertainError("frames differ from packets")
            yield frame

    def _begin(self, number: int) -> None:
        if self._decoder is None:
            container = self._stack.enter_context(open_video(self._path, self._limits))
            self._decoder = video_stream(container, self._limits).codec_context
        else:
            self._decoder.flush_buffers()
        self._number = number
        self._packets = self._packets_from(number)
        self._decoded.clear()

    def _next(self, first: int) -> VideoFrame:
        """The next frame; pictures before `first` that no other is made from are left out."""
        assert self._decoder is not None
        while not self._decoded:
            packet = next(self._packets, None)
            if packet is not None:
                self._decoded.extend(self._decoder.decode(packet) if self._is_needed(packet, first) else ())
            elif self.is_complete and self._number >= 0:
                self._number = -1  # a decoder that gave its last frames begins anew
                self._decoded.extend(self._decoder.decode(None))
            else:
                raise UncertainError("missing frames")
        return self._decoded.popleft()

    def _is_needed(self, packet: "Packet[Any]", first: int) -> bool:
        pts = packet.pts
        assert pts is not None
        return pts >= first or not any(pts in group.spare for group in self._groups)

    def _packets_from(self, number: int) -> Iterator["Packet[Any]"]:
        """The packets of the groups from one on, as far as they are known."""
        while number - self._n_forgotten < len(self._groups):
            self._number = number
            yield from self._groups[number - self._n_forgotten].packets
            number += 1
