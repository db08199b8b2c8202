"""Money and turns: sums never drift, budgets are never exceeded, nothing that is dead holds anything."""

import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.errors import BudgetError
from vidpipe.ledger.beats import Beats
from vidpipe.ledger.calls import Budget, Calls, Stake
from vidpipe.ledger.ledger import Ledger, open_ledger
from vidpipe.ledger.limits import Limits, Wait
from vidpipe.ledger.schema import CALLS, RESERVATIONS
from vidpipe.models.calls import Usage
from vidpipe.models.paid import Call
from vidpipe_tests.ledger.called import FREE, PURPOSE, USAGE, call_of, paid_of, reserve
from vidpipe_tests.ledger.processes import Start, processes


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    """An empty ledger."""
    opened = open_ledger(place)
    yield opened
    opened.close()


def why(wait: Wait | None) -> str:
    """What has to be waited for."""
    return "" if wait is None else wait.why


def test_a_bill_that_can_never_be_booked_gives_the_address_back(ledger: Ledger) -> None:
    calls, call = ledger.calls, call_of("a")
    reserve(calls, call, 100)
    with pytest.raises((OverflowError, sa.exc.DataError)):
        calls.settle(paid_of(call, 2**70))
    assert reserve(calls, replace(call, id="another try"), 100) is None
    assert (calls.spent(), calls.reserved()) == (0, 100)


def test_a_bill_replaces_what_was_reserved(ledger: Ledger) -> None:
    calls, call = ledger.calls, call_of("a")
    assert reserve(calls, call, 100) is None
    assert (calls.spent(), calls.reserved(), calls.reserved("run"), calls.reserved("other")) == (0, 100, 100, 0)
    calls.settle(paid_of(call, 30))
    assert (calls.spent(), calls.spent("run"), calls.spent("other"), calls.reserved()) == (30, 30, 0, 0)
    with ledger._engine.connect() as db:
        row = db.execute(sa.select(CALLS)).one()
    assert (row.outcome, row.model, row.model_reported, row.model_priced) == ("complete", "m-1", "m-1-001", "m-1")
    assert (row.n_in, row.n_text, row.n_video, row.n_audio, row.n_out) == (112, 10, 70, 32, 5)
    assert (row.flagged, row.estimated, row.seconds, row.address) == (True, False, 2.0, "address a")


def test_what_was_not_sent_is_given_back_and_what_was_refused_is_free(ledger: Ledger) -> None:
    calls = ledger.calls
    for name in "ab":
        reserve(calls, call_of(name), 100)
    calls.release(call_of("a"))
    calls.fail(call_of("b"))
    assert (calls.spent(), calls.reserved()) == (0, 0)
    assert [one.of for one in calls.sums("outcome")] == [{"outcome": "failed"}]


def test_a_lost_call_is_booked_as_expected_until_its_true_bill_is_known(ledger: Ledger) -> None:
    calls, call = ledger.calls, call_of("a")
    reserve(calls, call, 100)
    calls.lose(call, expected_nusd=50, n_in=112)
    assert (calls.spent(), calls.sums("asset")[0].n_estimated, calls.sums("asset")[0].estimated_nusd) == (50, 1, 50)
    calls.complete(paid_of(call, 31))
    calls.complete(paid_of(call, 31))
    assert (calls.spent(), calls.sums("asset")[0].n_estimated, calls.sums("asset")[0].n_calls) == (31, 0, 1)
    calls.lose(call, expected_nusd=50)
    assert calls.spent() == 31, "a true bill is never replaced"


def test_a_kept_answer_books_its_call_though_nobody_did(ledger: Ledger) -> None:
    calls, call = ledger.calls, call_of("a")
    calls.complete(paid_of(call, 31))
    assert calls.spent("run") == 31
    reserve(calls, call_of("b"), 100)
    calls.complete(paid_of(call_of("b"), 7))
    assert (calls.spent("run"), calls.reserved()) == (38, 0)


