"""Accepted records, kept a second time: `accepted/<asset>/<key>.json`, word for word as they were accepted last.

What a person declared valid follows from no recipe of today. Should such a record be lost, its stage would make another
one, and a model be paid for it; so it is put back instead. Whether a copy still counts, the sha256 of the ledger tells.
"""

from vidpipe import keys, records
from vidpipe.errors import MissingObjectError
from vidpipe.records import Record
from vidpipe.store.objects import ObjectStore, sha256_of


def keep_accepted(store: ObjectStore, record: Record) -> str:
    """Keep a record as it was accepted, in place of an earlier copy; the sha256 of its bytes.

    Raises:
        StoreFullError: no room.
        UnwritableObjectError: it cannot be written.
    """
    data = records.encode(record)
    store.put(keys.accepted(record.asset, keys.segment(record.video_id)), data)
    return sha256_of(data)


def put_back(store: ObjectStore, asset: str, video_id: str, *, sha256: str) -> str | None:
    """Write the accepted record of this sha256 where it was; the store's tag of it, None where no copy is that one.

    Raises:
        StoreFullError: no room.
        UnwritableObjectError: it cannot be written.
        StoreError: the store did not answer.
    """
    segment = keys.segment(video_id)
    try:
        data = store.get(keys.accepted(asset, segment))
    except MissingObjectError:
        return None
    return store.put(keys.record(asset, segment), data).etag if sha256_of(data) == sha256 else None
