"""Batch jobs at Gemini over HTTP: made once, found again, polled, read line by line, taken away."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from resources.gemini import GeminiModel
from resources.gemini_batches import GeminiBatches
from vidpipe.errors import (
    CredentialError,
    LostAnswerError,
    MediaRefusedError,
    QuotaExhaustedError,
    RejectedRequestError,
    StoppedError,
    TransientServiceError,
    UnfitServiceError,
)
from vidpipe.models.batches import JobLine, Result
from vidpipe.models.calls import Question, Settings
from vidpipe_tests.clips import make_clip
from vidpipe_tests.resources.gemini_line import MODEL, START, Line, ops, question
from vidpipe_tests.servers import gemini_errors as said
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.gemini_answers import asks, blocked
from vidpipe_tests.servers.gemini_asks import Ask
from vidpipe_tests.servers.gemini_batches import Plan
from vidpipe_tests.servers.wire import Reply

LABEL = "b0123456789abcdef"
AT_ONCE = Plan(0, 0)


@pytest.fixture
def server(line: Line) -> GeminiServer:
    line.server.batches.plan = AT_ONCE
    return line.server


@pytest.fixture
def batches(line: Line, server: GeminiServer) -> Iterator[GeminiBatches]:
    with jobs_of(line) as batches:
        yield batches


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("clips") / "a.mp4"
    make_clip(path, [(2.0, 1), (2.0, 2)], fps=5, size=(64, 48), sound=False)
    return path


def jobs_of(line: Line, *keys: str, owner: str = "me") -> GeminiBatches:
    return GeminiBatches(keys or ("key-a",), line.server.url, owner=owner, timeout_s=20, pace=line.ticks.pace())


def home(batches: GeminiBatches) -> str:
    return batches.homes()[0]


def questions(n: int = 3) -> list[Question]:
    return [question(prompt=f"Describe number {i}.") for i in range(n)]


def submitted(batches: GeminiBatches, asked: list[Question]) -> str:
    return batches.submit(home(batches), LABEL, [JobLine(one) for one in asked])


def read(batches: GeminiBatches, asked: list[Question]) -> dict[str, Result]:
    job = submitted(batches, asked)
    assert batches.look(home(batches), job) == "ended"
    found = batches.results(home(batches), job, MODEL)
    assert found is not None
    return {one.address: one for one in found}


def test_a_job_is_made_polled_read_and_taken_away(line: Line, server: GeminiServer) -> None:
    server.batches.plan = Plan(1, 1)
    asked = questions()
    with jobs_of(line) as batches:
        job = submitted(batches, asked)
        states = [batches.look(home(batches), job) for _ in range(3)]
        assert states == ["running", "running", "ended"]
        assert batches.find(home(batches), LABEL) == job
        found = batches.results(home(batches), job, MODEL) or []
        by_address = {one.address: one.answer for one in found}
        for one in asked:
            answer = by_address[one.address]
            assert answer is not None
            assert json.loads(answer.text)["request_id"] == one.request_id
            assert (answer.finish, answer.model, answer.is_metered) == ("complete", MODEL, True)
        batches.clear(home(batches), LABEL, job, [])
        assert (batches.look(home(batches), job), batches.find(home(batches), LABEL)) == ("gone", None)
    assert server.files.names() == []
    assert sum(bill.usd for bill, _ in server.bills) > 0
    assert {server.prices[bill.model].usd(bill.tokens) / bill.usd for bill, _ in server.bills} == {2.0}


def test_a_line_asks_exactly_what_a_request_of_its_own_would(line: Line, server: GeminiServer, clip: Path) -> None:
    settings = Settings(
        MODEL,
        fps=2.0,
        media_resolution="low",
        thinking_level="low",
        max_output_tokens=999,
        temperature=0.5,
        seed=7,
        safety={"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"},
    )
    one = question(clip, settings=settings, span_s=(0.5, 1.5))
    seen: list[Ask] = []

    def listen(ask: Ask) -> str:
        seen.append(_plain(ask))
        return "{}"

    server.responder = listen
    line.model(upload=True).answer(one)
    with jobs_of(line) as batches:
        assert one.media is not None
        kept = batches.bring(home(batches), one.media)
        job = batches.submit(home(batches), LABEL, [JobLine(one, kept.uri)])
        (result,) = batches.results(home(batches), job, MODEL) or []
    assert result.answer is not None
    assert len(seen) == 2
    assert seen[0] == seen[1]


def _plain(ask: Ask) -> Ask:
    """What was asked, but for the name that the file has there."""
    return replace(ask, seen=tuple(replace(one, place="") for one in ask.seen))


def test_lines_fail_one_by_one_each_in_its_way(batches: GeminiBatches, server: GeminiServer) -> None:
    asked = questions(6)
    names = [one.request_id for one in asked]
    server.inject("batch.line", when=asks(names[0]), reply=said.internal())
    server.inject("batch.line", when=asks(names[1]), reply=said.invalid("no"))
    server.inject("batch.line", when=asks(names[2]), change=blocked("SAFETY"))
    server.inject("batch.line", when=asks(names[3]), reply=said.too_many_states())
    server.inject("batch.line", when=asks(names[4]), reply=Reply({}))
    found = read(batches, asked)
    assert [found[one.address].end for one in asked] == ["again", "refused", "answered", "refused", "lost", "answered"]
    assert found[asked[0].address].why == "500 INTERNAL"
    answer = found[asked[2].address].answer
    assert answer is not None
    assert (answer.finish, answer.reason) == ("blocked", "SAFETY")


def test_a_page_that_is_not_public_is_refused_at_once_and_no_file_is(
    batches: GeminiBatches, server: GeminiServer
) -> None:
    public, private = (f"https://www.youtube.com/watch?v={name}-one" for name in ("publish", "private"))
    server.youtube[private] = None
    asked = [question(public, "Tell."), question(private, "Say."), *questions(1)]
    forbidden = said.refusal(403, "PERMISSION_DENIED", "You do not have permission to access the file")
    server.inject("batch.line", when=asks(asked[2].request_id), reply=forbidden)
    found = read(batches, asked)
    assert [found[one.address].end for one in asked] == ["answered", "refused", "again"]
    assert found[asked[1].address].why == "403 PERMISSION_DENIED"


@pytest.mark.parametrize(("end", "state"), [("EXPIRED", "expired"), ("FAILED", "failed"), ("CANCELLED", "cancelled")])
def test_a_job_may_end_without_an_answer(batches: GeminiBatches, server: GeminiServer, end: Any, state: str) -> None:
    server.batches.plan = Plan(0, 0, end)
    job = submitted(batches, questions())
    assert (batches.look(home(batches), job), batches.results(home(batches), job, MODEL)) == (state, [])


def test_a_job_whose_answers_were_deleted_cannot_be_read(batches: GeminiBatches, server: GeminiServer) -> None:
    job = submitted(batches, questions())
    assert batches.look(home(batches), job) == "ended"
    server.files.expire()
    assert batches.results(home(batches), job, MODEL) is None
    assert batches.results(home(batches), "batches/batch-unknown", MODEL) is None


def test_a_job_that_may_not_be_seen_now_is_not_taken_for_gone(batches: GeminiBatches, server: GeminiServer) -> None:
    job = submitted(batches, questions())
    server.inject("batch.get", reply=said.refusal(403, "PERMISSION_DENIED", "The caller does not have permission"))
    with pytest.raises(CredentialError):
        batches.look(home(batches), job)


def test_a_job_whose_making_was_never_heard_of_is_found_by_its_label(
    line: Line, batches: GeminiBatches, server: GeminiServer
) -> None:
    server.inject("batch.create", times=1, truncate=10)
    with pytest.raises(LostAnswerError):
        submitted(batches, questions())
    assert ops(server).count("batch.create") == 1
    assert batches.find(home(batches), LABEL) == "batches/batch-00000001"
    with jobs_of(line, owner="somebody else") as other:
        assert other.find(home(other), LABEL) is None


@pytest.mark.parametrize("reply", [said.internal(), said.overloaded()])
def test_a_job_whose_making_is_answered_with_an_error_is_found_and_made_once(
    batches: GeminiBatches, server: GeminiServer, reply: Reply
) -> None:
    server.inject("batch.create", times=1, change=lambda _request, _reply: reply)
    assert submitted(batches, questions()) == "batches/batch-00000001"
    assert ops(server).count("batch.create") == 1


@pytest.mark.parametrize("listed", [said.dead_key(), said.per_day(), said.invalid("no")])
def test_a_job_that_nobody_can_look_for_is_not_made_again(
    batches: GeminiBatches, server: GeminiServer, listed: Reply
) -> None:
    server.inject("batch.create", times=1, change=lambda _request, _reply: said.internal())
    server.inject("batch.list", reply=listed)
    with pytest.raises(LostAnswerError, match="500 INTERNAL"):
        submitted(batches, questions())
    assert ops(server).count("batch.create") == 1


@pytest.mark.parametrize("later", [said.overloaded(), said.per_day(), said.dead_key()])
def test_whatever_follows_an_error_of_the_service_a_job_may_be_there(
    batches: GeminiBatches, server: GeminiServer, later: Reply
) -> None:
    server.inject("batch.create", times=1, reply=said.overloaded())
    server.inject("batch.create", reply=later)
    with pytest.raises(LostAnswerError, match="503 UNAVAILABLE"):
        submitted(batches, questions())


def test_who_stops_while_a_job_is_made_knows_whether_it_may_be_there(
    line: Line, batches: GeminiBatches, server: GeminiServer
) -> None:
    line.ticks.stops_after = 0
    server.inject("batch.create", times=1, reply=said.per_minute(3))
    with pytest.raises(StoppedError):
        submitted(batches, questions())
    server.inject("batch.create", times=1, change=lambda _request, _reply: said.overloaded())
    with pytest.raises(LostAnswerError):
        submitted(batches, questions())
    assert batches.find(home(batches), LABEL) == "batches/batch-00000001"


@pytest.mark.parametrize("op", ["upload.start", "upload.chunk", "batch.create"])
def test_making_a_job_is_tried_again_if_none_was_made(batches: GeminiBatches, server: GeminiServer, op: str) -> None:
    server.inject(op, times=1, reply=said.overloaded())
    if op != "upload.chunk":  # which the client itself sends again
        server.inject(op, times=1, reply=said.per_minute(3))
    assert len(read(batches, questions())) == 3
    assert ops(server).count("batch.create") == (3 if op == "batch.create" else 1)


@pytest.mark.parametrize("op", ["batch.get", "files.download", "batch.list"])
@pytest.mark.parametrize("fault", [{"truncate": 5}, {"reset": True}, {"reply": said.overloaded()}])
def test_asking_about_a_job_is_tried_again(
    batches: GeminiBatches, server: GeminiServer, op: str, fault: dict[str, Any]
) -> None:
    server.inject(op, times=2, **fault)
    assert len(read(batches, questions())) == 3
    assert batches.find(home(batches), LABEL) is not None


def test_patience_has_an_end(batches: GeminiBatches, server: GeminiServer, line: Line) -> None:
    job = submitted(batches, questions())
    server.inject("batch.get", reply=said.overloaded())
    with pytest.raises(TransientServiceError, match="503 UNAVAILABLE"):
        batches.look(home(batches), job)
    assert line.ticks.passed_s <= 120


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (said.per_day(), QuotaExhaustedError),
        (said.dead_key(), CredentialError),
        (said.invalid("no"), RejectedRequestError),
        (Reply({}, 302, {"Location": "http://127.0.0.1:1/"}), UnfitServiceError),
    ],
)
def test_what_will_not_pass_is_told_by_its_class(
    batches: GeminiBatches, server: GeminiServer, reply: Reply, error: type[Exception]
) -> None:
    server.inject("batch.create", reply=reply)
    with pytest.raises(error) as caught:
        submitted(batches, questions())
    assert "key-a" not in str(caught.value)


def test_a_model_that_is_not_there_makes_the_service_unfit(batches: GeminiBatches) -> None:
    with pytest.raises(UnfitServiceError):
        submitted(batches, [question(settings=Settings("gemini-0-none"))])


def test_a_dead_key_is_left_for_the_next_one_and_jobs_stay_with_theirs(line: Line, server: GeminiServer) -> None:
    with jobs_of(line, "key-a", "key-b") as batches:
        first, second = batches.homes()
        job = batches.submit(first, LABEL, [JobLine(one) for one in questions()])
        assert batches.look(second, job) == "gone"
        server.inject("*", key="key-a", reply=said.dead_key())
        with pytest.raises(CredentialError):
            batches.look(first, job)
        assert batches.homes() == (second,)
        with pytest.raises(CredentialError, match="is not there"):
            batches.look(first, job)
        assert "key-a" not in repr(batches)


def test_a_file_stays_until_it_is_taken_away_and_no_sweep_takes_it(
    line: Line, batches: GeminiBatches, server: GeminiServer, clip: Path
) -> None:
    media = question(clip).media
    assert media is not None
    kept = batches.bring(home(batches), media)
    assert batches.bring(home(batches), media) == kept
    assert ops(server).count("upload.chunk") == 1
    (name,) = server.files.names()
    assert name in kept.names
    assert len(name) <= 40
    model: GeminiModel = line.model(owner="me")
    assert model.sweep(0, with_own=True) == 0
    batches.clear(home(batches), LABEL, "", kept.names)
    assert server.files.names() == []


def test_a_file_that_would_not_last_a_day_is_brought_anew(
    line: Line, batches: GeminiBatches, server: GeminiServer, clip: Path
) -> None:
    media = question(clip).media
    assert media is not None
    first = batches.bring(home(batches), media)
    line.ticks.wait((datetime.now(UTC) + timedelta(hours=20) - START).total_seconds())
    second = batches.bring(home(batches), media)
    assert second.uri != first.uri
    assert len(server.files.names()) == 2
    batches.clear(home(batches), LABEL, "", second.names)
    assert server.files.names() == []


def test_a_file_that_is_no_video_is_refused(batches: GeminiBatches, tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"no video")
    media = question(tmp_path / "no.mp4").media
    assert media is not None
    with pytest.raises(MediaRefusedError):
        batches.bring(home(batches), media)
