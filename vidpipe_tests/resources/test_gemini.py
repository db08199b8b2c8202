"""Questions to Gemini over HTTP: each problem has its own reaction, free ones are asked again, paid ones never."""

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from resources.gemini import GeminiModel
from vidpipe.errors import (
    CredentialError,
    LostAnswerError,
    MediaRefusedError,
    QuotaExhaustedError,
    RecipeError,
    RejectedRequestError,
    SchemaTooComplexError,
    TransientServiceError,
    UnfitServiceError,
)
from vidpipe.models.calls import Settings, Usage
from vidpipe_tests.resources.gemini_line import MODEL, Line, ops, question
from vidpipe_tests.servers import gemini_answers as wrong
from vidpipe_tests.servers import gemini_errors as said
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.wire import Reply

MIDNIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture
def server(line: Line) -> GeminiServer:
    return line.server


def credentials(server: GeminiServer) -> list[str]:
    return [entry.credential for entry in server.entries("generate")]


def test_an_answer_names_its_request_its_model_and_its_tokens(line: Line, server: GeminiServer) -> None:
    server.substitutes[MODEL] = "gemini-3.9-flash"
    asked = question()
    answer = line.model().answer(asked)
    assert json.loads(answer.text)["request_id"] == asked.request_id
    assert (answer.finish, answer.model, answer.n_hops) == ("complete", "gemini-3.9-flash", 1)
    bill, _ = server.bills[0]
    assert answer.usage == Usage(**{"video": 0, "audio": 0, **bill.tokens})


@pytest.mark.parametrize(
    ("reply", "n"),
    [
        (said.overloaded(), 3),
        (said.internal(), 2),
        (said.bad_gateway(), 2),
        (said.refusal(504, "DEADLINE_EXCEEDED", "Deadline expired."), 1),
        (said.refusal(408, "CANCELLED", "Request timed out."), 1),
    ],
)
def test_what_is_the_services_own_fault_is_asked_again_with_growing_waits(
    line: Line, server: GeminiServer, reply: Reply, n: int
) -> None:
    server.inject("generate", times=n, reply=reply)
    assert line.model("key-a", "key-b").answer(question()).finish == "complete"
    assert line.ticks.waits == [0.5 * 2.0**i for i in range(n)]
    assert [bool(why) for why in line.ticks.told] == [*[True] * n, False]


def test_patience_with_the_service_ends(line: Line, server: GeminiServer) -> None:
    server.inject("generate", reply=said.overloaded())
    with pytest.raises(TransientServiceError, match="503 UNAVAILABLE"):
        line.model(failures_s=100.0).answer(question())
    assert 60 < line.ticks.passed_s <= 100


def test_nobody_there_is_waited_for_too(line: Line, server: GeminiServer) -> None:
    server.stop()
    with pytest.raises(TransientServiceError, match="not reached"):
        line.model(failures_s=5.0).answer(question())
    assert len(line.ticks.waits) >= 2
    assert line.ticks.told == ["not reached: ConnectError"] * len(line.ticks.waits)


@pytest.mark.parametrize(
    ("reply", "wait_s"), [(said.per_minute(17), 17), (said.per_minute(None), 30), (said.exhausted(), 30)]
)
def test_a_project_rests_as_long_as_the_service_says(
    line: Line, server: GeminiServer, reply: Reply, wait_s: float
) -> None:
    server.inject("generate", times=1, reply=reply)
    line.model().answer(question())
    assert wait_s <= line.ticks.passed_s <= wait_s * 1.1


def test_rests_that_were_asked_for_make_no_later_wait_longer(line: Line, server: GeminiServer) -> None:
    server.inject("generate", times=8, reply=said.per_minute(1))
    server.inject("generate", times=2, reply=said.overloaded())
    assert line.model().answer(question()).finish == "complete"
    assert line.ticks.waits[-2:] == [0.5, 1.0]
    assert len(line.ticks.waits) == 10


