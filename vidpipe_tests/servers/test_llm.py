"""The emulated LLM servers are strict about their dialects, as the real ones are."""

import json
from typing import Any

import httpx2
import pytest

from vidpipe_tests.servers.llm import MODEL, Asked, Dialect, LlmServer, instance

SCHEMA = {"type": "object", "properties": {"category": {"type": "string", "enum": ["Cats", "Dogs"]}}}
MESSAGES = [{"role": "user", "content": "Which?"}]
TGI_FORM = {"type": "json_object", "value": SCHEMA}
OPENAI_FORM = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}


def chat(server: LlmServer, **body: Any) -> httpx2.Response:
    return httpx2.post(f"{server.url}/v1/chat/completions", json={"model": MODEL, "messages": MESSAGES, **body})


def generate(server: LlmServer, inputs: str = "Which?", **parameters: Any) -> httpx2.Response:
    return httpx2.post(f"{server.url}/generate", json={"inputs": inputs, "parameters": parameters})


def said(response: httpx2.Response) -> Any:
    return json.loads(response.json()["choices"][0]["message"]["content"])


def test_tgi_takes_its_own_form_only() -> None:
    with LlmServer("tgi") as server:
        assert said(chat(server, response_format=TGI_FORM))["category"] in ("Cats", "Dogs")
        assert said(chat(server, response_format={"type": "json_schema", "value": {"name": "x", "schema": SCHEMA}}))
        refused = chat(server, response_format=OPENAI_FORM)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "text/plain; charset=utf-8")
    assert "missing field `value`" in refused.text


def test_openai_ignores_the_form_of_tgi_and_takes_its_own() -> None:
    with LlmServer("openai") as server:
        assert said(chat(server, response_format=OPENAI_FORM))["category"] in ("Cats", "Dogs")
        assert "This seems" in chat(server, response_format=TGI_FORM).text
        assert generate(server).status_code == 404
        assert httpx2.get(f"{server.url}/info").status_code == 404
        unknown = chat(server, model="dummy")
    assert (unknown.status_code, unknown.json()["error"]["type"]) == (404, "NotFoundError")


def test_each_says_who_it_is() -> None:
    with LlmServer("tgi", max_input_tokens=100) as tgi, LlmServer("openai", max_total_tokens=200) as openai:
        info = httpx2.get(f"{tgi.url}/info").json()
        cards = httpx2.get(f"{openai.url}/v1/models").json()["data"]
    assert (info["router"], info["max_input_tokens"]) == ("text-generation-router", 100)
    assert [(card["id"], card["max_model_len"]) for card in cards] == [(MODEL, 200)]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"temperature": 0}, "`temperature` must be strictly positive"),
        ({"top_p": 1.0}, "`top_p` must be > 0.0 and < 1.0"),
        ({"max_new_tokens": 10_000}, "must be <= 8192. Given: 2 `inputs` tokens and 10000 `max_new_tokens`"),
        ({"grammar": {"type": "json", "value": {"type": "string"}}}, "Grammar must have a 'properties' field"),
    ],
)
def test_tgi_refuses_what_its_router_refuses(parameters: dict[str, Any], words: str) -> None:
    with LlmServer("tgi") as server:
        refused = generate(server, **parameters)
    assert refused.status_code == 422
    assert refused.json()["error_type"] == "validation"
    assert words in refused.json()["error"]


def test_tgi_generates_under_a_grammar_with_details() -> None:
    with LlmServer("tgi") as server:
        answer = generate(server, max_new_tokens=20, grammar={"type": "json", "value": SCHEMA}, details=True)
        cut = generate(server, max_new_tokens=2, details=True).json()
    assert json.loads(answer.json()["generated_text"])["category"] in ("Cats", "Dogs")
    assert answer.json()["details"]["finish_reason"] == "eos_token"
    assert answer.headers["x-prompt-tokens"] == "2"
    assert (cut["details"]["finish_reason"], len(cut["generated_text"])) == ("length", 8)


@pytest.mark.parametrize("dialect", ["tgi", "openai"])
def test_a_key_is_wanted_where_one_is_set(dialect: Dialect) -> None:
    with LlmServer(dialect, api_key="k") as server:
        assert chat(server).status_code == 401
        url = f"{server.url}/v1/chat/completions"
        body = {"model": MODEL, "messages": MESSAGES}
        assert httpx2.post(url, json=body, headers={"Authorization": "Bearer k"}).status_code == 200


def test_a_cold_server_is_not_ready() -> None:
    with LlmServer("tgi", cold_s=3600) as server:
        assert httpx2.get(f"{server.url}/health").json() == {"error": "unhealthy", "error_type": "healthcheck"}
        assert chat(server).status_code == 503


def test_a_responder_answers_and_faults_come_by_name() -> None:
    with LlmServer("openai", responder=lambda asked: asked.prompt.upper()) as server:
        server.fail("overloaded", times=1)
        assert [chat(server).status_code for _ in range(2)] == [429, 200]
        assert server.asked == [Asked("Which?", None, 8190, MODEL)]
        assert [(bill.tokens, bill.finish) for bill, _ in server.bills] == [({"text": 2, "out": 2}, "stop")]


def test_equal_prompts_get_equal_answers_that_follow_the_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "request_id": {"type": "string"},
            "scores": {"type": "array", "items": {"type": "number"}, "minItems": 2},
            "n": {"type": "integer"},
            "is_it": {"type": "boolean"},
        },
    }
    value = instance(schema, "Tell.\n\nrequest_id: ABC")
    assert value == {"request_id": "ABC", "scores": [0.5, 0.5], "n": 1, "is_it": True}
    assert {instance(SCHEMA, f"{n}")["category"] for n in range(20)} == {"Cats", "Dogs"}
