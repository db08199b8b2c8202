"""Rows of calls and reservations, and what happens to them inside one transaction; `calls` says when.

Whoever calls is alone with the reservations (`vidpipe.ledger.database.alone`).
"""

from collections.abc import Collection
from dataclasses import asdict
from functools import cache
from typing import Any

import sqlalchemy as sa

from vidpipe.ledger.claims import is_alive, this_process
from vidpipe.ledger.schema import CALLS, RESERVATIONS, SPENDING
from vidpipe.models.paid import Call, How, Paid

_OF_A_CALL = (
    "id",
    "request_id",
    "service",
    "asset",
    "name",
    "video_id",
    "run_id",
    "round",
    "model",
    "started",
    "address",
)
_NO_TOKENS = {f"n_{name}": 0 for name in ("text", "video", "audio", "cached", "out", "thoughts")}

# Statements are made once: building them takes longer than SQLite needs to execute them.
_THIS_RUN = SPENDING.c.run_id == sa.bindparam("this_run")
_RESERVED = sa.select(RESERVATIONS)
_BOOKED = sa.select(CALLS.c.nusd, CALLS.c.estimated).where(CALLS.c.id == sa.bindparam("this_id"))
_FORGET = CALLS.delete().where(CALLS.c.id == sa.bindparam("this_id"))
_BOOK = CALLS.insert()
_SPEND = SPENDING.update().where(_THIS_RUN).values(nusd=SPENDING.c.nusd + sa.bindparam("more"))
_FIRST = SPENDING.insert()
_THESE_RUNS = SPENDING.c.run_id.in_(sa.bindparam("these_runs", expanding=True))
_SPENT = sa.select(sa.func.sum(SPENDING.c.nusd), sa.func.sum(sa.case((_THESE_RUNS, SPENDING.c.nusd), else_=0)))
FREE = RESERVATIONS.delete().where(RESERVATIONS.c.id == sa.bindparam("this_id"))
RESERVE = RESERVATIONS.insert()


def owner_of(job: str) -> str:
    """The owner of the reservations of a batch job's lines, by its label; of an empty one: how all of these begin."""
    return f"batch job|{job}"


def is_in_job(row: Any) -> bool:
    """Whether a reservation is a batch job's: no process of ours keeps it alive, nor has to."""
    return bool(row.owner.startswith(owner_of("")))


def row_of(call: Call) -> dict[str, Any]:
    """What a reservation and a booking have in common."""
    told = {"id": call.id, "address": call.address, "request_id": call.request_id, "model": call.model}
    return {**told, "round": call.round, "started": call.started, **asdict(call.purpose)}


def answered(paid: Paid, how: How) -> dict[str, Any]:
    """The row of a call whose answer came."""
    usage, bill = paid.answer.usage, paid.bill
    return {
        **row_of(paid.call),
        "n_in": usage.n_in,
        **{f"n_{name}": n for name, n in asdict(usage).items()},
        "outcome": how,
        "model_reported": paid.answer.model,
        "model_priced": bill.model_priced,
        "nusd": bill.nusd,
        "flagged": bill.is_flagged,
        "estimated": not paid.answer.is_metered,
        "seconds": paid.answer.seconds,
    }


def unanswered(row: dict[str, Any], how: How, *, nusd: int, n_in: int, seconds: float) -> dict[str, Any]:
    """The row of a call whose answer nobody has."""
    empty = {**_NO_TOKENS, "model_reported": "", "model_priced": row["model"], "flagged": False}
    return {**row, **empty, "outcome": how, "estimated": how == "lost", "nusd": nusd, "n_in": n_in, "seconds": seconds}


def book(db: sa.Connection, row: dict[str, Any]) -> None:
    """Replace a reservation, or an earlier booking of the same call, by a row; a true bill is never replaced."""
    this = {"this_id": row["id"]}
    db.execute(FREE, this)
    old = db.execute(_BOOKED, this).first()
    if old is not None:
        if not old.estimated:
            return
        db.execute(_FORGET, this)
    db.execute(_BOOK, row)
    more = {"this_run": row["run_id"], "more": row["nusd"] - (0 if old is None else old.nusd)}
    if db.execute(_SPEND, more).rowcount == 0:
        db.execute(_FIRST, {"run_id": more["this_run"], "nusd": more["more"]})


def living(db: sa.Connection) -> list[Any]:
    """The reservations of living processes and of batch jobs.

    Those of dead processes are booked, since their request may have left.
    """
    alive = cache(is_alive)
    me, found = this_process(), []
    for row in db.execute(_RESERVED).all():
        if row.owner == me or is_in_job(row) or alive(row.owner, row.until):
            found.append(row)
        else:
            known = {name: getattr(row, name) for name in _OF_A_CALL}
            book(db, unanswered(known, "lost", nusd=row.expected_nusd, n_in=row.n_in, seconds=0.0))
    return found


def spent_in(db: sa.Connection, run_ids: Collection[str]) -> tuple[int, int]:
    """What all calls cost, and those of these runs together, in 1e-9 US$."""
    of_all, of_runs = db.execute(_SPENT, {"these_runs": list(run_ids)}).one()
    return int(of_all or 0), int(of_runs or 0)