def test_a_service_that_asks_for_no_patience_at_all_is_not_stormed(line: Line, server: GeminiServer) -> None:
    server.inject("generate", reply=said.per_minute(0))
    with pytest.raises(TransientServiceError, match="too many requests"):
        line.model("key-a", "key-b", failures_s=20.0).answer(question())
    assert server.n("generate") <= 90


def test_another_project_is_asked_while_one_rests(line: Line, server: GeminiServer) -> None:
    server.inject("generate", key="key-a", times=1, reply=said.per_minute(17))
    asker = line.model("key-a", "key-b")
    for number in range(3):
        asker.answer(question(prompt=f"Question {number}."))
    assert credentials(server) == ["key-a", "key-b", "key-b", "key-b"]
    assert not line.ticks.waits


def test_a_rest_longer_than_patience_is_left_to_the_caller(line: Line, server: GeminiServer) -> None:
    server.inject("generate", reply=said.per_minute(3600))
    with pytest.raises(TransientServiceError) as caught:
        line.model().answer(question())
    assert caught.value.retry_after_s >= 3600
    assert server.n("generate") == 1


def test_a_used_up_day_moves_on_to_the_next_project_and_then_names_midnight(line: Line, server: GeminiServer) -> None:
    asker = line.model("key-a", "key-b")
    server.inject("generate", key="key-a", reply=said.per_day())
    assert asker.answer(question()).finish == "complete"
    server.inject("generate", key="key-b", reply=said.per_day())
    with pytest.raises(QuotaExhaustedError) as caught:
        asker.answer(question(prompt="And now?"))
    assert caught.value.until == MIDNIGHT
    assert credentials(server) == ["key-a", "key-b", "key-b"]
    server.clear()
    line.ticks.wait((MIDNIGHT - datetime(2026, 11, 21, 22, tzinfo=UTC)).total_seconds())
    assert asker.answer(question(prompt="And now?")).finish == "complete"


def test_a_used_up_day_is_one_models_own(line: Line, server: GeminiServer) -> None:
    asker = line.model()
    server.inject("generate", when=lambda request: MODEL in request.path, reply=said.per_day())
    with pytest.raises(QuotaExhaustedError):
        asker.answer(question())
    assert asker.answer(question(settings=Settings("gemini-3.5-flash-lite"))).finish == "complete"


@pytest.mark.parametrize("reply", [said.dead_key(), said.suspended(), said.disabled(), said.no_key()])
def test_a_dead_key_is_never_used_again(line: Line, server: GeminiServer, reply: Reply) -> None:
    asker = line.model("key-a", "key-b")
    server.inject("generate", key="key-a", reply=reply)
    for number in range(3):
        asker.answer(question(prompt=f"Question {number}."))
    assert Counter(credentials(server)) == {"key-a": 1, "key-b": 3}


def test_no_key_that_is_accepted_is_a_matter_of_credentials(line: Line, server: GeminiServer) -> None:
    asker = line.model("key-a", "key-b")
    server.inject("generate", reply=said.dead_key())
    for _ in range(2):
        with pytest.raises(CredentialError, match="no key is accepted"):
            asker.answer(question())
    assert server.n("generate") == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"reset": True},
        {"truncate": 40},
        {"reply": said.broken_envelope()},
        {"reply": Reply("[]", 200)},
        {"reply": Reply(b"", 200)},
        {"reply": Reply(b'{"error": "\xff\xfe"}', 500)},
        {"reply": Reply("[" * 100_000, 200)},
        {"reply": Reply("[" * 100_000, 500)},
    ],
)
def test_an_answer_that_is_lost_on_its_way_is_never_asked_for_again(
    line: Line, server: GeminiServer, fault: dict[str, Any]
) -> None:
    server.inject("generate", times=1, **fault)
    with pytest.raises(LostAnswerError, match="no whole answer"):
        line.model().answer(question())
    assert server.n("generate") == 1
    assert not line.ticks.waits


def test_an_answer_that_comes_too_late_is_lost(line: Line, server: GeminiServer) -> None:
    server.inject("generate", delay=5.0)
    with pytest.raises(LostAnswerError, match="ReadTimeout"):
        line.model(timeout_s=0.3).answer(question())


