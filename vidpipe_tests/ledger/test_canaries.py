"""Canaries in the ledger: each once, in order, and the score of each model; on both databases."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from vidpipe.ledger.calls import Budget, Stake
from vidpipe.ledger.canaries import CANARY, Canary
from vidpipe.ledger.ledger import Ledger, open_ledger
from vidpipe.ledger.limits import Limits
from vidpipe_tests.ledger.called import call_of, paid_of

FIRST = Canary("kind", 0, "address", "gemini", "shots", "m", "m-001", 10.5, 1.0, 1.0, 0.25, 0, 5)


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    """A new ledger."""
    opened = open_ledger(place)
    yield opened
    opened.close()


def test_each_number_stands_once_and_comes_back_as_it_was(ledger: Ledger) -> None:
    unseen = replace(FIRST, number=1, attention=None, recall=None, time_error_s=None, n_told=0)
    assert ledger.canaries.add(FIRST)
    assert ledger.canaries.add(unseen)
    assert not ledger.canaries.add(replace(FIRST, attention=0.0))
    assert ledger.canaries.add(replace(FIRST, kind="other"))
    assert ledger.canaries.of("kind") == [FIRST, unseen]
    assert ledger.canaries.of("kind", 1) == [unseen]
    assert ledger.canaries.of("none") == []
    assert len(ledger.canaries.all()) == 3


def test_calls_are_counted_that_are_booked_or_under_way(ledger: Ledger) -> None:
    for number, (name, how) in enumerate([("video", None), ("text", None), ("video", "failed"), (CANARY, None)]):
        call = call_of(str(number), started=20.0 + number)
        call = replace(call, purpose=replace(call.purpose, name=name))
        if how == "failed":
            ledger.calls.fail(call)
        else:
            ledger.calls.settle(paid_of(call, 5))
    flying = replace(call_of("flying", started=30.0))
    flying = replace(flying, purpose=replace(flying.purpose, name="video"))
    ledger.calls.reserve(flying, Stake(5, 5, 1), limits=Limits(), budget=Budget())
    where = {"service": "gemini", "asset": flying.purpose.asset}
    assert ledger.canaries.since(**where, shown={"video"}, started=0.0) == 2
    assert ledger.canaries.since(**where, shown={"video", "text"}, started=20.0) == 2
    assert ledger.canaries.since(**{**where, "service": "other"}, shown={"video"}, started=0.0) == 0
    assert ledger.canaries.since(**{**where, "asset": "other"}, shown={"video"}, started=0.0) == 0


def test_a_models_score_is_the_mean_of_its_last_five(ledger: Ledger) -> None:
    assert list(ledger.canaries.scores()) == []
    scores = [0.0, 1.0, 1.0, None, 1.0, 1.0, 0.5]
    for number, score in enumerate(scores):
        is_bad = score == 0.5
        ledger.canaries.add(replace(FIRST, number=number, attention=score, recall=score, is_bad=is_bad))
    ledger.canaries.add(replace(FIRST, number=7, model_reported="m-002", attention=0.25, recall=0.5, time_error_s=None))
    old, new = ledger.canaries.scores()
    assert (old.model_reported, old.n, old.attention, old.recall, old.is_bad) == ("m-001", 6, 0.9, 0.9, True)
    assert (old.time_error_s, old.n_invented) == (0.25, 0)
    assert (new.model_reported, new.n, new.attention, new.time_error_s, new.is_bad) == ("m-002", 1, 0.25, None, False)
