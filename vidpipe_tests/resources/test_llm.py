"""The client of open LLM servers against servers that speak their dialects on loopback, and against what they do."""

import json
import logging
import pickle
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from resources.llm import LlmAnswerer
from resources.llm_http import MAX_ANSWER_BYTES, Timeouts
from resources.patience import Patience
from vidpipe.errors import (
    CredentialError,
    LostAnswerError,
    RecipeError,
    RejectedRequestError,
    SchemaTooComplexError,
    ServiceError,
    StoppedError,
    TransientServiceError,
    UnfitServiceError,
)
from vidpipe.models.calls import Media, Question, Settings, Usage
from vidpipe.models.fences import fenced
from vidpipe.ports import Answerer
from vidpipe_tests.servers.llm import MODEL, Dialect, LlmServer
from vidpipe_tests.servers.wire import Reply, Request

KEY = "hf_aVerySecretKey123"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"category": {"type": "string", "enum": ["Cats", "Dogs"]}},
    "required": ["category"],
}
ASK = Question("Cats or dogs?", Settings("", max_output_tokens=50), schema=SCHEMA)
both = pytest.mark.parametrize("dialect", ["tgi", "openai"])


@dataclass
class Pause:
    """Time that passes only while somebody waits."""

    now_s: float = 0.0
    waits: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def clock(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        with self.lock:
            self.now_s += seconds
            self.waits.append(seconds)


def client(server: LlmServer, pause: Pause | None = None, **more: Any) -> LlmAnswerer:
    pause = pause or Pause()
    patience = Patience(n_tries=4, clock=pause.clock, wait=pause.wait, draw=lambda: 1.0)
    return LlmAnswerer(server.url, **{"patience": patience, **more})


# ---- what is asked, and what comes back


@both
def test_the_dialect_is_found_out_and_the_answer_constrained(dialect: Dialect) -> None:
    with LlmServer(dialect) as server:
        answers = [client(server).answer(ASK) for _ in range(2)]
        assert {json.loads(answer.text)["category"] for answer in answers} <= {"Cats", "Dogs"}
        assert answers[0].text == answers[1].text
        assert (answers[0].model, answers[0].finish, answers[0].reason) == (MODEL, "complete", None)
        assert answers[0].usage == Usage(text=4, out=5)
        assert server.asked[0].schema == SCHEMA
        assert server.n("ask.chat") == 2


def test_a_server_is_asked_who_it_is_once_whoever_asks_first() -> None:
    with LlmServer("openai") as server:
        server.inject("ask.*", times=16, delay=0.05)
        answerer, other = client(server), client(server)
        questions = [replace(ASK, prompt=f"Cats or dogs, {n}?") for n in range(32)]
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(answerer.answer, questions))
        assert [answer.text for answer in answers] == [other.answer(question).text for question in questions]
        assert server.n("models") == 2
        assert server.peak["ask.chat"] > 1


@both
def test_every_request_has_a_connection_of_its_own(dialect: Dialect) -> None:
    seen: list[str] = []

    class Watching(LlmServer):
        def reply(self, request: Request) -> Reply:
            seen.append(request.headers.get("connection", ""))
            return super().reply(request)

    with Watching(dialect) as server:
        answerer = client(server)
        assert answerer.answer(ASK) == answerer.answer(ASK)
    assert set(seen) == {"close"}


@both
def test_settings_travel_only_where_they_are_given(dialect: Dialect) -> None:
    bodies: list[dict[str, Any]] = []

    class Watching(LlmServer):
        def reply(self, request: Request) -> Reply:
            bodies.append(request.json())
            return super().reply(request)

    with Watching(dialect) as server:
        answerer = client(server)
        answerer.answer(Question("Say.", Settings("")))
        answerer.answer(Question("Say.", Settings(MODEL, temperature=0.0, top_p=1.0, seed=7, max_output_tokens=9)))
    plain, full = bodies[-2:]
    assert set(plain) == {"model", "messages", "stream"}
    assert (full["temperature"], full["seed"], full["max_tokens"]) == (0.0, 7, 9)
    assert ("top_p" in full) == (dialect == "openai")


