"""H.264 units and parameter sets, as far as cutting without re-encoding needs them.

Here belongs what the bytes of a packet and of an avcC say. Which packets are copied is decided in `smart`.
Numbers and names: ITU-T H.264 (08/2021) 7.3.1, 7.3.2.1.1, 7.4.1; ISO/IEC 14496-15 5.3.3.1.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

SLICE, IDR, SEI, SPS, PPS, AUD = 1, 5, 6, 7, 8, 9
_ALLOWED = frozenset({SLICE, IDR, SEI, SPS, PPS, AUD, 12})  # 12: filler; no data partitions, no extensions
_LENGTH_BYTES = 4
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128})
_AVCC_TAIL = bytes([0xFC | 1, 0xF8, 0xF8, 0])  # 4:2:0, 8 bits, 8 bits, no extensions


class BadUnitsError(Exception):
    """The bytes are not what H.264 asks for; whoever reads them falls back."""


@dataclass(frozen=True, slots=True)
class PictureSet:
    """What a sequence parameter set says: `profile` 66, 77, 100, …; `chroma` 1 is 4:2:0; `depth` in bits."""

    id: int
    profile: int
    chroma: int
    depth: int
    is_progressive: bool


@dataclass(frozen=True, slots=True)
class AvcC:
    """The parameter sets of an H.264 stream in MP4 or Matroska, each with its header byte."""

    profile: int
    compatibility: int
    level: int
    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """The record as an avcC box holds it, for 8-bit 4:2:0 and lengths of four bytes."""
        head = bytes([1, self.profile, self.compatibility, self.level, 0xFC | (_LENGTH_BYTES - 1)])
        body = bytes([0xE0 | len(self.sps)]) + _sized(self.sps) + bytes([len(self.pps)]) + _sized(self.pps)
        return head + body + (_AVCC_TAIL if self.profile in _HIGH_PROFILES else b"")

    def joined(self, other: "AvcC") -> "AvcC":
        """The record of a stream whose pictures follow the sets of both; of this one's profile."""
        level = max(self.level, other.level)
        return AvcC(
            self.profile, self.compatibility & other.compatibility, level, self.sps + other.sps, self.pps + other.pps
        )


def read_avcc(data: bytes) -> AvcC:
    """The parameter sets of an avcC record whose units have lengths of four bytes.

    Raises:
        BadUnitsError: it is none.
    """
    if len(data) < 7 or data[0] != 1 or data[4] & 3 != _LENGTH_BYTES - 1:
        raise BadUnitsError("no avcC")
    sps, at = _read_sized(data, 6, data[5] & 31)
    if at >= len(data):
        raise BadUnitsError("avcC ends early")
    pps, _ = _read_sized(data, at + 1, data[at])
    if not sps or not pps:
        raise BadUnitsError("avcC without parameter sets")
    return AvcC(data[1], data[2], data[3], sps, pps)


def avcc_of(annexb: bytes) -> AvcC:
    """The record of parameter sets that stand one after the other with start codes.

    Raises:
        BadUnitsError: one of the two is missing.
    """
    units = list(split_annexb(annexb))
    sps = tuple(unit for unit in units if kind(unit) == SPS)
    pps = tuple(unit for unit in units if kind(unit) == PPS)
    if not sps or not pps or len(sps[0]) < 4:
        raise BadUnitsError("no parameter sets")
    return AvcC(sps[0][1], sps[0][2], sps[0][3], sps, pps)


def kind(unit: bytes) -> int:
    """The unit's type, 0 … 31."""
    return unit[0] & 31


def unit_kinds(data: bytes) -> set[int]:
    """The types of the units of a packet in MP4 or Matroska.

    Raises:
        BadUnitsError: a length leads beyond the packet, or a unit is empty or of a kind that belongs to no
            plain picture.
    """
    kinds, at, end = set(), 0, len(data)
    while at < end:
        first = at + _LENGTH_BYTES
        at = first + int.from_bytes(data[at:first], "big")
        if not first < at <= end or data[first] & 128:
            raise BadUnitsError("broken unit")
        kinds.add(data[first] & 31)
    if not kinds or not kinds <= _ALLOWED:
        raise BadUnitsError("no plain picture")
    return kinds


