"""Isolated work per video: each task in a process with limits on time and memory.

A native crash, a hang or a memory blow-up costs the one task. No worker outlives the process that started it.
Measured in the project's research on worker pools: spawned processes, a death signal from the parent, and answers
proved to survive pickling are all needed. The signal comes when the thread ends that started the worker: so a thread
of the pool's own does, whoever else asks for work.
"""

import ctypes
import os
import pickle
import resource
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, Literal, Self

from pebble import ProcessExpired, ProcessPool

from vidpipe.errors import LimitExceededError

_PR_SET_PDEATHSIG = 1
_NICER = 5
"""Workers let their parent go first, which asks services and answers people."""
_NATIVE_CRASHES = frozenset({-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGILL, -signal.SIGFPE})


NO_MEMORY = "needs too much memory"
"""What media code says of a video that goes beyond a worker's memory."""


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
    """Worker processes: one pool for each `run`, or one for all that run while it is `kept`.

    `memory_bytes` limits the address space of a worker, `timeout_s` one task. For several threads.
    """

    n_workers: int
    timeout_s: float = 3600.0
    memory_bytes: int = 2 * 1024**3
    _kept: "list[_Pool]" = field(default_factory=list, init=False, repr=False, compare=False)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """While the context lasts, workers stay for whatever runs next; they begin with the first task."""
        with _Pool(self.n_workers, self.memory_bytes) as pool:
            self._kept.append(pool)
            try:
                yield
            finally:
                self._kept.remove(pool)

    def run(self, tasks: Iterable[Task], stopped: Callable[[], bool] = lambda: False) -> Iterator[Done]:
        """Each task once, as it finishes; when `stopped()`, those not yet begun come back as `not_run`.

        A task that crashed, ran out of time or out of memory runs once more, alone in a new process: a neighbour's
        fault is not its own, nor is what earlier tasks have left in their worker.
        """
        again: list[Task] = []
        with nullcontext(self._kept[-1]) if self._kept else _Pool(self.n_workers, self.memory_bytes) as pool:
            for task, done, n_before in self._through(pool, tasks, stopped):
                if done.how in ("crashed", "timed_out") or (n_before and _lacked_memory(done)):
                    again.append(task)
                else:
                    yield done
        for task in again:
            with _Pool(1, self.memory_bytes) as pool:
                for _, done, _ in self._through(pool, [task], stopped):
                    yield done

    def _through(
        self, pool: "_Pool", tasks: Iterable[Task], stopped: Callable[[], bool]
    ) -> Iterator[tuple[Task, Done, int]]:
        """What became of the tasks, each with how many its worker had done before."""
        todo = iter(tasks)
        flying: dict[Future[Any], Task] = {}
        waiting = next(todo, None)
        try:
            while waiting is not None or flying:
                while waiting is not None and (stopped() or len(flying) < pool.n_workers + 1):
                    if stopped():
                        yield waiting, Done(waiting.key, "not_run"), 0
                    else:
                        flying[pool.submit(waiting, self.timeout_s)] = waiting
                    waiting = next(todo, None)
                for ended in wait(flying, return_when=FIRST_COMPLETED).done if flying else ():
                    task = flying.pop(ended)
                    yield task, *_settle(task.key, ended)
        finally:  # also when the consumer leaves, or the run is interrupted
            for future in flying:
                future.cancel()  # ends the worker that is at it


class _Pool:
    """A pool of processes that live as long as a thread of its own, which starts with the first task."""

    def __init__(self, n_workers: int, memory_bytes: int) -> None:
        self.n_workers, self._memory_bytes = n_workers, memory_bytes
        self._owner = ThreadPoolExecutor(1, "workers")
        self._lock = threading.Lock()
        self._pool: ProcessPool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers, whatever they are at."""
        if self._pool is not None:
            self._owner.submit(_end, self._pool).result()
        self._owner.shutdown()

    def submit(self, task: Task, timeout_s: float) -> Future[Any]:
        """Begin a task; a pool that broke, as by a worker that was killed while all were idle, makes room for another.

        Raises:
            RuntimeError: no worker can be started.
        """
        with self._lock:
            for _ in range(2):
                if self._pool is None:
                    self._pool = self._owner.submit(self._started).result()
                try:
                    return self._pool.schedule(_shielded, (task.work, task.argument), timeout=timeout_s)
                except RuntimeError as error:
                    broken, self._pool, why = self._pool, None, error
                    self._owner.submit(_end, broken).result()
            raise why

    def _started(self) -> ProcessPool:
        pool = ProcessPool(self.n_workers, 0, _start, (os.getpid(), self._memory_bytes), get_context("spawn"))
        assert pool.active, "a pool starts when it is asked whether it has"
        return pool


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]  # pebble ships partial types
    pool.join()


def _lacked_memory(done: Done) -> bool:
    is_said = isinstance(done.value, LimitExceededError) and str(done.value) == NO_MEMORY
    return done.how == "raised" and (is_said or isinstance(done.value, MemoryError))


def kept(workers: object) -> AbstractContextManager[None]:
    """While the context lasts, the workers of a pool stay, if it is one of processes."""
    return workers.kept() if isinstance(workers, Processes) else nullcontext()


def is_native_crash(done: Done) -> bool:
    """Whether a crashed task took its process down itself, rather than being killed from outside."""
    return done.how == "crashed" and getattr(done.value, "exitcode", 0) in _NATIVE_CRASHES


def _start(parent: int, memory_bytes: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # pebble's own handler writes a traceback if it comes at the end
    os.nice(_NICER)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent died before the line above
        os._exit(1)
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    allowed = memory_bytes if most == resource.RLIM_INFINITY else min(memory_bytes, most)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


_n_done = 0  # tasks that this worker has done


def _shielded(work: Callable[[Any], Any], argument: Any) -> tuple[str, Any, float, int]:
    global _n_done  # noqa: PLW0603 - a worker's own count
    began, n_before = time.perf_counter(), _n_done
    _n_done += 1
    answer: tuple[str, Any, float, int]
    try:
        value = work(argument)
        answer = ("ok", value, time.perf_counter() - began, n_before)
    except BaseException as error:  # noqa: BLE001 - the border between processes: everything travels as a value
        answer = ("raised", error, time.perf_counter() - began, n_before)
    return answer if _travels(answer) else ("raised", ForeignError(_told(answer[1])), *answer[2:])


def _travels(answer: tuple[str, Any, float, int]) -> bool:
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


def _settle(key: str, future: Future[Any]) -> tuple[Done, int]:
    """What became of a task, and how many its worker had done before."""
    try:
        how, value, seconds, n_before = future.result()
        return Done(key, how, value, seconds), n_before
    except TimeoutError as error:
        return Done(key, "timed_out", error), 0
    except (ProcessExpired, BrokenProcessPool) as error:
        # broken: a worker was killed before anybody knew which task it had
        return Done(key, "crashed", error), 0
