"""Copies of accepted records: put back word for word, and only where the ledger still means them."""

from pathlib import Path

import pytest

from vidpipe import keys
from vidpipe.errors import MissingObjectError
from vidpipe.records import Outcome, Provenance, Record
from vidpipe.store.accepted import keep_accepted, put_back
from vidpipe.store.documents import read_record, write_record
from vidpipe.store.objects import ObjectStore, open_store

MADE = Provenance(None, {}, "1+r", "r", {}, "run", 0.0, 0.0, "2026-01-01T00:00:00Z")
KEY = keys.record("shots", keys.segment("a/b"))


def told(value: int) -> Record:
    """A record of one video."""
    return Record.of("a/b", "shots", Outcome("ok", value={"n": value}), MADE)


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """With a copy of an accepted record."""
    opened = open_store(str(tmp_path / "store"), scratch=tmp_path / "scratch")
    keep_accepted(opened, told(1))
    return opened


def test_a_lost_record_is_put_back_as_it_was(store: ObjectStore) -> None:
    sha256 = keep_accepted(store, told(1))
    etag = put_back(store, "shots", "a/b", sha256=sha256)
    assert (read_record(store, "shots", "a/b"), store.head(KEY).etag) == (told(1), etag)


def test_a_record_that_was_made_since_has_no_copy(store: ObjectStore) -> None:
    _, sha256 = write_record(store, told(2))
    store.delete(KEY)
    assert put_back(store, "shots", "a/b", sha256=sha256) is None
    assert put_back(store, "shots", "c", sha256=sha256) is None
    with pytest.raises(MissingObjectError):
        store.head(KEY)