def test_the_name_of_a_request_is_sent_where_the_answer_has_a_place_for_it() -> None:
    named = {**SCHEMA, "properties": {"request_id": {"type": "string"}, **SCHEMA["properties"]}}
    with LlmServer("tgi") as server:
        answerer = client(server)
        answerer.answer(replace(ASK, remark="Again."))
        told = replace(ASK, schema=named, settings=Settings(""))
        assert json.loads(answerer.answer(told).text)["request_id"] == told.request_id
        free = Question("Tell.", Settings(""))
        assert answerer.answer(free).text.startswith(f"request_id: {free.request_id}\n")
        assert server.asked[0].prompt == "Cats or dogs?\n\nAgain."


def test_without_a_chat_template_tgi_generates() -> None:
    with LlmServer("tgi", has_template=False) as server:
        answerer = client(server)
        answers = [answerer.answer(replace(ASK, settings=Settings("", temperature=0.0, top_p=1.0))) for _ in range(2)]
        assert (server.n("ask.chat"), server.n("ask.generate")) == (1, 2)
        assert answers[0].usage == Usage(text=4, out=5)
        assert (answers[0].finish, answers[0].model) == ("complete", MODEL)


def test_old_versions_of_tgi_are_known_too() -> None:
    with LlmServer("tgi", old=True) as server:
        assert client(server).served().max_input == 7168


@both
def test_an_address_may_end_as_hugging_face_shows_it(dialect: Dialect) -> None:
    with LlmServer(dialect) as server:
        answerer = LlmAnswerer(f"{server.url}/v1/")
        assert answerer.answer(ASK).model == MODEL
        answerer.close()
        assert answerer.answer(ASK).model == MODEL


@both
def test_an_answer_cut_by_its_limit_is_no_success(dialect: Dialect) -> None:
    with LlmServer(dialect) as server:
        answer = client(server).answer(replace(ASK, settings=Settings("", max_output_tokens=2)))
    assert (answer.finish, answer.reason) == ("truncated", "length")


@pytest.mark.parametrize(
    ("message", "reason", "finish"),
    [
        ({"content": "x"}, "content_filter", "blocked"),
        ({"content": "x"}, "abort", "odd"),
        ({"content": "x"}, None, "odd"),
        ({"content": ""}, "stop", "odd"),
        ({"content": None, "reasoning_content": "Hm."}, "stop", "odd"),
        ({"content": "\ud800"}, "stop", "complete"),
    ],
)
def test_odd_ends_are_told_apart(message: dict[str, Any], reason: str | None, finish: str) -> None:
    def changed(_: Request, reply: Reply) -> Reply:
        return Reply(json.dumps({"choices": [{"message": message, "finish_reason": reason}]}).encode())

    with LlmServer("openai") as server:
        server.inject("ask.*", change=changed)
        answer = client(server).answer(ASK)
    assert answer.finish == finish
    answer.text.encode()


# ---- what fails


@both
@pytest.mark.parametrize("name", ["overloaded", "generation", "incomplete", "unhealthy", "gateway"])
def test_what_may_pass_is_tried_again_after_growing_waits(dialect: Dialect, name: str) -> None:
    pause = Pause()
    with LlmServer(dialect) as server:
        server.fail(name, times=3)
        assert client(server, pause).answer(ASK).finish == "complete"
        assert server.n("ask.chat") == 4
    assert pause.waits == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("overloaded", "is overloaded"),
        ("generation", "failed while it answered"),
        ("incomplete", "failed"),
        ("unhealthy", "is not ready"),
        ("paused", "is hidden by something that refuses requests"),
    ],
)
def test_what_does_not_pass_fails_with_a_stable_reason(name: str, why: str) -> None:
    with LlmServer("tgi") as server:
        server.fail(name)
        with pytest.raises(TransientServiceError) as caught:
            client(server).answer(ASK)
        assert server.n("ask.chat") == 4
    assert str(pickle.loads(pickle.dumps(caught.value))) == f"llm: {why}"
    assert not isinstance(caught.value, LostAnswerError)


