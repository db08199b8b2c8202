"""Asking over real HTTP: nothing that is kept is asked again, and everything that was sent is booked."""

import contextlib
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from vidpipe import keys
from vidpipe.asking.asker import Asker
from vidpipe.asking.services import asker_for
from vidpipe.asking.terms import Terms
from vidpipe.errors import (
    BudgetError,
    CredentialError,
    ForeignAnswerError,
    LostAnswerError,
    RecipeError,
    StoppedError,
    TransientServiceError,
    UntrustedServiceError,
    UnwritableObjectError,
)
from vidpipe.ledger.calls import Budget
from vidpipe.ledger.ledger import open_ledger
from vidpipe.ledger.limits import Limits
from vidpipe.models.calls import fingerprint_of
from vidpipe.models.prices import built_in
from vidpipe.ports import Service, Standing
from vidpipe.store.prompts import read_prompt
from vidpipe_tests.asking.oracle import (
    MEDIA,
    PRICE_NUSD,
    PURPOSE,
    Broken,
    Client,
    Oracle,
    ask_all,
    asker_of,
    question,
    swapped,
)
from vidpipe_tests.projects import project_at
from vidpipe_tests.servers.wire import Reply, Request


@pytest.fixture
def oracle() -> Iterator[Oracle]:
    """A model behind HTTP."""
    with Oracle() as server:
        yield server


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    """Where the ledger is."""
    return str(tmp_path / "ledger.db")


@pytest.fixture
def asker(tmp_path: Path, ledger: str, oracle: Oracle) -> Asker:
    """Asks the model."""
    return asker_of(tmp_path, ledger, oracle.url)


def outcomes(asker: Asker) -> dict[str, int]:
    """How many calls ended in which way."""
    return {one.of["outcome"]: one.n_calls for one in asker.calls.sums("outcome")}


def finished(how: str) -> Callable[[Request, Reply], Reply]:
    """A change to answers: the model stops so."""

    def change(_request: Request, reply: Reply) -> Reply:
        assert isinstance(reply.body, dict)
        return Reply({**reply.body, "text": "", "finish": how, "reason": "X"}, bill=reply.bill)

    return change


def test_a_kept_answer_is_not_asked_for_again(asker: Asker, oracle: Oracle) -> None:
    first, second = (asker.ask(question(0), PURPOSE, MEDIA) for _ in range(2))
    assert (first.is_new, second.is_new, second.paid) == (True, False, first.paid)
    assert first.paid.answer.text.endswith("A dog runs.")
    assert oracle.asked == [question(0).request_id]
    assert (asker.calls.spent(), asker.calls.reserved()) == (PRICE_NUSD, 0)
    assert outcomes(asker) == {"complete": 1}


def unmetered(_request: Request, reply: Reply) -> Reply:
    """The answer, without its tokens."""
    assert isinstance(reply.body, dict)
    return Reply({**reply.body, "usage": {}, "is_metered": False}, bill=reply.bill)


def test_an_answer_without_tokens_is_booked_at_the_expected_price(asker: Asker, oracle: Oracle) -> None:
    asker.ask(question(0), PURPOSE, MEDIA)
    oracle.inject("ask", change=unmetered)
    given = [asker.ask(question(1), PURPOSE, MEDIA) for _ in range(2)]
    assert [one.is_new for one in given] == [True, False]
    assert outcomes(asker) == {"complete": 2}
    told = asker.calls.sums("service")[0]
    assert (told.n_estimated, told.estimated_nusd) == (1, given[1].paid.bill.nusd)
    assert 0.9 < told.estimated_nusd / PRICE_NUSD < 1.1, "tokens that nobody told do not count as none"
    asker.calls.settle(given[1].paid)
    assert asker.calls.spent() == PRICE_NUSD + told.estimated_nusd


def test_another_question_is_another_call(asker: Asker, oracle: Oracle) -> None:
    asker.ask(question(0), PURPOSE, MEDIA)
    asker.ask(replace(question(0), round=1, remark="be concise"), PURPOSE, MEDIA)
    assert len(set(oracle.asked)) == 2


def test_what_is_kept_is_known_without_a_service_and_booked_in_a_new_ledger(
    asker: Asker, oracle: Oracle, tmp_path: Path
) -> None:
    asker.ask(question(0), PURPOSE, MEDIA)
    oracle.stop()
    other = asker_of(tmp_path, str(tmp_path / "other.db"), oracle.url)
    paid = other.kept(question(0))
    assert paid is not None
    assert other.kept(question(1)) is None
    assert (other.calls.spent("run"), paid.bill.nusd) == (PRICE_NUSD, PRICE_NUSD)


