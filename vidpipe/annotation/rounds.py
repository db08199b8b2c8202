"""One call until its answer holds or cannot be had: what is asked again, how often, and in which words.

What belongs here: the rounds of one question and the notes on them. Not here: what is asked (`annotate`) and how an
answer is judged (`model_answers`). Who asks keeps every answer that names its request before it comes here, and gives a
kept one again for the same question: so the same rounds, repeated, cost nothing. That is why a round with other words
is a question of its own, and why one that is only tried again is not.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeVar

from vidpipe.annotation.model_answers import NOT_OURS
from vidpipe.annotation.told import ToldAnswer
from vidpipe.annotation.wire_schema import N_LEVELS, wire_json, wire_schema
from vidpipe.errors import (
    AnswerError,
    BlockedAnswerError,
    ForeignAnswerError,
    MalformedAnswerError,
    SchemaTooComplexError,
    TruncatedAnswerError,
)
from vidpipe.models.calls import Answer, Question
from vidpipe.models.echo import is_anothers

Verdict = Literal["taken", "malformed", "foreign", "truncated", "blocked", "recited", "odd"]
"""What became of an answer; only `taken` is used."""
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Ask = Callable[[Question], Answer]
"""Asks a model, or gives the answer that is kept; raises `ServiceError` where there is none to be had.

One that finds out itself that an answer is another request's raises `ForeignAnswerError` after trying again.
"""
Recall = Callable[[Question], Answer | None]
"""The kept answer to exactly this question, None where none is kept; never asks."""

RETRIES: dict[Verdict, int] = {"malformed": 1, "truncated": 1, "recited": 1, "odd": 2, "foreign": 2, "blocked": 0}
"""How often a call is asked again for each cause (research/services.md §1.6)."""
TRIED_RETRIES: dict[Verdict, int] = RETRIES | {"odd": 0, "foreign": 0}
"""The same where who asks has tried odd and foreign answers again already."""
CONCISE = (
    "Your earlier answer was too long and was cut off. Be concise: shorter descriptions, only what matters, "
    "but all scenes to the very end."
)
OWN_WORDS = "Say everything in your own words. Quote no lyrics, dialogue, captions or other texts."
REPAIR = "Your earlier answer could not be used:\n{faults}\nAnswer again in full, with these faults put right."
_MAX_REASON_CHARS = 60


class UnansweredError(Exception):
    """A question that would have to be asked."""

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.question = question


def ask_nobody(question: Question) -> Answer:
    """An `Ask` for those who only want to know what is kept.

    Raises:
        UnansweredError: always.
    """
    raise UnansweredError(question)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with its answer and what was made of it. `part` counts from 0; `faults` are those of a repair."""

    call: str
    part: int
    question: Question
    answer: Answer
    verdict: Verdict
    faults: tuple[str, ...] = ()


class Read(Protocol[T_co]):
    """Makes something of an answer's text, or raises what is wrong with it."""

    def __call__(self, text: str, *, request_id: str) -> T_co:
        """The meaning of the text, which has to name the request."""
        ...


class SchemaLevels:
    """Remembers how far schemas must be relaxed, by model and schema. Safe to share between threads."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def level(self, model: str, form: type[ToldAnswer] | None) -> int:
        """The first level worth trying; 0 for free text."""
        with self._lock:
            return self._known.get((model, wire_json(form) if form else ""), 0)

    def refuse(self, model: str, form: type[ToldAnswer] | None, level: int) -> None:
        """Note that a level was too complex for the service."""
        with self._lock:
            key = (model, wire_json(form) if form else "")
            self._known[key] = max(self._known.get(key, 0), min(level + 1, N_LEVELS - 1))


@dataclass(frozen=True, slots=True)
class Rounds:
    """The rounds of one call about one part, noted in `exchanges` as they happen.

    `form` is the answer's form, None for free text. `retries` says how often is asked again for which cause.
    """

    call: str
    part: int
    form: type[ToldAnswer] | None
    ask: Ask
    recall: Recall | None
    levels: SchemaLevels
    exchanges: list[Exchange]
    retries: Mapping[Verdict, int] = field(default_factory=lambda: RETRIES)

    def settle(self, question: Question, read: Read[T]) -> T:
        """What `read` makes of the first answer that holds.

        Raises:
            AnswerError: none held within the retries; as its last answer's verdict says. `why` is short and stable.
            ServiceError: there was no answer.
        """
        left = Counter(self.retries)
        first, remarks = question.remark, dict[Verdict, str]()
        while True:
            verdict, error, value = self._once(question, read)
            if error is None:
                return value  # type: ignore[return-value]  # which stands there without an error
            if left[verdict] == 0:
                raise error
            left[verdict] -= 1
            if verdict in ("odd", "foreign"):
                continue  # it was not the question's fault
            remarks[verdict] = _remark(verdict, error.faults)
            said = "\n\n".join(filter(None, (first, *remarks.values())))
            question = replace(question, round=question.round + 1, remark=said)

    def _once(self, question: Question, read: Read[T]) -> tuple[Verdict, AnswerError | None, T | None]:
        """One round: verdict, error and value."""
        asked, answer = self._answer(question)
        verdict, found, value = _judged(asked, answer, read)
        faults = () if found is None else found.faults
        self.exchanges.append(Exchange(self.call, self.part, asked, answer, verdict, faults))
        return verdict, found, value

    def _answer(self, question: Question) -> tuple[Question, Answer]:
        """The answer, from the keeper at whatever level of the schema; else asked for, relaxing it where need be."""
        asked = [question]
        if self.form is not None:
            asked = [replace(question, schema=wire_schema(self.form, level)) for level in range(N_LEVELS)]
        for one in asked:
            kept = None if self.recall is None else self.recall(one)
            if kept is not None:
                return one, kept
        return self._first_taken(asked)

    def _first_taken(self, asked: Sequence[Question]) -> tuple[Question, Answer]:
        model = asked[0].settings.model
        for level in range(self.levels.level(model, self.form), len(asked) - 1):
            try:
                return asked[level], self.ask(asked[level])
            except SchemaTooComplexError:
                self.levels.refuse(model, self.form, level)
        return asked[-1], self.ask(asked[-1])


def _judged(question: Question, answer: Answer, read: Read[T]) -> tuple[Verdict, AnswerError | None, T | None]:
    if is_anothers(question, answer):
        return "foreign", ForeignAnswerError(NOT_OURS), None
    if answer.finish != "complete":
        return answer.finish, _unfinished(answer), None
    try:
        return "taken", None, read(answer.text, request_id=question.request_id)
    except ForeignAnswerError as error:
        return "foreign", error, None
    except MalformedAnswerError as error:
        return "malformed", error, None


def _unfinished(answer: Answer) -> AnswerError:
    if answer.finish == "truncated":
        return TruncatedAnswerError("the answer was cut off for its length")
    if answer.finish == "odd":
        return MalformedAnswerError(f"the model gave no answer{_said(answer.reason)}")
    kind = "the answer was a quotation" if answer.finish == "recited" else "the model refused"
    return BlockedAnswerError(f"{kind}{_said(answer.reason)}")


def _said(reason: str | None) -> str:
    """The service's own word in brackets, on one short line."""
    plain = "".join(c for c in (reason or "") if c.isprintable())[:_MAX_REASON_CHARS].strip()
    return f" ({plain})" if plain else ""


def _remark(verdict: Verdict, faults: tuple[str, ...]) -> str:
    if verdict == "malformed":
        return REPAIR.format(faults="\n".join(f"- {line}" for line in faults))
    return CONCISE if verdict == "truncated" else OWN_WORDS
