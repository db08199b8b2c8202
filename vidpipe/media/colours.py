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
    np.maximum(np.maximum(blue, green), red, out=value)
    chroma = value - np.minimum(np.minimum(blue, green), red)
    index = _angles(bgr, value, chroma).astype(np.int32)
    index += 256
    index <<= 8
    index |= chroma
    np.take(_HUES, index, out=hue, mode="clip")
    shade = value.astype(np.uint16)
    shade <<= 8
    shade |= chroma
    np.take(_SATURATIONS, shade, out=saturation, mode="clip")
    return hsv


def _angles(bgr: Pixels, value: Pixels, chroma: Pixels) -> npt.NDArray[np.int16]:
    """How far round the circle, 60 degrees being one chroma: -chroma to 5 chroma.

    Which colours are compared is chosen by masks of whole bytes: much quicker than numpy's `where`.
    """
    blue, green, red = bgr
    is_red = value == red
    is_green = (value == green) > is_red
    if_red, if_green = (np.negative(chosen.view(np.uint8)) for chosen in (is_red, is_green))
    more = red ^ ((red ^ green) & if_red) ^ ((red ^ blue) & if_green)
    less = green ^ ((green ^ blue) & if_red) ^ ((green ^ red) & if_green)
    start = 4 ^ (4 & if_red) ^ (6 & if_green)
    angles: npt.NDArray[np.int16] = np.subtract(more, less, dtype=np.int16)
    angles += np.multiply(start, chroma, dtype=np.int16)
    return angles


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
