from bisect import bisect_left
from fractions import Fraction

import numpy as np

from vidpipe.timeline.frame_times import FrameTimes

TIMES = FrameTimes(np.array([100, 104, 112], np.int64), Fraction(1, 100), Fraction(1, 2))


def test_times_are_exact_seconds_after_the_start() -> None:
    assert list(TIMES) == [Fraction(1, 2), Fraction(54, 100), Fraction(62, 100)]
    assert TIMES[-1] == Fraction(62, 100)
    assert list(TIMES[1:]) == list(TIMES)[1:]


def test_times_can_be_searched() -> None:
    assert len(TIMES) == 3
    assert bisect_left(TIMES, Fraction(54, 100)) == 1
