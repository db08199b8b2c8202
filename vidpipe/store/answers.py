"""Answers of models as objects: `answers/<2 hex>/<address>.json`, written before anything else happens to them.

What stands in such a file is said by `vidpipe.models.paid`.
"""

import contextlib
import threading

from vidpipe import keys
from vidpipe.errors import CorruptObjectError, StoreError
from vidpipe.models.paid import Paid, decode, encode
from vidpipe.store.objects import ObjectStore, Stored

_LONG_ANSWER_BYTES = 512 * 1024  # 64 k tokens are 0.3 MB


def write_answer(store: ObjectStore, paid: Paid) -> Stored:
    """Keep an answer under the address of its question.

    Raises:
        StoreFullError: no room.
        UnwritableObjectError: this key cannot be written.
    """
    return store.put(keys.answer(paid.call.address), encode(paid))


class Room:
    """Whether a store has room for answers, seen to once, before one is paid. Safe to use from many threads."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._is_there = False

    def check(self) -> None:
        """Writes as much as a long answer has, and takes it away; until that has worked once.

        Raises:
            StoreFullError: no room.
            UnwritableObjectError: answers cannot be written.
        """
        key = keys.refused_answer("room")
        with self._lock:
            if not self._is_there:
                self._store.put(key, bytes(_LONG_ANSWER_BYTES))
                with contextlib.suppress(StoreError):
                    self._store.delete(key)
                self._is_there = True


def write_refused(store: ObjectStore, paid: Paid) -> Stored:
    """Keep an answer that was paid and is nobody's, under the id of its call.

    Raises:
        StoreFullError: no room.
        UnwritableObjectError: this key cannot be written.
    """
    return store.put(keys.refused_answer(paid.call.id), encode(paid))


def read_answer(store: ObjectStore, address: str) -> Paid:
    """The answer to the question with an address.

    Raises:
        MissingObjectError: there is none.
        CorruptObjectError: it is no answer, was altered, or is another question's.
        StoreError: the store did not answer; nothing is known.
    """
    key = keys.answer(address)
    paid = decode(key, store.get(key))
    if paid.call.address != address:
        raise CorruptObjectError(key, "another question's answer")
    return paid