def test_waits_are_drawn_apart_and_bounded() -> None:
    pause = Pause()
    draws = iter([0.0, 0.5, 1.0] * 10)
    patience = Patience(n_tries=9, clock=pause.clock, wait=pause.wait, draw=lambda: next(draws), longest_s=4.0)
    with LlmServer("openai") as server:
        server.fail("overloaded")
        with pytest.raises(TransientServiceError):
            LlmAnswerer(server.url, patience=patience).answer(ASK)
    assert pause.waits == [0.25, 0.75, 2.0, 2.0, 3.0, 4.0, 2.0, 3.0]


def test_a_server_is_given_the_time_that_it_asks_for_unless_that_is_long() -> None:
    pause = Pause()
    with LlmServer("openai") as server:
        answerer = client(server, pause)
        server.inject("ask.*", times=1, status=429, headers={"Retry-After": "17"})
        answerer.answer(ASK)
        server.inject("ask.*", times=1, status=429, headers={"Retry-After": "3600"})
        with pytest.raises(TransientServiceError) as caught:
            answerer.answer(ASK)
    assert pause.waits == [17.0]
    assert caught.value.retry_after_s == 3600


@both
def test_a_server_that_loads_its_model_is_waited_for_but_not_for_ever(dialect: Dialect) -> None:
    pause = Pause()
    with LlmServer(dialect) as server:
        server.inject("*", times=12, status=503)
        assert client(server, pause).answer(ASK).finish == "complete"
        assert 100 < pause.now_s < 600
        server.inject("*", status=503)
        with pytest.raises(TransientServiceError, match="is not ready"):
            client(server, pause).answer(ASK)
        assert 700 < pause.now_s < 1000


def test_who_is_told_to_stop_tries_nothing_again() -> None:
    stop = threading.Event()
    stop.set()
    with LlmServer("openai") as server:
        server.inject("*", status=503)
        answerer = LlmAnswerer(server.url, patience=Patience(wait=stop.wait))
        with pytest.raises(StoppedError, match="not reached"):
            answerer.answer(ASK)
        assert server.n("info") == 1


def test_no_proxy_leads_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with LlmServer("openai") as server:
        assert client(server).answer(ASK).finish == "complete"


def test_of_several_models_one_has_to_be_named() -> None:
    cards = [{"id": name, "object": "model"} for name in ("other", MODEL)]
    with LlmServer("openai") as server:
        server.inject("models", status=200, body={"data": cards})
        answerer = client(server)
        with pytest.raises(UnfitServiceError, match="none is named"):
            answerer.answer(ASK)
        assert answerer.answer(replace(ASK, settings=Settings(MODEL))).model == MODEL


def test_nobody_there_is_said_at_once_to_all_who_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    pause = Pause()
    heard: list[str] = []
    patience = Patience(n_tries=3, clock=pause.clock, wait=pause.wait, draw=lambda: 1.0, told=heard.append)
    answerer = LlmAnswerer(url, patience=patience)
    with pytest.raises(TransientServiceError, match=r"^llm: cannot be reached$"):
        answerer.answer(ASK)
    assert (pause.waits, heard) == ([0.5, 1.0], ["cannot be reached"] * 2)


def test_callers_that_waited_for_a_failure_share_it() -> None:
    with LlmServer("tgi") as server:
        server.inject("info", status=500, delay=0.1)
        answerer = LlmAnswerer(server.url, patience=Patience(n_tries=1))
        with ThreadPoolExecutor(8) as pool:
            errors = [future.exception() for future in [pool.submit(answerer.answer, ASK) for _ in range(8)]]
        assert {str(error) for error in errors} == {"llm: failed"}
        assert server.n("info") < 8
        server.clear()
        assert answerer.answer(ASK).finish == "complete"


@both
@pytest.mark.parametrize("fault", [{"reset": True}, {"truncate": 20}])
def test_an_answer_lost_on_its_way_is_said_to_be_and_not_bought_again(dialect: Dialect, fault: dict[str, Any]) -> None:
    with LlmServer(dialect) as server:
        server.inject("ask.*", times=1, **fault)
        with pytest.raises(LostAnswerError, match="the answer was cut off"):
            client(server).answer(ASK)
        assert server.n("ask.chat") == 1
        assert client(server).answer(ASK).finish == "complete"


