"""Damage: noted of the very record that was looked at, and taken back where the alarm was false."""

from collections.abc import Iterator

import pytest

from vidpipe.ledger.ledger import Ledger, open_ledger
from vidpipe.records import Outcome, Provenance, Record

PROVENANCE = Provenance(None, {}, "1+ab", "ab", {}, "run", 0.0, 0.5, "2026-01-01T00:00:00Z")


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    """A ledger with one record."""
    made = open_ledger(place)
    record = Record.of("a", "shots", Outcome("ok"), PROVENANCE)
    made.settle(record, video_id="a", sha256="sha", etag="tag")
    yield made
    made.close()


def test_a_record_that_was_written_again_since_is_not_marked(ledger: Ledger) -> None:
    ledger.damage.mark("shots", {"a": "another"})
    ledger.damage.mark_for_good("shots", {"a": "another"})
    assert not ledger.is_damaged("shots", "a")
    ledger.damage.mark("shots", {"a": "sha"})
    assert ledger.is_damaged("shots", "a")


def test_a_false_alarm_is_taken_back(ledger: Ledger) -> None:
    ledger.damage.mark("shots", {"a": "sha"})
    assert ledger.damage.of_records("shots") == {"a": "sha"}
    ledger.damage.take_back("shots", "a", sha256="sha", etag="new")
    assert ledger.hashes("shots") == {"a": ("sha", "new")}


def test_a_record_whose_file_is_lost_is_not_whole_by_its_bytes(ledger: Ledger) -> None:
    ledger.damage.mark_for_good("shots", {"a": None})
    assert ledger.damage.of_records("shots") == {}
    ledger.damage.take_back("shots", "a", sha256="sha", etag="new")
    assert ledger.is_damaged("shots", "a")