def test_the_budget_is_the_projects_and_the_runs(ledger: Ledger) -> None:
    calls, budget = ledger.calls, Budget(100, 60)
    calls.settle(paid_of(call_of("a"), 50))
    with pytest.raises(BudgetError, match="budget"):
        calls.reserve(call_of("b"), Stake(11, 0, 0), limits=FREE, budget=budget)
    with pytest.raises(BudgetError):
        calls.reserve(call_of("b", run_id="other"), Stake(51, 0, 0), limits=FREE, budget=budget)
    assert calls.reserve(call_of("b"), Stake(10, 0, 0), limits=FREE, budget=budget) is None
    assert calls.reserve(call_of("c", run_id="other"), Stake(40, 0, 0), limits=FREE, budget=budget) is None
    assert calls.spent() + calls.reserved() == 100


def test_runs_that_belong_together_share_what_they_may_spend(ledger: Ledger) -> None:
    calls, budget = ledger.calls, Budget(run_nusd=60, runs=("run", "other"))
    calls.settle(paid_of(call_of("a"), 50))
    with pytest.raises(BudgetError):
        calls.reserve(call_of("b", run_id="other"), Stake(11, 0, 0), limits=FREE, budget=budget)
    assert calls.reserve(call_of("b", run_id="other"), Stake(10, 0, 0), limits=FREE, budget=budget) is None
    assert why(calls.reserve(call_of("c"), Stake(5, 0, 0), limits=FREE, budget=budget)) == "budget"
    calls.release(call_of("b", run_id="other"))
    assert calls.reserve(call_of("c"), Stake(5, 0, 0), limits=FREE, budget=budget) is None


def test_money_that_others_may_give_back_is_waited_for(ledger: Ledger) -> None:
    calls = ledger.calls
    assert reserve(calls, call_of("a"), 80, 100) is None
    assert why(reserve(calls, call_of("b"), 80, 100)) == "budget"
    calls.settle(paid_of(call_of("a"), 20))
    assert reserve(calls, call_of("b"), 80, 100) is None


def test_what_costs_nothing_needs_no_budget(ledger: Ledger) -> None:
    ledger.calls.settle(paid_of(call_of("a"), 200))
    assert reserve(ledger.calls, call_of("b"), 0, 100) is None


def test_one_address_is_asked_by_one_at_a_time(ledger: Ledger) -> None:
    calls, twin = ledger.calls, replace(call_of("a"), id="another id")
    assert reserve(calls, call_of("a"), 1) is None
    assert why(reserve(calls, twin, 1)) == "asked already"
    calls.settle(paid_of(call_of("a"), 1))
    assert reserve(calls, twin, 1) is None


def test_limits_count_what_flies_and_what_was_sent_of_one_service(ledger: Ledger) -> None:
    calls, limits = ledger.calls, Limits(at_once=2, requests_per_minute=3, tokens_per_minute=400)
    assert reserve(calls, call_of("a", 1000.0), 1, limits=limits) is None
    assert reserve(calls, call_of("b", 1001.0), 1, limits=limits) is None
    assert why(reserve(calls, call_of("c", 1002.0), 1, limits=limits)) == "calls at once"
    assert reserve(calls, call_of("other", 1002.0, service="llm"), 1, limits=limits) is None
    calls.settle(paid_of(call_of("a", 1000.0), 1, Usage(text=200)))
    assert reserve(calls, call_of("c", 1002.0), 1, limits=Limits(tokens_per_minute=423)) == Wait(58.0, "tokens")
    assert reserve(calls, call_of("c", 1002.0), 1, limits=Limits(tokens_per_minute=424)) is None
    calls.fail(call_of("c", 1002.0))
    assert reserve(calls, call_of("d", 1003.0), 1, limits=Limits(requests_per_minute=3)) == Wait(57.0, "requests")
    assert reserve(calls, call_of("d", 1060.0), 1, limits=limits) is None