@pytest.mark.parametrize(("status", "error"), [(429, TransientServiceError), (400, TransientServiceError)])
def test_of_a_refusal_what_came_is_enough(status: int, error: type[ServiceError]) -> None:
    with LlmServer("openai") as server:
        server.inject("ask.*", change=lambda _, reply: replace(reply, status=status), truncate=20)
        with pytest.raises(error) as caught:
            client(server).answer(ASK)
        assert not isinstance(caught.value, LostAnswerError)
        assert server.n("ask.chat") == 4


@pytest.mark.parametrize("op", ["info", "models"])
def test_a_cut_reply_about_the_server_itself_is_asked_again(op: str) -> None:
    with LlmServer("tgi" if op == "info" else "openai") as server:
        server.inject(op, times=1, reset=True)
        server.inject(op, times=1, truncate=3)
        assert client(server).answer(ASK).finish == "complete"


def test_silence_ends_in_time() -> None:
    with LlmServer("openai") as server:
        server.inject("ask.*", times=1, delay=30)
        answerer = client(server, timeouts=Timeouts(silence_s=0.2))
        answerer.served()
        with pytest.raises(LostAnswerError, match="no answer in time"):
            answerer.answer(ASK)


def test_an_answer_that_drips_ends_in_time_too() -> None:
    pause = Pause()
    with LlmServer("openai") as server:
        server.inject("ask.*", change=lambda _, __: pause.wait(400) or Reply(b"{}"))  # type: ignore[func-returns-value]
        with pytest.raises(LostAnswerError, match="no answer in time"):
            client(server, pause).answer(ASK)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"null", b'{"choices": []}', b'{"choices": [{"message": {"content": 3}}]}', b"[" * 100_000],
)
def test_an_answer_that_cannot_be_read_is_lost(body: bytes) -> None:
    with LlmServer("openai") as server:
        server.inject("ask.*", status=200, body=body)
        with pytest.raises(LostAnswerError, match="cannot be read"):
            client(server).answer(ASK)


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    with LlmServer("openai") as server:
        server.inject("ask.*", status=200, body=b"x" * (MAX_ANSWER_BYTES + 2**20))
        with pytest.raises(LostAnswerError, match="has no end"):
            client(server).answer(ASK)


# ---- what is refused


@both
def test_a_wrong_key_is_told_at_once(dialect: Dialect) -> None:
    with LlmServer(dialect, api_key=KEY) as server:
        for key in (None, "hf_other"):
            with pytest.raises(CredentialError, match="does not accept our key"):
                client(server, api_key=key).answer(ASK)
        assert client(server, api_key=KEY).answer(ASK).finish == "complete"
        assert server.n("ask.chat") <= 3


def test_a_gateway_that_guards_unknown_paths_is_passed() -> None:
    with LlmServer("openai") as server:
        server.inject("info", status=403)
        assert client(server).answer(ASK).model == MODEL


def test_an_unknown_model_stops_the_service() -> None:
    with LlmServer("openai") as server, pytest.raises(UnfitServiceError, match="has no such model"):
        client(server).answer(replace(ASK, settings=Settings("dummy")))


@pytest.mark.parametrize(("dialect", "forced"), [("tgi", "openai"), ("openai", "tgi")])
def test_a_dialect_that_is_forced_wrongly_stops_the_service(dialect: Dialect, forced: Dialect) -> None:
    with LlmServer(dialect) as server, pytest.raises(UnfitServiceError):
        client(server, dialect=forced).answer(ASK)


def test_something_else_that_answers_is_no_llm_server() -> None:
    with LlmServer("openai") as server:
        server.inject("*", status=200, body={"model_id": "x", "router": "embeddings"})
        with pytest.raises(UnfitServiceError, match="no LLM server"):
            client(server).answer(ASK)
        server.clear()
        server.inject("*", status=302, headers={"Location": "http://127.0.0.1:1/"})
        with pytest.raises(UnfitServiceError, match="no LLM server"):
            client(server).answer(ASK)


