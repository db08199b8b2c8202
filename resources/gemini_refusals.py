"""Questions that Gemini refused while it took none: when many are refused the same way, the fault is not theirs."""

import threading

from resources.gemini_projects import SERVICE
from vidpipe.errors import UnfitServiceError


class Refusals:
    """The refusals since a model's last answer, by model and reason; `n_max` of one kind end the service."""

    def __init__(self, n_max: int) -> None:
        self._n_max = n_max
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], set[str]] = {}
        self._taken: set[str] = set()

    def taken(self, model: str) -> None:
        """After the model has answered."""
        with self._lock:
            self._taken.add(model)
            self._seen = {way: seen for way, seen in self._seen.items() if way[0] != model}

    def has_taken(self, model: str) -> bool:
        """Whether the model has ever answered; else nobody knows whether a refusal is about the question."""
        with self._lock:
            return model in self._taken

    def refused(self, model: str, why: str, address: str) -> None:
        """After a question was refused.

        Raises:
            UnfitServiceError: it is one too many.
        """
        with self._lock:
            self._seen.setdefault((model, why), set()).add(address)
        self.check(model)

    def check(self, model: str) -> None:
        """Before a question is asked.

        Raises:
            UnfitServiceError: there is no use in asking.
        """
        with self._lock:
            ways = [why for (name, why), seen in self._seen.items() if name == model and len(seen) >= self._n_max]
        if ways:
            raise UnfitServiceError(SERVICE, f"all questions to {model} are refused the same way: {ways[0]}")
