"""Records as objects: `<asset>/<key>.json`, and tables as Parquet beside their record."""

import io
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vidpipe import keys, records
from vidpipe.errors import CorruptObjectError, MissingObjectError
from vidpipe.records import Record
from vidpipe.store.objects import ObjectStore, Stored, sha256_of

if TYPE_CHECKING:  # loaded where rows are read: most commands read records alone
    import polars as pl


def write_record(store: ObjectStore, record: Record) -> tuple[Stored, str]:
    """Write a video's record; what the store says of it, and the sha256 of its bytes.

    Raises:
        StoreFullError: no room.
        UnwritableObjectError: this key cannot be written.
    """
    data = records.encode(record)
    return store.put(keys.record(record.asset, keys.segment(record.video_id)), data), sha256_of(data)


def read_record(store: ObjectStore, asset: str, video_id: str) -> Record:
    """A video's record.

    Raises:
        MissingObjectError: there is none.
        CorruptObjectError: it is no record, or another video's.
    """
    key = keys.record(asset, keys.segment(video_id))
    record = records.decode(key, store.get(key))
    if (record.asset, record.video_id) != (asset, video_id):
        raise CorruptObjectError(key, "another video's record")
    return record


def encode_rows(rows: "pl.DataFrame") -> bytes:
    """A table's rows as Parquet."""
    buffer = io.BytesIO()
    rows.write_parquet(buffer)
    return buffer.getvalue()


def write_table(store: ObjectStore, record: Record, rows: bytes) -> tuple[Stored, str]:
    """Write a table: its rows first (`encode_rows`), then its record, which makes them valid.

    Raises:
        StoreFullError: no room.
        UnwritableObjectError: a key cannot be written.
    """
    store.put(keys.table_rows(record.asset), rows)
    data = records.encode(record)
    return store.put(keys.table(record.asset), data), sha256_of(data)


def read_table(store: ObjectStore, asset: str) -> "pl.DataFrame":
    """A table's rows.

    Raises:
        MissingObjectError: there is none.
        CorruptObjectError: it is no table.
    """
    import polars as pl

    key = keys.table_rows(asset)
    try:
        return pl.read_parquet(io.BytesIO(store.get(key)))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise CorruptObjectError(key, "not a table") from error


@dataclass(frozen=True)
class _Table:
    """A table as it was read, and the tag that it had then."""

    etag: str
    rows: "pl.DataFrame"

    @cached_property
    def places(self) -> dict[str, int]:
        """Which row is a video's, by id: the first that was kept, in a table that also tells which were dropped."""
        ids = self.rows.get_column("video_id")
        kept = self.rows.get_column("keep") if "keep" in self.rows.columns else [True] * len(ids)
        found: dict[str, int] = {}
        for place, (video_id, is_kept) in enumerate(zip(ids, kept, strict=True)):
            if is_kept:
                found.setdefault(video_id, place)
        return found


class Tables:
    """Tables by asset, read again only when they were written again."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._read: dict[str, _Table] = {}

    def rows(self, asset: str) -> "pl.DataFrame":
        """A table's rows.

        Raises:
            MissingObjectError: there is none.
            CorruptObjectError: it is no table.
        """
        return self._table(asset).rows

    def row(self, asset: str, video_id: str) -> dict[str, Any]:
        """One video's row; the kept one, in a table that also tells which rows were dropped.

        Raises:
            MissingObjectError: there is no table, or no such row in it.
            CorruptObjectError: it is no table.
        """
        table = self._table(asset)
        if video_id not in table.places:
            raise MissingObjectError(keys.table_rows(asset), "no row of this video")
        return table.rows.row(table.places[video_id], named=True)

    def _table(self, asset: str) -> _Table:
        etag, table = self._store.head(keys.table_rows(asset)).etag, self._read.get(asset)
        if table is None or table.etag != etag:
            table = self._read[asset] = _Table(etag, read_table(self._store, asset))
        return table


def read_table_record(store: ObjectStore, asset: str) -> Record:
    """A table's record.

    Raises:
        MissingObjectError: there is none.
        CorruptObjectError: it is no record.
    """
    key = keys.table(asset)
    return records.decode(key, store.get(key))
