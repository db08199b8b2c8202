"""Money and turns: what every call to a model cost, and what is set aside for those in flight.

A reservation is three things in one transaction: the claim on the address that is asked, a turn at the service, and
the worst case taken from the budgets; the bill replaces it. So spending never exceeds a budget, nothing is asked twice
at once, and a dead process holds nothing, however many processes share the ledger. What a model said is none of the
ledger's business; asking is `vidpipe.asking`'s.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Literal

import sqlalchemy as sa

from vidpipe.errors import BudgetError, InJobError
from vidpipe.ledger.beats import Beats
from vidpipe.ledger.bookings import (
    FREE,
    RESERVE,
    answered,
    book,
    is_in_job,
    living,
    owner_of,
    row_of,
    spent_in,
    unanswered,
)
from vidpipe.ledger.claims import LEASE_S, this_process
from vidpipe.ledger.database import alone
from vidpipe.ledger.limits import Limits, Wait, poll, wait_for_turn
from vidpipe.ledger.schema import CALLS, RESERVATIONS
from vidpipe.ledger.sums import By, Sum, answers_kept, answers_out, models_reported, refused_of_last, sums
from vidpipe.models.paid import Call, How, Paid


@dataclass(frozen=True, slots=True)
class Budget:
    """The most to be spent, in 1e-9 US$: by the project, by one run or all of `runs`, which may grow. None: any sum."""

    project_nusd: int | None = None
    run_nusd: int | None = None
    runs: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Stake:
    """What a call may cost at most and is expected to, in 1e-9 US$, and its expected tokens of input.

    Raises:
        ValueError: the expected price is above the worst, or a number is negative.
    """

    worst_nusd: int
    expected_nusd: int
    n_in: int

    def __post_init__(self) -> None:
        if not (0 <= self.expected_nusd <= self.worst_nusd and self.n_in >= 0):
            raise ValueError(f"need 0 <= expected <= worst, got {self}")


_IMPOSSIBLE = sa.exc.IntegrityError, sa.exc.DataError, OverflowError  # no other try will book such a row


@dataclass(frozen=True, slots=True)
class _Step:
    """What ends a reservation."""

    call_id: str
    do: Callable[[sa.Connection], object]


class Calls:
    """The calls, reservations and sums of a ledger. Safe to use from many threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._turn = threading.Lock()  # threads queue here: SQLite lets those wait who come while another writes
        self._beats = Beats(engine)
        self._owed: list[_Step] = []

    def close(self) -> None:
        """End what runs beside the calls."""
        self._beats.close()

    # --- before and after a call ---

    def reserve(self, call: Call, stake: Stake, *, limits: Limits, budget: Budget, job: str = "") -> Wait | None:
        """Set money and a turn aside for a call that starts at `call.started`; None when it may be sent now.

        A call to an address that somebody asks already waits, as one does whose money others may still give back.
        `job` is the label of the batch job that the call is a line of: what is set aside is then the job's.

        Raises:
            BudgetError: what was spent, or is set aside for batch jobs, leaves too little for the worst case.
            InJobError: a batch job is to answer this.
        """
        with self._alone() as db:
            flying = living(db)
            wait = _wait(db, call, stake, flying, limits, budget)
            if wait is None:
                owner = owner_of(job) if job else this_process()
                row = {**row_of(call), **asdict(stake), "owner": owner, "until": time.time() + LEASE_S}
                db.execute(RESERVE, row)
        if wait == "never":
            raise BudgetError  # only now, since what the dead left behind is to stay booked
        if wait == "in a job":
            raise InJobError
        if wait is None and not job:
            self._beats.add(call.id)
        return wait

    def release(self, call: Call) -> None:
        """Give back what was reserved for a call that was not sent."""
        self._end(call.id, lambda db: db.execute(FREE, {"this_id": call.id}))

    def settle(self, paid: Paid, how: How | None = None) -> None:
        """Book the bill of an answer in place of its reservation. `how`: where the answer's own end does not say it.

        Booking the same call again changes nothing; an estimated bill gives way to a true one.
        """
        self._book(answered(paid, how or paid.answer.finish))

    def lose(self, call: Call, *, expected_nusd: int, n_in: int = 0, seconds: float = 0.0) -> None:
        """Book a call whose answer did not arrive whole at what it is expected to have cost."""
        self._book(unanswered(row_of(call), "lost", nusd=expected_nusd, n_in=n_in, seconds=seconds))

    def fail(self, call: Call, *, seconds: float = 0.0) -> None:
        """Book a call that the service refused at no cost."""
        self._book(unanswered(row_of(call), "failed", nusd=0, n_in=0, seconds=seconds))

    def complete(self, paid: Paid) -> None:
        """See that the call of a stored answer is booked: whoever stored it may have died before."""
        with self._engine.connect() as db:
            known = db.execute(sa.select(CALLS.c.outcome).where(CALLS.c.id == paid.call.id)).scalar()
        if known is None or known == "lost":
            self.settle(paid)

    def forget_dead(self) -> int:
        """Book, or give back, what dead processes had reserved; how many reservations that were."""
        with self._alone() as db:
            before = db.execute(sa.select(sa.func.count()).select_from(RESERVATIONS)).scalar_one()
            return int(before) - len(living(db))

    # --- what is known ---

    def spent(self, *run_ids: str) -> int:
        """What all calls cost, or those of these runs, in 1e-9 US$; estimated bills included."""
        with self._engine.connect() as db:
            return spent_in(db, run_ids)[bool(run_ids)]

    def reserved(self, *run_ids: str) -> int:
        """What is set aside for calls in flight, of all or of these runs, in 1e-9 US$."""
        query = sa.select(sa.func.sum(RESERVATIONS.c.worst_nusd))
        with self._engine.connect() as db:
            return int(db.execute(query.where(RESERVATIONS.c.run_id.in_(run_ids)) if run_ids else query).scalar() or 0)

    def sums(self, *by: By, run_id: str | None = None) -> list[Sum]:
        """What all calls cost, or those of a run, by whatever they have in common."""
        with self._engine.connect() as db:
            return sums(db, by, run_id)

    def answered(self, addresses: Sequence[str]) -> set[str]:
        """Those of the addresses whose answer is kept, as far as calls tell."""
        with self._engine.connect() as db:
            return answers_kept(db, addresses)

    def answers_out(self, *, asset: str, name: str, model: str) -> tuple[int, int]:
        """How many answers to such calls came, and their tokens in sum, thoughts included."""
        with self._engine.connect() as db:
            return answers_out(db, asset=asset, name=name, model=model)

    def models_reported(self, service: str, model: str) -> frozenset[str]:
        """The models by which a service answered those who asked for a model."""
        with self._engine.connect() as db:
            return models_reported(db, service, model)

    def refused_of_last(self, service: str, n_answers: int) -> tuple[int, int]:
        """How many of a service's last answers were another request's, and how many answers these are."""
        with self._engine.connect() as db:
            return refused_of_last(db, service, n_answers)

    def _book(self, row: dict[str, Any]) -> None:
        self._end(row["id"], lambda db: book(db, row))

    def _end(self, call_id: str, step: Callable[[sa.Connection], object]) -> None:
        """Ends a reservation. What the database cannot do now is done before whatever it does next.

        Else a living process would hold the reservation, and with it the address and the money, for ever.
        """
        try:
            with self._alone() as db:
                step(db)
        except BaseException as error:
            never = isinstance(error, _IMPOSSIBLE)
            self._owed.append(_Step(call_id, (lambda db: db.execute(FREE, {"this_id": call_id})) if never else step))
            raise
        self._beats.remove(call_id)

    @contextmanager
    def _alone(self) -> Iterator[sa.Connection]:
        """A transaction beside which nobody books or reserves."""
        with self._turn:
            owed = self._owed[:]
            with alone(self._engine, RESERVATIONS) as db:
                for step in owed:
                    step.do(db)
                yield db
            del self._owed[: len(owed)]
        for step in owed:
            self._beats.remove(step.call_id)


