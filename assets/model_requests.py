"""What a batch job is asked about videos: exactly what a model would be asked about each, as long as none has answered.

Questions that follow from answers (a repair, a part that turned out too long, a call that reads another's text) are no
part of it: whoever reads the answers asks them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.model_annotations import ModelAnnotator, file_of
from assets.shown_again import left_of
from vidpipe.annotation.annotate import Unasked, unasked
from vidpipe.annotation.plans import Subject
from vidpipe.asking.making import Wanted
from vidpipe.errors import InJobError, PendingError
from vidpipe.inputs import Inputs
from vidpipe.ledger.snapshot import as_text
from vidpipe.models.calls import Answer, Question
from vidpipe.records import Outcome
from vidpipe.workers.processes import Task

_ANSWERS = "video_annotations"


@dataclass(frozen=True)
class Requests:
    """The questions of one run. Several threads may share it."""

    annotator: ModelAnnotator

    def prepare(self, inputs: Inputs) -> Task | Outcome:
        """What is left to be asked of a job; where that is nothing, the outcome.

        Raises:
            PendingError: nobody can be asked, or a job is to answer already.
            StoreError, WaitingError: as they come.
        """
        subject, calls = self.annotator.known(inputs, _ANSWERS)
        plan, levels = self.annotator.plan, self.annotator.levels
        shown, unanswered = left_of(inputs.project, subject, plan, calls.recall, levels=levels)
        left = _first(unanswered)
        if not left or shown.media != subject.media or _stands(inputs):  # a job is shown no file that was encoded again
            return self._outcome(subject)
        if calls.lacks:
            raise PendingError(calls.lacks)
        if inputs.project.ledger.jobs.asked([question.address for _, question in left]):
            raise InJobError
        if self.annotator.watch is not None:
            self.annotator.watch.before_call(is_shown=True)
        is_public = isinstance(subject.media.place, str)
        wanted = Wanted(left, calls.purpose, calls.tokens, None if is_public else lambda: _file(inputs))
        return Task(inputs.key, _never, wanted)

    def finish(self, inputs: Inputs, label: Any) -> Outcome:
        """The outcome for a video that is in the job of this label; in none where that is empty."""
        subject, _ = self.annotator.known(inputs, _ANSWERS)
        return self._outcome(subject, str(label))

    def _outcome(self, subject: Subject, label: str = "") -> Outcome:
        """The questions, whoever answers them; the job, which others follow from no more than from who paid, beside."""
        asked = [
            {"call": one.call, "part": one.part, "address": one.question.address}
            for one in unasked(subject, self.annotator.plan, _nothing)
            if one.question is not None and one.question.media is not None
        ]
        return Outcome("ok", value={"questions": asked}, asked={"job": label} if label else {})


def _first(left: Sequence[Unasked]) -> tuple[tuple[str, Question], ...]:
    """Those of the questions that a job can be asked, by the names of their calls."""
    known = [(one.call, one.question) for one in left if one.question is not None]
    return tuple((call, q) for call, q in known if q.media is not None and q.round == 0)


def _stands(inputs: Inputs) -> bool:
    """Whether the answers are there already, or somebody has accepted others: nothing is asked for a valid record."""
    project, video_id = inputs.project, inputs.video_id
    snapshot, stage = project.ledger.snapshot([video_id]), project.stage(_ANSWERS)
    entry, now = snapshot.entry(_ANSWERS, video_id), snapshot.inputs(stage, video_id)
    if entry is None or entry.damaged or now is None:
        return False
    return entry.code_version == project.code_version(stage) and entry.inputs == as_text(now)


def _nothing(_question: Question) -> Answer | None:
    return None


def _never(_wanted: Wanted) -> None:
    raise AssertionError("a job's pool does no work of its own")


@contextmanager
def _file(inputs: Inputs) -> Iterator[Path]:
    """What a model is shown, as a local file, for as long as that is needed; a job has a hundred of them."""
    try:
        yield file_of(inputs)
    finally:
        inputs.closing.close()
