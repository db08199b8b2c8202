"""When a canary is due, and what is bad."""

from collections.abc import Sequence

from vidpipe.asking.canary_rules import is_bad, n_bad, n_due, n_towards
from vidpipe.ledger.canaries import Canary


def canary(number: int, attention: float | None, *, bad: bool = False) -> Canary:
    return Canary("k", number, "a", "gemini", "video_annotations", "m", "m-001", number, attention, 1.0, 0.5, 0, 5, bad)


def test_a_model_is_measured_by_what_it_did_before() -> None:
    def before(*scores: float | None) -> Sequence[Canary]:
        return [canary(number, score) for number, score in enumerate(scores)]

    assert not is_bad(0.5, before())
    assert is_bad(0.49, before())
    assert is_bad(0.49, before(1.0, 1.0, 1.0))
    assert not is_bad(0.4, before(0.4)), "who never saw more is weak and has not collapsed"
    assert is_bad(0.24, before(0.3, 0.3))
    assert not is_bad(None, before(1.0))
    assert is_bad(0.4, before(None))
    assert not is_bad(0.4, before(), 0.5), "of fifteen sentences less is expected than of a report"
    assert is_bad(0.2, before(), 0.5)


def test_bad_ones_count_until_a_good_one() -> None:
    good, bad, silent = canary(0, 1.0), canary(1, 0.1, bad=True), canary(2, None)
    assert [n_bad(known) for known in ([], [good], [bad], [good, bad, bad], [bad, good])] == [0, 0, 1, 2, 0]
    assert n_bad([bad, silent, bad]) == 2


def test_so_many_calls_towards_the_next_one_make_it_due() -> None:
    assert [n_due(n, None) for n in (0, 1, 100, 101, 201)] == [0, 1, 1, 2, 3]
    assert [n_due(n, 40) for n in (0, 60, 61, 160, 161)] == [0, 0, 1, 1, 2]
    assert [n_due(n, -50) for n in (1, 150, 151)] == [0, 0, 1]
    assert n_due(1, 250) == 1


def test_a_good_one_that_came_early_is_paid_back() -> None:
    calls_since = {0: 120, 1: 70}
    first, second = canary(0, 1.0), canary(1, 1.0)
    assert n_towards(lambda one: calls_since[one.number], [first], every=100) == 120
    assert n_towards(lambda one: calls_since[one.number], [first, second], every=100) == 20
    early = canary(1, 0.1, bad=True)
    assert n_towards(lambda one: calls_since[one.number], [first, early], every=100) == 70
