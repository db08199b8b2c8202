"""What came back: endings by the service's own enum, tokens by modality; what is no answer is not taken for one."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.gemini_answers import answer_of
from resources.gemini_problems import Kind, ProblemError
from vidpipe.models.calls import Answer, Usage

USAGE = {
    "promptTokenCount": 100,
    "candidatesTokenCount": 7,
    "thoughtsTokenCount": 5,
    "cachedContentTokenCount": 3,
    "totalTokenCount": 112,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 10},
        {"modality": "VIDEO", "tokenCount": 60},
        {"modality": "AUDIO", "tokenCount": 30},
    ],
}
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=5), parts, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(["candidates", "promptFeedback", "usageMetadata", "modelVersion", "new"])


def read(finish: str | None = "STOP", parts: Any = ({"text": "hi"},), **rest: Any) -> Answer:
    candidate = {"content": {"parts": list(parts)}, "finishReason": finish, "avgLogprobs": -0.1}
    body = {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "gemini-9"} | rest
    return answer_of(json.dumps(body), model="asked", seconds=1.5)


def test_an_answer_says_what_answered_and_what_it_took() -> None:
    usage = Usage(text=10, video=60, audio=30, cached=3, out=12, thoughts=5)
    assert read() == Answer("hi", "gemini-9", usage, seconds=1.5)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("MAX_TOKENS", "truncated"),
        ("CONTINUATION", "truncated"),
        ("SAFETY", "blocked"),
        ("PROHIBITED_CONTENT", "blocked"),
        ("BLOCKLIST", "blocked"),
        ("SPII", "blocked"),
        ("LANGUAGE", "blocked"),
        ("RECITATION", "recited"),
        ("OTHER", "odd"),
        ("MALFORMED_RESPONSE", "odd"),
        ("PUP_LIMITED_DISABLED", "odd"),
        ("A_REASON_OF_2031", "odd"),
    ],
)
def test_an_ending_that_is_not_well_is_never_a_success(reason: str, finish: str) -> None:
    answer = read(reason)
    assert (answer.finish, answer.reason, answer.text) == (finish, reason, "hi")


def test_a_blocked_prompt_is_blocked_and_still_billed() -> None:
    body = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 9}}
    answer = answer_of(json.dumps(body), model="asked", seconds=0.0)
    assert (answer.finish, answer.reason, answer.model) == ("blocked", "PROHIBITED_CONTENT", "asked")
    assert answer.usage == Usage(text=9)


@pytest.mark.parametrize("usage", [None, {}, {"candidatesTokenCount": 7}])
def test_an_answer_that_tells_no_tokens_of_input_is_not_metered(usage: Any) -> None:
    assert not read(usageMetadata=usage).is_metered
    assert read().is_metered


def test_a_refused_prompt_that_tells_no_tokens_costs_nothing() -> None:
    answer = answer_of('{"promptFeedback": {"blockReason": "SAFETY"}}', model="asked", seconds=0.0)
    assert (answer.is_metered, answer.usage) == (True, Usage())


def test_nothing_said_is_odd() -> None:
    assert (read(parts=()).finish, read(parts=()).reason) == ("odd", "empty")
    assert (read(None).finish, read(None).reason) == ("odd", "no finish reason")
    assert (read(candidates=[]).finish, read(candidates=[]).reason) == ("odd", "no answer")


def test_thoughts_are_no_part_of_the_text() -> None:
    assert read(parts=[{"text": "hm", "thought": True}, {"text": "a"}, {"text": "b"}]).text == "ab"


def test_where_totals_and_parts_disagree_the_greater_is_billed() -> None:
    usage = read(usageMetadata={"promptTokenCount": 50, "candidatesTokenCount": 1, "totalTokenCount": 90}).usage
    assert (usage.n_in, usage.out) == (50, 40)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "{}",
        '{"error": {"code": 500}}',
        '{"candidates": 3}',
        '{"candidates": [{"content": []}]}',
    ]
    + [json.dumps({"usageMetadata": {"promptTokenCount": n}}) for n in (-1, 10**30, "many")],
)
def test_a_broken_envelope_is_a_lost_answer(body: str) -> None:
    with pytest.raises(ProblemError) as caught:
        answer_of(body, model="asked", seconds=0.0)
    assert caught.value.problem.kind is Kind.LOST


@given(st.dictionaries(fields, values) | values)
def test_any_json_is_an_answer_or_a_lost_one(body: Any) -> None:
    with suppress(ProblemError):
        assert answer_of(json.dumps(body), model="asked", seconds=0.0).finish != "complete"
