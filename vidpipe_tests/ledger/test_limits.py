"""Turns at a service: no minute ever holds more than is allowed, and the wait that is told is the right one."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vidpipe.ledger.limits import WINDOW_S, Limits, Wait, wait_for_turn
from vidpipe.ledger.schema import METADATA


@dataclass
class Flying:
    """A reservation, as far as limits look at it."""

    started: float
    n_in: int = 0


@pytest.fixture(scope="module")
def db() -> Iterator[sa.Connection]:
    """A ledger without any call."""
    engine = sa.create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.connect() as connection:
        yield connection


def wait(db: sa.Connection, limits: Limits, *flying: Flying, n_in: int = 0, now: float = 1000.0) -> Wait | None:
    """What a call has to wait for."""
    return wait_for_turn(db, limits, flying, service="s", n_in=n_in, now=now)


def test_without_limits_nobody_waits(db: sa.Connection) -> None:
    assert wait(db, Limits(), *[Flying(1000.0, 10**9)] * 100) is None


def test_calls_at_once_are_counted(db: sa.Connection) -> None:
    assert wait(db, Limits(at_once=2), Flying(0.0)) is None
    found = wait(db, Limits(at_once=2), Flying(0.0), Flying(0.0))
    assert found is not None
    assert found.why == "calls at once"


def test_the_wait_ends_when_the_oldest_request_leaves_the_minute(db: sa.Connection) -> None:
    two = Flying(950.0), Flying(990.0)
    assert wait(db, Limits(requests_per_minute=3), *two) is None
    assert wait(db, Limits(requests_per_minute=2), *two) == Wait(10.0, "requests")
    assert wait(db, Limits(requests_per_minute=1), *two) == Wait(50.0, "requests")
    assert wait(db, Limits(requests_per_minute=2), *two, now=1010.0) is None


def test_tokens_are_waited_for_until_they_fit_and_too_many_go_alone(db: sa.Connection) -> None:
    two = Flying(950.0, 40), Flying(990.0, 50)
    limits = Limits(tokens_per_minute=100)
    assert wait(db, limits, *two, n_in=10) is None
    assert wait(db, limits, *two, n_in=50) == Wait(10.0, "tokens")
    assert wait(db, limits, *two, n_in=51) == Wait(50.0, "tokens")
    assert wait(db, limits, *two, n_in=1000) == Wait(50.0, "tokens")
    assert wait(db, limits, n_in=1000) is None


def test_the_longer_of_two_waits_is_told(db: sa.Connection) -> None:
    two = Flying(950.0, 40), Flying(990.0, 50)
    assert wait(db, Limits(None, 2, 100), *two, n_in=60) == Wait(50.0, "tokens")
    assert wait(db, Limits(None, 1, 100), *two, n_in=20) == Wait(50.0, "requests")


def test_a_clock_that_was_set_back_costs_a_minute_at_most(db: sa.Connection) -> None:
    assert wait(db, Limits(requests_per_minute=1), Flying(9000.0)) == Wait(WINDOW_S, "requests")


@pytest.mark.parametrize("limits", [{"at_once": 0}, {"requests_per_minute": 0}, {"tokens_per_minute": -1}])
def test_limits_that_let_nothing_through_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        Limits(**limits)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 60)), max_size=20),
    n_requests=st.integers(1, 5),
    n_tokens=st.integers(50, 120),
)
def test_no_minute_holds_more_than_is_allowed(
    db: sa.Connection, calls: list[tuple[int, int]], n_requests: int, n_tokens: int
) -> None:
    limits, sent, now = Limits(None, n_requests, n_tokens), list[Flying](), 0.0
    for pause_s, n_in in calls:
        now += pause_s
        while (found := wait(db, limits, *sent, n_in=n_in, now=now)) is not None:
            assert found.seconds > 0
            now += found.seconds
        sent.append(Flying(now, n_in))
    for one in sent:
        minute = [other for other in sent if one.started - WINDOW_S < other.started <= one.started]
        assert len(minute) <= n_requests
        assert sum(other.n_in for other in minute) <= max(n_tokens, one.n_in)
