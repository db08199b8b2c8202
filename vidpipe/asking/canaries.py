"""Canaries among paid calls: when one is due, what is bad, and what follows from it.

A canary is a question like all others, about a made film of which everything is known (`vidpipe.media.canary_films`):
it is booked, its answer is kept, and it is never asked twice. One comes before the first paid call of its kind, one
after every `EVERY` that are shown a video, and one as soon as another version of the model answers. Who asks, and what
an answer tells, is the caller's business.

Where a bad one may end the run, nothing more is paid for until that is settled: a bad one is followed by another at
once, and two in succession are a collapse. One that begins between two canaries is noticed by its answers: when many of
the last ones are doubtful (`vidpipe.asking.doubts`) the next canary comes at once. So a collapse that shows costs those
answers, what was on its way meanwhile, less than `AT_ONCE` calls, and two canaries. A canary that came early, and was
good, is paid back: the next one comes later, so that in the long run no more than one comes with `EVERY` calls.

Films are numbered by what the ledger knows, so that a run which was killed, and two at once, ask about the same one.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import takewhile
from statistics import median
from typing import Literal

from vidpipe.asking.doubts import Doubts
from vidpipe.errors import (
    ForeignAnswerError,
    LostAnswerError,
    RejectedRequestError,
    TransientServiceError,
    UnseeingServiceError,
)
from vidpipe.ledger.canaries import Canaries, Canary
from vidpipe.models.calls import Answer, Question
from vidpipe.ports import Service

_LOG = logging.getLogger(__name__)

Ask = Callable[[Question], Answer]
Mode = Literal["off", "report", "stop"]
EVERY = 100
"""At most one canary comes with so many calls that are shown a video."""
MOST_BAD = 2
"""So many bad ones in succession are a collapse."""
AT_ONCE = 16
"""Where a bad one may end the run no more videos than these are asked about at once: a collapse that shows costs three
doubtful answers, fifteen calls beside the last of them, and two canaries."""
LEAST, USUAL_SHARE = 0.25, 0.5
"""Less than this is bad, and less than this share of what the model did before, or is expected to do when new."""
UNSEEING = "the model does not look at what it is shown"
_REST = 4
"""So many calls go by before it is tried again to ask what could not be asked."""
_PASSING = (TransientServiceError, LostAnswerError, ForeignAnswerError, OSError)


def is_bad(attention: float | None, before: Sequence[Canary], usual: float = 1.0) -> bool:
    """Whether a model looked too little, given the canaries before; one that did not answer says nothing."""
    known = [one.attention for one in before if one.attention is not None]
    return attention is not None and attention < max(LEAST, USUAL_SHARE * (median(known) if known else usual))


def n_bad(known: Sequence[Canary]) -> int:
    """How many bad ones came last, one after the other; those that were not answered left out."""
    answered = [one for one in known if one.attention is not None]
    return sum(1 for _ in takewhile(lambda one: one.is_bad, reversed(answered)))


def n_towards(since: Callable[[Canary], int], known: Sequence[Canary], every: int = EVERY) -> int:
    """How many calls count towards the next canary: those since the last one, less what good ones came early.

    `since` tells the calls since one of the `known`, oldest first, of which there is one.
    """
    good = [one for one in known if not one.is_bad]
    earned = [since(one) - i * every for i, one in enumerate(reversed(good))]
    return min([since(known[-1]), *earned])


def n_due(n_calls: int, towards: int | None) -> int:
    """How many canaries come with so many calls that are shown a video.

    `towards` count towards the next one already; None: there is none yet.
    """
    if n_calls <= 0:
        return 0
    return max(0, (n_calls - 1) // EVERY + 1 if towards is None else (min(towards, EVERY) + n_calls - 1) // EVERY)


@dataclass
class _Gate:
    """Through which all pass who ask questions of one kind in a process, however many batches they belong to."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    doubts: Doubts = field(default_factory=Doubts)
    is_asking: bool = False
    rest: int = 0
    version: str = ""  # of the model, as it answered last


