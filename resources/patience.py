"""When a request that failed is tried again: waits that grow, apart from each other, by a clock that is a parameter."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from vidpipe.errors import LostAnswerError, StoppedError, TransientServiceError

T = TypeVar("T")


class UnreadyError(TransientServiceError):
    """The service is starting: a model is being loaded, or a server behind a proxy comes up."""


@dataclass(frozen=True, slots=True)
class Patience:
    """When what failed is tried again: `n_tries` in all, after waits that double from `first_s` to `longest_s`.

    A random half of each wait keeps many callers apart. A server that asks for more than `longest_s` is not waited
    for. A server that has not answered yet and says 503 is loading its model: it gets `cold_s` seconds. `clock` tells
    steady seconds, `draw` numbers in [0, 1), `wait` waits for so many seconds; it gives something true where it was
    told to stop, and then nothing is tried again (as `threading.Event.wait` does). `told` hears why something is tried
    again, and "" when an answer came.
    """

    n_tries: int = 6
    first_s: float = 0.5
    longest_s: float = 30.0
    cold_s: float = 600.0
    clock: Callable[[], float] = time.monotonic
    draw: Callable[[], float] = random.random
    wait: Callable[[float], object] = time.sleep
    told: Callable[[str], object] = str

    def until_done(self, work: Callable[[], T], *, cold_s: float = 0.0) -> T:
        """What `work` gives, tried again while that may help.

        Raises:
            TransientServiceError: it did not help.
            StoppedError: a stop came first.
        """
        cold_until_s, n = self.clock() + cold_s, 0
        while True:
            try:
                done = work()
            except LostAnswerError:
                raise  # it may have to be paid: whoever keeps the books decides
            except TransientServiceError as error:
                n += 1
                is_cold = isinstance(error, UnreadyError) and self.clock() < cold_until_s
                if (n >= self.n_tries and not is_cold) or error.retry_after_s > self.longest_s:
                    raise
                self.told(error.why)
                if self.wait(max(error.retry_after_s, self._wait_s(n))):
                    raise StoppedError from error
            else:
                self.told("")
                return done

    def _wait_s(self, n: int) -> float:
        """The wait after the n-th failure, in seconds."""
        return min(self.longest_s, self.first_s * 2.0 ** min(n - 1, 30)) * (1 + self.draw()) / 2