def _wait(
    db: sa.Connection, call: Call, stake: Stake, flying: list[Any], limits: Limits, budget: Budget
) -> Wait | Literal["never", "in a job"] | None:
    """What a call has to wait for, given the living reservations."""
    same = [row for row in flying if row.address == call.address]
    if same:
        return "in a job" if is_in_job(same[0]) else poll("asked already")
    service, runs = call.purpose.service, frozenset(budget.runs) or {call.purpose.run_id}
    money = _wait_for_money(db, budget, flying, runs=runs, worst_nusd=stake.worst_nusd)
    if money is not None:
        return money
    same = [row for row in flying if row.service == service and not is_in_job(row)]
    return wait_for_turn(db, limits, same, service=service, n_in=stake.n_in, now=call.started)


def _wait_for_money(
    db: sa.Connection, budget: Budget, flying: list[Any], *, runs: Collection[str], worst_nusd: int
) -> Wait | Literal["never"] | None:
    """Whether the worst case fits into what is left; it may soon, where calls in flight hold the rest.

    "never" where what was spent leaves too little, or what batch jobs hold, for a day maybe.
    """
    if worst_nusd == 0 or budget == Budget():
        return None
    holds = flying, [row for row in flying if row.run_id in runs]
    for limit, spent, rows in zip((budget.project_nusd, budget.run_nusd), spent_in(db, runs), holds, strict=True):
        left = None if limit is None else limit - spent - worst_nusd
        if left is not None and left < sum(row.worst_nusd for row in rows if is_in_job(row)):
            return "never"
        if left is not None and left < sum(row.worst_nusd for row in rows):
            return poll("budget")
    return None
