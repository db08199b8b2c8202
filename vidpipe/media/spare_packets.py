"""Which packets can be left out: pictures that no other picture is made from, told without decoding.

Here belongs what the units of an H.264 or HEVC packet say about it, and which packets of a group are worth decoding.
Decoding them belongs to `coarse_frames`. Numbers and names: ITU-T H.264 (08/2021) 7.4.1; ITU-T H.265 (08/2021)
7.4.2.2.
"""

from bisect import bisect, bisect_left
from collections.abc import Iterator
from enum import IntEnum
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import Any

from av.packet import Packet
from av.video.stream import VideoStream

from vidpipe.errors import LimitExceededError
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits

_BESIDE_264 = frozenset({6, 9, 12})  # SEI, delimiter, filler: may go with their slice
_BESIDE_265 = frozenset({35, 38, 39, 40})  # delimiter, filler, SEI before and after
_N_SLICES_265, _N_PLAIN_265 = 32, 16  # lower types are slices; of those below 16 the even ones are spare
_NEAR = 4  # packets of the same kind on either side that one's size is compared with
_ODD = (0.6, 2.0)  # times the middle of those sizes: a picture unlike others
_LARGE = 2.0  # times, for a picture that others are made from: those before may be of another shot
_MAX_BYTES, _MAX_PACKETS = 32 << 20, 20_000  # of a group: a few are kept at a time


class Use(IntEnum):
    """What others need a picture for."""

    NEEDED = 0
    LITTLE = 1
    """Some pictures are made from it in part: one that is itself made of those before and after, in H.264."""
    SPARE = 2
    """No other is made from it."""


