"""Records and tables as objects: whole, of the right video, and read again only when they changed."""

import contextlib
from pathlib import Path

import polars as pl
import pytest

from vidpipe import keys
from vidpipe.errors import CorruptObjectError, MissingObjectError
from vidpipe.records import Outcome, Provenance, Record, encode
from vidpipe.store.documents import (
    Tables,
    encode_rows,
    read_record,
    read_table,
    read_table_record,
    write_record,
    write_table,
)
from vidpipe.store.objects import ObjectStore, open_store, sha256_of

PROVENANCE = Provenance(None, {}, "1+ab", "ab", {}, "run", 0.0, 0.0, "2026-01-01T00:00:00Z")


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """An empty store in memory."""
    return open_store("memory://", scratch=tmp_path)


def record_of(video_id: str, asset: str = "shots") -> Record:
    """A record that is ok."""
    return Record.of(video_id, asset, Outcome("ok", value={"shots": [video_id]}), PROVENANCE)


def frame_of(*video_ids: str) -> pl.DataFrame:
    """A table of these videos."""
    return pl.DataFrame({"video_id": list(video_ids), "n": list(range(len(video_ids)))})


@pytest.mark.parametrize("video_id", ["a", "../../x", "a/b", "🎬", "nul\0", "x" * 300, "\udcff"])
def test_a_record_reads_back_whatever_the_id(store: ObjectStore, video_id: str) -> None:
    stored, sha256 = write_record(store, record_of(video_id))
    assert read_record(store, "shots", video_id) == record_of(video_id)
    assert stored.key == keys.record("shots", keys.segment(video_id))
    assert sha256 == sha256_of(store.get(stored.key))


def test_a_missing_record_is_missing(store: ObjectStore) -> None:
    with pytest.raises(MissingObjectError):
        read_record(store, "shots", "a")


@pytest.mark.parametrize(("asset", "video_id"), [("shots", "b"), ("video_signals", "a")])
def test_a_record_of_another_video_or_asset_is_corrupt(store: ObjectStore, asset: str, video_id: str) -> None:
    store.put(keys.record("shots", "a"), encode(record_of(video_id, asset)))
    with pytest.raises(CorruptObjectError, match="another video's"):
        read_record(store, "shots", "a")


def test_a_table_reads_back_with_its_record(store: ObjectStore) -> None:
    write_table(store, record_of("", "selection"), encode_rows(frame_of("a", "b")))
    assert read_table(store, "selection").equals(frame_of("a", "b"))
    assert read_table_record(store, "selection") == record_of("", "selection")


PANICS = b"PAR1" + b"\xff" * 300 + b"\x20\x00\x00\x00PAR1"


@pytest.mark.parametrize("data", [b"", b"PAR1", b"no table", b"PAR1" + bytes(100) + b"PAR1", PANICS])
def test_what_is_no_table_is_corrupt(store: ObjectStore, data: bytes) -> None:
    store.put(keys.table_rows("selection"), data)
    with pytest.raises(CorruptObjectError):
        read_table(store, "selection")


def test_tables_are_read_again_when_they_were_written_again(store: ObjectStore) -> None:
    tables = Tables(store)
    write_table(store, record_of("", "selection"), encode_rows(frame_of("a")))
    first = tables.rows("selection")
    assert tables.rows("selection") is first
    write_table(store, record_of("", "selection"), encode_rows(frame_of("a", "b")))
    assert tables.rows("selection").height == 2
    assert tables.row("selection", "b") == {"video_id": "b", "n": 1}


def test_a_row_that_is_not_there_is_missing(store: ObjectStore) -> None:
    tables = Tables(store)
    with pytest.raises(MissingObjectError):
        tables.rows("selection")
    write_table(store, record_of("", "selection"), encode_rows(frame_of("a")))
    with pytest.raises(MissingObjectError, match="no row of this video"):
        tables.row("selection", "b")


def test_the_row_of_a_video_is_the_one_that_was_kept(store: ObjectStore) -> None:
    rows = pl.DataFrame({"video_id": ["a", "a"], "keep": [False, True], "n": [1, 2]})
    write_table(store, record_of("", "catalogue"), encode_rows(rows))
    assert Tables(store).row("catalogue", "a")["n"] == 2


def test_rows_that_polars_panics_at_are_corrupt(store: ObjectStore) -> None:
    whole = encode_rows(pl.DataFrame({"video_id": [str(n) for n in range(50)], "n": list(range(50))}))
    for at in range(0, len(whole), 7):
        store.put(keys.table_rows("selection"), whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        with contextlib.suppress(CorruptObjectError):
            read_table(store, "selection")