@pytest.mark.parametrize(
    ("schema", "loaded", "error"),
    [
        ({"type": "string"}, {}, SchemaTooComplexError),
        (SCHEMA, {"has_grammars": False}, UnfitServiceError),
    ],
)
def test_refused_schemas_and_servers_without_grammars_differ(
    schema: dict[str, Any], loaded: dict[str, Any], error: type[ServiceError]
) -> None:
    with LlmServer("tgi", **loaded) as server, pytest.raises(error):
        client(server).answer(replace(ASK, schema=schema))


@pytest.mark.parametrize("words", ["chat template", "maximum context length is 9 tokens", "grammar is not supported"])
def test_captions_that_a_refusal_quotes_stop_no_service(words: str) -> None:
    message = f"[{{'type': 'value_error', 'loc': ('body', 'messages'), 'input': '{'x' * 250} {words}'}}]"
    with LlmServer("openai") as server:
        server.inject("ask.*", status=400, body={"error": {"message": message, "type": "BadRequestError", "code": 400}})
        with pytest.raises(RejectedRequestError, match="refuses the request"):
            client(server).answer(replace(ASK, prompt=LONG))


def test_a_model_without_a_chat_template_stops_the_service_where_nothing_else_is_offered() -> None:
    words = "As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template"
    with LlmServer("openai") as server:
        server.inject("ask.*", status=400, body={"error": {"message": words, "type": "BadRequestError", "code": 400}})
        with pytest.raises(UnfitServiceError, match="chat template"):
            client(server).answer(ASK)


def test_what_the_server_itself_refuses_is_refused_for_ever() -> None:
    body = {"error": {"message": "top_p must be in (0, 1]", "type": "BadRequestError", "code": 400}}
    with LlmServer("openai") as server:
        server.inject("ask.*", status=400, body=body)
        with pytest.raises(RejectedRequestError, match=r"^llm: refuses the request$"):
            client(server).answer(ASK)
        assert server.n("ask.chat") == 1


# ---- prompts that are too long

HEAD, TAIL = "Choose one of these: " + "abcd " * 100, "Answer with one of the above."
LONG = f"{HEAD}\n{fenced('title', 'A title')}\n{fenced('captions', 'word ' * 1000)}\n{TAIL}"


def is_short(prompt: str) -> bool:
    return prompt.startswith(f"{HEAD}\n<<<title ") and "A title" in prompt and prompt.endswith(f"\n{TAIL}")


@pytest.mark.parametrize("more", [{}, {"has_template": False}])
@pytest.mark.parametrize("loaded", [{"max_input_tokens": 700}, {"max_total_tokens": 700}])
def test_tgi_is_given_as_much_as_it_takes(loaded: dict[str, Any], more: dict[str, Any]) -> None:
    with LlmServer("tgi", **loaded, **more) as server:
        assert client(server).answer(replace(ASK, prompt=LONG)).finish == "complete"
        (asked,) = server.asked
        assert is_short(asked.prompt)
        assert 590 < server.loaded.tokens_of(asked.prompt) <= 700
        assert server.n("ask.chat") + server.n("ask.generate") <= 3


@pytest.mark.parametrize(
    ("overflow", "least"),
    [
        ("exact", 600),
        ("total", 600),
        ("requested", 600),
        ("sglang", 600),
        ("llama_cpp", 600),
        ("at_least", 300),
        ("characters", 300),
        ("dumb", 300),
    ],
)
def test_every_way_to_say_that_a_prompt_is_too_long_is_understood(overflow: Any, least: int) -> None:
    with LlmServer("openai", max_total_tokens=700, overflow=overflow) as server:
        assert client(server).answer(replace(ASK, prompt=LONG)).finish == "complete"
        (asked,) = server.asked
        assert is_short(asked.prompt)
        assert least < server.loaded.tokens_of(asked.prompt) + 50 <= 700


