"""Canaries among paid calls: when one is due, what is bad, and what follows from it.

A canary is a question like all others, about a made film of which everything is known (`vidpipe.media.canary_films`):
it is booked, its answer is kept, and it is never asked twice. One comes before the first paid call of its kind, and one
after every `EVERY` that are shown a video. Who asks, and what an answer tells, is the caller's business.

Films are numbered by what the ledger knows, so that a run which was killed, and two at once, ask about the same one.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from statistics import median
from typing import Literal

from vidpipe.errors import (
    ForeignAnswerError,
    LostAnswerError,
    RejectedRequestError,
    TransientServiceError,
    UnseeingServiceError,
)
from vidpipe.ledger.canaries import Canaries, Canary, Since
from vidpipe.models.calls import Answer, Question
from vidpipe.ports import Service

_LOG = logging.getLogger(__name__)

Ask = Callable[[Question], Answer]
Mode = Literal["off", "report", "stop"]
EVERY = 100
"""At most one canary comes with so many calls that are shown a video, …"""
SOON = 8
"""… but where a bad one may end the run, the next one comes after at most so many calls of whatever kind."""
MOST_BAD = 2
"""So many bad ones in succession are a collapse."""
LEAST, USUAL_SHARE = 0.25, 0.5
"""Less than this is bad, and less than this share of what the model did before (of 1 for one that is new)."""
UNSEEING = "the model does not look at what it is shown"
_REST = 4
"""So many calls go by before it is tried again to ask what could not be asked."""
_PASSING = (TransientServiceError, LostAnswerError, ForeignAnswerError, OSError)


def is_bad(attention: float | None, before: Sequence[Canary]) -> bool:
    """Whether a model looked too little, given the canaries before; one that did not answer says nothing."""
    usual = [one.attention for one in before if one.attention is not None]
    return attention is not None and attention < max(LEAST, USUAL_SHARE * (median(usual) if usual else 1.0))


def n_bad(known: Sequence[Canary]) -> int:
    """How many bad ones came last, one after the other; those that were not answered left out."""
    answered = [one for one in known if one.attention is not None]
    return sum(1 for _ in takewhile(lambda one: one.is_bad, reversed(answered)))


def n_due(n_calls: int, since: int | None) -> int:
    """How many canaries come with so many calls that are shown a video; `since` the last one, None: there is none."""
    if n_calls <= 0:
        return 0
    return (n_calls - 1) // EVERY + 1 if since is None else (min(since, EVERY) + n_calls - 1) // EVERY


@dataclass
class _Gate:
    """Through which all pass who ask questions of one kind in a process, however many batches they belong to."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    is_asking: bool = False
    n_passed: int = 0  # since the last canary
    rest: int = 0


@dataclass
class Watch:
    """Sees to the canaries of one kind of questions to a service; all threads that ask these may share it.

    `shown` are the names of the calls that are shown a video. `ask` asks about the film of a number, and tells what
    came of it; `is_bad` of what it gives is not looked at. One comes with `every` so many calls that are shown a video.
    """

    service: Service
    asset: str
    kind: str
    mode: Mode
    shown: frozenset[str]
    known: Canaries
    ask: Callable[[int], Canary]
    every: int = EVERY
    _gate: _Gate = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._gate = self.service.standing.shared.setdefault(f"canaries {self.kind}", _Gate())

    def before_call(self, *, is_shown: bool) -> None:
        """To be called before each call that is to be paid; `is_shown`: a video.

        While the first canary of a kind is out, and where a bad one may end the run any, nobody passes.

        Raises:
            UnseeingServiceError: the model does not look; nothing more is to be asked.
            PendingError, ServiceError, StoreError: what hinders all other calls as well.
        """
        if self.mode == "off" or self.service.lacks:
            return
        with self._gate.lock:
            self.service.standing.check()
            number = self._number_due() if is_shown and not self._gate.is_asking else None
            is_held = number == 0 or self.mode == "stop"
            if number is not None and is_held:
                self._see(number)
            self._gate.n_passed += 1
            if number is None or is_held:
                return
            self._gate.is_asking = True
        try:
            self._see(number)
        finally:
            self._gate.is_asking = False

    def _number_due(self) -> int | None:
        """The number of the film that is to be asked about now; None: none is."""
        if self._gate.rest:
            self._gate.rest -= 1
            return None
        found = self.known.of(self.kind)
        if not found:
            return 0
        last = found[-1]
        since = self.since(last)
        is_due = since.n_shown >= self.every
        if self.mode == "stop" and n_bad(found):
            is_due |= max(since.n_all, self._gate.n_passed) >= SOON or n_bad(found) >= MOST_BAD
        return last.number + 1 if is_due else None

    def since(self, last: Canary) -> Since:
        """What was asked since a canary."""
        where = {"service": self.service.name, "asset": self.asset}
        return self.known.since(**where, shown=self.shown, started=last.started)

    def _see(self, number: int) -> None:
        try:
            canary = self.ask(number)
        except RejectedRequestError as error:
            _LOG.warning("the canary was refused: %s", error)
            self._gate.rest = 10**9
            return
        except _PASSING as error:
            _LOG.warning("no canary for now: %s", error)
            self._gate.rest = _REST
            return
        self._gate.n_passed = 0
        before = [one for one in self.known.of(self.kind) if one.number < number]
        same = [one for one in before if one.model_reported == canary.model_reported]
        canary = replace(canary, is_bad=is_bad(canary.attention, same))
        self.known.add(canary)
        if canary.is_bad:
            _LOG.warning("%s: attention %.2f in canary %d", self.asset, canary.attention, number)
        if self.mode == "stop" and n_bad([*before, canary]) >= MOST_BAD:
            self.service.standing.end(UnseeingServiceError(self.service.name, UNSEEING))
            self.service.standing.check()


def watched(named: Callable[[str], Ask], watch: Watch | None) -> Callable[[str], Ask]:
    """Who is asked for a call, by its name, after the canary that is due; None: without any."""
    if watch is None:
        return named

    def named_after(name: str) -> Ask:
        def ask(question: Question) -> Answer:
            watch.before_call(is_shown=question.media is not None)
            return named(name)(question)

        return ask

    return named_after