@dataclass
class Watch:
    """Sees to the canaries of one kind of questions to a service; all threads that ask these may share it.

    `shown` are the names of the calls that are shown a video. `ask` asks about the film of a number, and tells what
    came of it; `is_bad` of what it gives is not looked at. A model that is new is expected to have the attention
    `usual`. One canary comes with `every` so many calls that are shown a video.
    """

    service: Service
    asset: str
    kind: str
    mode: Mode
    shown: frozenset[str]
    known: Canaries
    ask: Callable[[int], Canary]
    usual: float = 1.0
    every: int = EVERY
    _gate: _Gate = field(init=False, repr=False)
    _room: threading.Semaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shared, room = self.service.standing.shared, threading.Semaphore(min(self.service.at_once, AT_ONCE))
        self._gate = shared.setdefault(f"canaries {self.kind}", _Gate())
        self._room = shared.setdefault("canaries", room)

    @property
    def room(self) -> AbstractContextManager[object]:
        """For as long as a video is asked about at once, until what came of it is told.

        Who waits for a turn is paid after a collapse, too: where a bad one may end the run, few have room.
        """
        return self._room if self.listens else nullcontext()

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
            if number is None:
                return
            if number == 0 or self.mode == "stop":
                self._see_through(number)
                return
            self._gate.is_asking = True
        try:
            self._see(number)
        finally:
            self._gate.is_asking = False

    def answered(self, answer: Answer) -> None:
        """To be called with each answer about a video: a version that answered no canary is soon asked for one."""
        self._gate.version = answer.model

    @property
    def listens(self) -> bool:
        """Whether anything follows from what it is told of answers."""
        return self.mode == "stop"

    def told(self, sentences: Iterable[str], *, is_doubtful: bool) -> None:
        """To be called with what new answers tell of a video; `is_doubtful`: they look like nobody looked at it."""
        self._gate.doubts.note(sentences, is_doubtful=is_doubtful)

    def since(self, canary: Canary) -> int:
        """How many calls that are shown a video were asked since a canary."""
        where = {"service": self.service.name, "asset": self.asset}
        return self.known.since(**where, shown=self.shown, started=canary.started)

    def _number_due(self) -> int | None:
        """The number of the film that is to be asked about now; None: none is."""
        if self._gate.rest:
            self._gate.rest -= 1
            return None
        found = self.known.of(self.kind)
        if not found:
            return 0
        return found[-1].number + 1 if self._is_due(found) else None

    def _is_due(self, found: Sequence[Canary]) -> bool:
        if self.mode == "stop" and found[-1].is_bad:
            return True
        is_new = self._gate.version not in {"", *(one.model_reported for one in found)}
        least = 0 if is_new or (self.listens and self._gate.doubts.are_many) else self.every
        if self.since(found[-1]) < least:  # as before nearly every call: one question to the ledger
            return False
        return n_towards(self.since, found, self.every) >= least

    def _see_through(self, number: int) -> None:
        """Ask, and at once again where that was bad and may end the run."""
        seen = self._see(number)
        if seen is not None and seen.is_bad and self.mode == "stop":
            self._see(number + 1)

    def _see(self, number: int) -> Canary | None:
        """What came of a canary, noted; None where it could not be asked.

        Raises:
            UnseeingServiceError: that makes a collapse.
        """
        try:
            canary = self.ask(number)
        except RejectedRequestError as error:
            _LOG.warning("the canary was refused: %s", error)
            self._gate.rest = 10**9
            return None
        except _PASSING as error:
            _LOG.warning("no canary for now: %s", error)
            self._gate.rest = _REST
            return None
        before = [one for one in self.known.of(self.kind) if one.number < number]
        same = [one for one in before if one.model_reported == canary.model_reported]
        canary = replace(canary, is_bad=is_bad(canary.attention, same, self.usual))
        self.known.add(canary)
        self._gate.doubts.settle()
        if canary.is_bad:
            _LOG.warning("%s: attention %.2f in canary %d", self.asset, canary.attention, number)
        if self.mode == "stop" and n_bad([*before, canary]) >= MOST_BAD:
            self.service.standing.end(UnseeingServiceError(self.service.name, UNSEEING))
            self.service.standing.check()
        return canary


def watched(named: Callable[[str], Ask], watch: Watch | None) -> Callable[[str], Ask]:
    """Who is asked for a call, by its name, after the canary that is due; None: without any."""
    if watch is None:
        return named

    def named_after(name: str) -> Ask:
        def ask(question: Question) -> Answer:
            is_shown = question.media is not None
            watch.before_call(is_shown=is_shown)
            answer = named(name)(question)
            if is_shown:
                watch.answered(answer)
            return answer

        return ask

    return named_after
