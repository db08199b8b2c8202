"""Which of our projects at Gemini may be asked now: a state machine of values, without time or network of its own.

A project is what one key belongs to; quotas and files are a project's. Who reacts to what is decided in `gemini`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from vidpipe.errors import CredentialError, QuotaExhaustedError

SERVICE = "gemini"
_SLACK = timedelta(minutes=5)  # how far our clock, and their counters, may be off
_NOTHING: Mapping[tuple[int, str], "Closed"] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Closed:
    """A project takes no requests for a model before `until`; `for_today`: because the day's quota is used up."""

    until: datetime
    for_today: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where to ask, and how many seconds to wait before that."""

    project: int
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Pool:
    """The projects, numbered from 0: which are dead, which are closed for a model, and until when.

    Raises:
        ValueError: there are no projects.
    """

    n: int
    dead: frozenset[int] = frozenset()
    closed: Mapping[tuple[int, str], Closed] = field(default_factory=lambda: _NOTHING)

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"need a project at least, got {self.n}")

    def resting(self, project: int, model: str, until: datetime) -> "Pool":
        """After the project asked for patience. The latest time counts."""
        return self._with(project, model, Closed(until))

    def spent(self, project: int, model: str, now: datetime) -> "Pool":
        """After the project's quota for the day was used up."""
        return self._with(project, model, Closed(next_day(now), for_today=True))

    def without(self, project: int) -> "Pool":
        """After the project's key turned out to be dead."""
        return replace(self, dead=self.dead | {project})

    def choose(
        self, model: str, now: datetime, *, load: Sequence[int], home: int | None = None, moving_s: float = 0.0
    ) -> Place:
        """Where to ask next.

        An open project is preferred, the one with the least `load`, and `home` (where the question's file is) before
        all others. A closed home is waited for when that takes no longer than `moving_s`, the time that bringing the
        file elsewhere takes. Where all are closed the wait is until the first that opens.

        Raises:
            CredentialError: all are dead.
            QuotaExhaustedError: all that live have nothing left for today.
        """
        alive = [project for project in range(self.n) if project not in self.dead]
        if not alive:
            raise CredentialError(SERVICE, "no key is accepted")
        wait_s = {project: self._wait_s(project, model, now) for project in alive}
        if home in wait_s and wait_s[home] <= moving_s and not self._is_spent(home, model, now):
            return Place(home, wait_s[home])
        usable = [project for project in alive if not self._is_spent(project, model, now)]
        if not usable:
            first = min(self.closed[project, model].until for project in alive)
            raise QuotaExhaustedError(SERVICE, "the quota for the day is used up", first)
        best = min(usable, key=lambda project: (wait_s[project], project != home, load[project], project))
        return Place(best, wait_s[best])

    def _with(self, project: int, model: str, closed: Closed) -> "Pool":
        later = max(self.closed.get((project, model), closed), closed, key=lambda entry: entry.until)
        return replace(self, closed=MappingProxyType({**self.closed, (project, model): later}))

    def _wait_s(self, project: int, model: str, now: datetime) -> float:
        closed = self.closed.get((project, model))
        return 0.0 if closed is None else max(0.0, (closed.until - now).total_seconds())

    def _is_spent(self, project: int, model: str, now: datetime) -> bool:
        closed = self.closed.get((project, model))
        return closed is not None and closed.for_today and closed.until > now


def next_day(now: datetime) -> datetime:
    """When quotas that are used up at `now` are full again: the next midnight in Los Angeles, in UTC.

    Within five minutes of a midnight the old day may be meant, since no two clocks agree: then in five minutes.
    """
    there = ZoneInfo("America/Los_Angeles")
    day = (now - _SLACK).astimezone(there).date() + timedelta(days=1)
    midnight = datetime.combine(day, time(), there).astimezone(UTC)
    return midnight if midnight > now else now + _SLACK
