"""Which files that a record names has the store lost? Looked at from outside: whether they are there, and their sizes.

What a record is worth without them is its reader's business. Files outside the store are their owner's.
"""

from collections.abc import Iterator

from vidpipe import keys
from vidpipe.errors import MissingObjectError
from vidpipe.records import Record, places_in
from vidpipe.store.objects import ObjectStore, sha256_of

_OF_DATASET = 2  # segments of a key that name a dataset


def lost_files(store: ObjectStore, record: Record) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) of every file of the store that a record names and that is not as it was written.

    Raises:
        StoreError: the store did not answer.
    """
    if record.video_id:
        yield from _of_video(store, record)
    else:
        yield from _of_table(store, record)


def _of_video(store: ObjectStore, record: Record) -> Iterator[tuple[str, str]]:
    sizes = dict(record.where.get("bytes", {}))
    if record.asset == "raw_videos" and "media" in record.where:
        sizes[record.where["media"]] = record.value["bytes"]
    for name, key in places_in(record.where):
        if key.startswith("/"):
            continue
        try:
            n_bytes = store.head(key).n_bytes
        except MissingObjectError:
            yield key, f"file is missing: {name}"
            continue
        if n_bytes != sizes.get(key, n_bytes):
            yield key, f"file has another size: {name}"


def _of_table(store: ObjectStore, record: Record) -> Iterator[tuple[str, str]]:
    rows = keys.table_rows(record.asset)
    try:
        is_whole = sha256_of(store.get(rows)) == record.parts.get("rows")
        if not is_whole:
            yield rows, "rows were altered"
    except MissingObjectError:
        yield rows, "file is missing: rows"
    sizes = record.where.get("bytes", {})
    folders = {"/".join(key.split("/")[:_OF_DATASET]) for key in sizes}
    there = {stored.key: stored.n_bytes for folder in sorted(folders) for stored in store.list(folder)}
    for key, n_bytes in sizes.items():
        if key not in there:
            yield key, f"file is missing: {key}"
        elif there[key] != n_bytes:
            yield key, f"file has another size: {key}"
