"""Dagster is one thread's at a time; while results are waited for, it is another's."""

import threading
from collections.abc import Iterator

import pytest

from assets.turn import aside, taken

LONG_S = 60


def test_only_one_thread_has_the_turn() -> None:
    n_inside, peak = 0, 0

    def work() -> None:
        nonlocal n_inside, peak
        for _ in range(200):
            with taken():
                n_inside += 1
                peak = max(peak, n_inside)
                n_inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (n_inside, peak) == (0, 1)


def test_another_thread_may_have_it_while_a_result_is_waited_for() -> None:
    answered = threading.Event()

    def results() -> Iterator[int]:
        yield 1
        assert answered.wait(LONG_S)  # by the other thread, which needs the turn for it
        yield 2

    def other() -> None:
        with taken():
            answered.set()

    found, thread = [], threading.Thread(target=other)
    with taken():
        for result in aside(results()):
            found.append(result)
            if result == 1:
                thread.start()
                assert not answered.wait(0.01)  # not while we have it
    thread.join()
    assert found == [1, 2]


def test_who_fails_meanwhile_has_its_turn_back() -> None:
    def results() -> Iterator[int]:
        yield 1
        raise LookupError

    def other() -> None:
        with taken():
            got.set()

    got, thread = threading.Event(), threading.Thread(target=other)
    with taken():
        with pytest.raises(LookupError):
            list(aside(results()))
        thread.start()
        assert not got.wait(0.01)
    thread.join()
    assert got.is_set()


def test_who_has_no_turn_gives_none_up() -> None:
    with taken():
        pass
    assert list(aside(iter([1, 2]))) == [1, 2]
