"""Answers as objects: whole, of the right question, and apart from those that are nobody's."""

from dataclasses import replace
from pathlib import Path

import pytest

from vidpipe import keys
from vidpipe.errors import CorruptObjectError, MissingObjectError
from vidpipe.models.paid import encode
from vidpipe.store.answers import read_answer, write_answer, write_refused
from vidpipe.store.objects import ObjectStore, open_store
from vidpipe_tests.models.test_paid import CALL, PAID


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """An empty store in memory."""
    return open_store("memory://", scratch=tmp_path)


def test_an_answer_reads_back_from_where_the_contract_says(store: ObjectStore) -> None:
    assert write_answer(store, PAID).key == f"answers/{CALL.address[:2]}/{CALL.address}.json"
    assert read_answer(store, CALL.address) == PAID


def test_an_answer_of_another_question_is_corrupt(store: ObjectStore) -> None:
    other = "0" * 64
    store.put(keys.answer(other), encode(PAID))
    with pytest.raises(CorruptObjectError, match="another question"):
        read_answer(store, other)


def test_what_was_refused_is_kept_but_is_no_answer(store: ObjectStore) -> None:
    for call_id in ("one", "two"):
        write_refused(store, replace(PAID, call=replace(CALL, id=call_id)))
    assert len(list(store.list("answers/refused"))) == 2
    with pytest.raises(MissingObjectError):
        read_answer(store, CALL.address)