def test_a_refused_request_is_refused_for_ever(line: Line, server: GeminiServer) -> None:
    asker = line.model("key-a", "key-b")
    asker.answer(question())
    server.inject("generate", reply=said.invalid("The video is too long."))
    with pytest.raises(RejectedRequestError) as caught:
        asker.answer(question(prompt="And now?"))
    assert str(caught.value) == "gemini: refused: 400 INVALID_ARGUMENT"
    assert server.n("generate") == 2


def test_while_a_model_has_answered_nothing_no_question_is_refused_for_ever(line: Line, server: GeminiServer) -> None:
    asker = line.model()
    server.inject("generate", times=2, reply=said.invalid("Unknown safety category."))
    for number in range(2):
        with pytest.raises(TransientServiceError, match="400 INVALID_ARGUMENT, as all questions so far"):
            asker.answer(question(prompt=f"Question {number}."))
    assert asker.answer(question(prompt="Question 0.")).finish == "complete"


def test_an_address_that_is_not_ready_says_nothing_about_the_key(line: Line, server: GeminiServer) -> None:
    asker = line.model()
    server.inject("generate", times=1, reply=said.refusal(400, "FAILED_PRECONDITION", "Precondition check failed."))
    with pytest.raises(TransientServiceError):
        asker.answer(question("https://www.youtube.com/watch?v=abcdefghijk"))
    assert asker.answer(question()).finish == "complete"


def test_a_schema_that_is_too_much_is_told_apart(line: Line, server: GeminiServer) -> None:
    words = {"type": "object", "properties": {"word": {"enum": [f"word {number}" for number in range(2000)]}}}
    asker = line.model(n_rejected=2)
    for number in range(3):  # and is never a reason to give the service up
        with pytest.raises(SchemaTooComplexError):
            asker.answer(question(prompt=f"Question {number}.", schema=words))
    assert asker.answer(question(schema=None)).finish == "complete"


def test_a_model_that_is_not_there_stops_the_service(line: Line, server: GeminiServer) -> None:
    with pytest.raises(UnfitServiceError, match="no model gemini-9"):
        line.model().answer(question(settings=Settings("gemini-9")))


def test_when_all_are_refused_the_same_way_nothing_more_is_asked(line: Line, server: GeminiServer) -> None:
    asker = line.model(n_rejected=3)
    server.inject("generate", reply=said.invalid("Unknown field."))
    for number in range(2):
        with pytest.raises(TransientServiceError):
            asker.answer(question(prompt=f"Question {number}."))
    for number in range(2, 4):
        with pytest.raises(UnfitServiceError, match="refused the same way"):
            asker.answer(question(prompt=f"Question {number}."))
    assert server.n("generate") == 3


def test_one_answer_in_between_shows_that_the_questions_are_at_fault(line: Line, server: GeminiServer) -> None:
    asker = line.model(n_rejected=2)
    server.inject("generate", when=wrong.asks("Bad"), reply=said.invalid("Bad."))
    asker.answer(question())
    for number in range(4):
        with pytest.raises(RejectedRequestError):
            asker.answer(question(prompt=f"Bad {number}."))
        assert asker.answer(question(prompt=f"Good {number}.")).finish == "complete"


@pytest.mark.parametrize(
    ("change", "finish", "reason"),
    [
        (wrong.blocked(), "blocked", "PROHIBITED_CONTENT"),
        (wrong.finished("SAFETY"), "blocked", "SAFETY"),
        (wrong.finished("RECITATION"), "recited", "RECITATION"),
        (wrong.finished("OTHER"), "odd", "OTHER"),
        (wrong.finished("SOMETHING_NEW"), "odd", "SOMETHING_NEW"),
        (wrong.empty(), "odd", "no answer"),
        (wrong.cut_short(), "truncated", "MAX_TOKENS"),
        (wrong.hops(3), "truncated", "CONTINUATION"),
        (wrong.thinking(), "complete", None),
    ],
)
def test_an_answer_says_how_it_ended_and_is_billed_all_the_same(
    line: Line, server: GeminiServer, change: wrong.Change, finish: str, reason: str | None
) -> None:
    server.inject("generate", change=change)
    answer = line.model().answer(question())
    assert (answer.finish, answer.reason) == (finish, reason)
    assert server.n("generate") == 1
    bill, _ = server.bills[0]
    assert (answer.usage.n_in, answer.usage.out) == (bill.tokens["text"], bill.tokens["out"])


