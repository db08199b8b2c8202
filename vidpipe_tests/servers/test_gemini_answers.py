"""What the real client makes of answers that are wrong, and of every refusal (research/services.md, section 1)."""

import json
import threading

import httpx2
import pytest
from google import genai
from google.genai import errors, types

from vidpipe_tests.servers import gemini_answers, gemini_errors
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.gemini_answers import Change
from vidpipe_tests.servers.wire import Reply

MODEL = "gemini-3.8-flash"
SCHEMA = {
    "type": "object",
    "properties": {"request_id": {"type": "string"}, "n": {"type": "integer"}, "told": {"type": "string"}},
    "required": ["request_id", "n", "told"],
}


def ask(client: genai.Client, name: str = "NAME22", *, follow: bool = False) -> types.GenerateContentResponse:
    config = types.GenerateContentConfig(
        response_mime_type="application/json", response_json_schema=SCHEMA, automatic_continuation=follow
    )
    return client.models.generate_content(model=MODEL, contents=f"say\n\nrequest_id: {name}", config=config)


def finish(answer: types.GenerateContentResponse) -> types.FinishReason | None:
    assert answer.candidates
    return answer.candidates[0].finish_reason


def usage(answer: types.GenerateContentResponse) -> tuple[int, int]:
    assert answer.usage_metadata is not None
    return answer.usage_metadata.prompt_token_count or 0, answer.usage_metadata.candidates_token_count or 0


def test_a_blocked_prompt_has_no_candidates_and_costs_its_input(server: GeminiServer, client: genai.Client) -> None:
    server.inject("generate", change=gemini_answers.blocked())
    answer = ask(client)
    assert answer.prompt_feedback is not None
    assert answer.prompt_feedback.block_reason is types.BlockedReason.PROHIBITED_CONTENT
    assert (answer.candidates, answer.text) == (None, None)
    ((bill, delivered),) = server.bills
    assert (bill.finish, bill.tokens["out"], delivered) == ("PROHIBITED_CONTENT", 0, "whole")
    assert bill.usd > 0


@pytest.mark.parametrize("reason", ["SAFETY", "RECITATION", "OTHER"])
def test_an_answer_may_end_without_words(server: GeminiServer, client: genai.Client, reason: str) -> None:
    server.inject("generate", change=gemini_answers.finished(reason))
    answer = ask(client)
    assert (finish(answer), answer.text) == (types.FinishReason(reason), None)


def test_words_may_be_cut_by_the_limit(server: GeminiServer, client: genai.Client) -> None:
    whole = ask(client).text or ""
    server.inject("generate", change=gemini_answers.cut_short(0.5))
    answer = ask(client)
    assert finish(answer) is types.FinishReason.MAX_TOKENS
    assert whole.startswith(answer.text or "none")
    assert server.bills[1][0].usd < server.bills[0][0].usd


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (gemini_answers.invalid_json(), "Unterminated"),
        (gemini_answers.fenced(), "Expecting value"),
        (gemini_answers.prose(), "Expecting value"),
    ],
)
def test_words_may_be_no_json(server: GeminiServer, client: genai.Client, change: Change, why: str) -> None:
    server.inject("generate", change=change)
    answer = ask(client)
    assert finish(answer) is types.FinishReason.STOP
    with pytest.raises(ValueError, match=why):
        json.loads(answer.text or "")


def test_json_may_have_another_shape_or_lack_something(server: GeminiServer, client: genai.Client) -> None:
    server.inject("generate", times=1, change=gemini_answers.wrong_schema())
    server.inject("generate", times=1, change=gemini_answers.without("told"))
    assert json.loads(ask(client).text or "")["n"] == "1 or so"
    assert set(json.loads(ask(client).text or "")) == {"request_id", "n"}


