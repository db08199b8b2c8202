"""Answers of models as objects: `answers/<2 hex>/<address>.json`, written before anything else happens to them.

What stands in such a file is said by `vidpipe.models.paid`.
"""

from vidpipe import keys
from vidpipe.errors import CorruptObjectError
from vidpipe.models.paid import Paid, decode, encode
from vidpipe.store.objects import ObjectStore, Stored


def write_answer(store: ObjectStore, paid: Paid) -> Stored:
    """Keep an answer under the address of its question.

    Raises:
        StoreFullError: no room.
        UnwritableObjectError: this key cannot be written.
    """
    return store.put(keys.answer(paid.call.address), encode(paid))


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
