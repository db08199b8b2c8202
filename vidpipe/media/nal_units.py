"""The units that an H.264 packet is made of.

Here belongs what their lengths and types say; what parameter sets say belongs to `parameter_sets`. Numbers and
names: ITU-T H.264 (08/2021) 7.4.1; ISO/IEC 14496-15 5.3.3.1.
"""

from collections.abc import Iterable, Iterator

SLICE, IDR, SEI, SPS, PPS, AUD = 1, 5, 6, 7, 8, 9
# 10 and 11: end of sequence and stream, 12: filler; no data partitions, no extensions
_ALLOWED = frozenset({SLICE, IDR, SEI, SPS, PPS, AUD, 10, 11, 12})
_LENGTH_BYTES = 4


class BadUnitsError(Exception):
    """The bytes are not what H.264 asks for; whoever reads them falls back."""


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


def has_idr(data: bytes, length_bytes: int) -> bool:
    """Whether a packet holds an IDR picture; its units have lengths of so many bytes, or, with 0, start codes."""
    if not length_bytes:
        return any(kind(unit) == IDR for unit in split_annexb(data))
    at = 0
    while at + length_bytes < len(data):
        first = at + length_bytes
        if data[first] & 31 == IDR:
            return True
        at = first + int.from_bytes(data[at:first], "big")
    return False


def split_annexb(data: bytes) -> Iterator[bytes]:
    """The units of a byte stream with start codes."""
    for piece in data.split(b"\0\0\1")[1:]:
        unit = piece.rstrip(b"\0")  # the four-byte start code's first zero, and padding
        if unit:
            yield unit


def join_units(units: Iterable[bytes]) -> bytes:
    """Units as a packet of an MP4, each behind its length."""
    return b"".join(len(unit).to_bytes(_LENGTH_BYTES, "big") + unit for unit in units)
