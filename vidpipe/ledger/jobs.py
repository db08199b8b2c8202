"""Batch jobs: many questions that a service answers within a day, and what is set aside for them until then.

No process lives as long as a job, so its lines are reservations that belong to the job: they are held, money and
addresses, until somebody collects the job or finds it over. A job is noted before it is submitted: one that was
submitted and never heard of is looked for under its label, not paid again. Asking a service about jobs is
`vidpipe.asking`'s.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import sqlalchemy as sa

from vidpipe.ledger.bookings import owner_of
from vidpipe.ledger.database import alone
from vidpipe.ledger.schema import CALLS, JOBS, RESERVATIONS
from vidpipe.models.paid import Call, Purpose

JobEnd = Literal["collected", "withdrawn", "expired", "failed", "cancelled", "gone"]
"""How a job ended: `withdrawn` was never submitted; of one that is `gone` nobody knows what it answered."""
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Job:
    """A job. `home` is the project at the service, `name` the service's own name for it, empty until it is known.

    `files` lie at the service for its sake. `started` and `ended` are in seconds since the epoch; `how` is None while
    answers may come.
    """

    label: str
    service: str
    home: str
    model: str
    started: float
    name: str = ""
    n_lines: int = 0
    files: tuple[str, ...] = ()
    how: JobEnd | None = None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of a job without an answer: its call, and what that is expected to cost."""

    call: Call
    expected_nusd: int
    n_in: int


class Jobs:
    """The jobs of a ledger. Safe to use from many threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def begin(self, job: Job) -> None:
        """Note a job before anything is reserved for it or sent. One of the same label that is over makes room."""
        row = {**{name: getattr(job, name) for name in Job.__slots__}, "files": json.dumps(job.files)}
        with self._engine.begin() as db:
            db.execute(JOBS.delete().where(JOBS.c.label == job.label, JOBS.c.how.is_not(None)))
            db.execute(JOBS.insert(), row)

    def sending(self, label: str, home: str, n_lines: int, *, files: Sequence[str], when: float) -> None:
        """Note what a job consists of, and where it goes, just before it is submitted; no lines: it was not."""
        self._note(label, home=home, n_lines=n_lines, files=json.dumps(list(files)), started=when)

    def opened(self, label: str, name: str) -> None:
        """Note the service's name of a job that was submitted."""
        self._note(label, name=name)

    def end(self, label: str, how: JobEnd, when: float) -> None:
        """Note that no more answers come, and give back what is still set aside for it."""
        with alone(self._engine, RESERVATIONS) as db:
            db.execute(RESERVATIONS.delete().where(RESERVATIONS.c.owner == owner_of(label)))
            db.execute(JOBS.update().where(JOBS.c.label == label).values(how=how, ended=when))

    def open(self) -> list[Job]:
        """The jobs that are not over, oldest first."""
        query = sa.select(JOBS).where(JOBS.c.how.is_(None)).order_by(JOBS.c.started, JOBS.c.label)
        with self._engine.connect() as db:
            rows = db.execute(query).all()
        found = (Job(**{name: getattr(row, name) for name in Job.__slots__}) for row in rows)
        return [replace(job, files=tuple(json.loads(str(job.files)))) for job in found]

    def waiting(self, label: str) -> list[Waiting]:
        """The lines of a job that have no answer yet."""
        query = sa.select(RESERVATIONS).where(RESERVATIONS.c.owner == owner_of(label)).order_by(RESERVATIONS.c.address)
        with self._engine.connect() as db:
            return [_waiting(row) for row in db.execute(query).mappings()]

    def asked(self, addresses: Sequence[str]) -> set[str]:
        """Those of the addresses that a job is to answer."""
        found: set[str] = set()
        held = sa.select(RESERVATIONS.c.address).where(RESERVATIONS.c.owner.startswith(owner_of("")))
        with self._engine.connect() as db:
            for first in range(0, len(addresses), _CHUNK):
                some = addresses[first : first + _CHUNK]
                found |= set(db.execute(held.where(RESERVATIONS.c.address.in_(some))).scalars())
        return found

    def videos(self) -> dict[str, str]:
        """The label of the job that is asked about a video, by video id."""
        held = sa.select(RESERVATIONS.c.video_id, RESERVATIONS.c.owner)
        with self._engine.connect() as db:
            rows = db.execute(held.where(RESERVATIONS.c.owner.startswith(owner_of(""))))
            return {row.video_id: row.owner.removeprefix(owner_of("")) for row in rows}

    def tries(self, addresses: Sequence[str]) -> dict[str, int]:
        """How often a question was asked and not answered, by its address."""
        found: dict[str, int] = {}
        counted = sa.select(CALLS.c.address, sa.func.count()).group_by(CALLS.c.address)
        missed = counted.where(CALLS.c.outcome.in_(("failed", "lost", "foreign", "odd")))
        with self._engine.connect() as db:
            for first in range(0, len(addresses), _CHUNK):
                some = addresses[first : first + _CHUNK]
                found |= {row[0]: row[1] for row in db.execute(missed.where(CALLS.c.address.in_(some)))}
        return found

    def _note(self, label: str, **values: object) -> None:
        with self._engine.begin() as db:
            db.execute(JOBS.update().where(JOBS.c.label == label).values(**values))


def _waiting(known: Mapping[Any, Any]) -> Waiting:
    purpose = Purpose(**{name: known[name] for name in Purpose.__slots__})
    told = {name: known[name] for name in Call.__slots__ if name != "purpose"}
    return Waiting(Call(**told, purpose=purpose), known["expected_nusd"], known["n_in"])
