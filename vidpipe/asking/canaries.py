"""Canaries among paid calls: when one is due, what is bad, and what follows from it.

A canary is a question like all others, about a made film of which everything is known (`vidpipe.media.canary_films`):
it is booked, its answer is kept, and it is never asked twice. One comes before the first paid call of its kind, one
after every `EVERY` that are shown a video, and one as soon as another version of the model answers. Who asks, and what
an answer tells, is the caller's business.

Where a bad one is only reported, others go on as soon as its question is on its way: nobody waits for the answer. Where
it may end the run, nothing more is paid for until that is settled: a bad one is followed by another at once, and two in
succession are a collapse. One that begins between two canaries is noticed by its answers: when many of the last are
doubtful (`vidpipe.asking.doubts`) the next canary comes at once. So a collapse that shows costs those answers, what was
on its way meanwhile, less than `AT_ONCE` calls, and two canaries. A canary that came early, and was good, is paid back:
the next one comes later, so that in the long run no more than one comes with `EVERY` calls.

Films are numbered by what the ledger knows, so that a run which was killed, and two at once, ask about the same one.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Literal

from vidpipe.asking.canary_rules import EVERY, MOST_BAD, is_bad, n_bad, n_towards
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
AT_ONCE = 16
"""Where a bad one may end the run no more videos than these are asked about at once: a collapse that shows costs three
doubtful answers, fifteen calls beside the last of them, and two canaries."""
UNSEEING = "the model does not look at what it is shown"
_REST = 4
"""So many calls go by before it is tried again to ask what could not be asked."""
_PASSING = (TransientServiceError, LostAnswerError, ForeignAnswerError, OSError)


@dataclass
class _Gate:
    """Through which all pass who ask questions of one kind in a process, however many batches they belong to."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    doubts: Doubts = field(default_factory=Doubts)
    asking: threading.Event | None = None  # somebody is, beside the others: set when the question is on its way
    rest: int = 0
    version: str = ""  # of the model, as it answered last


@dataclass
class Watch:
    """Sees to the canaries of one kind of questions to a service; all threads that ask these may share it.

    `shown` are the names of the calls that are shown a video. `ask` asks about the film of a number, calls what it is
    given when the question is on its way, and tells what came of it, but for `is_bad`. A model that is new is expected
    to have the attention `usual`. One canary comes with `every` so many calls that are shown a video.
    """

    service: Service
    asset: str
    kind: str
    mode: Mode
    shown: frozenset[str]
    known: Canaries
    ask: Callable[[int, Callable[[], None]], Canary]
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

        Nobody passes before a canary that is due is on its way, and where a bad one may end the run, is answered.

        Raises:
            UnseeingServiceError: the model does not look; nothing more is to be asked.
            PendingError, ServiceError, StoreError: what hinders all other calls as well.
        """
        if self.mode == "off" or self.service.lacks:
            return
        with self._gate.lock:
            self.service.standing.check()
            number = self._number_due() if is_shown and self._gate.asking is None else None
            if number is not None and self.mode == "stop":
                self._see_through(number)
                return
            if number is not None:
                self._gate.asking = threading.Event()
            asking = self._gate.asking
        if number is not None and asking is not None:
            self._see_beside(number, asking)
        elif asking is not None:
            asking.wait()

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

    def _see_beside(self, number: int, asking: threading.Event) -> None:
        """Ask while others go on, once the question is on its way, or cannot be."""
        try:
            self._see(number, asking.set)
        finally:
            self._gate.asking = None
            asking.set()

    def _see(self, number: int, on_its_way: Callable[[], None] = lambda: None) -> Canary | None:
        """What came of a canary, noted; None where it could not be asked.

        Raises:
            UnseeingServiceError: that makes a collapse.
        """
        try:
            canary = self.ask(number, on_its_way)
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
