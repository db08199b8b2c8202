"""An answer names its request first of all, however models like to wrap it, or is another's."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.models.calls import Answer, Finish, Question, Settings, Usage
from vidpipe.models.echo import names_its_request

TEXT = Question("What is seen?", Settings("m-1"))
JSON = Question("What is seen?", Settings("m-1"), schema={"type": "object"})


def named(question: Question, text: str, finish: Finish = "complete") -> bool:
    """Whether an answer of this text names its request; `ID` stands for the name."""
    answer = Answer(text.replace("ID", question.request_id), "m-1", Usage(), finish=finish)
    return names_its_request(question, answer)


@pytest.mark.parametrize(
    "text",
    [
        "request_id: ID\nA dog.",
        "ID\nA dog.",
        "**request_id:** `ID`\n",
        "\n\n# Request_id ID",
        "```\nrequest_id=ID\n```",
    ],
)
def test_free_text_begins_with_the_name(text: str) -> None:
    assert named(TEXT, text)


@pytest.mark.parametrize(
    "text",
    [
        '{"request_id": "ID", "scenes": []}',
        '{\n "request_id":"ID"}',
        '```json\n{"request_id": "ID"}\n```',
        '{"scenes": ["a b c d e"], "request_id": "ID"}',
    ],
)
def test_an_object_has_it_as_a_property(text: str) -> None:
    assert named(JSON, text)


def test_an_object_that_was_cut_off_still_names_it() -> None:
    assert named(JSON, '{"request_id": "ID", "scenes": [{"tit', "truncated")


@pytest.mark.parametrize(
    "text",
    [
        "A dog.",
        "request_id: AAAAAAAAAAAA\nA dog.",
        "A dog runs along the road. request_id: ID",
        '{"request_id": "AAAAAAAAAAAA"}',
        '{"scenes": [{"title": "the id is", "request_id": "ID"}]}',
        '["one", "two", "three", "ID"]',
        "[" * 100_000,
        "",
    ],
)
def test_whatever_does_not_is_anothers(text: str) -> None:
    assert not named(TEXT, text)
    assert not named(JSON, text)


@pytest.mark.parametrize("finish", ["blocked", "truncated", "recited", "odd"])
def test_silence_that_the_service_explains_is_believed(finish: Finish) -> None:
    assert named(JSON, "", finish)
    assert not named(JSON, "A dog runs along", finish)


@settings(deadline=None)
@given(st.text())
def test_no_text_at_all_is_taken_for_an_answer(text: str) -> None:
    assert not named(JSON, text.replace("ID", ""))
    assert not named(JSON, json.dumps({"text": text.replace("ID", "")}))
