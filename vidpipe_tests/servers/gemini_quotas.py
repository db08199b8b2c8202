"""How much a project may ask of the emulated Gemini: requests and tokens in a minute, requests in a day.

Counted as it is asked, for tests of whoever has to keep within limits; faults that strike at will belong to `faults`.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from vidpipe_tests.servers import gemini_errors
from vidpipe_tests.servers.wire import Reply

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Quota:
    """What one project may ask; None: without limit. A minute is any 60 s."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    requests_per_day: int | None = None


class Meter:
    """Counts what one project asks. Safe to use from several threads."""

    def __init__(self, quota: Quota, clock: Callable[[], float]) -> None:
        self._quota, self._clock = quota, clock
        self._lock = threading.Lock()
        self._minute: deque[tuple[float, int]] = deque()
        self._n_today = 0

    def take(self, n_tokens: int) -> Reply | None:
        """Counts a request, or says why it is one too many; such a request does not count."""
        with self._lock:
            now_s = self._clock()
            while self._minute and self._minute[0][0] <= now_s - MINUTE_S:
                self._minute.popleft()
            refusal = self._refusal(now_s, n_tokens)
            if refusal is None:
                self._minute.append((now_s, n_tokens))
                self._n_today += 1
            return refusal

    def _refusal(self, now_s: float, n_tokens: int) -> Reply | None:
        quota = self._quota
        if quota.requests_per_day is not None and self._n_today >= quota.requests_per_day:
            return gemini_errors.per_day()
        wait_s = self._minute[0][0] + MINUTE_S - now_s if self._minute else MINUTE_S
        if quota.requests_per_minute is not None and len(self._minute) >= quota.requests_per_minute:
            return gemini_errors.per_minute(wait_s)
        spent = sum(n for _, n in self._minute)
        if quota.tokens_per_minute is not None and spent + n_tokens > quota.tokens_per_minute:
            return gemini_errors.tokens_per_minute(wait_s)
        return None
