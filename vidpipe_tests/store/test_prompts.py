"""What models were asked: each text once, under the sha256 of its bytes."""

import hashlib
from pathlib import Path

import pytest

from vidpipe import keys
from vidpipe.errors import CorruptObjectError, MissingObjectError
from vidpipe.models.calls import Question, Settings, fingerprint_of
from vidpipe.store.objects import ObjectStore, open_store
from vidpipe.store.prompts import Prompts, read_prompt

ASKED = Question("Tell of „cats\udcff“.", Settings("m"), template="Tell of {title}.")


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """An empty store in memory."""
    return open_store("memory://", scratch=tmp_path)


def test_both_texts_of_a_question_are_kept_once_by_their_fingerprints(store: ObjectStore) -> None:
    Prompts(store).keep(ASKED)
    first = {one.key: one.etag for one in store.list("prompts")}
    assert first.keys() == {keys.prompt(fingerprint_of(text)) for text in (ASKED.prompt, ASKED.template)}
    for key in first:
        assert hashlib.sha256(store.get(key)).hexdigest() in key
    again = Prompts(store)
    again.keep(ASKED)
    again.keep(ASKED)
    assert {one.key: one.etag for one in store.list("prompts")} == first


def test_a_text_is_read_by_its_fingerprint(store: ObjectStore) -> None:
    Prompts(store).keep(ASKED)
    assert read_prompt(store, fingerprint_of(ASKED.template)) == ASKED.template
    assert read_prompt(store, fingerprint_of(ASKED.prompt)) == "Tell of „cats\\udcff“."


def test_a_question_without_a_template_has_one_text(store: ObjectStore) -> None:
    Prompts(store).keep(Question("Tell.", Settings("m")))
    assert len(list(store.list("prompts"))) == 1


def test_a_text_that_is_not_there_or_was_altered_is_none(store: ObjectStore) -> None:
    with pytest.raises(MissingObjectError):
        read_prompt(store, "0" * 64)
    Prompts(store).keep(ASKED)
    key = keys.prompt(fingerprint_of(ASKED.template))
    store.put(key, store.get(key).replace(b"title", b"other"))
    with pytest.raises(CorruptObjectError):
        read_prompt(store, fingerprint_of(ASKED.template))


def test_a_text_that_was_cut_is_put_there_again(store: ObjectStore) -> None:
    key = keys.prompt(fingerprint_of(ASKED.template))
    store.put(key, b"Tell")
    Prompts(store).keep(ASKED)
    assert read_prompt(store, fingerprint_of(ASKED.template)) == ASKED.template


@pytest.mark.parametrize("name", ["", "../../x", "F" * 64, "0" * 63, "a\0b"])
def test_what_is_no_fingerprint_names_no_text(store: ObjectStore, name: str) -> None:
    with pytest.raises(MissingObjectError):
        read_prompt(store, name)
