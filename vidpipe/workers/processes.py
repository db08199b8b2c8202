"""Isolated work per video: each task in a process with limits on time and memory.

A native crash, a hang or a memory blow-up costs the one task. No worker outlives the process that started it.
Measured in the project's research on worker pools: spawned processes, a death signal from the parent, and answers
proved to survive pickling are all needed.
"""

import ctypes
import os
import pickle
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Literal

from pebble import ProcessExpired, ProcessPool

_PR_SET_PDEATHSIG = 1
_NATIVE_CRASHES = frozenset({-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGILL, -signal.SIGFPE})


class ForeignError(Exception):
    """An exception that cannot travel between processes: its type and traceback as text."""


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work: `work(argument)`, both importable and picklable. `key` names it."""

    key: str
    work: Callable[[Any], Any]
    argument: Any


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a task. `value` is the result of `ok` and the exception of `raised`."""

    key: str
    how: Literal["ok", "raised", "crashed", "timed_out", "not_run"]
    value: Any = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Processes:
    """A factory of process pools; one pool lives as long as one `run`.

    `memory_bytes` limits the address space of a worker, `timeout_s` one task.
    """

    n_workers: int
    timeout_s: float = 3600.0
    memory_bytes: int = 2 * 1024**3

    def run(self, tasks: Iterable[Task], stopped: Callable[[], bool] = lambda: False) -> Iterator[Done]:
        """Each task once, as it finishes; when `stopped()`, those not yet begun come back as `not_run`.

        A task that crashed or ran out of time runs once more, alone, so that a neighbour's fault is not its own.
        """
        again: list[Task] = []
        for task, done in self._pool(tasks, self.n_workers, stopped):
            if done.how in ("crashed", "timed_out"):
                again.append(task)
            else:
                yield done
        for task in again:
            for _, done in self._pool([task], 1, stopped):
                yield done

    def _pool(self, tasks: Iterable[Task], n_workers: int, stopped: Callable[[], bool]) -> Iterator[tuple[Task, Done]]:
        todo = iter(tasks)
        flying: dict[Any, Task] = {}
        first = next(todo, None)
        if first is None:
            return
        pool = ProcessPool(n_workers, 0, _start, (os.getpid(), self.memory_bytes), get_context("spawn"))
        try:
            waiting: Task | None = first
            while True:
                while waiting is not None and (stopped() or len(flying) < n_workers + 1):
                    if stopped():
                        yield waiting, Done(waiting.key, "not_run")
                    else:
                        future = pool.schedule(_shielded, (waiting.work, waiting.argument), timeout=self.timeout_s)
                        flying[future] = waiting
                    waiting = next(todo, None)
                if not flying:
                    return
                for ended in wait(flying, return_when=FIRST_COMPLETED).done:
                    task = flying.pop(ended)
                    yield task, _settle(task.key, ended)
        finally:  # also when the consumer leaves, or the run is interrupted
            pool.stop()  # type: ignore[no-untyped-call]  # pebble ships partial types
            pool.join()


def is_native_crash(done: Done) -> bool:
    """Whether a crashed task took its process down itself, rather than being killed from outside."""
    return done.how == "crashed" and getattr(done.value, "exitcode", 0) in _NATIVE_CRASHES


def _start(parent: int, memory_bytes: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent died before the line above
        os._exit(1)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _shielded(work: Callable[[Any], Any], argument: Any) -> tuple[str, Any, float]:
    began = time.perf_counter()
    answer: tuple[str, Any, float]
    try:
        value = work(argument)
        answer = ("ok", value, time.perf_counter() - began)
    except BaseException as error:  # noqa: BLE001 - the border between processes: everything travels as a value
        answer = ("raised", error, time.perf_counter() - began)
    return answer if _travels(answer) else ("raised", ForeignError(_told(answer[1])), answer[2])


def _travels(answer: tuple[str, Any, float]) -> bool:
    """Whether the caller gets it whole, and is not ended by it, as by SystemExit."""
    if answer[0] == "raised" and not isinstance(answer[1], Exception):
        return False
    try:
        pickle.loads(pickle.dumps(answer))  # noqa: S301 - our own bytes; checked here, since there it breaks the pool
    except Exception:  # noqa: BLE001 - whatever pickling raises
        return False
    return True


def _told(value: object) -> str:
    return "".join(traceback.format_exception(value)) if isinstance(value, BaseException) else f"is a {type(value)}"


def _settle(key: str, future: Future[Any]) -> Done:
    try:
        how, value, seconds = future.result()
        return Done(key, how, value, seconds)
    except TimeoutError as error:
        return Done(key, "timed_out", error)
    except ProcessExpired as error:
        return Done(key, "crashed", error)
    except BrokenProcessPool as error:  # a worker was killed before anybody knew which task it had
        return Done(key, "crashed", error)
