"""An answer that names another request is another's, however models like to wrap the name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.models.calls import Answer, Finish, Question, Settings, Usage
from vidpipe.models.echo import is_anothers, named_id

QUESTION = Question("What is seen?", Settings("m-1"))
OTHER = "AAAAAAAAAAAA"
ENDS: list[Finish] = ["complete", "truncated", "blocked", "recited", "odd"]


def foreign(text: str, finish: Finish = "complete") -> bool:
    """Whether an answer of this text is another's."""
    return is_anothers(QUESTION, Answer(text, "m-1", Usage(), finish=finish))


@pytest.mark.parametrize("finish", ENDS)
@pytest.mark.parametrize(
    "text",
    [
        "request_id: ID\nA dog.",
        "**request_id:** `ID`\n",
        "\n\n# request_id: ID",
        "```\nrequest_id: ID\n```",
        '{"request_id": "ID", "scenes": []}',
        '{\n "request_id":"ID"}',
        '```json\n{"request_id": "ID"}\n```',
        '{"scenes": ["a b c d e"], "request_id": "ID"}',
        '{"request_id": "ID", "scenes": [{"tit',
    ],
)
def test_who_names_another_request_is_foreign_and_who_names_ours_is_not(text: str, finish: Finish) -> None:
    assert foreign(text.replace("ID", OTHER), finish)
    assert not foreign(text.replace("ID", QUESTION.request_id), finish)
    assert named_id(text.replace("ID", OTHER)) == OTHER


@pytest.mark.parametrize(
    "text",
    [
        "A dog.",
        f"A dog runs along the road. request_id: {OTHER}",
        f'{{"scenes": [{{"title": "the id is", "request_id": "{OTHER}"}}]}}',
        f'["one", "two", "three", "{OTHER}"]',
        '{"request_id": 7}',
        '{"request_id": "aaaaaaaaaaaa"}',
        "[" * 100_000,
        "",
    ],
)
def test_who_names_none_is_left_to_whoever_judges_the_answer(text: str) -> None:
    assert named_id(text) is None
    assert not foreign(text)


@given(st.text(st.characters(exclude_characters="ABCDEFGHIJKLMNOPQRSTUVWXYZ")))
def test_no_text_at_all_is_taken_for_a_name(text: str) -> None:
    assert named_id(text) is None
    assert named_id(json.dumps({"text": text})) is None
