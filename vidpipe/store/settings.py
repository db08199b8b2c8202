"""What assets read of recipes, as objects: `settings/<asset>/<fingerprint>.json`, each once, by its fingerprint.

Provenance names the fingerprint alone. What it stood for can be read here when the recipe has long changed.
"""

import json
import re
from typing import Any

from vidpipe import keys
from vidpipe.errors import CorruptObjectError, MissingObjectError
from vidpipe.store.objects import ObjectStore, sha256_of

_FINGERPRINT = re.compile(r"[0-9a-f]{8,64}")


def keep_settings(store: ObjectStore, asset: str, text: str, *, fingerprint: str) -> None:
    """See that what an asset reads is there; `fingerprint` begins the sha256 of the text.

    Raises:
        StoreFullError: no room.
        UnwritableObjectError: it cannot be written.
        StoreError: the store did not answer.
    """
    key, data = keys.settings(asset, fingerprint), text.encode()
    try:
        is_there = store.head(key).n_bytes == len(data)
    except MissingObjectError:
        is_there = False
    if not is_there:
        store.put(key, data)


def read_settings(store: ObjectStore, asset: str, fingerprint: str) -> dict[str, Any]:
    """What an asset read, by dotted keys of the recipe; a prompt's file stands for the sha256 of its content.

    Raises:
        MissingObjectError: it is not kept.
        CorruptObjectError: what is there is something else.
    """
    key = keys.settings(asset, fingerprint)
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise MissingObjectError(key, "no fingerprint")
    data = store.get(key)
    if not sha256_of(data).startswith(fingerprint):
        raise CorruptObjectError(key, "other settings than were kept")
    found: dict[str, Any] = json.loads(data)
    return found
