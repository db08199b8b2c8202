"""Requests about jobs at Gemini, tried again while what is wrong may pass; and the keys that they are made with.

A job is found by the tag of its key as long as that key is given. What is asked for belongs to `gemini_batches`.
"""

import logging
import threading
from collections.abc import Callable
from typing import NoReturn, TypeVar

from resources.gemini_clients import Clients
from resources.gemini_errors import translated
from resources.gemini_pace import Pace
from resources.gemini_problems import Kind, Problem, ProblemError
from resources.gemini_projects import SERVICE, next_day
from vidpipe.errors import (
    CredentialError,
    LostAnswerError,
    MediaRefusedError,
    QuotaExhaustedError,
    RejectedRequestError,
    ServiceError,
    StoppedError,
    TransientServiceError,
    UnfitServiceError,
)

T = TypeVar("T")
_PASSING = frozenset({Kind.BUSY, Kind.CROWDED})
_LISTED_S = 5.0  # after which what was made is expected to be found; a guess
_LOG = logging.getLogger(__name__)


class Tries:
    """The keys that are accepted, and requests with them. Safe to use from several threads.

    `failures_s` is how long one request is tried again.
    """

    def __init__(self, clients: Clients, pace: Pace, failures_s: float) -> None:
        self._clients, self._pace, self._failures_s = clients, pace, failures_s
        self._lock = threading.Lock()
        self._dead: set[int] = set()

    def homes(self) -> tuple[str, ...]:
        """The tags of the keys that are accepted, as far as is known, in their order.

        Raises:
            CredentialError: no key is.
        """
        with self._lock:
            alive = [project for project in range(self._clients.n) if project not in self._dead]
        if not alive:
            raise CredentialError(SERVICE, "no key is accepted")
        return tuple(map(self._clients.tag, alive))

    def project(self, home: str) -> int:
        """The number of a key by its tag.

        Raises:
            CredentialError: it is not given, or not accepted.
        """
        with self._lock:
            known = [p for p in range(self._clients.n) if self._clients.tag(p) == home and p not in self._dead]
        if not known:
            raise CredentialError(SERVICE, "the key of a batch job is not there")
        return known[0]

    def tried(self, project: int, call: Callable[[], T], *, is_free: bool = False) -> T:
        """The result of a request that is made again while what is wrong may pass.

        `is_free`: nothing is made by it, so that one whose answer was lost is simply made again.

        Raises:
            LostAnswerError: what was to be made may have been.
            ServiceError: it failed.
        """
        began_s, n_failed = self._pace.steady(), 0
        while True:
            try:
                done = call()
            except ProblemError as error:
                problem = error.problem
            else:
                self._pace.told("")
                return done
            n_failed += 1
            if problem.said:
                _LOG.info("gemini: %s: %s", problem.why, self._clients.hidden(problem.said))
            is_lost = problem.kind is Kind.LOST
            wait_s = self._pace.backoff_s(n_failed) if is_lost else _wait_s(problem, self._pace.backoff_s(n_failed))
            passes = problem.kind in _PASSING or (is_free and is_lost)
            if not passes or self._pace.steady() + wait_s - began_s > self._failures_s:
                self._give_up(project, problem, is_free=is_free)
            self._pace.told(problem.why)
            self._pace.wait(wait_s)

    def made(self, project: int, make: Callable[[], T], find: Callable[[], T | None]) -> T:
        """What a request makes that is to be paid, once: sent again only where `find` says that nothing was made.

        A service that answers with an error of its own may have made it all the same.

        Raises:
            LostAnswerError: it may have been made.
            ServiceError: it was not.
        """
        unsure = ""

        def attempt() -> T:
            nonlocal unsure
            if unsure:
                self._pace.wait(_LISTED_S)
                if (found := find()) is not None:
                    return found
            try:
                return make()
            except ProblemError as error:
                unsure = error.problem.why if error.problem.kind is Kind.BUSY else unsure
                raise

        try:
            return self.tried(project, attempt)
        except (ServiceError, StoppedError) as error:
            if not unsure or isinstance(error, LostAnswerError):
                raise
            raise LostAnswerError(SERVICE, unsure) from error

    def _give_up(self, project: int, problem: Problem, *, is_free: bool) -> NoReturn:
        """Says what became of it. No key is in the text, nor the SDK's error in the context."""
        match problem.kind:
            case Kind.LOST if not is_free:
                raise LostAnswerError(SERVICE, problem.why)
            case Kind.SPENT:
                raise QuotaExhaustedError(SERVICE, "the quota for the day is used up", next_day(self._pace.now()))
            case Kind.DENIED | Kind.FORBIDDEN:
                with self._lock:
                    self._dead.add(project)
                raise CredentialError(SERVICE, f"a key is not accepted: {problem.why}")
            case Kind.MISSING:
                raise UnfitServiceError(SERVICE, f"{problem.why}: there is no such model")
            case Kind.ELSEWHERE:
                raise UnfitServiceError(SERVICE, f"{problem.why}: the address is not Gemini's")
            case Kind.UNREADABLE:
                raise MediaRefusedError(SERVICE, problem.why)
            case Kind.REFUSED | Kind.COMPLEX:
                raise RejectedRequestError(SERVICE, f"refused: {problem.why}")
            case _:
                raise TransientServiceError(SERVICE, problem.why, problem.retry_after_s)


def read(call: Callable[[], T]) -> T:
    """One use of the SDK; an answer that it cannot read is lost.

    Raises:
        ProblemError: it failed.
    """
    try:
        return translated(call)
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError):
        problem = Problem(Kind.LOST, "no whole answer: it cannot be read", retry_after_s=0.0)
    raise ProblemError(problem)


def _wait_s(problem: Problem, backoff_s: float) -> float:
    return problem.retry_after_s if problem.kind is Kind.CROWDED else backoff_s
