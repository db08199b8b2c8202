"""Ctrl-C: once, nothing new is begun and what is in flight is kept; twice, the end."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import resource_tracker

INTERRUPTED = 130
"""The exit code of what a person interrupted."""
_TICK_S = 0.25


def interruptible(
    work: Callable[[], object],
    stop: threading.Event,
    *,
    say: Callable[[str], object],
    show: Callable[[], object] = lambda: None,
    at_once: Callable[[], object] = lambda: None,
) -> bool:
    """Work in a thread, and `show` now and then how far it is; whether Ctrl-C stopped it.

    Ctrl-C sets `stop`, for the work to hear; a second one does what `at_once` does and ends the process.
    """
    with _counted_interrupts() as interrupts, _deaf_thread() as thread:
        working = thread.submit(work)
        while wait([working], _TICK_S).not_done:
            show()
            if interrupts.n and not stop.is_set():
                stop.set()
                say("Stopping: finishing what has begun. Ctrl-C again ends at once.")
            if interrupts.n > 1:
                at_once()
                os._exit(INTERRUPTED)
        show()
    working.result()
    return interrupts.n > 0


def _deaf_thread() -> ThreadPoolExecutor:
    """One thread, deaf to Ctrl-C, as are the processes that it starts from their first moment."""
    return ThreadPoolExecutor(1, "line", initializer=_be_deaf)


def _be_deaf() -> None:
    resource_tracker.ensure_running()  # starting it later would lift the block
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


@dataclass(slots=True)
class _Interrupts:
    n: int = 0


@contextlib.contextmanager
def _counted_interrupts() -> Iterator[_Interrupts]:
    """Ctrl-C is counted while the context lasts, and interrupts nothing.

    Interrupting a wait for a thread would make Python 3.11 take the thread for dead.
    """
    counted = _Interrupts()

    def count(_signal: int, _frame: object) -> None:
        counted.n += 1

    before = signal.signal(signal.SIGINT, count)
    try:
        yield counted
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN if counted.n else before)  # only the end is left
