"""The avcC record of H.264 in MP4 and Matroska: the parameter sets that a stream's pictures follow.

Here belongs reading, joining and writing the record; what stands in a set belongs to `parameter_sets`. ISO/IEC
14496-15 5.3.3.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vidpipe.media.nal_units import PPS, SPS, BadUnitsError, kind, split_annexb
from vidpipe.media.parameter_sets import HIGH_PROFILES

_LENGTH_BYTES = 4
_AVCC_TAIL = bytes([0xFC | 1, 0xF8, 0xF8, 0])  # 4:2:0, 8 bits, 8 bits, no extensions


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
        return head + body + (_AVCC_TAIL if self.profile in HIGH_PROFILES else b"")

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
