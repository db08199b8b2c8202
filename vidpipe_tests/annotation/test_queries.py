"""Queries are asked for by clip, three sentences of each kind, and never twice."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from vidpipe.annotation.model_answers import read_structured
from vidpipe.annotation.plans import Subject
from vidpipe.annotation.prompting import Prompt, load_prompt
from vidpipe.annotation.queries import MEANINGS, QueryPlan, ask_queries, queries_form, query_question, unasked_queries
from vidpipe.annotation.wire_schema import N_LEVELS, wire_schema
from vidpipe.errors import BlockedAnswerError, MalformedAnswerError, RecipeError, TransientServiceError
from vidpipe.models.calls import Answer, Media, Question, Settings
from vidpipe.recipe.query_section import EDITIONS
from vidpipe.timeline.spans import Span
from vidpipe_tests.annotation.answering import Keeper, Service, ends, fields_of, tells
from vidpipe_tests.servers.instances import Setting, instance_of

FIELDS = EDITIONS["published"]["segment"]
CUES = [(Fraction(3), Fraction(4), "To the sea!")]
CLIP = Subject(Media("c.mp4", "0" * 64, span_s=(55.0, 115.0)), Fraction(60), title="Ann {fields}", captions=CUES)


def plan(fields: tuple[str, ...] = FIELDS, **other: Any) -> QueryPlan:
    return QueryPlan(fields, load_prompt("segment_queries"), Settings("gemini-3.8-flash"), **other)


def three(question: Question) -> Answer:
    return tells(question, {name: [f"{name} {i}" for i in range(3)] for name in fields_of(question)})


def test_a_clip_is_asked_about_once_and_tells_three_of_each() -> None:
    service = Service(three)
    said = ask_queries(service, CLIP, plan(language="Traditional Chinese"))
    (question,) = service.questions
    assert question.media == CLIP.media
    assert list(said.queries) == list(FIELDS)
    assert said.queries["dialogue"] == ["dialogue 0", "dialogue 1", "dialogue 2"]
    for words in (
        "Write in Traditional Chinese",
        "exactly 3 sentences",
        "0:00:03 To the sea!",
        "- dialogue: what is said",
    ):
        assert words in question.prompt
    assert "Ann {fields}" in question.prompt


@pytest.mark.parametrize("kinds", [names for levels in EDITIONS.values() for names in levels.values()])
def test_every_edition_has_five_kinds_with_a_meaning(kinds: tuple[str, ...]) -> None:
    assert len(kinds) == 5
    prompt = query_question(CLIP, plan(kinds)).prompt
    assert all(f"- {name}: {MEANINGS[name]}\n" in prompt for name in kinds)


@pytest.mark.parametrize("name", ["segment_queries", "episode_queries"])
def test_the_built_in_prompts_fit(name: str) -> None:
    question = query_question(CLIP, replace(plan(), prompt=load_prompt(name)))
    assert "0:01:00" in question.prompt


@pytest.mark.parametrize("level", range(N_LEVELS))
def test_a_service_can_answer_by_the_schema(level: int) -> None:
    form = queries_form(FIELDS)
    schema = wire_schema(form, level)
    assert schema["required"] == ["request_id", *FIELDS]
    said = instance_of(schema, Setting("ABCDEFGHIJK2"))
    assert list(said) == ["request_id", *FIELDS]
    assert level > 0 or all(len(said[name]) == 3 for name in FIELDS)


@pytest.mark.parametrize(
    "bad", [[], ["a", "b"], ["a", "b", "c", "d"], ["a", "b", ""], ["a", "b", " \n"], ["a", "b", 3], "abc"]
)
def test_anything_but_three_sentences_is_repaired(bad: object) -> None:
    values = {name: ["a", "b", "c"] for name in FIELDS} | {"dialogue": bad}
    service = Service(lambda q: tells(q, values), three)
    said = ask_queries(service, CLIP, plan())
    assert [one.verdict for one in said.exchanges] == ["malformed", "taken"]
    assert "- dialogue" in service.questions[1].remark


def test_an_overlong_sentence_is_a_fault_and_blanks_around_one_are_not() -> None:
    form = queries_form(("theme",))
    text = tells(Question("", Settings("m")), {"theme": [" a ", "b", "c" * 1_000]}).text
    request_id = Question("", Settings("m")).request_id
    part = Span(Fraction(0), Fraction(1))
    assert read_structured(text, request_id=request_id, form=form, part=part)["theme"][0] == "a"
    with pytest.raises(MalformedAnswerError):
        read_structured(text.replace("cc", "ccc", 1), request_id=request_id, form=form, part=part)


def test_of_thirty_clips_only_the_one_that_failed_is_asked_about_again() -> None:
    def failing(question: Question) -> Answer:
        if question.media is not None and question.media.span_s == (7 * 55.0, 7 * 55.0 + 60) and not mended:
            raise TransientServiceError("gemini", "overloaded")
        return three(question)

    mended: list[bool] = []
    keeper = Keeper(failing)
    clips = [replace(CLIP, media=replace(CLIP.media, span_s=(i * 55.0, i * 55.0 + 60))) for i in range(30)]
    for i, clip in enumerate(clips):
        if i == 7:
            with pytest.raises(TransientServiceError):
                ask_queries(keeper, clip, plan(), recall=keeper.recall)
        else:
            ask_queries(keeper, clip, plan(), recall=keeper.recall)
    mended.append(True)
    before = keeper.n_asked
    unasked = [unasked_queries(clip, plan(), keeper.recall) for clip in clips]
    assert [i for i, question in enumerate(unasked) if question is not None] == [7]
    for clip in clips:
        ask_queries(keeper, clip, plan(), recall=keeper.recall)
    assert keeper.n_asked == before + 1
    assert unasked_queries(clips[7], plan(), keeper.recall) is None


def test_a_refusal_holds_what_was_asked() -> None:
    with pytest.raises(BlockedAnswerError) as caught:
        ask_queries(Service(ends("blocked", "SAFETY")), CLIP, plan())
    assert len(caught.value.exchanges) == 1


def test_kinds_of_ones_own_speak_for_themselves() -> None:
    assert "- cooking_steps: cooking steps" in query_question(CLIP, plan(("cooking_steps",))).prompt


def test_a_prompt_that_does_not_name_the_kinds_is_a_recipe_error() -> None:
    with pytest.raises(RecipeError, match=r"it must show \{fields\}"):
        query_question(CLIP, replace(plan(), prompt=Prompt("segment_queries", "Say something.", "mine")))
