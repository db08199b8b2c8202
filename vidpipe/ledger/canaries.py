"""What models told of made films, in the order of asking; and how much was asked since.

The rows follow from answers that are kept: one that is lost comes again when its film is asked about again, at no cost.
When to ask, and what is bad, is decided in `vidpipe.asking.canaries`.
"""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from statistics import fmean

import sqlalchemy as sa

from vidpipe.ledger.database import alone
from vidpipe.ledger.schema import CALLS, CANARIES, RESERVATIONS

CANARY = "canary"
"""The name of such calls."""
_SCORED = 5  # so many canaries, the last ones, make a model's score


@dataclass(frozen=True, slots=True)
class Canary:
    """An answer about film `number`, to a question of a `kind`; `attention` and `recall` are 0..1, None without one."""

    kind: str
    number: int
    address: str
    service: str
    asset: str
    model: str
    model_reported: str
    started: float
    attention: float | None
    recall: float | None
    time_error_s: float | None
    n_invented: int
    n_told: int
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """How attentive a model is at an asset: the mean of its last canaries. `n` counts all that could be measured.

    `is_bad` tells of the last one, `latest` when it was asked.
    """

    asset: str
    model: str
    model_reported: str
    attention: float
    recall: float
    time_error_s: float | None
    n_invented: int
    n: int
    is_bad: bool
    latest: float


class Canaries:
    """The canaries of a ledger. Safe to use from many threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, canary: Canary) -> bool:
        """Note an answer; whether it is new. The first row of a number stays."""
        same = CANARIES.c.kind == canary.kind, CANARIES.c.number == canary.number
        with alone(self._engine, CANARIES) as db:
            is_new = db.execute(sa.select(CANARIES.c.number).where(*same)).first() is None
            if is_new:
                db.execute(CANARIES.insert(), asdict(canary))
        return is_new

    def of(self, kind: str, n: int = 20) -> list[Canary]:
        """The last of a kind, oldest first."""
        query = sa.select(CANARIES).where(CANARIES.c.kind == kind).order_by(CANARIES.c.number.desc()).limit(n)
        return self._found(query)[::-1]

    def all(self) -> list[Canary]:
        """All there are, oldest first."""
        return self._found(sa.select(CANARIES).order_by(CANARIES.c.started, CANARIES.c.number))

    def since(self, *, service: str, asset: str, shown: Collection[str], started: float) -> int:
        """How many calls that are shown a video were sent for an asset after a moment, or are about to be.

        `shown` are their names. Canaries are left out, and what was refused at no cost.
        """
        n_calls = 0
        with self._engine.connect() as db:
            for table in (CALLS, RESERVATIONS):
                here = table.c.service == service, table.c.asset == asset, table.c.started > started
                query = sa.select(sa.func.count()).where(*here, table.c.name.in_(shown))
                if table is CALLS:
                    query = query.where(table.c.outcome != "failed")
                n_calls += db.execute(query).scalar_one()
        return n_calls

    def scores(self) -> Iterator[Score]:
        """How attentive each model was of late, by asset, model and the model that answered."""
        measured = [one for one in self.all() if one.attention is not None]
        for key, group in groupby(sorted(measured, key=_whose), key=_whose):
            found = list(group)
            last = found[-_SCORED:]
            errors = [one.time_error_s for one in last if one.time_error_s is not None]
            yield Score(
                *key,
                attention=round(fmean(one.attention or 0.0 for one in last), 6),
                recall=round(fmean(one.recall or 0.0 for one in last), 6),
                time_error_s=round(fmean(errors), 6) if errors else None,
                n_invented=sum(one.n_invented for one in last),
                n=len(found),
                is_bad=found[-1].is_bad,
                latest=found[-1].started,
            )

    def _found(self, query: "sa.Select[tuple[object, ...]]") -> list[Canary]:
        with self._engine.connect() as db:
            return [Canary(**{name: getattr(row, name) for name in _NAMES}) for row in db.execute(query)]


_NAMES = tuple(field.name for field in fields(Canary))


def _whose(canary: Canary) -> tuple[str, str, str]:
    return canary.asset, canary.model, canary.model_reported