def test_an_address_is_asked_about_without_a_download(line: Line, server: GeminiServer) -> None:
    address = "https://www.youtube.com/watch?v=abcdefghijk"
    answer = line.model(upload=True).answer(question(address, span_s=(10.0, 20.5), settings=Settings(MODEL, fps=2)))
    assert answer.usage.video == 21 * 70
    assert ops(server) == ["generate"]


def test_an_address_that_is_not_public_says_nothing_about_the_key(line: Line, server: GeminiServer) -> None:
    address = "https://www.youtube.com/watch?v=abcdefghijk"
    server.youtube[address] = None
    asker = line.model()
    with pytest.raises(MediaRefusedError, match="not public or not there"):
        asker.answer(question(address))
    assert asker.answer(question()).finish == "complete"


def test_pages_that_are_not_public_end_no_service_that_has_answered(line: Line, server: GeminiServer) -> None:
    pages = [f"https://www.youtube.com/watch?v=abcdefghi{number:02d}" for number in range(4)]
    server.youtube |= dict.fromkeys(pages)
    asker = line.model(n_rejected=3)
    for page in pages[:2]:
        with pytest.raises(MediaRefusedError):
            asker.answer(question(page, made_by=page))
    with pytest.raises(UnfitServiceError, match="refused the same way"):
        asker.answer(question(pages[2], made_by=pages[2]))
    asker = line.model(n_rejected=3)
    asker.answer(question())
    for page in pages:
        with pytest.raises(MediaRefusedError):
            asker.answer(question(page, made_by=page))


@pytest.mark.parametrize("keys", [(), ("", " "), ("key\nkey",), ("kéy",), ("auth_tokens/x",)])
def test_keys_that_are_none_are_a_matter_of_credentials(keys: tuple[str, ...]) -> None:
    with pytest.raises(CredentialError):
        GeminiModel(keys)


@pytest.mark.parametrize(
    "address",
    ["here", "ftp://x/", "https://user:word@x/", "http://[", "https:///x", "http://x:99999", "http://x?key=word"],
)
def test_an_address_that_is_none_is_a_matter_of_the_settings(address: str) -> None:
    with pytest.raises(RecipeError) as caught:
        GeminiModel(["key-a"], address)
    assert "word" not in str(caught.value)


def test_a_key_given_twice_is_one_project() -> None:
    assert repr(GeminiModel(["key-a", " key-a", "key-b"])) == "GeminiModel(2 projects)"


def test_nothing_follows_a_redirect_with_the_key(line: Line, server: GeminiServer) -> None:
    with GeminiServer() as other:
        server.inject("generate", status=307, headers={"Location": f"{other.url}/v1/models/{MODEL}:generateContent"})
        with pytest.raises(UnfitServiceError, match="307"):
            line.model().answer(question())
        assert not other.log


def test_sixty_four_at_once_are_answered_each_its_own(line: Line, server: GeminiServer) -> None:
    server.inject("generate", delay=0.05)
    asker = line.model("key-a", "key-b")
    start = threading.Barrier(64)

    def ask(number: int) -> bool:
        asked = question(prompt=f"Question {number}.")
        start.wait()
        return bool(json.loads(asker.answer(asked).text)["request_id"] == asked.request_id)

    with ThreadPoolExecutor(64) as threads:
        assert all(threads.map(ask, range(64)))
    asked = Counter(credentials(server))
    assert asked.keys() == {"key-a", "key-b"}
    assert min(asked.values()) > 24, "as even as those that began at the same moment allow"
