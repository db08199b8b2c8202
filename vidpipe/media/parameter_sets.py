"""What H.264's parameter sets say, as far as cutting without encoding asks.

Here belongs reading bits. Which sets a file may have is decided in `smart_source`. Numbers and names: ITU-T H.264
(08/2021) 7.3.2.1.1, 7.3.2.2, 9.1.
"""

from dataclasses import dataclass

from vidpipe.media.nal_units import BadUnitsError

HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128})


@dataclass(frozen=True, slots=True)
class PictureSet:
    """What a sequence parameter set says: `profile` 66, 77, 100, …; `chroma` 1 is 4:2:0; `depth` in bits."""

    id: int
    profile: int
    chroma: int
    depth: int
    is_progressive: bool


def read_sps(unit: bytes) -> PictureSet:
    """What a sequence parameter set says.

    Raises:
        BadUnitsError: it ends early or says nonsense.
    """
    if len(unit) < 4:
        raise BadUnitsError("short parameter set")
    profile, bits = unit[1], _Bits(unit[4:])
    number, chroma, depth = bits.unsigned(), 1, 8
    if profile in HIGH_PROFILES:
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