def test_dense_foreign_text_is_cut_until_it_fits() -> None:
    def tokens_of(text: str) -> int:
        return sum(5 if letter == "猫" else 1 for letter in text) // 4

    prompt = LONG.replace("word ", "猫猫猫猫猫")
    with LlmServer("openai", max_total_tokens=400, tokens_of=tokens_of) as server:
        assert client(server).answer(replace(ASK, prompt=prompt)).finish == "complete"
        assert is_short(server.asked[0].prompt)
        assert server.n("ask.chat") <= 4


@both
def test_a_server_without_room_for_our_own_words_is_unfit(dialect: Dialect) -> None:
    with LlmServer(dialect, max_total_tokens=300, max_input_tokens=290) as server:
        with pytest.raises(UnfitServiceError, match="has no room"):
            client(server).answer(replace(ASK, prompt=LONG.replace("abcd ", "abcd " * 8)))
        assert server.n("ask.chat") <= 9


@both
def test_a_question_of_which_nothing_may_go_is_refused(dialect: Dialect) -> None:
    with LlmServer(dialect, max_total_tokens=300, max_input_tokens=290) as server:
        with pytest.raises(RejectedRequestError, match="is too long"):
            client(server).answer(replace(ASK, prompt=HEAD * 4))
        assert server.n("ask.chat") == 1


def test_a_server_without_room_for_the_answer_is_unfit() -> None:
    with LlmServer("openai", max_total_tokens=50) as server, pytest.raises(UnfitServiceError, match="has no room"):
        client(server).answer(replace(ASK, prompt=LONG))


def test_a_body_too_large_for_a_proxy_is_shortened() -> None:
    with LlmServer("openai") as server:
        server.inject("ask.*", when=lambda request: len(request.body) > 3000, status=413, body="<html>")
        assert client(server).answer(replace(ASK, prompt=LONG)).finish == "complete"
        assert is_short(server.asked[0].prompt)


# ---- what must not come out


@pytest.mark.parametrize("status", [400, 401, 403, 422, 429, 500])
def test_a_key_stands_in_no_error_and_no_log(status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with LlmServer("openai") as server:
        body = {"error": {"message": f"bad \n\x1b[31m\u202e key {KEY} " * 99, "type": "x", "code": status}}
        server.inject("ask.*", status=status, body=body)
        answerer = client(server, api_key=KEY)
        with pytest.raises(ServiceError) as caught:
            answerer.answer(ASK)
        assert server.entries("ask.chat")[0].credential == KEY
    ours = [
        entry.frame.f_locals for entry in caught.traceback if "resources/llm" in str(entry.path).removesuffix(".py")
    ]
    assert len(ours) > 2
    shown = [repr(answerer), repr(vars(answerer)), repr(caught.value), repr(ours)]
    assert not [text for text in [caplog.text, *shown] if KEY in text]
    notes = [record.getMessage() for record in caplog.records if record.name == "resources.llm"]
    assert notes
    assert all(len(note) < 300 and note.isprintable() for note in notes)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "wants http"),
        ("localhost:8080", "wants http"),
        ("ftp://host", "wants http"),
        ("http://", "wants http"),
        ("http://host?x=1", "wants http"),
        ("http://user:secret@host", "holds credentials"),
        ("http://[::1", "no URL that can be read"),
        ("http://host:99999", "no URL that can be read"),
    ],
)
def test_addresses_that_cannot_be_one_are_refused_without_showing_them(url: str, why: str) -> None:
    with pytest.raises(RecipeError, match=why) as caught:
        LlmAnswerer(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["a b", "a\nb", "schlüssel"])
def test_keys_that_cannot_be_one_are_refused_without_showing_them(key: str) -> None:
    with pytest.raises(RecipeError) as caught:
        LlmAnswerer("http://host", api_key=key)
    assert key not in str(caught.value)


def test_questions_about_media_are_a_bug(tmp_path: Any) -> None:
    seen = replace(ASK, media=Media(tmp_path / "v.mp4", "0" * 64))
    with pytest.raises(ValueError, match="text alone"):
        LlmAnswerer("http://127.0.0.1:1").answer(seen)


def test_it_is_an_answerer_and_asks_nobody_before_it_is_asked() -> None:
    answerer: Answerer = LlmAnswerer("http://127.0.0.1:1", api_key="k")
    assert answerer