@pytest.mark.parametrize("how", ["truncated", "blocked", "recited"])
def test_what_ended_otherwise_is_paid_and_kept_too(asker: Asker, oracle: Oracle, how: str) -> None:
    oracle.inject("ask", times=1, change=finished(how))
    given = [asker.ask(question(0), PURPOSE, MEDIA) for _ in range(2)]
    assert [one.paid.answer.finish for one in given] == [how, how]
    assert (oracle.n("ask"), outcomes(asker), asker.calls.spent()) == (1, {how: 1}, PRICE_NUSD)


def test_an_odd_answer_is_asked_for_again_and_never_kept_as_the_answer(asker: Asker, oracle: Oracle) -> None:
    oracle.inject("ask", times=4, change=finished("odd"))
    assert asker.ask(question(0), PURPOSE, MEDIA).paid.answer.finish == "odd"
    assert asker.kept(question(0)) is None
    assert len(list(asker.store.list("answers/refused"))) == 3
    assert asker.ask(question(0), PURPOSE, MEDIA).paid.answer.finish == "complete"
    assert outcomes(asker) == {"odd": 4, "complete": 1}
    assert asker.calls.spent() == 5 * PRICE_NUSD


def test_a_foreign_answer_is_counted_paid_and_asked_for_again(asker: Asker, oracle: Oracle) -> None:
    oracle.inject("ask", times=1, change=swapped)
    given = asker.ask(question(0), PURPOSE, MEDIA)
    assert "dog" in given.paid.answer.text
    assert oracle.asked == [question(0).request_id] * 2, "the same request has the same name"
    assert (outcomes(asker), asker.calls.spent()) == ({"complete": 1, "foreign": 1}, 2 * PRICE_NUSD)
    assert [b"cat" in asker.store.get(one.key) for one in asker.store.list("answers/refused")] == [True]


def test_what_need_not_name_its_request_is_believed(asker: Asker, oracle: Oracle) -> None:
    oracle.inject("ask", change=swapped)
    assert "cat" in asker.ask(question(0), PURPOSE, MEDIA, is_named=False).paid.answer.text


def test_a_service_that_swaps_answers_stops_the_run(asker: Asker, oracle: Oracle) -> None:
    oracle.inject("ask", change=swapped)
    with pytest.raises(UntrustedServiceError, match="oracle: answers other requests"):
        asker.ask(question(0), PURPOSE, MEDIA)
    with pytest.raises(UntrustedServiceError):
        asker.ask(question(1), PURPOSE, MEDIA)
    assert (oracle.n("ask"), asker.calls.reserved()) == (3, 0)


def test_a_few_swapped_answers_among_many_stop_nothing(asker: Asker, oracle: Oracle) -> None:
    assert ask_all(asker, 150) == (150, 150)
    oracle.inject("ask", times=3, change=swapped)
    with pytest.raises(ForeignAnswerError):
        asker.ask(question(150), PURPOSE, MEDIA)
    oracle.inject("ask", times=1, change=swapped)
    with pytest.raises(UntrustedServiceError):
        asker.ask(question(151), PURPOSE, MEDIA)


def test_a_lost_answer_is_booked_as_expected_and_asked_for_again(asker: Asker, oracle: Oracle) -> None:
    oracle.inject("ask", times=1, reset=True)
    oracle.inject("ask", times=1, truncate=10)
    assert asker.ask(question(0), PURPOSE, MEDIA).is_new
    assert (oracle.n("ask"), outcomes(asker)) == (3, {"complete": 1, "lost": 2})
    lost = next(one for one in asker.calls.sums("outcome") if one.n_estimated)
    assert 0.9 < lost.estimated_nusd / (2 * PRICE_NUSD) < 1.1


@pytest.mark.parametrize("planned", [1, 100_000])
def test_what_is_lost_is_booked_by_the_usual_answer_up_to_then(asker: Asker, oracle: Oracle, planned: int) -> None:
    asker.ask(question(0), PURPOSE, replace(MEDIA, out=planned))
    oracle.inject("ask", reset=True)
    with pytest.raises(LostAnswerError):
        asker.ask(question(1), PURPOSE, replace(MEDIA, out=planned))
    lost = next(one for one in asker.calls.sums("outcome") if one.n_estimated)
    assert lost.n_estimated == 3
    assert 0.9 < lost.estimated_nusd / (3 * PRICE_NUSD) < 1.1


