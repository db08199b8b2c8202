"""How long answers usually are: what a call whose answer never came is booked at."""

import threading
from dataclasses import dataclass, field

from vidpipe.ledger.calls import Calls
from vidpipe.models.calls import Usage
from vidpipe.models.paid import Call, Purpose

_Kind = tuple[str, str, str]


@dataclass(frozen=True)
class UsualOut:
    """The mean tokens of answers to calls of one asset, name and model: the ledger's, and those that came since.

    Safe to share between threads.
    """

    calls: Calls
    _known: dict[_Kind, tuple[int, int]] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def of(self, purpose: Purpose, model: str, default: int) -> int:
        """The mean; `default` where there was no answer yet."""
        n_answers, n_tokens = self._read(_kind(purpose, model))
        return round(n_tokens / n_answers) if n_answers else default

    def learn(self, call: Call, usage: Usage) -> None:
        """One more answer."""
        kind = _kind(call.purpose, call.model)
        self._read(kind)
        with self._lock:
            n_answers, n_tokens = self._known[kind]
            self._known[kind] = n_answers + 1, n_tokens + usage.out

    def _read(self, kind: _Kind) -> tuple[int, int]:
        with self._lock:
            if kind not in self._known:
                self._known[kind] = self.calls.answers_out(asset=kind[0], name=kind[1], model=kind[2])
            return self._known[kind]


def _kind(purpose: Purpose, model: str) -> _Kind:
    return purpose.asset, purpose.name, model