def _use_264(data: bytes, at: int) -> Use:
    """By the header of a slice: its first block and its type are Exp-Golomb codes."""
    if not data[at] & 96:
        return Use.SPARE
    bits = int.from_bytes(data[at + 1 : at + 9].ljust(8, b"\0"), "big")
    rest = bits << (2 * (64 - bits.bit_length()) + 1) & (1 << 64) - 1
    n_zeros = 64 - rest.bit_length()
    kind = (rest >> max(0, 63 - 2 * n_zeros)) - 1
    return Use.LITTLE if kind % 5 == 1 else Use.NEEDED


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

    def use_of(self, packet: "Packet[Any]") -> tuple[Use, int]:
        """What other pictures need this one for, and its temporal layer, 0 where there are none.

        A spare one is so only if the stream has no higher layer.
        """
        data = bytes(packet)
        use, layer = Use.SPARE, 0
        has_slice = False
        for at in self._heads(data):
            if self._is_265:
                kind, layer = data[at] >> 1 & 63, max(layer, (data[at + 1] & 7) - 1)
                is_slice, is_beside = kind < _N_SLICES_265, kind in _BESIDE_265
                found = Use.SPARE if kind < _N_PLAIN_265 and kind % 2 == 0 else Use.NEEDED
            else:
                kind = data[at] & 31
                is_slice, is_beside = kind == 1, kind in _BESIDE_264
                found = _use_264(data, at)
            if not is_slice and not is_beside:
                return Use.NEEDED, layer
            use, has_slice = min(use, found if is_slice else Use.SPARE), has_slice or is_slice
        return use if has_slice else Use.NEEDED, layer

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
    """The packets from a key frame to the next in decoding order, and which of them are left out.

    `left_out` and `spare` are pts of pictures that are shown: those that the first pass need not decode, and all those
    that no other is made from.
    """

    def __init__(self) -> None:
        self.packets: list[Packet[Any]] = []
        self.n_bytes = 0
        self.left_out: frozenset[int] = frozenset()
        self._left_out_in_order: list[int] = []
        self._unshown: set[int] = set()
        self._uses: dict[int, tuple[Use, int]] = {}
        self._n_bytes: dict[int, int] = {}

    @property
    def key_pts(self) -> int:
        """When the key frame is shown."""
        return next(iter(self._uses))

    @property
    def last_pts(self) -> int:
        """When the picture is shown that is shown last."""
        return max(self._uses)

    @cached_property
    def shown(self) -> frozenset[int]:
        """The pts of all pictures that are shown."""
        return frozenset(self._uses) - self._unshown

    @cached_property
    def spare(self) -> frozenset[int]:
        """The pts of all pictures that are shown and that no other is made from."""
        top = max(layer for _, layer in self._uses.values())
        return frozenset(pts for pts in self.shown if self._uses[pts] == (Use.SPARE, top))

    @cached_property
    def little(self) -> frozenset[int]:
        """The pts of all pictures that are shown and that others are made from in part."""
        return frozenset(pts for pts in self.shown if self._uses[pts][0] == Use.LITTLE)

    def add(self, packet: "Packet[Any]", units: Units) -> None:
        """The next packet.

        Raises:
            UncertainError: it has no time of its own, or is damaged or out of the ordinary.
        """
        pts = packet.pts
        if pts is None or pts in self._uses or packet.is_corrupt or packet.has_sidedata("new_extradata"):
            raise UncertainError("odd packet")
        self._uses[pts] = units.use_of(packet)
        self._n_bytes[pts] = packet.size
        self.packets.append(packet)
        self.n_bytes += packet.size
        if packet.is_discard:
            self._unshown.add(pts)

    def leave_out(self, n_kept: int, *, is_rough: bool) -> None:
        """Chooses what is left out: spare pictures, and if the others need not be perfect those of little use.

        Kept are those within `n_kept` pictures of a key frame in the order of presentation, those that take far more or
        far fewer bytes than their like or more than the needed one after them, and those before a needed one that takes
        far more than its like: they may be unlike the pictures around them.
        """
        order = sorted(self._uses)
        little = [pts for pts in order if is_rough and pts in self.little]
        few = frozenset(little)
        needed = [pts for pts in order if pts not in self.spare and pts not in few]
        spare = [pts for pts in order if pts in self.spare]
        place = order.index(self.key_pts)
        kept = {*order[:n_kept], *order[max(0, place - n_kept) : place + n_kept + 1], *order[-n_kept:]}
        kept |= self._odd(spare) | self._odd(little)
        large = self._large(needed)
        left_out: set[int] = set()
        for before, after in pairwise([order[0] - 1, *needed, order[-1] + 1]):
            between = set(order[bisect(order, before) : bisect_left(order, after)])
            unlike = {pts for pts in between if self._n_bytes[pts] > self._n_bytes.get(after, 0)}
            used = few if (between & kept | unlike) & self.spare else frozenset[int]()
            left_out |= set() if after in large else between - kept - unlike - used
        self.left_out, self._left_out_in_order = frozenset(left_out), sorted(left_out)

    def has_gap(self, first: int, end: int) -> bool:
        """Whether a picture of [first, end) was left out."""
        order = self._left_out_in_order
        return bisect_left(order, first) < bisect_left(order, end)

    def shown_within(self, first: int, end: int) -> list[int]:
        """The pts of the pictures of [first, end) that are shown, in order."""
        order = self._shown_in_order
        return order[bisect_left(order, first) : bisect_left(order, end)]

    @cached_property
    def _shown_in_order(self) -> list[int]:
        return sorted(self.shown)

    def _odd(self, order: list[int]) -> set[int]:
        """Which pictures take far more or far fewer bytes than those around them."""
        return {pts for pts, share in self._shares(order) if not _ODD[0] < share < _ODD[1]}

    def _large(self, order: list[int]) -> set[int]:
        return {pts for pts, share in self._shares(order) if share > _LARGE}

    def _shares(self, order: list[int]) -> Iterator[tuple[int, float]]:
        """The bytes of pictures as shares of those of the pictures around them."""
        sizes = [self._n_bytes[pts] for pts in order]
        for i, pts in enumerate(order):
            yield pts, sizes[i] / median(sizes[max(0, i - _NEAR) : i + _NEAR + 1])


class Groups:
    """Packets on their way into groups."""

    def __init__(self, video: VideoStream, limits: Limits) -> None:
        self._units, self._n_left = Units(video), limits.max_frames
        self._group: Group | None = None

    def add(self, packet: "Packet[Any]") -> Group | None:
        """The group that is complete now that the next packet is known, if one is.

        Raises:
            UncertainError: no key frame for too long, a packet that is odd, or times that go back.
            LimitExceededError: too many packets.
        """
        complete: Group | None = None
        if packet.is_keyframe:
            complete, self._group = self._group, Group()
        if self._group is None:
            raise UncertainError("begins without a key frame")
        self._group.add(packet, self._units)
        if complete is not None and self._group.key_pts <= complete.last_pts:
            raise UncertainError("odd times")
        self._n_left -= 1
        if self._n_left < 0:
            raise LimitExceededError("too many frames")
        if self._group.n_bytes > _MAX_BYTES or len(self._group.packets) > _MAX_PACKETS:
            raise UncertainError("too long without a key frame")
        return complete

    def rest(self) -> Group | None:
        """The last group, if there is any."""
        return self._group
