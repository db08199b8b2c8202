"""What models were asked, as objects: `prompts/<2 hex>/<fingerprint>.txt`, each text once, by the sha256 of its bytes.

A prompt with all that was filled in, and the text of the file that it was made from. Records name both by their
fingerprints: what was asked can be read as long as the store is there, whatever became of the project's prompts.
"""

import re
import threading

from vidpipe import keys
from vidpipe.errors import CorruptObjectError, MissingObjectError
from vidpipe.models.calls import Question, fingerprint_of, prompt_bytes
from vidpipe.store.objects import ObjectStore, sha256_of

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class Prompts:
    """Keeps the texts of questions in a store. Safe to use from many threads."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: set[str] = set()

    def keep(self, question: Question) -> None:
        """See that the texts of a question are there, before it is asked.

        Raises:
            StoreFullError: no room.
            UnwritableObjectError: a text cannot be written.
            StoreError: the store did not answer.
        """
        for text in filter(None, (question.template, question.prompt)):
            fingerprint = fingerprint_of(text)
            with self._lock:
                is_kept = fingerprint in self._kept
            if not is_kept:
                self._put(keys.prompt(fingerprint), prompt_bytes(text))
            if text is question.template:  # the others are asked once or twice: remembering them all would be for ever
                with self._lock:
                    self._kept.add(fingerprint)

    def _put(self, key: str, data: bytes) -> None:
        try:
            is_there = self._store.head(key).n_bytes == len(data)
        except MissingObjectError:
            is_there = False
        if not is_there:
            self._store.put(key, data)


def read_prompt(store: ObjectStore, fingerprint: str) -> str:
    """The text with a fingerprint.

    Raises:
        MissingObjectError: it is not kept.
        CorruptObjectError: what is there is another text.
    """
    key = keys.prompt(fingerprint)
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise MissingObjectError(key, "no fingerprint")
    data = store.get(key)
    if sha256_of(data) != fingerprint:
        raise CorruptObjectError(key, "another text than was kept")
    return data.decode("utf-8", "replace")
