"""A whole file's picture on its way into another file, packet by packet, every time kept; and proof that it has it.

Here belongs copying all of a picture. Clips of a part belong to `copying`; what else is put in belongs to `feeds`.
"""

from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from av.container import InputContainer
from av.packet import Packet

from vidpipe.media.clip_file import ClipFile
from vidpipe.media.container import open_video, video_stream
from vidpipe.media.feeds import Feed, zero_pts_of
from vidpipe.media.frames import time_base_of
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.packets import packets_of
from vidpipe.media.tracks import read_tracks


class CopiedPicture:
    """The packets of a container's picture, and when each is shown and decoded in a file that starts at its zero.

    Raises:
        UncertainError: time stamps are missing, not sound, not the pictures' own, go back or lie before the clock's
            zero; packets are damaged or hidden.
        UnreadableVideoError: no video stream, or no decoder for any.
        LimitExceededError: too many pixels or frames, too long, or FFmpeg ran out of memory.
    """

    def __init__(self, container: InputContainer, limits: Limits) -> None:
        video, order = video_stream(container, limits), _Order()
        tracks = read_tracks(container, video, audio=None, limits=limits, is_start=order.is_key)
        picture, self._limits = tracks.picture, limits
        shown = np.sort(picture.pts)
        has_own_times = container.format.name != "avi" and len(shown) > 0 and bool((np.diff(shown) > 0).all())
        if not has_own_times or picture.is_odd.any() or not picture.is_key[0]:
            raise UncertainError("odd packets")
        if order.goes_back:
            raise UncertainError("times go back")
        self._time_base = picture.time_base
        self._zero_pts = zero_pts_of(tracks.start_s, self._time_base)
        if shown[0] < self._zero_pts:
            raise UncertainError("pictures before the clock's zero")
        end_pts = int(shown[-1] + picture.ticks[np.argmax(picture.pts)])
        self.zero_s = self._zero_pts * self._time_base - tracks.start_s
        self.duration_s = end_pts * self._time_base - tracks.start_s
        self._order = (picture.pts - self._zero_pts).tolist()
        shift = max(0, int((shown - picture.pts).max()))
        self._dts = (shown - self._zero_pts - shift).tolist()
        self._ticks = [*np.diff(shown).tolist(), end_pts - int(shown[-1])]

    @property
    def n_frames(self) -> int:
        """How many pictures there are."""
        return len(self._order)

    def feed(self, container: InputContainer) -> Feed:
        """The packets, read once more, on their way into the file.

        Raises:
            UncertainError: they are not those that were read before.
        """
        n_fed = 0
        for packet in packets_of(container, [video_stream(container, self._limits)]):
            if not packet.size:
                continue
            if n_fed == len(self._order) or packet.pts != self._order[n_fed] + self._zero_pts:
                raise UncertainError("other packets")
            packet.pts, packet.dts, packet.duration = self._order[n_fed], self._dts[n_fed], self._ticks[n_fed]
            yield self._dts[n_fed] * self._time_base + self.zero_s, partial(_copy_picture, packet=packet)
            n_fed += 1
        if n_fed < len(self._order):
            raise UncertainError("packets are missing")

    def is_in(self, path: Path) -> bool:
        """Whether the file's pictures are these: all of them, none hidden, each at its exact time.

        Raises:
            UnreadableVideoError: the file is none that can be read.
            LimitExceededError: FFmpeg ran out of memory.
            OSError: the file cannot be read.
        """
        with open_video(path, self._limits) as container:
            video = container.streams.video[0]
            scale: Fraction = self._time_base / time_base_of(video)
            packets = packets_of(container, [video])
            times = [packet.pts for packet in packets if packet.size and not packet.is_discard]
        return scale.denominator == 1 and times == [pts * int(scale) for pts in self._order]


class _Order:
    """Notes whether time goes back from packet to packet: where files were put one after the other, it may.

    Pictures that overlap in time would be sorted into one another, and none of them decode.
    """

    def __init__(self) -> None:
        self.goes_back = False
        self._last_dts = self._latest_pts = -(2**63)

    def is_key(self, packet: "Packet[Any]") -> bool:
        """Whether decoding may start at the packet, which is the next one."""
        if packet.pts is not None:
            self.goes_back |= packet.is_keyframe and packet.pts <= self._latest_pts
            self._latest_pts = max(self._latest_pts, packet.pts)
        if packet.dts is not None:
            self.goes_back |= packet.dts < self._last_dts
            self._last_dts = packet.dts
        return packet.is_keyframe


def _copy_picture(file: ClipFile, *, packet: "Packet[Any]") -> None:
    file.copy_picture(packet)
