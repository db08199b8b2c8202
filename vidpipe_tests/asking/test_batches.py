"""Batch jobs from questions to kept answers, with Google's client and an emulated service: nothing is paid twice."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from vidpipe import keys
from vidpipe.asking.collecting import FORGOTTEN_S, GRACE_S, Collected, collect
from vidpipe.asking.making import MOST_LINES
from vidpipe.asking.submitting import MOST_JOBS
from vidpipe.errors import (
    BudgetError,
    CredentialError,
    InJobError,
    QuotaExhaustedError,
    StoreError,
    TransientServiceError,
    UntrustedServiceError,
)
from vidpipe.ledger.calls import Budget
from vidpipe.ledger.counts import is_pending
from vidpipe.ledger.jobs import Job
from vidpipe.models.calls import Media
from vidpipe.models.prices import built_in
from vidpipe.store.answers import read_answer
from vidpipe_tests.asking.desk import MODEL, Desk, desks
from vidpipe_tests.clips import make_clip
from vidpipe_tests.servers import gemini_errors as said
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.gemini_answers import asks, invalid_json
from vidpipe_tests.servers.gemini_batches import Plan
from vidpipe_tests.servers.wire import Reply, Request


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("clips") / "a.mp4"
    make_clip(path, [(2.0, 1)], fps=5, size=(64, 48), sound=False)
    return path


@pytest.fixture
def desk(tmp_path: Path, clip: Path) -> Iterator[Desk]:
    """Jobs are answered as soon as they are asked about."""
    with GeminiServer() as server:
        server.batches.plan = Plan(0, 0)
        yield from desks(tmp_path, clip, server, ("key-a",))


def test_videos_are_asked_about_together_and_answers_are_kept_as_if_asked_one_by_one(desk: Desk) -> None:
    tasks = desk.tasks(3, n_questions=2)
    done = desk.submit(tasks)
    assert {one.how for one in done.values()} == {"ok"}, done
    assert len({one.value for one in done.values()}) == 1
    assert (desk.n("batch.create"), desk.n("upload.start"), desk.n("generate")) == (1, 4, 0)
    ledger = desk.project.ledger
    assert ledger.calls.reserved() > 0
    found = desk.collect()
    assert (found.n_answers, found.n_again, found.n_open, found.videos) == (6, 0, 0, {"v0", "v1", "v2"})
    for task in tasks:
        for question in task.argument.questions:
            paid = read_answer(desk.project.store, question.address)
            assert paid.call.purpose == task.argument.purpose
            assert paid.answer.text.startswith(f"request_id: {question.request_id}\n")
    assert ledger.calls.spent() / 1e9 == pytest.approx(desk.server.usd(), abs=6e-9)
    assert ledger.calls.reserved() == 0
    assert desk.server.files.names() == []
    assert desk.to_ask_again() == {}
    assert desk.collect() == Collected()


def test_large_batches_are_several_jobs(desk: Desk) -> None:
    done = desk.submit([desk.task(f"v{i}", n_questions=30) for i in range(7)])
    assert MOST_LINES == 100
    assert len({one.value for one in done.values()}) == 3
    assert desk.collect().n_answers == 210


def test_a_job_that_runs_is_left_alone_and_nobody_waits_for_it(desk: Desk) -> None:
    desk.server.batches.plan = Plan(1, 1)
    desk.submit(desk.tasks(2))
    assert (desk.collect().n_open, desk.collect().n_open, desk.collect().n_answers) == (1, 1, 2)
    assert isinstance(desk.submit([desk.task("v9")])["v9"].value, str)
    assert isinstance(desk.submit([desk.task("v9"), desk.task("v8")])["v9"].value, InJobError)


def test_what_the_budget_does_not_cover_is_not_in_the_job(desk: Desk) -> None:
    desk.budget = Budget(project_nusd=6_000_000)
    done = desk.submit(desk.tasks(4))
    left = [one.key for one in done.values() if one.how == "raised"]
    assert left
    assert len(left) < 4
    assert all(isinstance(done[key].value, BudgetError) for key in left)
    assert desk.collect().n_answers == 4 - len(left)
    assert desk.server.usd() <= 0.006


def test_lines_without_an_answer_go_into_another_job_three_times_and_then_are_asked_alone(desk: Desk) -> None:
    tasks = desk.tasks(2)
    desk.server.inject("batch.line", when=asks(desk.question("v1").request_id), reply=said.internal())
    for _ in range(2):
        desk.submit(tasks if desk.n("batch.create") == 0 else tasks[1:])
        desk.collect()
        assert desk.to_ask_again() == {"v1": "batch job without an answer"}
    desk.submit(tasks[1:])
    assert desk.collect().n_again == 0
    assert desk.to_ask_again() == {}
    assert len(desk.server.bills) == 1


def test_a_refused_line_is_left_to_be_asked_alone(desk: Desk) -> None:
    desk.server.inject("batch.line", times=1, reply=said.invalid("no"))
    desk.submit(desk.tasks(2))
    assert (desk.collect().n_answers, desk.to_ask_again()) == (1, {})


def test_anothers_answer_is_never_kept_and_too_many_end_asking(desk: Desk) -> None:
    def swapped(request: Request, reply: Reply) -> Reply:
        assert isinstance(reply.body, dict)
        text = json.dumps(reply.body)
        return replace(reply, body=json.loads(text.replace(desk.server.note_of(request), "AAAAAAAAAAAA")))

    desk.server.inject("batch.line", times=3, change=swapped)
    desk.submit(desk.tasks(4))
    found = desk.collect()
    assert (found.n_answers, found.n_foreign, len(desk.to_ask_again())) == (1, 3, 3)
    assert desk.project.ledger.calls.spent() / 1e9 == pytest.approx(desk.server.usd(), abs=4e-9)
    (failed,) = desk.submit([desk.task("v9")]).values()
    assert isinstance(failed.value, UntrustedServiceError)


def test_whatever_a_line_says_is_kept_and_judged_by_whoever_asks(desk: Desk) -> None:
    desk.server.inject("batch.line", change=invalid_json())
    desk.submit(desk.tasks(1))
    assert desk.collect().n_answers == 1


@pytest.mark.parametrize(("end", "reason"), [("EXPIRED", "expired"), ("FAILED", "failed"), ("CANCELLED", "cancelled")])
def test_a_job_that_ends_without_answers_gives_back_its_money_and_its_videos(desk: Desk, end: str, reason: str) -> None:
    desk.server.batches.plan = Plan(0, 0, end)  # type: ignore[arg-type]
    tasks = desk.tasks(2)
    desk.submit(tasks)
    assert desk.collect().n_again == 2
    assert desk.to_ask_again() == dict.fromkeys(("v0", "v1"), f"batch job {reason}")
    assert (desk.project.ledger.calls.reserved(), desk.project.ledger.calls.spent()) == (0, 0)
    assert desk.server.files.names() == []
    desk.server.batches.plan = Plan(0, 0)
    desk.submit(tasks)
    assert (desk.collect().n_answers, desk.to_ask_again(), len(desk.server.bills)) == (2, {}, 2)


def test_a_job_that_is_gone_may_have_been_paid(desk: Desk) -> None:
    desk.submit(desk.tasks(1))
    expected = desk.project.ledger.jobs.waiting(desk.project.ledger.jobs.open()[0].label)[0].expected_nusd
    desk.server.batches.delete("project-of-key-a", "batch-00000001")
    assert desk.collect().n_again == 1
    assert desk.to_ask_again() == {"v0": "batch job gone"}
    assert desk.project.ledger.calls.spent() == expected > 0


@pytest.mark.parametrize("fault", [{"truncate": 5}, {"change": lambda _request, _reply: said.internal()}])
def test_a_job_whose_making_was_lost_is_found_and_paid_once(desk: Desk, fault: dict[str, Any]) -> None:
    desk.server.inject("batch.create", times=1, **fault)
    done = desk.submit(desk.tasks(2))
    assert {one.how for one in done.values()} == {"ok"}
    assert (desk.collect().n_answers, desk.n("batch.create"), len(desk.server.bills)) == (2, 1, 2)


def test_a_job_that_nobody_heard_of_is_looked_for_until_it_cannot_come_any_more(desk: Desk) -> None:
    desk.server.inject("batch.create", times=1, truncate=5)
    desk.server.inject("batch.list", times=1, reply=said.invalid("no"))
    done = desk.submit(desk.tasks(2))
    assert all(isinstance(one.value, InJobError) for one in done.values())
    assert desk.collect().n_answers == 2
    desk.server.inject("batch.create", times=1, reply=Reply({"name": "of a job that is not made"}), truncate=5)
    desk.submit([desk.task("v5")])
    assert (desk.collect().n_open, desk.collect().n_again) == (1, 0)
    desk.later = timedelta(seconds=GRACE_S)
    assert (desk.collect().n_open, desk.to_ask_again()) == (0, {"v5": "batch job not taken"})
    assert desk.project.ledger.calls.reserved() == 0


def test_what_died_before_anything_was_sent_is_given_up_at_once(desk: Desk) -> None:
    desk.project.ledger.jobs.begin(Job("b1", "gemini", "tag", MODEL, desk.project.clock().timestamp()))
    assert desk.collect().n_open == 0
    assert desk.n("batch.list") == 0


def test_an_answer_that_cannot_be_kept_is_still_there_to_be_collected(desk: Desk) -> None:
    desk.submit(desk.tasks(2))
    blocked = desk.project.folder / "store" / keys.answer(desk.question("v0").address)
    blocked.mkdir(parents=True)
    with pytest.raises(StoreError):
        desk.collect()
    assert len(desk.project.ledger.jobs.open()) == 1
    blocked.rmdir()
    desk.collect()
    assert len(desk.server.bills) == desk.project.ledger.calls.sums("outcome")[0].n_calls == 2


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (said.per_day(), QuotaExhaustedError),
        (said.dead_key(), CredentialError),
        (said.invalid("no"), TransientServiceError),
    ],
)
def test_a_job_that_is_not_taken_costs_nothing_and_blames_no_video(
    desk: Desk, reply: Reply, error: type[Exception]
) -> None:
    desk.server.inject("batch.create", reply=reply)
    done = desk.submit(desk.tasks(2))
    assert {type(one.value) for one in done.values()} == {error}
    assert desk.project.ledger.jobs.open() == []
    assert desk.project.ledger.calls.reserved() == 0
    assert desk.server.bills == []


def test_a_job_that_only_errors_answered_is_given_up_once_it_cannot_come_any_more(desk: Desk) -> None:
    desk.server.inject("batch.create", reply=said.overloaded())
    assert {type(one.value) for one in desk.submit(desk.tasks(2)).values()} == {InJobError}
    desk.later = timedelta(seconds=GRACE_S)
    assert (desk.collect().n_open, desk.project.ledger.calls.reserved(), desk.server.bills) == (0, 0, [])


def test_there_are_no_more_jobs_than_the_service_takes(desk: Desk) -> None:
    for number in range(MOST_JOBS):
        desk.project.ledger.jobs.begin(Job(f"b{number}", "gemini", "tag", MODEL, desk.project.clock().timestamp()))
    (done,) = desk.submit(desk.tasks(1)).values()
    assert is_pending(str(done.value))
    assert desk.server.log == []


def test_a_video_that_the_service_cannot_read_is_left_to_be_asked_about_alone(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"no video")
    bad = desk.task("bad")
    bad = replace(bad, argument=replace(bad.argument, file=lambda: nullcontext(tmp_path / "no.mp4")))
    missing = desk.task("missing")
    missing = replace(missing, argument=replace(missing.argument, file=lambda: nullcontext(tmp_path / "none.mp4")))
    done = desk.submit([desk.task("v0"), bad, missing])
    assert (done["v0"].how, done["bad"].how, done["bad"].value) == ("ok", "ok", "")
    assert isinstance(done["missing"].value, FileNotFoundError)
    assert desk.collect().n_answers == 1
    assert desk.project.ledger.calls.reserved() == 0


def test_another_key_takes_what_the_first_one_cannot(tmp_path: Path, clip: Path) -> None:
    with GeminiServer() as server:
        server.batches.plan = Plan(0, 0)
        for desk in desks(tmp_path, clip, server, ("key-a", "key-b")):
            server.inject("batch.create", key="key-a", reply=said.per_day())
            assert {one.how for one in desk.submit(desk.tasks(2)).values()} == {"ok"}
            assert desk.collect().n_answers == 2
            assert server.files.names() == []


def test_without_the_key_a_job_waits_for_days(desk: Desk) -> None:
    desk.submit(desk.tasks(1))
    desk.server.inject("*", reply=said.dead_key())
    found = desk.collect()
    assert (found.n_open, [type(error) for error in found.errors]) == (1, [CredentialError])
    keyless = replace(desk.service, jobs=None)
    assert collect(desk.project, keyless, built_in()).n_open == 1
    desk.later = timedelta(seconds=FORGOTTEN_S)
    assert (desk.collect().n_open, desk.to_ask_again()) == (0, {"v0": "batch job gone"})


def test_nothing_waits_for_ever_where_there_is_no_key(desk: Desk) -> None:
    desk.submit(desk.tasks(1))
    jobs = desk.project.ledger.jobs
    (expected,) = (one.expected_nusd for one in jobs.waiting(jobs.open()[0].label))
    jobs.begin(Job("b1", "gemini", "tag", MODEL, desk.project.clock().timestamp()))
    desk.service = replace(desk.service, jobs=None)
    assert desk.collect().n_open == 2
    desk.later = timedelta(seconds=FORGOTTEN_S)
    assert (desk.collect().n_open, desk.to_ask_again()) == (0, {"v0": "batch job gone"})
    assert (desk.project.ledger.calls.reserved(), desk.project.ledger.calls.spent()) == (0, expected)


def test_a_page_that_is_not_public_takes_one_job(desk: Desk) -> None:
    page = "https://www.youtube.com/watch?v=private-one"
    desk.server.youtube[page] = None
    task = desk.task("v0")
    asked = tuple((name, replace(one, media=Media(page, "0" * 64))) for name, one in task.argument.asked)
    desk.submit([replace(task, argument=replace(task.argument, asked=asked, file=None)), desk.task("v1")])
    found = desk.collect()
    assert (found.n_answers, found.n_again, desk.to_ask_again()) == (1, 0, {})
    assert desk.project.ledger.calls.reserved() == 0


def test_two_that_collect_at_once_book_each_answer_once(desk: Desk) -> None:
    desk.submit(desk.tasks(4))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: desk.collect(), range(4)))
    assert desk.project.ledger.calls.spent() / 1e9 == pytest.approx(desk.server.usd(), abs=4e-9)
    assert sum(one.n_calls for one in desk.project.ledger.calls.sums("outcome")) == 4
