"""How many calls a service gets: at once, in a minute, and with how many tokens; by all processes together.

A window of a minute slides over the calls that the ledger knows, so that no minute ever holds more than is allowed,
whoever sent it. Nobody sleeps here: what comes back is how long to wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import sqlalchemy as sa

from vidpipe.ledger.schema import CALLS

WINDOW_S = 60.0
_POLL_S = 0.25  # how often to ask again where nobody can know the moment

_IN_WINDOW = CALLS.c.service == sa.bindparam("this_service"), CALLS.c.started > sa.bindparam("since")
_COUNTED = sa.select(sa.func.count(), sa.func.sum(CALLS.c.n_in)).where(*_IN_WINDOW)
_SENT = sa.select(CALLS.c.started, CALLS.c.n_in).where(*_IN_WINDOW)

Why = Literal["calls at once", "requests", "tokens", "budget", "asked already"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a service takes: calls at once, requests and tokens of input per minute. None: any number.

    Raises:
        ValueError: a limit is not positive: nothing would ever be sent.
    """

    at_once: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None

    def __post_init__(self) -> None:
        if any(limit is not None and limit < 1 for limit in (self.at_once, *self.per_minute)):
            raise ValueError(f"need positive limits, got {self}")

    @property
    def per_minute(self) -> tuple[int | None, int | None]:
        """The limits that a window counts."""
        return self.requests_per_minute, self.tokens_per_minute


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: why, and for how many seconds at most until asking again is worth it."""

    seconds: float
    why: Why


def poll(why: Why) -> Wait:
    """Ask again soon: nobody knows when it will be."""
    return Wait(_POLL_S, why)


def wait_for_turn(
    db: sa.Connection, limits: Limits, flying: Sequence[Any], *, service: str, n_in: int, now: float
) -> Wait | None:
    """How long a call with so many tokens has to wait for a service; None: it may go now.

    `flying` are the reservations of this service. A call that is larger than the minute's tokens goes alone.
    """
    if limits.at_once is not None and len(flying) >= limits.at_once:
        return poll("calls at once")
    if limits.per_minute == (None, None):
        return None
    window = {"this_service": service, "since": now - WINDOW_S}
    counted = db.execute(_COUNTED, window).one()
    recent = [row for row in flying if row.started > now - WINDOW_S]
    excess = _excess(limits, (counted[0] + len(recent), int(counted[1] or 0) + sum(r.n_in for r in recent)), (1, n_in))
    if max(excess) <= 0:
        return None
    rows = [*db.execute(_SENT, window), *recent]
    sent = sorted((row.started, row.n_in) for row in rows)
    until, why = max((_passed(sent, excess[0], 0), "requests"), (_passed(sent, excess[1], 1), "tokens"))
    return Wait(min(max(until + WINDOW_S - now, 0.0), WINDOW_S), cast("Why", why))


def _excess(limits: Limits, counted: tuple[int, int], wanted: tuple[int, int]) -> list[int]:
    """How many requests and tokens too many there would be; never more than there are, so that all may go alone."""
    triples = zip(limits.per_minute, counted, wanted, strict=True)
    return [0 if limit is None else min(have + want - limit, have) for limit, have, want in triples]


def _passed(sent: Sequence[tuple[float, int]], excess: int, which: int) -> float:
    """When that was sent whose leaving the window makes room for `excess` requests (0) or tokens (1)."""
    at = 0.0
    for started, n_in in sent:
        if excess <= 0:
            break
        at, excess = started, excess - (n_in if which else 1)
    return at
