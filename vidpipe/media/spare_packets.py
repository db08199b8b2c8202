"""Which packets can be left out: pictures that no other picture is made from, told without decoding.

Here belongs what the units of an H.264 or HEVC packet say about it, and which packets of a group are worth decoding.
Decoding them belongs to `coarse_frames`. Numbers and names: ITU-T H.264 (08/2021) 7.4.1; ITU-T H.265 (08/2021)
7.4.2.2.
"""

from collections.abc import Iterator
from functools import cached_property
from statistics import median
from typing import Any

from av.packet import Packet
from av.video.stream import VideoStream

from vidpipe.errors import LimitExceededError
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits

_BESIDE_264 = frozenset({6, 9, 12})  # SEI, delimiter, filler: may go with their slice
_BESIDE_265 = frozenset({35, 38, 39, 40})  # delimiter, filler, SEI before and after
_N_SLICES_265 = 32  # lower types are slices
_NEAR = 4  # spare packets on either side that one's size is compared with
_LARGE = 1.5  # times the middle of those sizes
_MAX_BYTES = 32 << 20  # of a group: a few are kept at a time


class Units:
    """What a stream's packets are made of.

    Raises:
        UncertainError: the codec is neither H.264 nor HEVC.
    """

    def __init__(self, video: VideoStream) -> None:
        context = video.codec_context
        if context.name not in ("h264", "hevc"):
            raise UncertainError("a codec without units")
        self._is_265 = context.name == "hevc"
        header, place = context.extradata or b"", 21 if self._is_265 else 4  # of the lengths' length, hvcC and avcC
        has_lengths = len(header) > place and header[0] == 1
        self._length_bytes = (header[place] & 3) + 1 if has_lengths else 0

    def spare_layer(self, packet: "Packet[Any]") -> tuple[bool, int]:
        """Whether no picture of its temporal layer is made from this one, and that layer, 0 where there are none."""
        data = bytes(packet)
        is_spare, layer = False, 0
        for at in self._heads(data):
            if self._is_265:
                kind, is_used = data[at] >> 1 & 63, data[at] >> 1 & 1
                is_slice, is_beside = kind < _N_SLICES_265, kind in _BESIDE_265
                layer = max(layer, (data[at + 1] & 7) - 1)
                is_used |= kind >= _N_SLICES_265 // 2
            else:
                kind, is_used = data[at] & 31, data[at] & 96
                is_slice, is_beside = kind == 1, kind in _BESIDE_264
            if is_slice and not is_used:
                is_spare = True
            elif not is_beside:
                return False, layer
        return is_spare, layer

    def _heads(self, data: bytes) -> Iterator[int]:
        """Where the units' headers are."""
        at = first = 0
        if not self._length_bytes:
            while (first := data.find(b"\0\0\1", first) + 3) > 2 and first + 1 < len(data):
                yield first
            return
        while (first := at + self._length_bytes) + 1 < len(data):
            yield first
            at = first + int.from_bytes(data[at:first], "big")


class Group:
    """The packets from a key frame to the next in decoding order, and which of them may be left out.

    A picture may be left out that no other is made from, unless it is near a key frame in the order of presentation
    (within `n_kept` pictures of it) or takes far more bytes than those around it: it may be unlike them.
    """

    def __init__(self, n_kept: int) -> None:
        self.packets: list[Packet[Any]] = []
        self.n_bytes = 0
        self._n_kept = n_kept
        self._unshown: set[int] = set()
        self._spare_bytes: dict[int, int] = {}
        self._layers: dict[int, int] = {}

    @property
    def key_pts(self) -> int:
        """When the key frame is shown."""
        return next(iter(self._layers))

    @cached_property
    def shown(self) -> frozenset[int]:
        """The pts of all pictures that are shown."""
        return frozenset(self._layers) - self._unshown

    def add(self, packet: "Packet[Any]", units: Units) -> None:
        """The next packet.

        Raises:
            UncertainError: it has no time of its own, or is damaged or out of the ordinary.
        """
        pts = packet.pts
        if pts is None or pts in self._layers or packet.is_corrupt or packet.has_sidedata("new_extradata"):
            raise UncertainError("odd packet")
        is_spare, self._layers[pts] = units.spare_layer(packet)
        self.packets.append(packet)
        self.n_bytes += packet.size
        if packet.is_discard:
            self._unshown.add(pts)
        elif is_spare:
            self._spare_bytes[pts] = packet.size

    @cached_property
    def left_out(self) -> frozenset[int]:
        """The pts of the pictures that need not be decoded, of those that are shown."""
        top = max(self._layers.values())
        order = sorted(self._layers)
        place, n_kept = order.index(self.key_pts), self._n_kept
        near_key = {*order[:n_kept], *order[max(0, place - n_kept) : place + n_kept + 1], *order[-n_kept:]}
        spare = [pts for pts in order if pts in self._spare_bytes and self._layers[pts] == top]
        sizes = [self._spare_bytes[pts] for pts in spare]
        return frozenset(
            pts
            for i, pts in enumerate(spare)
            if pts not in near_key and sizes[i] <= _LARGE * median(sizes[max(0, i - _NEAR) : i + _NEAR + 1])
        )


class Groups:
    """Packets on their way into groups."""

    def __init__(self, video: VideoStream, limits: Limits, n_kept: int) -> None:
        self._units, self._n_kept, self._n_left = Units(video), n_kept, limits.max_frames
        self._group: Group | None = None

    def add(self, packet: "Packet[Any]") -> Group | None:
        """The group that is complete now that the next packet is known, if one is.

        Raises:
            UncertainError: no key frame for too long, or a packet that is odd.
            LimitExceededError: too many packets.
        """
        complete: Group | None = None
        if packet.is_keyframe:
            complete, self._group = self._group, Group(self._n_kept)
        if self._group is None:
            raise UncertainError("begins without a key frame")
        self._group.add(packet, self._units)
        self._n_left -= 1
        if self._n_left < 0:
            raise LimitExceededError("too many frames")
        if self._group.n_bytes > _MAX_BYTES:
            raise UncertainError("too long without a key frame")
        return complete

    def rest(self) -> Group | None:
        """The last group, if there is any."""
        return self._group
