"""What services keep people waiting for: said when nothing has come from one for a while, and now and then after that.

Not here: what is tried again and when, which belongs to whoever asks.
"""

import logging
import threading
import time
from collections.abc import Callable

PATIENT_S = 10.0
"""A service may be silent for so long before anything is said of it."""
AGAIN_S = 30.0
_LOG = logging.getLogger(__name__)


class Troubles:
    """Hears of every wait for a service and of every answer. Safe to use from several threads.

    `say` is given a line for people, by default of the log; `clock` tells steady seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.say: Callable[[str], object] = _LOG.warning
        self._clock = clock
        self._lock = threading.Lock()
        self._since_s: dict[str, float] = {}
        self._next_s: dict[str, float] = {}

    def told(self, service: str, why: str) -> None:
        """Something at a service is tried again, and why; "": it answered."""
        now_s = self._clock()
        with self._lock:
            if not why:
                self._since_s.pop(service, None)
                return
            since_s = self._since_s.setdefault(service, now_s)
            if now_s - since_s < PATIENT_S or now_s < self._next_s.get(service, now_s):
                return
            self._next_s[service] = now_s + AGAIN_S
        self.say(f"{service}: {why}; trying again for {now_s - since_s:.0f} s so far")
