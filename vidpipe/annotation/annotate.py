"""The annotator that asks models: a plan carried out about one video, call by call.

What belongs here: the order of calls, what is passed on between them, and what their answers add up to. Not here: what
each is asked (`questions`), asking again (`rounds`), judging (`model_answers`, `quality`), how a question travels and
who keeps the answers: `ask` does.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from itertools import chain
from operator import add
from typing import Any, Self, TypeVar

from vidpipe.annotation.again import AGAIN_ROUND, remarks_on, score_of
from vidpipe.annotation.model_answers import read_free_text, read_structured
from vidpipe.annotation.parts import halves, merged, parts_of
from vidpipe.annotation.plans import Call, Plan, Subject
from vidpipe.annotation.questions import digest, question_of
from vidpipe.annotation.rounds import (
    Ask,
    Exchange,
    Recall,
    Rounds,
    SchemaLevels,
    UnansweredError,
    ask_nobody,
)
from vidpipe.annotation.schema import Annotation, ContentMetadata
from vidpipe.annotation.told import content_of, form_of
from vidpipe.errors import AnswerError, TruncatedAnswerError
from vidpipe.models.calls import Answer, Question, Usage
from vidpipe.timeline.spans import Span

ANNOTATOR = "gemini"
MAX_HALVINGS = 3
"""So many parts of a video are halved because answers were too long: a model that never ends is not paid for ever."""
MIN_HALVED_S = 120
"""Shorter parts are not halved: there is less in them than fits into an answer."""
Named = Callable[[str], Ask]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said:
    """What models said about a video: the content, and every question with its answer, in the order of asking.

    The content comes from the exchanges from place `since` on, before which it was worse.
    """

    content: ContentMetadata
    exchanges: tuple[Exchange, ...]
    parts: tuple[Span, ...]
    since: int = 0

    @property
    def decided(self) -> int:
        """The place of the first answer that was used."""
        return next(i for i, one in enumerate(self.exchanges) if i >= self.since and one.verdict == "taken")

    @property
    def asked(self) -> tuple[tuple[Question, Answer], ...]:
        """Questions and answers alone, those that were not used too: all of them were paid."""
        return tuple((one.question, one.answer) for one in self.exchanges)

    @property
    def usage(self) -> Usage:
        """The tokens of all answers."""
        return reduce(add, (one.answer.usage for one in self.exchanges), Usage())

    @property
    def models(self) -> tuple[str, ...]:
        """The models that the service says gave the answers that were used, each once, in order."""
        return tuple(dict.fromkeys(one.answer.model for one in self.exchanges if one.verdict == "taken"))

    def annotation(self, annotator: str = ANNOTATOR) -> Annotation:
        """The value of the record."""
        return Annotation.model_validate(self.content.value() | {"annotator": annotator})


def annotate(
    named: Named,
    subject: Subject,
    plan: Plan,
    *,
    recall: Recall | None = None,
    levels: SchemaLevels | None = None,
) -> Said:
    """Ask everything that the plan asks about one video; content holds what the plan's calls tell.

    `named` gives who is asked for a call, by its name. `recall` finds kept answers where the
    level of the schema at which they were got is not known. `levels` is shared by all videos of a run, so that a schema
    too complex is refused once only. Calls follow one another; several videos can be asked about at once. A part whose
    answer is cut off for its length, though the model was told to be concise, is asked about in halves. Where the plan
    asks again for a poor annotation, the better of the two is given.

    Raises:
        BlockedAnswerError: the model refuses this video; `exchanges` hold what was asked until then.
        MalformedAnswerError: no answer could be used, not even after the rounds that there are for it.
        ForeignAnswerError: answer after answer names other requests.
        ServiceError: no answer was to be had.
        RecipeError: a prompt shows a field that its call does not have, or lacks one that it reads.
    """
    work = _Work.on(subject, plan, named, recall, levels)
    try:
        first = work.said()
    except AnswerError as error:
        raise type(error)(error.why, error.faults, tuple(work.exchanges)) from error
    remarks = remarks_on(first.content, subject, plan)
    if not remarks:
        return first
    again = replace(work, parts=work.whole(), remarks=remarks)
    try:
        second = replace(again.said(), since=len(first.exchanges))
    except AnswerError:
        return replace(first, exchanges=tuple(work.exchanges))
    is_better = score_of(second.content, subject, plan) > score_of(first.content, subject, plan)
    return second if is_better else replace(first, exchanges=second.exchanges)


@dataclass(frozen=True, slots=True)
class Unasked:
    """A call about a part of a video that has no kept answer; `question` is its next round.

    None: what it will be asked depends on the answers to others of these.
    """

    call: str
    part: int
    question: Question | None


def unasked(subject: Subject, plan: Plan, recall: Recall, *, levels: SchemaLevels | None = None) -> tuple[Unasked, ...]:
    """What `annotate` would have to ask now, in its order, without asking: for estimates, for batches, for `status`.

    Empty where everything is kept, or what is kept can never be used.

    Raises:
        RecipeError: as `annotate`.
    """
    work = _Work.on(subject, plan, lambda _name: ask_nobody, recall, levels)
    found: list[Unasked] = []
    with suppress(AnswerError):
        found += chain.from_iterable(work.in_parts(work.unasked))
        if not found and plan.again_below is not None:
            remarks = remarks_on(replace(work, parts=work.whole()).said().content, subject, plan)
            again = replace(work, parts=work.whole(), remarks=remarks)
            found += chain.from_iterable(again.in_parts(again.unasked)) if remarks else ()
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Work:
    """One video's calls, as they are carried out; `parts` can become more, `remarks` are made on calls, by name."""

    subject: Subject
    plan: Plan
    parts: list[Span]
    named: Named
    recall: Recall | None
    levels: SchemaLevels
    exchanges: list[Exchange] = field(default_factory=list)
    remarks: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def on(cls, subject: Subject, plan: Plan, named: Named, recall: Recall | None, levels: SchemaLevels | None) -> Self:
        """All of a video's calls."""
        parts = parts_of(subject.duration_s, plan.max_duration_s)
        return cls(subject, plan, parts, named, recall, levels or SchemaLevels())

    def whole(self) -> list[Span]:
        """The parts before any was halved."""
        return parts_of(self.subject.duration_s, self.plan.max_duration_s)

    def said(self) -> Said:
        """Everything that the calls tell."""
        values = merged(list(self.in_parts(self.told)), self.parts, n_questions=self.plan.n_questions)
        content = content_of([values], fps=self.subject.fps)
        return Said(content, tuple(self.exchanges), tuple(self.parts))

    def in_parts(self, what: Callable[[int], T]) -> Iterator[T]:
        """What is to be had of each part, in order; a part whose answer is cut off is halved, a few times a video."""
        i, most = 0, len(self.parts) + MAX_HALVINGS
        while i < len(self.parts):
            try:
                found = what(i)
            except TruncatedAnswerError:
                if len(self.parts) == most or self.parts[i].length_s < MIN_HALVED_S:
                    raise
                self.parts[i : i + 1] = halves(self.parts[i])
            else:
                yield found
                i += 1

    def told(self, i: int) -> dict[str, Any]:
        """What all calls tell about a part."""
        values: dict[str, Any] = {}
        texts = dict(self.subject.assets)
        for call in self.plan.calls:
            texts[call.name], found = self._settled(call, i, texts)
            values |= found
        return values

    def unasked(self, i: int) -> list[Unasked]:
        """The calls about a part that would have to be asked."""
        found: list[Unasked] = []
        texts = dict(self.subject.assets)
        for call in self.plan.calls:
            if not {one.call for one in found}.isdisjoint(call.reads):
                found.append(Unasked(call.name, i, None))
                continue
            try:
                texts[call.name], _ = self._settled(call, i, texts)
            except UnansweredError as error:
                found.append(Unasked(call.name, i, error.question))
            except AnswerError:
                if not found:
                    raise
                break  # what comes before is to be asked first
        return found

    def _settled(self, call: Call, i: int, texts: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        """What a call says, as later calls read it, and the fields that it tells."""
        question = question_of(call, self.plan, self.subject, parts=self.parts, i=i, texts=texts)
        if call.name in self.remarks:
            question = replace(question, round=AGAIN_ROUND, remark=self.remarks[call.name])
        form = form_of(call.fields) if call.fields else None
        rounds = Rounds(
            call.name, i, form, self.named(call.name), self.recall, self.levels, self.exchanges, self.plan.retries
        )
        if form is None:
            return rounds.settle(question, read_free_text), {}
        found = rounds.settle(question, partial(read_structured, form=form, part=self.parts[i]))
        return digest(found), found
