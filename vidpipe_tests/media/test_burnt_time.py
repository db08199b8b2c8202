"""Times written into pictures."""

from fractions import Fraction

import numpy as np
import pytest
from av.video.frame import VideoFrame

from vidpipe.media.burnt_time import burn_time, clock_text


@pytest.mark.parametrize(
    ("time_s", "text"),
    [
        (Fraction(0), "00:00:00.000"),
        (Fraction(-1, 12), "00:00:00.000"),
        (Fraction(1001, 30), "00:00:33.366"),
        (Fraction(59_999_999, 1_000_000), "00:00:59.999"),
        (Fraction(3600 * 13 + 61), "13:01:01.000"),
    ],
)
def test_a_time_is_cut_to_the_millisecond(time_s: Fraction, text: str) -> None:
    assert clock_text(time_s) == text


def burnt(width: int, height: int, time_s: Fraction) -> np.ndarray:
    grey = np.full((height * 3 // 2, width), 128, np.uint8)
    frame = VideoFrame.from_ndarray(grey, "yuv420p")
    burn_time(frame, time_s)
    return np.asarray(frame.to_ndarray())[:height]


def test_digits_grow_with_the_picture() -> None:
    for size, dot in (((360, 202), 2), ((202, 360), 2), ((640, 360), 3), ((1280, 720), 7)):
        rows, columns = np.nonzero(burnt(*size, Fraction(0)) != 128)
        assert (rows.max() + 1, columns.max() + 1) == (11 * dot, 75 * dot)


def test_every_digit_has_its_own_shape() -> None:
    shapes = {burnt(64 * 6, 216, Fraction(digit, 1000))[:, 130:145].tobytes() for digit in range(10)}
    assert len(shapes) == 10


@pytest.mark.parametrize("size", [(2, 2), (10, 6), (74, 12)])
def test_a_small_picture_is_written_as_far_as_it_goes(size: tuple[int, int]) -> None:
    assert (burnt(*size, Fraction(5)) != 128).any()


def test_other_holders_of_the_picture_keep_theirs() -> None:
    frame = VideoFrame.from_ndarray(np.full((300, 200), 128, np.uint8), "yuv420p")
    before = frame.to_ndarray()
    graph_copy = frame.reformat(format="yuv420p")
    burn_time(graph_copy, Fraction(1))
    assert (before == 128).all()
