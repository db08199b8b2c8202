"""The order of things: look in the store, reserve, look again, ask, keep the answer, book its bill.

Whatever dies on the way, the next one goes on from what is kept: an answer in the store is never paid again. What is
asked, and whether an answer is any good, is the caller's business; how it travels is the answerer's.

All this takes 2 to 4 ms of CPU per call (measured: 64 threads, SQLite and a folder, two cores that others used too).
"""

import logging
import threading
import time
from dataclasses import dataclass, field, replace

from vidpipe.asking.terms import Terms
from vidpipe.asking.turns import Pause, Turn, Turns, pause
from vidpipe.asking.usual import UsualOut
from vidpipe.errors import (
    CorruptObjectError,
    CredentialError,
    ForeignAnswerError,
    LostAnswerError,
    MissingObjectError,
    UntrustedServiceError,
    VidpipeError,
)
from vidpipe.ledger.calls import Calls, Stake
from vidpipe.models.calls import Question, Usage
from vidpipe.models.echo import is_anothers
from vidpipe.models.paid import How, Paid, Purpose
from vidpipe.ports import Answerer, Clock, Standing
from vidpipe.store.answers import Room, read_answer, write_answer, write_refused
from vidpipe.store.objects import ObjectStore
from vidpipe.store.prompts import Prompts

_LOG = logging.getLogger(__name__)
_MOST_TRIES = 3
_LAST, _MOST_REFUSED_SHARE, _LEAST_REFUSED = 200, 0.02, 3


@dataclass(frozen=True, slots=True)
class Given:
    """An answer with its call and bill; `is_new` tells one that was paid now from one that was kept."""

    paid: Paid
    is_new: bool


