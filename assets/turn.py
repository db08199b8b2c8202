"""Dagster is one thread's at a time in a process; whoever waits for workers or answers gives its turn up meanwhile.

Much of what Dagster keeps is the process's and not a run's: so may each run that starts clear Python's log handlers,
those of other runs included, and wait for whoever writes to one, who waits for it. One at a time nothing is between.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

Result = TypeVar("Result")
_turn = threading.Lock()
_mine = threading.local()


@contextmanager
def taken() -> Iterator[None]:
    """Be the only thread of this process that runs Dagster, but for the moments in which the turn is given up."""
    with _turn:
        _mine.is_taken = True
        try:
            yield
        finally:
            _mine.is_taken = False


def aside(results: Iterator[Result]) -> Iterator[Result]:
    """The results, none of them None, with the turn given up while each is waited for: no Dagster happens in there."""
    while True:
        with _given_up():
            result = next(results, None)
        if result is None:
            return
        yield result


@contextmanager
def _given_up() -> Iterator[None]:
    if not getattr(_mine, "is_taken", False):  # a run of the UI, or of Dagster's own command
        yield
        return
    _mine.is_taken = False
    _turn.release()
    try:
        yield
    finally:
        _turn.acquire()
        _mine.is_taken = True