@pytest.mark.parametrize(("status", "kind"), [(429, TransientServiceError), (403, CredentialError)])
def test_what_a_service_refuses_costs_nothing_and_is_eligible_again(
    asker: Asker, oracle: Oracle, status: int, kind: type[Exception]
) -> None:
    oracle.inject("ask", times=1, status=status)
    with pytest.raises(kind):
        asker.ask(question(0), PURPOSE, MEDIA)
    assert (asker.calls.spent(), asker.calls.reserved(), outcomes(asker)) == (0, 0, {"failed": 1})
    assert replace(asker, standing=Standing()).ask(question(0), PURPOSE, MEDIA).is_new, "by the next process"


@pytest.mark.parametrize("fault", [{"status": 403}, {"change": swapped}])
def test_what_ends_a_service_ends_it_for_all_batches_of_a_process(
    tmp_path: Path, oracle: Oracle, fault: dict[str, Any]
) -> None:
    project = replace(project_at(tmp_path), clock=lambda: datetime.now(UTC))
    service = Service("gemini", Client(oracle.url))
    asker_for(project, service).ask(question(0), PURPOSE, MEDIA)
    oracle.inject("ask", **fault)
    with pytest.raises((CredentialError, UntrustedServiceError)) as first:
        asker_for(project, service).ask(question(1), PURPOSE, MEDIA)
    n_asked, later = oracle.n("ask"), asker_for(project, service)
    oracle.clear()
    with pytest.raises(first.type, match=str(first.value)):
        later.ask(question(2), PURPOSE, MEDIA)
    assert not later.ask(question(0), PURPOSE, MEDIA).is_new, "what is kept needs no service"
    assert (oracle.n("ask"), later.calls.reserved()) == (n_asked, 0)


@pytest.mark.parametrize(("error", "how"), [(OSError("no such file"), "failed"), (TypeError("a bug"), "lost")])
def test_what_ends_an_answerer_otherwise_is_booked_as_lost_unless_nothing_was_sent(
    asker: Asker, error: Exception, how: str
) -> None:
    with pytest.raises(type(error)):
        replace(asker, answerer=Broken(error)).ask(question(0), PURPOSE, MEDIA)
    assert (outcomes(asker), asker.calls.reserved()) == ({how: 1}, 0)


@pytest.mark.parametrize("fault", [{"status": 429}, {"reset": True}, {}])
def test_a_ledger_that_fails_for_a_while_claims_no_address_for_ever(
    asker: Asker, ledger: str, oracle: Oracle, fault: dict[str, Any]
) -> None:
    def alter(statement: str) -> None:
        with closing(sqlite3.connect(ledger)) as db:
            db.execute(statement)

    def seen(request: Request) -> bool:
        if request.json()["request_id"] == question(0).request_id and oracle.n("ask") == 0:
            alter("ALTER TABLE calls RENAME TO away")
        return True

    oracle.inject("ask", times=1, when=seen, **fault)
    with pytest.raises(sqlalchemy.exc.OperationalError):
        asker.ask(question(0), PURPOSE, MEDIA)
    alter("ALTER TABLE away RENAME TO calls")
    assert asker.ask(question(0), PURPOSE, MEDIA).is_new is bool(fault)
    assert asker.calls.reserved() == 0
    how = {"status": "failed", "reset": "lost"}.get(next(iter(fault), ""))
    assert outcomes(asker) == {"complete": 1} | ({how: 1} if how else {})


def test_an_altered_answer_is_asked_for_again(asker: Asker, oracle: Oracle) -> None:
    asker.ask(question(0), PURPOSE, MEDIA)
    key = keys.answer(question(0).address)
    asker.store.put(key, asker.store.get(key).replace(b"dog", b"cat"))
    assert asker.ask(question(0), PURPOSE, MEDIA).is_new
    asker.store.put(key, asker.store.get(keys.answer(question(0).address)))
    assert not asker.ask(question(0), PURPOSE, MEDIA).is_new


