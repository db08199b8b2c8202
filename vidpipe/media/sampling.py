"""Which frame stands for which step of time, told from times and key frames alone.

Here belongs the rule. Decoding the frames that it chooses belongs to `picked_frames`, and what is made of them to
`proxy`.
"""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import TypeVar

T = TypeVar("T")
KEY_STEP_S = 2


class Steps:
    """Equal steps of time from the clock's zero on: step k holds the times k / rate <= t < (k + 1) / rate.

    Times are given as pts in `time_base`, of which `start_s` is the clock's zero. Steps of two seconds and more
    prefer key frames (`prefers_keys`).
    """

    def __init__(self, rate: Fraction, *, time_base: Fraction, start_s: Fraction) -> None:
        self.prefers_keys = rate * KEY_STEP_S <= 1
        scale, offset = time_base * rate, start_s * rate
        self._factor = scale.numerator * offset.denominator
        self._offset = offset.numerator * scale.denominator
        self._divisor = scale.denominator * offset.denominator

    def of(self, pts: int) -> tuple[int, bool]:
        """The number of the step at `pts`, and whether it starts there exactly."""
        number, rest = divmod(pts * self._factor - self._offset, self._divisor)
        return number, rest == 0


def one_per_step(
    shown: Iterable[tuple[int, bool, T]], steps: Steps, *, end_pts: Callable[[], int]
) -> Iterator[tuple[int, T]]:
    """The frames that stand for the steps from the first frame on: (pts, thing), pts increasing, each frame once.

    A step's frame is the first key frame in it, where the steps prefer those; else the one that is shown when the step
    begins, so that the sample shows the same picture as the source at k / rate; else, before all of them, the first.
    `shown` has each frame's pts, whether it is a key frame, and the thing, by increasing pts. `end_pts` is asked after
    the last one: it is shown until then.
    """
    given: int | None = None
    for pts, thing in _candidates(shown, steps, end_pts):
        if given is None or pts > given:
            given = pts
            yield pts, thing


def _candidates(
    shown: Iterable[tuple[int, bool, T]], steps: Steps, end_pts: Callable[[], int]
) -> Iterator[tuple[int, T]]:
    """What stands for each step, in order; a frame that stands for several comes several times."""
    last: tuple[int, T] | None = None  # the frame before
    waiting: tuple[int, T] | None = None  # what stands for the open step if no key frame comes in it
    step = 0
    for pts, is_key, thing in shown:
        number, starts_here = steps.of(pts)
        if last is None or number > step:
            if waiting is not None:
                yield waiting
            if last is not None and number > step + 1:
                yield last
            waiting = (pts, thing) if last is None or starts_here else last
            step = number
        last = (pts, thing)
        if waiting is not None and is_key and steps.prefers_keys:
            waiting = None
            yield last
    if waiting is not None:
        yield waiting
    if last is not None and steps.of(end_pts() - 1)[0] > step:
        yield last
