"""Questions, their addresses and names; answers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vidpipe.models.calls import Media, Question, Settings, Usage

VIDEO = Media(Path("a/video.mp4"), source_sha256="ab" * 32, made_by="proxy 1 fps=1", span_s=(0.0, 60.0))
QUESTION = Question("What is seen?", Settings("m-1", fps=1.0), VIDEO, {"type": "object"})


@pytest.mark.parametrize(
    "changed",
    [
        replace(QUESTION, prompt="What is heard?"),
        replace(QUESTION, settings=Settings("m-2", fps=1.0)),
        replace(QUESTION, settings=Settings("m-1", fps=2.0)),
        replace(QUESTION, settings=Settings("m-1", fps=1.0, safety={"HARM": "OFF"})),
        replace(QUESTION, media=replace(VIDEO, source_sha256="cd" * 32)),
        replace(QUESTION, media=replace(VIDEO, made_by="source")),
        replace(QUESTION, media=replace(VIDEO, span_s=None)),
        replace(QUESTION, media=None),
        replace(QUESTION, schema=None),
        replace(QUESTION, round=1),
        replace(QUESTION, round=1, remark="scenes: too few"),
    ],
    ids=lambda one: "",
)
def test_whatever_an_answer_follows_from_changes_its_address_and_the_name_of_the_request(changed: Question) -> None:
    assert changed.address != QUESTION.address
    assert changed.request_id != QUESTION.request_id


def test_where_the_file_lies_and_the_order_of_keys_change_nothing() -> None:
    moved = replace(QUESTION, media=replace(VIDEO, place="https://example.org/video.mp4"))
    ordered: dict[str, Any] = {"b": 1, "a": 2}
    assert moved.address == QUESTION.address
    assert replace(QUESTION, schema=ordered).address == replace(QUESTION, schema=dict(sorted(ordered.items()))).address


def test_the_address_of_a_question_stays_what_it_was_since_answers_are_kept_under_it() -> None:
    assert QUESTION.address == "47059e8cc204e2f0bd835853f9dc8a266eeb4e65648fc149bd546be14bf1f4a9"


def test_the_name_of_the_request_is_the_last_line_that_the_model_reads() -> None:
    asked = replace(QUESTION, round=1, remark="scenes: too few")
    assert asked.text() == f"What is seen?\n\nscenes: too few\n\nrequest_id: {asked.request_id}"
    assert len(asked.request_id) == 12


def test_tokens_add_up_and_are_never_negative() -> None:
    assert Usage(text=1, video=2, out=3) + Usage(text=1, audio=4) == Usage(text=2, video=2, audio=4, out=3)
    assert Usage(text=1, video=2, audio=3, cached=2).n_in == 6
    with pytest.raises(ValueError, match="not negative"):
        Usage(out=-1)


def test_a_round_before_the_first_is_refused() -> None:
    with pytest.raises(ValueError, match="round"):
        replace(QUESTION, round=-1)