def test_sums_are_by_whatever_is_asked(ledger: Ledger) -> None:
    for name, run_id, nusd in (("a", "r1", 3), ("b", "r1", 4), ("c", "r2", 5)):
        ledger.calls.settle(paid_of(call_of(name, run_id=run_id), nusd))
    by_run = ledger.calls.sums("run_id", "model")
    assert [(one.of["run_id"], one.n_calls, one.nusd, one.usage) for one in by_run] == [
        ("r1", 2, 7, USAGE + USAGE),
        ("r2", 1, 5, USAGE),
    ]
    assert [one.nusd for one in ledger.calls.sums(run_id="r2")] == [5]
    assert ledger.calls.sums(run_id="none") == []
    assert ledger.calls.sums()[0].usd == 12e-9
    named = {"asset": PURPOSE.asset, "name": PURPOSE.name}
    assert ledger.calls.answers_out(**named, model="m-1") == (3, 3 * USAGE.out)
    assert ledger.calls.answers_out(**named, model="m-2") == (0, 0)


def test_the_last_answers_tell_how_many_were_anothers(ledger: Ledger) -> None:
    calls = ledger.calls
    for n in range(10):
        calls.settle(paid_of(call_of(str(n), float(n)), 1), "foreign" if n in (0, 8) else None)
    calls.lose(call_of("lost", 99.0), expected_nusd=1)
    assert calls.refused_of_last("gemini", 200) == (2, 10)
    assert calls.refused_of_last("gemini", 5) == (1, 5)
    assert calls.refused_of_last("llm", 5) == (0, 0)


def test_it_is_known_which_answers_are_kept(ledger: Ledger) -> None:
    calls = ledger.calls
    for name in ("complete", "blocked", "foreign", "odd"):
        calls.settle(paid_of(call_of(name), 1), name)
    calls.lose(call_of("lost"), expected_nusd=1)
    wanted = [f"address {name}" for name in ("complete", "blocked", "foreign", "odd", "lost", "never asked")]
    assert calls.answered(wanted) == {"address complete", "address blocked"}
    assert calls.answered([]) == set()


def test_a_stake_whose_worst_is_not_the_worst_is_refused() -> None:
    for worst, expected in ((1, 2), (1, -1)):
        with pytest.raises(ValueError, match="worst"):
            Stake(worst, expected, 0)


def test_a_reservation_from_another_host_is_believed_as_long_as_its_lease_lasts(ledger: Ledger) -> None:
    calls = ledger.calls
    for name in "ab":
        reserve(calls, call_of(name), 100)
    owner = f"not {socket.gethostname()}|boot|1|1"
    for name, until in (("a", time.time() + 60), ("b", time.time() - 1)):
        with ledger._engine.begin() as db:
            mine = RESERVATIONS.update().where(RESERVATIONS.c.id == f"id {name}")
            db.execute(mine.values(owner=owner, until=until))
    assert calls.forget_dead() == 1
    assert (calls.spent(), calls.reserved()) == (50, 100)


def test_a_lease_is_renewed_while_anything_is_reserved(ledger: Ledger) -> None:
    reserve(ledger.calls, call_of("a"), 100)
    with ledger._engine.begin() as db:
        db.execute(RESERVATIONS.update().values(until=0.0))
    beats = Beats(ledger._engine, 0.01)
    beats.add("id a")
    until = 0.0
    while until < time.time():
        with ledger._engine.connect() as db:
            until = db.execute(sa.select(RESERVATIONS.c.until)).scalar_one()
    beats.remove("id a")
    beats.close()
    beats.close()


# --- among real processes ---

_BODY = """
import sys, time
from dataclasses import replace
from vidpipe.ledger.calls import Budget, Stake
from vidpipe.ledger.ledger import open_ledger
from vidpipe.ledger.limits import Limits
from vidpipe_tests.ledger.called import call_of, paid_of, reserve
calls = open_ledger({place!r}).calls
{body}
"""