def split_units(data: bytes) -> list[bytes]:
    """The units of such a packet, each without its length; the packet passed `unit_kinds`."""
    units, at = [], 0
    while at < len(data):
        first = at + _LENGTH_BYTES
        at = first + int.from_bytes(data[at:first], "big")
        units.append(data[first:at])
    return units


def split_annexb(data: bytes) -> Iterator[bytes]:
    """The units of a byte stream with start codes."""
    for piece in data.split(b"\0\0\1")[1:]:
        unit = piece.rstrip(b"\0")  # the four-byte start code's first zero, and padding
        if unit:
            yield unit


def join_units(units: Iterable[bytes]) -> bytes:
    """Units as a packet of an MP4, each behind its length."""
    return b"".join(len(unit).to_bytes(_LENGTH_BYTES, "big") + unit for unit in units)


def read_sps(unit: bytes) -> PictureSet:
    """What a sequence parameter set says.

    Raises:
        BadUnitsError: it ends early or says nonsense.
    """
    if len(unit) < 4:
        raise BadUnitsError("short parameter set")
    profile, bits = unit[1], _Bits(unit[4:])
    number, chroma, depth = bits.unsigned(), 1, 8
    if profile in _HIGH_PROFILES:
        chroma = bits.unsigned()
        if chroma == 3:
            bits.skip(1)
        depth = 8 + max(bits.unsigned(), bits.unsigned())
        bits.skip(1)
        if bits.take(1):
            _skip_scaling(bits, 12 if chroma == 3 else 8)
    bits.unsigned()  # log2_max_frame_num
    _skip_order(bits)
    bits.unsigned()  # max_num_ref_frames
    bits.skip(1)
    bits.unsigned(), bits.unsigned()  # size
    return PictureSet(number, profile, chroma, depth, is_progressive=bool(bits.take(1)))


def read_pps_id(unit: bytes) -> int:
    """The number of a picture parameter set.

    Raises:
        BadUnitsError: it ends early.
    """
    return _Bits(unit[1:]).unsigned()


def _skip_scaling(bits: "_Bits", n_lists: int) -> None:
    for number in range(n_lists):
        if not bits.take(1):
            continue
        last = following = 8
        for _ in range(16 if number < 6 else 64):
            if following:
                following = (last + bits.signed()) % 256
            last = following or last


def _skip_order(bits: "_Bits") -> None:
    """The fields of the picture order count."""
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()
    elif order == 1:
        bits.skip(1)
        bits.signed(), bits.signed()
        n_in_cycle = bits.unsigned()
        if n_in_cycle > 255:
            raise BadUnitsError("too many frames in the cycle")
        for _ in range(n_in_cycle):
            bits.signed()


class _Bits:
    """Reads bits and Exp-Golomb codes from a unit's payload."""

    def __init__(self, data: bytes) -> None:
        payload = data.replace(b"\0\0\3", b"\0\0")  # emulation prevention
        self._value, self._left = int.from_bytes(payload, "big"), 8 * len(payload)

    def take(self, n_bits: int) -> int:
        """The next bits as a number."""
        if n_bits > self._left:
            raise BadUnitsError("parameter set ends early")
        self._left -= n_bits
        return self._value >> self._left & (1 << n_bits) - 1

    def skip(self, n_bits: int) -> None:
        """Leaves bits out."""
        self.take(n_bits)

    def unsigned(self) -> int:
        """The next ue(v)."""
        n_zeros = 0
        while not self.take(1):
            n_zeros += 1
        return (1 << n_zeros) - 1 + self.take(n_zeros)

    def signed(self) -> int:
        """The next se(v)."""
        code = self.unsigned()
        return (code + 1) // 2 if code % 2 else -(code // 2)


def _sized(units: Sequence[bytes]) -> bytes:
    return b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


def _read_sized(data: bytes, at: int, n: int) -> tuple[tuple[bytes, ...], int]:
    units = []
    for _ in range(n):
        first = at + 2
        at = first + int.from_bytes(data[at:first], "big")
        if not first < at <= len(data):
            raise BadUnitsError("avcC ends early")
        units.append(data[first:at])
    return tuple(units), at
