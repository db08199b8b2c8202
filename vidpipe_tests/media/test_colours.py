"""Colours against the standard library's."""

import colorsys

import cv2
import numpy as np
import pytest

from vidpipe.media.colours import hsv_of


def test_hsv_is_the_8_bit_one() -> None:
    bgr = np.random.default_rng(0).integers(0, 256, (3, 40, 50), dtype=np.uint8)
    hue, saturation, value = hsv_of(bgr)
    for (y, x), v in np.ndenumerate(value):
        blue, green, red = (int(channel) for channel in bgr[:, y, x])
        h, s, _ = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
        assert v == max(red, green, blue)
        assert saturation[y, x] == pytest.approx(s * 255, abs=1)
        assert min(abs(hue[y, x] - h * 180), 180 - abs(hue[y, x] - h * 180)) <= 1
    assert 0 <= hue.min() <= hue.max() < 180


@pytest.mark.parametrize("most", [255, 40, 3])  # few levels: two colours are often equal
def test_hsv_is_opencvs_to_the_bit(most: int) -> None:
    bgr = np.random.default_rng(3).integers(0, most, (3, 200, 200), dtype=np.uint8, endpoint=True)
    theirs = cv2.cvtColor(np.ascontiguousarray(bgr.transpose(1, 2, 0)), cv2.COLOR_BGR2HSV)
    assert np.array_equal(hsv_of(bgr), theirs.transpose(2, 0, 1))


def test_grey_has_no_hue_and_no_saturation() -> None:
    hue, saturation, value = hsv_of(np.full((3, 2, 2), 77, np.uint8))
    assert (hue.max(), saturation.max(), value.min()) == (0, 0, 77)
