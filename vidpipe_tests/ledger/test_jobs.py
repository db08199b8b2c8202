"""Batch jobs hold their lines' money and addresses whoever lives, and give back what is left when they are over."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from vidpipe.errors import BudgetError, InJobError
from vidpipe.ledger.calls import Budget, Calls, Stake
from vidpipe.ledger.jobs import Job
from vidpipe.ledger.ledger import Ledger, open_ledger
from vidpipe.ledger.limits import Limits
from vidpipe.ledger.schema import JOBS
from vidpipe.models.paid import Call
from vidpipe_tests.ledger.called import FREE, call_of, paid_of, reserve
from vidpipe_tests.ledger.processes import processes

JOB = Job("b1", "gemini", "tag", "m-1", 1000.0)


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    """A ledger with a job that has begun."""
    opened = open_ledger(place)
    opened.jobs.begin(JOB)
    yield opened
    opened.close()


def line(calls: Calls, call: Call, worst: int = 100, limit: int | None = None, label: str = "b1") -> None:
    """Reserve for a line of the job."""
    stake = Stake(worst, worst // 2, 112)
    assert calls.reserve(call, stake, limits=FREE, budget=Budget(limit), job=label) is None


def test_a_job_is_open_from_before_it_is_sent_until_it_is_over(ledger: Ledger) -> None:
    jobs = ledger.jobs
    assert jobs.open() == [JOB]
    jobs.sending("b1", "tag", 2, files=["f1", "f2"], when=1500.0)
    jobs.opened("b1", "batches/1")
    (job,) = jobs.open()
    assert (job.name, job.n_lines, job.files, job.started) == ("batches/1", 2, ("f1", "f2"), 1500.0)
    jobs.end("b1", "expired", 2000.0)
    assert jobs.open() == []
    with ledger._engine.connect() as db:
        row = db.execute(sa.select(JOBS)).one()
    assert (row.how, row.ended) == ("expired", 2000.0)
    jobs.begin(JOB)
    assert jobs.open() == [JOB]


def test_a_label_is_given_once_while_its_job_is_open(ledger: Ledger) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        ledger.jobs.begin(JOB)


def test_lines_outlive_the_process_that_reserved_them(place: str, ledger: Ledger) -> None:
    ledger.close()
    code = (
        "import os; from vidpipe.ledger.ledger import open_ledger; "
        "from vidpipe_tests.ledger.test_jobs import line, call_of; "
        f"line(open_ledger({place!r}).calls, call_of('a')); os.kill(os.getpid(), 9)"
    )
    with processes(str) as start:
        assert start(code).wait(timeout=60) == -9
    assert ledger.calls.forget_dead() == 0
    assert (ledger.calls.reserved(), ledger.calls.spent()) == (100, 0)
    (waiting,) = ledger.jobs.waiting("b1")
    assert (waiting.call, waiting.expected_nusd, waiting.n_in) == (call_of("a"), 50, 112)


def test_nobody_waits_for_what_a_job_is_to_answer(ledger: Ledger) -> None:
    line(ledger.calls, call_of("a"))
    with pytest.raises(InJobError, match="in a batch job"):
        reserve(ledger.calls, call_of("a"), 100)
    with pytest.raises(InJobError):
        line(ledger.calls, call_of("a"), label="b2")
    assert ledger.jobs.asked(["address a", "address b"]) == {"address a"}
    assert ledger.jobs.videos() == {"v": "b1"}


def test_what_jobs_hold_is_no_longer_there_to_be_spent(ledger: Ledger) -> None:
    line(ledger.calls, call_of("a"), limit=150)
    with pytest.raises(BudgetError):
        reserve(ledger.calls, call_of("b"), 60, 150)
    assert reserve(ledger.calls, call_of("b"), 50, 150) is None
    ledger.calls.settle(paid_of(call_of("a"), 20))
    assert reserve(ledger.calls, call_of("c"), 80, 150) is None
    assert (ledger.calls.spent(), ledger.calls.reserved()) == (20, 130)


def test_what_ordinary_calls_hold_is_waited_for_beside_what_jobs_do(ledger: Ledger) -> None:
    line(ledger.calls, call_of("a"), limit=150)
    assert reserve(ledger.calls, call_of("b"), 40, 150) is None
    wait = reserve(ledger.calls, call_of("c"), 40, 150)
    assert wait is not None
    assert wait.why == "budget"


def test_lines_take_no_turn_of_the_calls_that_are_answered_at_once(ledger: Ledger) -> None:
    limits = Limits(at_once=1, requests_per_minute=1)
    for name in "ab":
        line(ledger.calls, call_of(name))
    assert reserve(ledger.calls, call_of("c"), 1, limits=limits) is None


def test_what_is_left_of_a_job_that_is_over_is_given_back(ledger: Ledger) -> None:
    line(ledger.calls, call_of("a"))
    line(ledger.calls, call_of("b"))
    reserve(ledger.calls, call_of("c"), 7)
    ledger.calls.settle(paid_of(call_of("a"), 30))
    ledger.jobs.end("b1", "collected", 2000.0)
    assert (ledger.calls.spent(), ledger.calls.reserved()) == (30, 7)
    assert ledger.jobs.waiting("b1") == []
    assert reserve(ledger.calls, call_of("b"), 100) is None


def test_a_ledger_made_before_there_were_jobs_learns_of_them(tmp_path: Path) -> None:
    place = str(tmp_path / "ledger.db")
    old = open_ledger(place)
    with old._engine.begin() as db:
        JOBS.drop(db)
    old.close()
    assert open_ledger(place).jobs.open() == []
