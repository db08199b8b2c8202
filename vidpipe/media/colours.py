"""Hue, saturation and value as OpenCV's 8 bits have them, by tables.

What is measured on them belongs to `measures`.
"""

import numpy as np
import numpy.typing as npt

from vidpipe.media.pictures import Pixels


def hsv_of(bgr: Pixels) -> Pixels:
    """OpenCV's 8-bit HSV of blue, green, red (3, …): (3, …) with hue 0..179, saturation and value 0..255."""
    blue, green, red = bgr
    value = np.maximum(np.maximum(blue, green), red)
    chroma = value - np.minimum(np.minimum(blue, green), red)
    b, g, r, c = (plane.astype(np.int16) for plane in (blue, green, red, chroma))
    angle = np.where(value == red, g - b, np.where(value == green, b - r + 2 * c, r - g + 4 * c))
    hue = _HUES.take(((angle.astype(np.int32) + 256) << 8) | chroma)
    saturation = _SATURATIONS.take((value.astype(np.uint16) << 8) | chroma)
    return np.stack((hue, saturation, value))


def _divisors(scale: float) -> npt.NDArray[np.int32]:
    """OpenCV's fixed-point reciprocals with 12 fractional bits; the one of 0 is 0."""
    return np.array([0, *(round(scale * 4096 / i) for i in range(1, 256))], np.int32)


def _hues() -> Pixels:
    """The hue of each angle from -256 to 1279 (60 degrees are one chroma) and chroma, one after the other."""
    hues = (np.arange(-256, 1280)[:, None] * _divisors(180 / 6) + 2048) >> 12
    return np.asarray(np.where(hues < 0, hues + 180, hues), np.uint8).ravel()


def _saturations() -> Pixels:
    """The saturation of each value and chroma, one after the other; chroma above the value does not occur."""
    found = (np.arange(256) * _divisors(255)[:, None] + 2048) >> 12
    return np.asarray(np.minimum(found, 255), np.uint8).ravel()


_HUES = _hues()
_SATURATIONS = _saturations()
