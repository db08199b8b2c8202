"""A batch job while it is made: what it is to ask about which video, what is set aside for that, what lies where.

In which order that happens, and what follows from errors, belongs to `submitting`.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Self

from vidpipe.asking.stand_ins import StandIns
from vidpipe.asking.terms import Terms
from vidpipe.asking.usual import UsualOut
from vidpipe.errors import BudgetError, PendingError, StoppedError
from vidpipe.ledger.calls import Calls
from vidpipe.ledger.limits import Limits
from vidpipe.models.batches import JobLine, Kept
from vidpipe.models.calls import Question, Usage
from vidpipe.models.paid import Call, Purpose
from vidpipe.workers.processes import Task

MOST_LINES = 100
"""Of one job: its answers are read at once, and one can have half a megabyte."""
_NO_TURN = Limits()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a job is to be asked about one video.

    `asked` holds the questions, each with the name of its call. `file` opens the video's file as the questions mean it;
    None: they name a public address. `tokens` gives the tokens that a question's media and answer are expected to have.
    """

    asked: tuple[tuple[str, Question], ...]
    purpose: Purpose
    tokens: Callable[[Question], Usage]
    file: Callable[[], AbstractContextManager[Path]] | None

    @property
    def questions(self) -> tuple[Question, ...]:
        """All of them."""
        return tuple(question for _, question in self.asked)


@dataclass(slots=True)
class Making:
    """A job that is being made: its lines' calls and files, by task, and what became of tasks that are not in it."""

    label: str
    tasks: Sequence[Task]
    calls: dict[str, list[Call]] = field(default_factory=dict)
    kept: dict[str, Kept | None] = field(default_factory=dict)
    errors: dict[str, BaseException] = field(default_factory=dict)

    @classmethod
    def of(cls, tasks: Sequence[Task]) -> Self:
        """Of these tasks; the same ones have the same label."""
        addresses = sorted(one.address for task in tasks for one in task.argument.questions)
        return cls("b" + hashlib.sha256(" ".join(addresses).encode()).hexdigest()[:20], tasks)

    @property
    def lines(self) -> list[JobLine]:
        """What is left to be submitted."""
        left = [(task.argument, self.kept[task.key]) for task in self.tasks if task.key in self.calls]
        return [
            JobLine(question, kept.uri if kept is not None else None)
            for wanted, kept in left
            for question in wanted.questions
        ]

    @property
    def files(self) -> tuple[str, ...]:
        """The names of what was brought."""
        return tuple(sorted({name for kept in self.kept.values() if kept for name in kept.names}))

    def leave_out(self, task_key: str, error: BaseException, calls: Calls) -> None:
        """Give back what was set aside for a video."""
        self.errors[task_key] = error
        for call in self.calls.pop(task_key, []):
            calls.release(call)

    def reserve(self, calls: Calls, terms: Terms, when: datetime) -> None:
        """Set aside what each video's questions may cost; a video of which one does not fit is left out."""
        usual, stand_ins = UsualOut(calls), StandIns(calls)
        for task in self.tasks:
            wanted: Wanted = task.argument
            self.calls[task.key] = []
            try:
                for name, question in wanted.asked:
                    model, purpose = question.settings.model, replace(wanted.purpose, name=name)
                    call = Call.of(question, purpose, id=uuid.uuid4().hex, started=when.timestamp())
                    media = wanted.tokens(question)
                    media = replace(media, out=usual.of(purpose, model, media.out))
                    stake = terms.stake(question, media, when, stand_ins.of(purpose.service, model), is_batch=True)
                    wait = calls.reserve(call, stake, limits=_NO_TURN, budget=terms.budget, job=self.label)
                    if wait is not None:  # others may give the money back, or ask the same at this moment
                        raise BudgetError if wait.why == "budget" else StoppedError
                    self.calls[task.key].append(call)
            except PendingError as error:
                self.leave_out(task.key, error, calls)


def chunks(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    """Tasks of at most so many questions together, one task at least."""
    some: list[Task] = []
    n_lines = 0
    for task in tasks:
        n_more = len(task.argument.questions)
        if some and n_lines + n_more > MOST_LINES:
            yield some
            some, n_lines = [], 0
        some.append(task)
        n_lines += n_more
    if some:
        yield some
