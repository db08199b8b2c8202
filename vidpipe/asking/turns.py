"""Waiting for a turn: until the ledger has room for a call, or somebody else has asked the same.

Of all the threads that want to ask a service, one at a time asks the ledger again and again; the others queue behind
it. Nobody but this module waits; how, is a parameter.
"""

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from vidpipe.asking.stand_ins import StandIns
from vidpipe.asking.terms import Terms
from vidpipe.errors import StoppedError
from vidpipe.ledger.calls import Calls, Stake
from vidpipe.ledger.limits import Wait
from vidpipe.models.calls import Question, Usage
from vidpipe.models.paid import Call, Purpose
from vidpipe.ports import Clock, Standing

_LOOK_S = 0.25  # at most so long until a stop is heard
Pause = Callable[[threading.Event, float], object]


def pause(event: threading.Event, seconds: float) -> object:
    """Wait for an event, or so many seconds."""
    return event.wait(seconds)


@dataclass(frozen=True, slots=True)
class Turn:
    """A call that may be sent, what is set aside for it, and the moment by whose prices it is billed."""

    call: Call
    stake: Stake
    when: datetime


@dataclass(frozen=True)
class Turns:
    """The turns of one process at one service; all who ask it share its `standing`. `stop` ends all waiting."""

    calls: Calls
    terms: Terms
    clock: Clock
    stop: threading.Event
    pause: Pause = pause
    standing: Standing = field(default_factory=Standing)
    stand_ins: StandIns = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stand_ins", StandIns(self.calls))

    def take(self, question: Question, purpose: Purpose, media: Usage) -> Turn | Wait:
        """A turn as soon as there is one; or for how long to wait before looking for somebody else's answer.

        Raises:
            BudgetError: the worst case is more than what is left.
            StoppedError: a stop came first.
            RecipeError: the model has no price.
        """
        with self.standing.turnstile:
            while True:
                self.check()
                self.standing.freed.clear()
                turn = self._now(question, purpose, media)
                wait = self.calls.reserve(turn.call, turn.stake, limits=self.terms.limits, budget=self.terms.budget)
                if wait is None:
                    return turn
                if wait.why == "asked already":
                    return wait
                self.pause(self.standing.freed, min(wait.seconds, _LOOK_S))

    def freed(self) -> None:
        """A reservation of this process is gone: whoever waits may look again."""
        self.standing.freed.set()

    def wait(self, seconds: float) -> None:
        """Wait outside the queue.

        Raises:
            StoppedError: a stop came.
        """
        self.pause(self.stop, seconds)
        self.check()

    def check(self) -> None:
        """Whether anything may still be sent.

        Raises:
            StoppedError: a stop came.
        """
        if self.stop.is_set():
            raise StoppedError

    def _now(self, question: Question, purpose: Purpose, media: Usage) -> Turn:
        when = self.clock()
        call = Call.of(question, purpose, id=uuid.uuid4().hex, started=when.timestamp())
        stand_ins = self.stand_ins.of(purpose.service, call.model)
        return Turn(call, self.terms.stake(question, media, when, stand_ins), when)
