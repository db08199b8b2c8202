"""What calls cost together, by whatever they have in common; and how far a service can be trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from vidpipe.ledger.schema import CALLS
from vidpipe.models.calls import Usage
from vidpipe.models.prices import NUSD

By = Literal["service", "asset", "name", "video_id", "run_id", "model", "model_reported", "outcome"]
_UNANSWERED = ("lost", "failed")
_NOT_KEPT = (*_UNANSWERED, "foreign", "unkept", "odd")
_USAGE = ("text", "video", "audio", "cached", "out", "thoughts")


@dataclass(frozen=True, slots=True)
class Sum:
    """Calls that have `of` in common: how many, their tokens, their price in 1e-9 US$ and their seconds.

    Of `n_estimated` of them nobody told the tokens, since they did not arrive whole, say; their part of the price is
    `estimated_nusd`.
    `n_flagged` were answered by a model without a price.
    """

    of: Mapping[str, str]
    n_calls: int
    n_estimated: int
    n_flagged: int
    usage: Usage
    nusd: int
    estimated_nusd: int
    seconds: float

    @property
    def usd(self) -> float:
        """The price in US$, for people."""
        return self.nusd / NUSD


def sums(db: sa.Connection, by: tuple[By, ...], run_id: str | None = None) -> list[Sum]:
    """All calls, or those of a run, by the columns that `by` names; in the order of their values."""
    columns = [CALLS.c[name] for name in by]
    priced = sa.case((CALLS.c.estimated, CALLS.c.nusd), else_=0)
    numbers = [
        sa.func.count(),
        *(sa.func.sum(sa.case((flag, 1), else_=0)) for flag in (CALLS.c.estimated, CALLS.c.flagged)),
        *(sa.func.sum(column) for column in (CALLS.c.nusd, priced, CALLS.c.seconds)),
        *(sa.func.sum(CALLS.c[f"n_{name}"]) for name in _USAGE),
    ]
    query = sa.select(*columns, *numbers).group_by(*columns).order_by(*columns)
    rows = db.execute(query if run_id is None else query.where(CALLS.c.run_id == run_id)).all()
    return [_sum(by, tuple(row)) for row in rows if row[len(by)]]


def answers_out(db: sa.Connection, *, asset: str, name: str, model: str) -> tuple[int, int]:
    """How many answers to such calls came that told their tokens, and these in sum."""
    same = CALLS.c.asset == asset, CALLS.c.name == name, CALLS.c.model == model
    answered = CALLS.c.outcome.not_in(_UNANSWERED) & ~CALLS.c.estimated
    n, total = db.execute(sa.select(sa.func.count(), sa.func.sum(CALLS.c.n_out)).where(*same, answered)).one()
    return int(n), int(total or 0)


def models_reported(db: sa.Connection, service: str, model: str) -> frozenset[str]:
    """The models by which a service answered those who asked for a model."""
    same = CALLS.c.service == service, CALLS.c.model == model, CALLS.c.model_reported != ""
    return frozenset(db.execute(sa.select(CALLS.c.model_reported).where(*same).distinct()).scalars())


def answers_kept(db: sa.Connection, addresses: Sequence[str]) -> set[str]:
    """Those of the addresses that a call brought an answer to, which the store then keeps."""
    kept = CALLS.c.address.in_(addresses), CALLS.c.outcome.not_in(_NOT_KEPT)
    return set(db.execute(sa.select(CALLS.c.address).where(*kept)).scalars())


def refused_of_last(db: sa.Connection, service: str, n_answers: int) -> tuple[int, int]:
    """How many of a service's last answers were another request's, and how many answers these are."""
    answered = CALLS.c.service == service, CALLS.c.outcome.not_in(_UNANSWERED)
    last = sa.select(CALLS.c.outcome).where(*answered).order_by(CALLS.c.started.desc()).limit(n_answers)
    outcomes = db.execute(last).scalars().all()
    return outcomes.count("foreign"), len(outcomes)


def _sum(by: tuple[By, ...], row: tuple[object, ...]) -> Sum:
    shared, (n_calls, n_estimated, n_flagged, nusd, estimated, seconds, *tokens) = row[: len(by)], row[len(by) :]
    whole = [int(str(number)) for number in (n_calls, n_estimated, n_flagged, nusd, estimated, *tokens)]
    return Sum(
        of=dict(zip(by, map(str, shared), strict=True)),
        n_calls=whole[0],
        n_estimated=whole[1],
        n_flagged=whole[2],
        usage=Usage(**dict(zip(_USAGE, whole[5:], strict=True))),
        nusd=whole[3],
        estimated_nusd=whole[4],
        seconds=float(str(seconds)),
    )
