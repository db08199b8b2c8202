"""A command's own limit: all its runs together keep to it, others do not share it, and no death leaves money in it."""

from collections.abc import Iterator

import pytest

from vidpipe.errors import BudgetError
from vidpipe.ledger.calls import Budget, Calls, Stake
from vidpipe.ledger.jobs import Job
from vidpipe.ledger.ledger import Ledger, open_ledger
from vidpipe.ledger.limits import Wait
from vidpipe.ledger.purse import Purse
from vidpipe_tests.ledger.called import FREE, call_of, paid_of
from vidpipe_tests.ledger.processes import processes

PROJECT = Budget(100)


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    """An empty ledger."""
    opened = open_ledger(place)
    yield opened
    opened.close()


def reserve(calls: Calls, name: str, worst: int, budget: Budget, *, job: str = "") -> Wait | None:
    """Reserve for a call whose run is called by its first word."""
    call = call_of(name, run_id=name.partition(" ")[0])
    return calls.reserve(call, Stake(worst, worst // 2, 1), limits=FREE, budget=budget, job=job)


def test_runs_that_begin_later_share_the_limit_of_their_command_and_of_no_other(ledger: Ledger) -> None:
    calls, mine, others = ledger.calls, Purse(60), Purse(30)
    budget, beside = mine.within(PROJECT), others.within(PROJECT)
    mine.run_ids.add("first")
    assert reserve(calls, "first a", 50, budget) is None
    calls.settle(paid_of(call_of("first a", run_id="first"), 40))
    mine.run_ids.add("second")
    with pytest.raises(BudgetError):
        reserve(calls, "second b", 21, budget)
    assert reserve(calls, "second b", 20, budget) is None
    others.run_ids.add("third")
    assert reserve(calls, "third c", 30, beside) is None
    assert (mine.spent_nusd(calls), mine.reserved_nusd(calls)) == (40, 20)
    assert (others.spent_nusd(calls), others.reserved_nusd(calls)) == (0, 30)
    others.run_ids.add("fourth")
    wait = reserve(calls, "fourth d", 10, beside)
    assert wait is not None
    assert wait.why == "budget", "what is set aside may come back"


def test_the_projects_budget_holds_whatever_a_command_may_spend(ledger: Ledger) -> None:
    purse = Purse(1000, {"run"})
    with pytest.raises(BudgetError):
        reserve(ledger.calls, "run a", 101, purse.within(PROJECT))
    assert reserve(ledger.calls, "run a", 100, purse.within(PROJECT)) is None
    assert Purse().within(PROJECT) == PROJECT


def test_what_others_spent_is_not_in_it_and_it_tells_which_limit_was_reached(ledger: Ledger) -> None:
    calls, purse, free = ledger.calls, Purse(60), Purse()
    calls.settle(paid_of(call_of("x", run_id="earlier"), 30))
    assert (purse.spent_nusd(calls), purse.reserved_nusd(calls)) == (0, 0)
    assert [one.is_tighter(calls, PROJECT) for one in (purse, free)] == [True, False]
    calls.settle(paid_of(call_of("y", run_id="earlier"), 11))
    assert not purse.is_tighter(calls, PROJECT)
    assert [one.is_tighter(calls, Budget()) for one in (purse, free)] == [True, False]
    ledger.jobs.begin(Job("b1", "gemini", "tag", "m-1", 1000.0))
    purse.run_ids.add("run")
    assert reserve(calls, "run z", 59, purse.within(Budget()), job="b1") is None
    assert (purse.spent_nusd(calls), purse.reserved_nusd(calls)) == (0, 59)
    with pytest.raises(BudgetError):
        reserve(calls, "run more", 2, purse.within(Budget()))


def test_a_killed_command_leaves_nothing_set_aside(place: str, ledger: Ledger) -> None:
    ledger.close()
    code = (
        "import os; from vidpipe.ledger.ledger import open_ledger; from vidpipe_tests.ledger.test_purse import *; "
        f"reserve(open_ledger({place!r}).calls, 'killed a', 60, Purse(60, {{'killed'}}).within(PROJECT)); "
        "os.kill(os.getpid(), 9)"
    )
    with processes(str) as start:
        assert start(code).wait(timeout=60) == -9
    calls, next_one = ledger.calls, Purse(60, {"next"})
    assert calls.reserved("killed") == 60
    assert reserve(calls, "next a", 60, next_one.within(PROJECT)) is None, "even the same question"
    assert (calls.reserved("killed"), calls.spent("killed")) == (0, 30), "it may have been sent"
    assert (next_one.spent_nusd(calls), next_one.reserved_nusd(calls)) == (0, 60)
