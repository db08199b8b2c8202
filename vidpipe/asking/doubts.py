"""Doubts that a model looks: what its last answers about videos make one suspect, and no verdict.

A canary gives the verdict (`vidpipe.asking.canaries`). Why one answer alone is doubtful is the caller's business
(`vidpipe.annotation.doubts`); that it says what was said of another video already is found out here.
"""

import threading
from collections import deque
from collections.abc import Iterable

LAST, MANY = 5, 3
"""So many doubtful answers of the last ones are suspicious: one in twenty by chance makes it one in a thousand."""
_REMEMBERED = 20
_SAME_SHARE = 0.5


class Doubts:
    """The last answers about videos. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._doubtful: deque[bool] = deque(maxlen=LAST)
        self._said: deque[frozenset[str]] = deque(maxlen=_REMEMBERED)

    def note(self, sentences: Iterable[str], *, is_doubtful: bool) -> None:
        """What was told of one video, and whether that alone makes one doubt."""
        said = frozenset(" ".join(sentence.casefold().split()) for sentence in sentences)
        with self._lock:
            is_again = any(len(said & other) > _SAME_SHARE * len(said) for other in self._said)
            self._said.append(said)
            self._doubtful.append(is_doubtful or is_again)

    @property
    def are_many(self) -> bool:
        """Whether one should see to it."""
        with self._lock:
            return sum(self._doubtful) >= MANY

    def settle(self) -> None:
        """Somebody saw to it: begin anew."""
        with self._lock:
            self._doubtful.clear()