@pytest.fixture
def start(place: str) -> Iterator[Start]:
    """Starts processes that run a piece of code with `calls`."""
    with processes(lambda body: _BODY.format(place=place, body=body)) as started:
        yield started


def test_a_killed_process_holds_no_money_no_turn_and_no_address(ledger: Ledger, start: Start) -> None:
    body = "reserve(calls, call_of('a'), 60); reserve(calls, call_of('b'), 40)\n"
    other = start(body + "print(flush=True); sys.stdin.read()")
    assert other.stdout is not None
    other.stdout.readline()
    calls = ledger.calls
    assert (calls.spent(), calls.reserved()) == (0, 100)
    assert why(reserve(calls, call_of("d"), 51, 150)) == "budget"
    other.kill()
    other.wait()
    with pytest.raises(BudgetError):
        reserve(calls, call_of("e"), 101, 150)
    assert (calls.spent(), calls.reserved()) == (50, 0), "what may have been sent costs what was expected"
    assert reserve(calls, call_of("d"), 50, 150) is None
    assert reserve(calls, replace(call_of("a"), id="another"), 50, 150) is None
    assert [one.of["outcome"] for one in calls.sums("outcome")] == ["lost"]


def test_no_budget_is_exceeded_by_many_processes_and_all_of_it_is_used(ledger: Ledger, start: Start) -> None:
    body = (
        "from vidpipe.errors import BudgetError\n"
        "n = 0\n"
        "while True:\n"
        "    call = call_of(f'{who} {{n}}')\n"
        "    try: wait = reserve(calls, call, 50, 1000)\n"
        "    except BudgetError: break\n"
        "    assert calls.spent() + calls.reserved() <= 1000\n"
        "    if wait is None: calls.settle(paid_of(call, 20 + n % 30)); n += 1\n"
        "    else: time.sleep(0.001)\n"
    )
    many = [start(body.replace("{who}", who).replace("{{", "{").replace("}}", "}")) for who in "xy"]
    assert [one.wait(timeout=60) for one in many] == [0, 0]
    assert 950 < ledger.calls.spent() <= 1000
    assert ledger.calls.spent() == sum(one.nusd for one in ledger.calls.sums("video_id"))


steps = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "settle", "lose", "release", "fail", "twice"]),
        st.integers(0, 5),
        st.integers(0, 60),
        st.floats(0, 1),
    ),
    max_size=25,
)


@settings(max_examples=15)
@given(steps, st.integers(0, 150), st.integers(0, 100))
def test_spent_and_reserved_together_never_exceed_a_budget(
    steps: list[tuple[str, int, int, float]], project: int, run: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(open_ledger(str(Path(folder, "ledger.db")))) as ledger:
        calls, flying, budget = ledger.calls, dict[int, tuple[Call, int]](), Budget(project, run)
        for n, (step, which, worst, share) in enumerate(steps):
            if step == "reserve" and which not in flying:
                call = call_of(str(n), run_id=f"run {which % 2}")
                try:
                    wait = calls.reserve(call, Stake(worst, 0, 0), limits=FREE, budget=budget)
                except BudgetError:
                    continue
                if wait is None:
                    flying[which] = (call, worst)
            elif step != "reserve" and which in flying:
                call, most = flying.pop(which)
                end(calls, step, call, int(most * share))
            for run_ids, limit in (((), project), (("run 0",), run), (("run 1",), run)):
                assert calls.spent(*run_ids) + calls.reserved(*run_ids) <= limit
        assert calls.spent() == sum(one.nusd for one in calls.sums())
        assert calls.reserved() == sum(worst for _, worst in flying.values())


def end(calls: Calls, how: str, call: Call, nusd: int) -> None:
    """End a reservation."""
    if how in ("settle", "twice"):
        calls.settle(paid_of(call, nusd))
    if how == "twice":
        calls.complete(paid_of(call, nusd))
    if how == "lose":
        calls.lose(call, expected_nusd=nusd)
    if how == "release":
        calls.release(call)
    if how == "fail":
        calls.fail(call)
