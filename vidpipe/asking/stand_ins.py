"""Which models answered for which: a service may let a dearer model answer than the one that was asked for."""

import threading
from dataclasses import dataclass, field

from vidpipe.ledger.calls import Calls
from vidpipe.models.paid import Paid


@dataclass(frozen=True)
class StandIns:
    """The models that answered, by the service and model that were asked: the ledger's, and those since.

    Safe to share between threads.
    """

    calls: Calls
    _known: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def of(self, service: str, model: str) -> frozenset[str]:
        """The names by which they reported themselves."""
        with self._lock:
            if (service, model) not in self._known:
                self._known[service, model] = self.calls.models_reported(service, model)
            return self._known[service, model]

    def learn(self, paid: Paid) -> None:
        """One more answer."""
        asked = paid.call.purpose.service, paid.call.model
        known = self.of(*asked)
        if paid.answer.model not in known:
            with self._lock:
                self._known[asked] = self._known[asked] | {paid.answer.model}