def test_an_answer_that_cannot_be_kept_is_booked_and_the_last_that_is_paid(
    asker: Asker, oracle: Oracle, tmp_path: Path
) -> None:
    key = Path(tmp_path, "store", keys.answer(question(0).address))
    key.mkdir(parents=True)
    with pytest.raises(UnwritableObjectError):
        asker.ask(question(0), PURPOSE, MEDIA)
    assert (asker.calls.spent(), asker.calls.reserved()) == (PRICE_NUSD, 0)
    assert outcomes(asker) == {"unkept": 1}
    assert not asker.calls.answered([question(0).address])
    with pytest.raises(UntrustedServiceError, match="its answers cannot be kept"):
        asker.ask(question(1), PURPOSE, MEDIA)
    assert oracle.n("ask") == 1


def test_nothing_is_paid_for_a_store_that_keeps_nothing(asker: Asker, oracle: Oracle, tmp_path: Path) -> None:
    in_the_way = Path(tmp_path, "store", "answers")
    in_the_way.write_text("no folder")
    for _ in range(2):
        with pytest.raises(UnwritableObjectError):
            asker.ask(question(0), PURPOSE, MEDIA)
    assert (oracle.n("ask"), asker.calls.spent(), asker.calls.reserved(), outcomes(asker)) == (0, 0, 0, {})
    in_the_way.unlink()
    assert asker.ask(question(0), PURPOSE, MEDIA).is_new
    assert {one.key for one in asker.store.list("")} == {
        keys.answer(question(0).address),
        keys.prompt(fingerprint_of(question(0).prompt)),
    }


def test_what_is_asked_is_kept_before_it_is_paid(asker: Asker, oracle: Oracle) -> None:
    asked = replace(question(0), template="What is seen in picture {n}?")
    asker.answerer.answer(asked)  # of which nothing is kept
    assert list(asker.store.list("prompts")) == []
    oracle.inject("ask", status=500)
    with contextlib.suppress(TransientServiceError):
        asker.ask(asked, PURPOSE, MEDIA)
    kept = {read_prompt(asker.store, fingerprint_of(text)) for text in (asked.prompt, asked.template)}
    assert kept == {asked.prompt, asked.template}


def test_a_model_without_a_price_is_never_asked(asker: Asker, oracle: Oracle) -> None:
    unknown = replace(question(0), settings=replace(question(0).settings, model="m-0"))
    with pytest.raises(RecipeError, match="no price of 'm-0'"):
        asker.ask(unknown, PURPOSE, MEDIA)
    assert oracle.asked == []


def test_a_budget_ends_asking_and_what_is_kept_stays_free(tmp_path: Path, ledger: str, oracle: Oracle) -> None:
    asker = asker_of(tmp_path, ledger, oracle.url, Budget(project_nusd=5 * PRICE_NUSD))
    for n in range(4):
        asker.ask(question(n), PURPOSE, MEDIA)
    with pytest.raises(BudgetError, match="budget"):
        asker.ask(question(4), PURPOSE, MEDIA)
    assert asker.calls.spent() == 4 * PRICE_NUSD
    assert not asker.ask(question(0), PURPOSE, MEDIA).is_new


def by_pro(_request: Request, reply: Reply) -> Reply:
    """The answer of a dearer model."""
    assert isinstance(reply.body, dict)
    return Reply({**reply.body, "model": "models/gemini-3.1-pro-preview"}, bill=reply.bill)


def test_a_dearer_model_that_answers_instead_never_breaks_the_budget(
    tmp_path: Path, ledger: str, oracle: Oracle
) -> None:
    oracle.inject("ask", change=by_pro)
    dear_nusd = 10_300 * 2000 + 200 * 12_000
    asker = asker_of(tmp_path, ledger, oracle.url, Budget(project_nusd=4 * dear_nusd))

    def ask_until_the_end(asker: Asker) -> None:
        for n in range(9):
            asker.ask(question(n), PURPOSE, MEDIA)

    for one in (asker, replace(asker)):
        with pytest.raises(BudgetError):
            ask_until_the_end(one)
        assert 2 * dear_nusd < asker.calls.spent() <= 4 * dear_nusd
    assert asker.calls.spent() % dear_nusd == 0


def test_threads_under_a_budget_wait_for_each_others_change(tmp_path: Path, ledger: str, oracle: Oracle) -> None:
    oracle.inject("ask", delay=0.02)
    asker = asker_of(tmp_path, ledger, oracle.url, Budget(project_nusd=21 * PRICE_NUSD))
    assert ask_all(asker, 18) == (18, 18)
    assert oracle.peak["ask"] > 1