def test_thoughts_are_no_words_and_another_model_says_so(server: GeminiServer, client: genai.Client) -> None:
    server.inject("generate", times=1, change=gemini_answers.thinking())
    server.inject("generate", times=1, change=gemini_answers.by_model("gemini-3.5-flash-lite"))
    assert json.loads(ask(client).text or "")["request_id"] == "NAME22"
    assert ask(client).model_version == "gemini-3.5-flash-lite"
    assert [bill.model for bill, _ in server.bills] == [MODEL, "gemini-3.5-flash-lite"]
    server.substitutes[MODEL] = "gemini-4-argon"
    assert ask(client).model_version == "gemini-4-argon"


def test_an_answer_in_hops_is_one_request_and_bill_each(server: GeminiServer, client: genai.Client) -> None:
    whole = ask(client)
    server.inject("generate", times=3, change=gemini_answers.hops(3))
    merged = ask(client, follow=True)
    assert merged.text == whole.text
    assert usage(merged)[0] == 3 * usage(whole)[0]
    assert [bill.finish for bill, _ in server.bills] == ["STOP", "CONTINUATION", "CONTINUATION", "STOP"]
    server.inject("generate", times=1, change=gemini_answers.hops(3))
    assert finish(ask(client)) is types.FinishReason.CONTINUATION


def test_answers_given_to_each_other_show_by_their_names(server: GeminiServer, client: genai.Client) -> None:
    server.inject("generate", times=2, change=gemini_answers.swapped())
    got: dict[str, str] = {}

    def run(name: str) -> None:
        got[name] = json.loads(ask(client, name).text or "")["request_id"]

    threads = [threading.Thread(target=run, args=(name,)) for name in ("ONE222", "TWO222")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {"ONE222": "TWO222", "TWO222": "ONE222"}
    server.inject("generate", times=1, change=gemini_answers.swapped(wait_s=0.01))
    assert json.loads(ask(client).text or "")["request_id"] == "NAME22"


@pytest.mark.parametrize(
    ("reply", "code", "status"),
    [
        (gemini_errors.per_minute(), 429, "RESOURCE_EXHAUSTED"),
        (gemini_errors.tokens_per_minute(), 429, "RESOURCE_EXHAUSTED"),
        (gemini_errors.per_day(), 429, "RESOURCE_EXHAUSTED"),
        (gemini_errors.exhausted(), 429, "RESOURCE_EXHAUSTED"),
        (gemini_errors.overloaded(), 503, "UNAVAILABLE"),
        (gemini_errors.internal(), 500, "INTERNAL"),
        (gemini_errors.bad_gateway(), 502, "Bad Gateway"),
        (gemini_errors.dead_key(), 400, "INVALID_ARGUMENT"),
        (gemini_errors.suspended(), 403, "PERMISSION_DENIED"),
        (gemini_errors.too_many_states(), 400, "INVALID_ARGUMENT"),
    ],
)
def test_every_refusal_reaches_the_client_and_costs_nothing(
    server: GeminiServer, client: genai.Client, reply: Reply, code: int, status: str
) -> None:
    server.inject("generate", times=1, reply=reply)
    with pytest.raises(errors.APIError) as refused:
        ask(client)
    assert (refused.value.code, refused.value.status) == (code, status)
    assert server.bills == []
    assert ask(client).text


def test_a_quota_says_which_and_when_to_come_back(server: GeminiServer, client: genai.Client) -> None:
    server.inject("generate", reply=gemini_errors.per_day(38.2))
    with pytest.raises(errors.ClientError) as refused:
        ask(client)
    failure, hint = refused.value.details["error"]["details"]
    assert "PerDay" in failure["violations"][0]["quotaId"]
    assert hint["retryDelay"] == "38.2s"


def test_what_does_not_arrive_whole_is_billed_all_the_same(server: GeminiServer, client: genai.Client) -> None:
    server.inject("generate", times=1, reset=True)
    server.inject("generate", times=1, truncate=20)
    server.inject("generate", times=1, reply=gemini_errors.broken_envelope())
    with pytest.raises(httpx2.ReadError):
        ask(client)
    with pytest.raises(httpx2.RemoteProtocolError):
        ask(client)
    with pytest.raises(json.JSONDecodeError):
        ask(client)
    assert [delivered for _, delivered in server.bills] == ["reset", "cut"]