@dataclass(frozen=True)
class Asker:
    """Asks one service. Many threads may share one, and many processes its ledger and store.

    Setting `stop` ends all waiting. `pause` waits for an event, or so many seconds. All who ask the same service in a
    process share its `standing`.
    """

    answerer: Answerer
    store: ObjectStore
    calls: Calls
    terms: Terms
    clock: Clock
    stop: threading.Event = field(default_factory=threading.Event)
    pause: Pause = pause
    standing: Standing = field(default_factory=Standing)
    _turns: Turns = field(init=False, repr=False)
    _room: Room = field(init=False, repr=False)
    _prompts: Prompts = field(init=False, repr=False)
    _usual_out: UsualOut = field(init=False, repr=False)

    def __post_init__(self) -> None:
        turns = Turns(self.calls, self.terms, self.clock, self.stop, self.pause, self.standing)
        object.__setattr__(self, "_turns", turns)
        object.__setattr__(self, "_room", Room(self.store))
        object.__setattr__(self, "_prompts", Prompts(self.store))
        object.__setattr__(self, "_usual_out", UsualOut(self.calls))

    def kept(self, question: Question) -> Paid | None:
        """The answer that is kept already; None where there is none. Sees that its bill is booked.

        Raises:
            StoreError: the store did not answer.
        """
        try:
            paid = read_answer(self.store, question.address)
        except MissingObjectError:
            return None
        except CorruptObjectError as error:
            _LOG.warning("an answer is asked for again: %s", error)
            return None
        self.calls.complete(paid)
        return paid

    def ask(self, question: Question, purpose: Purpose, media: Usage, *, is_named: bool = True) -> Given:
        """The answer to a question: the kept one, or a new one, which is kept.

        `media` holds the tokens of what is seen and heard, and of the answer, as they are expected. `is_named`: the
        answer was told to repeat the request's name, so that one with another name is another's. Truncated and blocked
        answers are answers: they are kept too. An odd one is not, and is asked for again, like one that was lost or is
        another request's.

        Raises:
            BudgetError: the worst case is more than what is left.
            StoppedError: a stop came before this was sent.
            RecipeError: the model has no price.
            ForeignAnswerError: another request's answer came, every time.
            UntrustedServiceError: too many of these came of late, or an answer could not be kept.
            StoreError: the store did not answer, or cannot keep the answer, which is paid.
            CredentialError: the service does not take our key, or what we ask at all; nobody is asked again.
            ServiceError, OSError: as the answerer raises them.
        """
        for n_left in reversed(range(_MOST_TRIES)):
            try:
                given = self._ask_once(question, purpose, media, is_named=is_named)
            except ForeignAnswerError:
                self._check_trust(purpose.service)
                if n_left == 0:
                    raise
            except LostAnswerError as error:
                if n_left == 0:
                    raise
                self._turns.wait(error.retry_after_s)
            else:
                if given.paid.answer.finish != "odd" or n_left == 0:
                    return given
        raise AssertionError("the last try returns or raises")

    def _ask_once(self, question: Question, purpose: Purpose, media: Usage, *, is_named: bool) -> Given:
        while True:
            kept = self.kept(question)
            if kept is not None:
                return Given(kept, is_new=False)
            turn = self._turns.take(question, purpose, self._usual(question, purpose, media))
            if isinstance(turn, Turn):
                return self._use(turn, question, media, is_named=is_named)
            self._turns.wait(turn.seconds)

    def _use(self, turn: Turn, question: Question, media: Usage, *, is_named: bool) -> Given:
        """Ask, unless somebody else brought the answer while this waited for its turn."""
        kept, was_sent = None, False
        try:
            self._check()
            kept = self.kept(question)
            if kept is None:
                self._room.check()
                self._prompts.keep(question)
            was_sent = kept is None
        finally:
            if not was_sent:
                self.calls.release(turn.call)
                self._turns.freed()
        if kept is not None:
            return Given(kept, is_new=False)
        paid = self._paid(question, turn, media)
        self._keep(question, paid, is_named=is_named)
        return Given(paid, is_new=True)

    def _usual(self, question: Question, purpose: Purpose, media: Usage) -> Usage:
        """What is expected, with an answer as long as such answers were until now."""
        return replace(media, out=self._usual_out.of(purpose, question.settings.model, media.out))

    def _paid(self, question: Question, turn: Turn, media: Usage) -> Paid:
        """What the answerer says, with its bill. Whatever ends this otherwise is booked too, as free where it is."""
        call, began = turn.call, time.perf_counter()
        try:
            answer = self.answerer.answer(question)
        except BaseException as error:
            seconds = time.perf_counter() - began
            if isinstance(error, CredentialError):
                self.standing.end(error)
            try:
                if isinstance(error, VidpipeError | OSError) and not isinstance(error, LostAnswerError):
                    self.calls.fail(call, seconds=seconds)
                else:
                    stake = self._stake(question, turn, media)
                    self.calls.lose(call, expected_nusd=stake.expected_nusd, n_in=stake.n_in, seconds=seconds)
            finally:
                self._turns.freed()
            raise
        bill = self.terms.prices.bill(answer.usage, reported=answer.model, requested=call.model, when=turn.when)
        if not answer.is_metered:
            bill = replace(bill, nusd=max(bill.nusd, self._stake(question, turn, media).expected_nusd))
        return Paid(call, answer, bill)

    def _stake(self, question: Question, turn: Turn, media: Usage) -> Stake:
        """What a call was expected to cost when it was sent, by the answers that came until now."""
        return self.terms.stake(question, self._usual(question, turn.call.purpose, media), turn.when)

    def _keep(self, question: Question, paid: Paid, *, is_named: bool) -> None:
        """Write the answer before anything else happens to it, then book it."""
        is_foreign = is_named and is_anothers(question, paid.answer)
        write = write_refused if is_foreign or paid.answer.finish == "odd" else write_answer
        how: How | None = "foreign" if is_foreign else None
        try:
            write(self.store, paid)
        except BaseException:
            how = how or "unkept"
            self.standing.end(UntrustedServiceError(paid.call.purpose.service, "its answers cannot be kept"))
            raise
        finally:
            self.calls.settle(paid, how)
            self._turns.freed()
        self._turns.stand_ins.learn(paid)
        if is_foreign:
            _LOG.warning("%s answered another request than %s", paid.call.purpose.service, paid.call.request_id)
            raise ForeignAnswerError("the answer does not name its request")
        if paid.answer.is_metered:
            self._usual_out.learn(paid.call, paid.answer.usage)

    def _check_trust(self, service: str) -> None:
        check_trust(self.calls, service, self.standing)
        self._check()

    def _check(self) -> None:
        self.standing.check()
        self._turns.check()


def check_trust(calls: Calls, service: str, standing: Standing) -> None:
    """After another request's answer: have nothing more asked where too many of the last ones were such."""
    n_refused, n_answers = calls.refused_of_last(service, _LAST)
    if n_refused >= _LEAST_REFUSED and n_refused > _MOST_REFUSED_SHARE * n_answers:
        standing.end(UntrustedServiceError(service, "answers other requests than those asked"))
