"""The file of an answer holds all of it, and tells when it is not what was written."""

import json
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.errors import CorruptObjectError
from vidpipe.models.calls import Answer, Finish, Question, Settings, Usage
from vidpipe.models.paid import Call, Paid, Purpose, decode, encode
from vidpipe.models.prices import Bill

QUESTION = Question("What is seen?", Settings("m-1"), round=1)
PURPOSE = Purpose("gemini", "video_annotations", "scenes", "a/b", "run")
CALL = Call.of(QUESTION, PURPOSE, id="c0ffee", started=1795300000.25)
PAID = Paid(CALL, Answer("A dog.", "m-1-001", Usage(text=3, out=2), seconds=1.5), Bill(12_345, "m-1", is_flagged=True))

texts = st.text(st.characters(exclude_categories=[]))
answers = st.builds(
    Answer,
    text=st.text(),
    model=st.text(),
    usage=st.builds(Usage, text=st.integers(0, 2**40), out=st.integers(0, 2**40)),
    finish=st.sampled_from(get_args(Finish)),
    reason=st.none() | st.text(),
    seconds=st.floats(0, 1e6),
    n_hops=st.integers(1, 9),
    is_metered=st.booleans(),
)


@given(answers, st.text(), st.integers(0, 10**18))
def test_an_answers_file_reads_back(answer: Answer, video_id: str, nusd: int) -> None:
    call = replace(CALL, purpose=replace(PURPOSE, video_id=video_id))
    paid = Paid(call, answer, Bill(nusd, "m-1"))
    assert decode("key", encode(paid)) == paid


@given(texts)
def test_halves_of_characters_do_no_harm(text: str) -> None:
    first = decode("key", encode(replace(PAID, answer=replace(PAID.answer, text=text))))
    assert decode("key", encode(first)) == first


def test_the_file_says_what_scripts_may_rely_on() -> None:
    shown = json.loads(encode(PAID))
    assert (shown["request_id"], shown["address"]) == (QUESTION.request_id, QUESTION.address)
    assert (shown["raw"], shown["model"], shown["model_requested"]) == ("A dog.", "m-1-001", "m-1")
    assert shown["usage"]["text"] == 3
    assert shown["cost_usd"] == 12_345e-9
    assert shown["call"]["video_id"] == "a/b"


def test_whatever_byte_is_altered_it_is_noticed() -> None:
    whole = encode(PAID)
    for at in range(len(whole)):
        for other in (whole[at] ^ 1, ord("0")):
            altered = whole[:at] + bytes([other]) + whole[at + 1 :]
            try:
                found = decode("key", altered)
            except CorruptObjectError:
                continue
            assert found == PAID, "white space, or the same"


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b'{"sha256": ""}', b"[" * 100_000, b"\xff"])
def test_what_is_no_answer_is_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptObjectError, match="not"):
        decode("key", data)
