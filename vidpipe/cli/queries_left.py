"""What is left to ask for queries about a video: the questions that have no kept answer, and their expected tokens.

What costs what is `vidpipe.asking.estimate`'s, which videos are looked at `vidpipe.cli.left_to_ask`'s.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from assets.query_subjects import pieces_of
from assets.shown_again import query_left_of
from vidpipe.annotation.plans import Subject
from vidpipe.annotation.queries import QueryPlan
from vidpipe.annotation.query_recipes import query_plan_of, query_tokens
from vidpipe.annotation.rounds import Recall
from vidpipe.cli.video_facts import Videos
from vidpipe.errors import StoreError, WaitingError
from vidpipe.inputs import Inputs
from vidpipe.keys import segment
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.models.calls import Question, Usage
from vidpipe.models.tokens import expected
from vidpipe.ports import Project
from vidpipe.recipe.query_section import Level
from vidpipe.recipe.stages import Stage
from vidpipe.timeline.spans import sliding_windows

LEAST_ANSWERS = 3
"""From so many answers on their mean length is taken for those to come."""


@dataclass(frozen=True, slots=True)
class Left:
    """A question that is to be asked, its expected tokens, and the bytes that travel with it."""

    question: Question
    usage: Usage
    n_bytes: int


class QueriesLeft:
    """Queries of one level, in a project as it is now."""

    def __init__(self, project: Project, snapshot: Snapshot, videos: Videos, level: Level) -> None:
        self._project, self._snapshot, self._videos, self.level = project, snapshot, videos, level
        self._asset = f"{level}_queries"

    def of(self, name: str, recall: Recall) -> Iterator[Left]:
        """What is left to ask about a video."""
        has_audio = self._videos.facts[name].has_audio
        for subject, n_bytes in self._pieces(name):
            _, question = query_left_of(self._project, subject, self.plan, recall)
            if question is not None:
                seen = query_tokens(self.plan, subject.duration_s, has_audio=has_audio)
                usage = expected(question, replace(seen, out=self.mean_out or seen.out))
                yield Left(question, usage, n_bytes)

    @cached_property
    def mean_out(self) -> int | None:
        """The tokens that answers had until now; None where too few came."""
        sums = self._project.ledger.calls.sums("asset", "name", "outcome", "model")
        wanted = {"asset": self._asset, "name": self.level, "outcome": "complete", "model": self.plan.settings.model}
        found = [one for one in sums if one.of == wanted]
        n_answers = sum(one.n_calls for one in found)
        return round(sum(one.usage.out for one in found) / n_answers) if n_answers >= LEAST_ANSWERS else None

    @cached_property
    def plan(self) -> QueryPlan:
        """How queries are asked for."""
        return query_plan_of(self._project.recipe, self.level, self._project.folder / "prompts")

    def _pieces(self, name: str) -> list[tuple[Subject, int]]:
        """What is asked about, with the bytes of it; by its records, or as it will be cut."""
        stage = self._project.stage(self._asset)
        if self._is_known(stage, name):
            inputs = Inputs(self._project, stage, name, segment(name), {})
            with suppress(StoreError, WaitingError), inputs.closing:
                pieces = pieces_of(inputs, self.level)
                if self.level == "episode":
                    return [(piece.subject, self._videos.views.n_bytes(name)) for piece in pieces]
                sizes = inputs.record("segment_clips").where["bytes"]
                return [(piece.subject, int(sizes[piece.told["key"]])) for piece in pieces]
        return self._planned(name)

    def _is_known(self, stage: Stage, name: str) -> bool:
        """Whether everything is there that questions are made of."""
        gates = [self._snapshot.entry(read.asset, name) for read in stage.reads if read.gates]
        return self._snapshot.inputs(stage, name) is not None and all(one and one.outcome == "ok" for one in gates)

    def _planned(self, name: str) -> list[tuple[Subject, int]]:
        whole = self._videos.subject(name)
        if self.level == "episode":
            return [(whole, self._videos.views.n_bytes(name))]
        cut = self._project.recipe.segments
        spans = sliding_windows(whole.duration_s, Fraction(str(cut.length_s)), Fraction(str(cut.overlap_s)))
        bytes_per_s = self._videos.n_bytes(name) / float(whole.duration_s)
        return [(replace(whole, duration_s=span.length_s), round(bytes_per_s * float(span.length_s))) for span in spans]
