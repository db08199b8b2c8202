"""Hue, saturation and value as OpenCV's 8 bits have them, by tables.

What is measured on them belongs to `measures`.
"""

import numpy as np
import numpy.typing as npt

from vidpipe.media.pictures import Pixels


def hsv_of(bgr: Pixels) -> Pixels:
    """OpenCV's 8-bit HSV of blue, green, red (3, …): (3, …) with hue 0..179, saturation and value 0..255."""
    hsv = np.empty(bgr.shape, np.uint8)
    hue, saturation, value = hsv
    blue, green, red = bgr
    low, middle = np.minimum(blue, green), np.maximum(blue, green)
    np.maximum(middle, red, out=value)
    np.minimum(middle, red, out=middle)
    np.maximum(middle, low, out=middle)
    np.minimum(low, red, out=low)
    middle -= low
    chroma = np.subtract(value, low, out=low)
    index = _order(bgr).astype(np.uint32)
    index *= 1 << 16
    index |= _pairs(middle, chroma)
    np.take(_HUES, index, out=hue, mode="clip")
    np.take(_SATURATIONS, _pairs(value, chroma), out=saturation, mode="clip")
    return hsv


def _order(bgr: Pixels) -> Pixels:
    """Which colours exceed which: 4 where blue does red, 2 where blue does green, 1 where green does red."""
    blue, green, red = bgr
    order: Pixels = np.greater(blue, red).view(np.uint8)
    for higher, lower in ((blue, green), (green, red)):
        order += order  # numpy shifts bytes to the left one by one
        order |= np.greater(higher, lower).view(np.uint8)
    return order


def _pairs(upper: Pixels, lower: Pixels) -> npt.NDArray[np.uint16]:
    pairs = upper.astype(np.uint16)
    pairs *= 256
    pairs |= lower
    return pairs


def _divisors(scale: float) -> npt.NDArray[np.int32]:
    """OpenCV's fixed-point reciprocals with 12 fractional bits; the one of 0 is 0."""
    return np.array([0, *(round(scale * 4096 / i) for i in range(1, 256))], np.int32)


def _hues() -> Pixels:
    """The hue of each order of colours, middle one above the lowest, and chroma, one after the other.

    The angle counts from the greatest colour, red, green or blue, 60 degrees being one chroma. Orders 3 and 4 do not
    occur, nor does a middle colour above the greatest.
    """
    starts = np.array([0, 2, 0, 0, 0, 2, 4, 4], np.int32)[:, None, None]
    signs = np.array([1, -1, -1, 0, 0, 1, 1, -1], np.int32)[:, None, None]
    levels = np.arange(256, dtype=np.int32)
    angles: npt.NDArray[np.int32] = starts * levels + signs * levels[:, None]
    hues: npt.NDArray[np.int32] = (angles * _divisors(180 / 6) + 2048) >> 12
    return np.asarray(np.where(hues < 0, hues + 180, hues), np.uint8).ravel()


def _saturations() -> Pixels:
    """The saturation of each value and chroma, one after the other; chroma above the value does not occur."""
    found = (np.arange(256) * _divisors(255)[:, None] + 2048) >> 12
    return np.asarray(np.minimum(found, 255), np.uint8).ravel()


_HUES = _hues()
_SATURATIONS = _saturations()
