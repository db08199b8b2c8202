"""Time and chance as the adapter to Gemini sees them: values, so that tests need no time of their own."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

_FIRST_S, _LONGEST_S = 0.5, 60.0


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Pace:
    """`now` is the time of day in UTC, `steady` a clock that never jumps, in seconds.

    `wait` waits for so many seconds; what it raises ends the question, which is how a run stops. `chance` draws from
    [0, 1). `told` hears why something is waited for before it is tried again, and "" when an answer came.
    """

    now: Callable[[], datetime] = _now
    steady: Callable[[], float] = time.monotonic
    wait: Callable[[float], object] = time.sleep
    chance: Callable[[], float] = field(default_factory=lambda: random.SystemRandom().random)
    told: Callable[[str], object] = str

    def backoff_s(self, n_failed: int) -> float:
        """How long to wait after the nth failure in a row, from 1: exponential, with full jitter."""
        return float(self.chance() * min(_LONGEST_S, _FIRST_S * 2 ** min(n_failed, 10)))


REAL = Pace()
