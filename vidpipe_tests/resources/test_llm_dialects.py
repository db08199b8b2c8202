"""Whatever a server says, what is read from it is sound: who it is, what it answered, what it refuses."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.llm_dialects import chat_answer, error_of, generate_answer
from resources.llm_http import base_of
from resources.llm_limits import TooLong, cut, too_long
from resources.llm_servers import Served, count, openai_served, parsed, tgi_served
from vidpipe.errors import RecipeError, RejectedRequestError, UnfitServiceError
from vidpipe.models.calls import Answer, Question, Settings
from vidpipe.models.fences import fenced, spare_chars

KEYS = st.sampled_from(
    [
        "choices",
        "message",
        "content",
        "finish_reason",
        "usage",
        "prompt_tokens",
        "completion_tokens",
        "model",
        "error",
        "error_type",
        "type",
        "data",
        "id",
        "max_model_len",
        "parent",
        "model_id",
        "router",
        "max_total_tokens",
        "max_input_tokens",
        "max_input_length",
        "generated_text",
        "details",
        "prompt_tokens_details",
        "cached_tokens",
        "completion_tokens_details",
        "reasoning_tokens",
        "generated_tokens",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9) | st.just("text-generation-router"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
SERVED = Served("openai", {"m": 100}, "m")


@given(JSON)
def test_nothing_that_a_server_says_breaks_its_reader(value: Any) -> None:
    for answer in (
        chat_answer(value, SERVED, 0.0),
        generate_answer(value, {"x-prompt-tokens": str(value)}, SERVED, 0.0),
    ):
        assert answer is None or _is_sound(answer)
    for served in (tgi_served(value), openai_served(value)):
        assert served is None or (served.models and (served.model is None or served.model in served.models))
    error = error_of(json.dumps(value).encode())
    assert error is None or all(isinstance(part, str) for part in error)


def _is_sound(answer: Answer) -> bool:
    answer.text.encode()
    answer.model.encode()
    (answer.reason or "").encode()
    return (answer.finish == "complete") == (answer.reason is None) and (
        answer.finish != "complete" or answer.text != ""
    )


@given(st.binary(max_size=60))
def test_bytes_that_are_no_json_are_nothing(body: bytes) -> None:
    parsed(body)
    error_of(body)


@given(JSON)
def test_a_count_is_a_plausible_number_or_nothing(value: Any) -> None:
    found = count(value)
    assert found is None or 0 < found < 10**12
    assert count("17") == count(17) == 17
    assert [count(odd) for odd in (True, 0, -1, "", "x", "١", 1.5, 10**12, "9" * 12)] == [None] * 9


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4900 `inputs` "
            "tokens and 20 `max_new_tokens`",
            TooLong(None, 4096, 4900),
        ),
        ("`inputs` must have less than 1024 tokens. Given: 2000", TooLong(1024, None, 2000)),
        (
            "This model's maximum context length is 16384 tokens. However, you requested 122946 tokens (112946 in the "
            "messages, 10000 in the completion). Please reduce the length of the messages or completion.",
            TooLong(None, 16384, 112946),
        ),
        (
            "This model's maximum context length is 4097 tokens. However, your messages resulted in 6164 tokens. "
            "Please reduce the length of the messages.",
            TooLong(None, 4097, 6164),
        ),
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 3072. This model's maximum context length is 8192 "
            "tokens and your request has 6000 input tokens (3072 > 8192 - 6000).",
            TooLong(None, 8192, 6000),
        ),
        (
            "This model's maximum context length is 128000 tokens. However, you requested 65535 output tokens and your "
            "prompt contains 62470 input tokens, for a total of 128005 tokens.",
            TooLong(None, 128000, 62470),
        ),
        (
            "This model's maximum context length is 128000 tokens. However, you requested 65535 output tokens and your "
            "prompt contains at least 62466 input tokens, for a total of at least 128001 tokens.",
            TooLong(None, 128000, None),
        ),
        (
            "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of "
            "5000 tokens: 4900 tokens from the input messages and 100 tokens for the completion.",
            TooLong(None, 4096, 4900),
        ),
        ("The input (5000 tokens) is longer than the model's context length (4096 tokens).", TooLong(None, 4096, 5000)),
        ("request (5000 tokens) exceeds the available context size (4096 tokens), try", TooLong(None, 4096, 5000)),
        ("the request exceeds the available context size. try increasing the context size", TooLong()),
        ("max_tokens=9 cannot be greater than max_model_len=max_total_tokens=8.", TooLong()),
        ("top_p must be in (0, 1]", None),
        ("", None),
    ],
)
def test_the_words_of_every_server_about_length_are_known(message: str, found: TooLong | None) -> None:
    assert too_long(message) == found


@given(st.text() | st.from_regex(r"context length is \d+ tokens.{0,90}\d+ input tokens"))
def test_no_message_breaks_the_search_for_lengths(message: str) -> None:
    found = too_long(message)
    assert found is None or (found.given or 0) >= 0


LIMIT = st.none() | st.integers(0, 5000)


@given(
    st.builds(TooLong, LIMIT, LIMIT, LIMIT), LIMIT, st.text(min_size=1, max_size=300), st.none() | st.integers(1, 500)
)
def test_cutting_takes_foreign_text_alone_and_comes_to_an_end(
    refusal: TooLong, limit: int | None, captions: str, out: int | None
) -> None:
    text = f"Ours.\n{fenced('captions', captions)}\nOurs too."
    question = Question(text, Settings("m", max_output_tokens=out))
    served = Served("openai", {"m": limit}, "m")
    for _ in range(1000):
        if spare_chars(text) == 0:
            break
        try:
            short = cut(text, refusal, served, question)
        except UnfitServiceError:
            assert min(refusal.max_input or 9, refusal.max_total or limit or 9) <= (out or 1)
            return
        assert spare_chars(short) < spare_chars(text)
        assert len(text) - len(short) == spare_chars(text) - spare_chars(short)
        text = short
    with pytest.raises(UnfitServiceError):
        cut(text, refusal, served, question)


def test_a_prompt_without_fences_is_not_cut() -> None:
    with pytest.raises(RejectedRequestError):
        cut("Ours.", TooLong(None, 10, 20), SERVED, Question("Ours.", Settings("m")))


def test_adapters_do_not_make_a_choice_of_models() -> None:
    def listing(*cards: tuple[str, str | None]) -> Served | None:
        return openai_served({"data": [{"id": name, "parent": parent, "max_model_len": 9} for name, parent in cards]})

    tuned, several = listing(("base", None), ("lora", "base")), listing(("one", None), ("two", None))
    assert tuned == Served("openai", {"base": 9, "lora": 9}, "base")
    assert several is not None
    assert several.model is None
    assert not any(
        map(openai_served, ({}, {"data": []}, {"data": [{}]}, {"data": [{"id": 3}]}, {"data": [{"id": ""}]}))
    )


@given(st.text(max_size=40) | st.builds("{}://{}/{}".format, st.sampled_from(["http", "https"]), st.text(), st.text()))
def test_every_address_is_used_or_refused_in_one_line(url: str) -> None:
    try:
        base = base_of(url)
    except RecipeError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either is right)
    else:
        assert base.startswith(("http://", "https://"))
        assert not base.endswith(("/", "/v1"))