def test_limits_of_a_minute_are_waited_for(tmp_path: Path, ledger: str, oracle: Oracle) -> None:
    now, waited = [datetime(2026, 11, 21, tzinfo=UTC)], [0.0]

    def pause(_event: threading.Event, seconds: float) -> None:
        waited[0] += seconds
        now[0] += timedelta(seconds=seconds)

    limits = Limits(requests_per_minute=3)
    asker = replace(
        asker_of(tmp_path, ledger, oracle.url),
        terms=Terms(built_in(), limits),
        clock=lambda: now[0],
        pause=pause,
    )
    for n in range(7):
        asker.ask(question(n), PURPOSE, MEDIA)
    assert 119 < waited[0] < 121


def test_no_more_calls_fly_at_once_than_are_allowed(tmp_path: Path, ledger: str, oracle: Oracle) -> None:
    oracle.inject("ask", delay=0.02)
    asker = asker_of(tmp_path, ledger, oracle.url, limits=Limits(at_once=3))
    assert ask_all(asker, 20, n_threads=12) == (20, 20)
    assert oracle.peak["ask"] == 3


def test_threads_that_ask_the_same_at_once_pay_once(asker: Asker, oracle: Oracle) -> None:
    oracle.inject("ask", delay=0.1)
    threads = [threading.Thread(target=asker.ask, args=(question(0), PURPOSE, MEDIA)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (oracle.n("ask"), asker.calls.spent(), asker.calls.reserved()) == (1, PRICE_NUSD, 0)


def test_a_stop_ends_waiting_and_sends_nothing_more(tmp_path: Path, ledger: str, oracle: Oracle) -> None:
    asker = asker_of(tmp_path, ledger, oracle.url, limits=Limits(requests_per_minute=1))
    asker.ask(question(0), PURPOSE, MEDIA)
    threading.Timer(0.1, asker.stop.set).start()
    with pytest.raises(StoppedError, match="not reached"):
        asker.ask(question(1), PURPOSE, MEDIA)
    assert oracle.n("ask") == 1
    assert not asker.ask(question(0), PURPOSE, MEDIA).is_new


def test_in_a_storm_every_bill_is_booked_once_and_lost_ones_nearly_so(asker: Asker, oracle: Oracle) -> None:
    oracle.inject("ask", status=429, when=once("ABCDEFG"))
    oracle.inject("ask", reset=True, when=once("HI"))
    oracle.inject("ask", truncate=20, when=once("JK"))
    oracle.inject("ask", change=swapped, when=once("L"), times=2)
    oracle.inject("ask", change=finished("truncated"), when=once("MN"))

    def persist(n: int) -> str:
        while True:
            with contextlib.suppress(TransientServiceError):
                return asker.ask(question(n), PURPOSE, MEDIA).paid.answer.finish

    asker.ask(question(1000), PURPOSE, MEDIA)
    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(persist, range(160)))
    assert set(ends) == {"complete", "truncated"}
    by_end = {one.of["outcome"]: one.nusd for one in asker.calls.sums("outcome")}
    assert set(by_end) == {"complete", "truncated", "foreign", "failed", "lost"}
    whole, everything = (oracle.usd(whole_only=only) * 1e9 for only in (True, False))
    assert asker.calls.spent() - by_end["lost"] == round(whole)
    assert abs(asker.calls.spent() - everything) < 0.01 * everything
    assert asker.calls.reserved() == 0


def once(beginnings: str) -> Callable[[Request], bool]:
    """Whether a request has a name that begins so, and is seen for the first time."""
    seen = set[str]()

    def when(request: Request) -> bool:
        name = request.json()["request_id"]
        is_new = name[0] in beginnings and name not in seen
        seen.add(name)
        return is_new

    return when


# --- among real processes ---


def start(body: str, tmp_path: Path, place: str, oracle: Oracle) -> "subprocess.Popen[str]":
    """A process that runs a piece of code with an asker."""
    code = (
        "import sys; from pathlib import Path; from vidpipe.ledger.calls import Budget\n"
        "from vidpipe_tests.asking.oracle import *\n"
        f"folder, place, url = Path({str(tmp_path)!r}), {place!r}, {oracle.url!r}\n"
        "asker = asker_of(folder, place, url)\n"
    )
    return subprocess.Popen([sys.executable, "-c", code + body], stdin=-1, stdout=-1, text=True)


def said(process: "subprocess.Popen[str]") -> str:
    """All that a process printed, once it has ended."""
    return process.communicate(timeout=60)[0].strip()


def ended(process: "subprocess.Popen[str]") -> int:
    """How a process ended."""
    process.communicate(timeout=60)
    return process.returncode


def test_two_runs_at_once_ask_every_question_once(tmp_path: Path, ledger: str, oracle: Oracle) -> None:
    oracle.inject("ask", delay=0.05)
    body = "print(ask_all(asker_of(folder, place, url, limits=Limits(at_once=6)), 30))"
    both = [start(body, tmp_path, ledger, oracle) for _ in range(2)]
    counts = [said(one) for one in both]
    assert sorted(oracle.asked) == sorted(question(n).request_id for n in range(30))
    n_new = [int(count.strip("()").split(",")[1]) for count in counts]
    assert sum(n_new) == 30
    assert oracle.peak["ask"] <= 6, "one limit for all"
    with closing(open_ledger(ledger)) as opened:
        assert opened.calls.spent() == 30 * PRICE_NUSD


def test_two_runs_at_once_under_one_budget_stay_below_it(tmp_path: Path, ledger: str, oracle: Oracle) -> None:
    limit = 20 * PRICE_NUSD
    body = (
        f"asker = asker_of(folder, place, url, Budget(project_nusd={limit}))\n"
        "try: ask_all(asker, 40)\n"
        "except Exception as error: print(error)"
    )
    assert [said(one) for one in [start(body, tmp_path, ledger, oracle) for _ in range(2)]] == ["budget", "budget"]
    assert 0.8 * limit < oracle.usd() * 1e9 <= limit


def test_an_answer_whose_run_was_killed_before_it_was_booked_is_not_paid_again(
    tmp_path: Path, ledger: str, oracle: Oracle
) -> None:
    body = "asker.store.__class__ = Mortal; asker.ask(question(0), PURPOSE, MEDIA)"
    assert ended(start(body, tmp_path, ledger, oracle)) == -9
    asker = asker_of(tmp_path, ledger, oracle.url)
    assert (asker.calls.spent(), asker.calls.reserved() > 0) == (0, True)
    assert asker.ask(question(1), PURPOSE, MEDIA).is_new
    assert outcomes(asker) == {"complete": 1, "lost": 1}, "nobody looked for the answer yet"
    assert not asker.ask(question(0), PURPOSE, MEDIA).is_new
    assert (outcomes(asker), asker.calls.spent(), oracle.n("ask")) == ({"complete": 2}, 2 * PRICE_NUSD, 2)


def test_after_a_kill_in_the_middle_no_kept_answer_is_asked_for_again(
    tmp_path: Path, ledger: str, oracle: Oracle
) -> None:
    oracle.inject("ask", delay=0.02)
    killed = start("ask_all(asker, 60)", tmp_path, ledger, oracle)
    while oracle.n("ask") < 25:
        assert killed.poll() is None
    killed.kill()
    assert ended(killed) == -9
    asker = asker_of(tmp_path, ledger, oracle.url)
    kept = [n for n in range(60) if asker.kept(question(n)) is not None]
    assert ask_all(asker, 60) == (60, 60 - len(kept))
    asked = Counter(oracle.asked)
    assert len(kept) > 10
    assert {asked[question(n).request_id] for n in kept} == {1}
    assert len(asked) == 60
    whole = next(one for one in asker.calls.sums("outcome") if one.of["outcome"] == "complete")
    assert (whole.n_calls, whole.nusd, asker.calls.reserved()) == (60, 60 * PRICE_NUSD, 0)
    assert abs(asker.calls.spent() - oracle.usd() * 1e9) <= 0.1 * oracle.usd() * 1e9


def test_what_a_killed_run_had_asked_for_is_asked_again_and_booked_twice(
    tmp_path: Path, ledger: str, oracle: Oracle
) -> None:
    oracle.inject("ask", times=1, delay=60)  # not as long: it ends with the oracle
    killed = start("print(flush=True); asker.ask(question(0), PURPOSE, MEDIA)", tmp_path, ledger, oracle)
    asker = asker_of(tmp_path, ledger, oracle.url)
    while not (asker.calls.reserved() and oracle.peak["ask"]):
        assert killed.poll() is None
    killed.kill()
    assert ended(killed) == -9
    assert asker.ask(question(0), PURPOSE, MEDIA).is_new
    assert outcomes(asker) == {"complete": 1, "lost": 1}
    assert asker.calls.reserved() == 0
