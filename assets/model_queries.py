"""Queries by a model that is shown segments or a whole video: what it is asked, and the record its answers make."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import Any, Self

from assets.query_subjects import Piece, pieces_of
from assets.shown_again import Showing, query_again, query_left_of
from vidpipe.annotation.doubts import is_unseen
from vidpipe.annotation.plans import Subject
from vidpipe.annotation.quality import quality, query_checks
from vidpipe.annotation.queries import Queries, QueryPlan, SaidQueries, ask_queries
from vidpipe.annotation.query_recipes import query_plan_of, query_tokens
from vidpipe.annotation.rounds import SchemaLevels
from vidpipe.asking.asker import Asker
from vidpipe.asking.canaries import Watch, watched
from vidpipe.asking.services import asker_for
from vidpipe.asking.video_calls import Exchange, VideoCalls
from vidpipe.errors import (
    AnswerError,
    BlockedAnswerError,
    ForeignAnswerError,
    RejectedRequestError,
    TransientServiceError,
)
from vidpipe.inputs import Inputs
from vidpipe.models.calls import Media
from vidpipe.models.paid import Purpose
from vidpipe.ports import Project, Service
from vidpipe.recipe.query_section import Level
from vidpipe.records import Kind, Outcome


@dataclass(frozen=True)
class Told:
    """What a model told about one piece: its queries, or why there are none, and what that cost."""

    queries: Queries | None
    kind: Kind
    reason: str | None
    calls: VideoCalls
    exchanges: Sequence[Exchange]

    def entry(self, piece: Piece) -> dict[str, Any]:
        """The piece in a record that has several."""
        return {**piece.told, "outcome": self.kind, "reason": self.reason, "queries": self.queries}


@dataclass(frozen=True)
class ModelQueries:
    """Asks one service about the pieces of one run's videos. Several threads may share it.

    Each piece is a question of its own, so that one that failed is asked again alone. All run on `pool`.
    """

    service: Service
    run_id: str
    level: Level
    plan: QueryPlan
    asker: Asker
    pool: Executor
    schema_levels: SchemaLevels = field(default_factory=SchemaLevels)
    watch: Watch | None = None

    @classmethod
    def of(cls, project: Project, service: Service, run_id: str, *, level: Level, pool: Executor) -> Self:
        """As the project's recipe and prompts have it.

        Raises:
            RecipeError: the prompt or the project's own prices cannot be used.
        """
        plan = query_plan_of(project.recipe, level, project.folder / "prompts")
        return cls(service, run_id, level, plan, asker_for(project, service), pool)

    def __call__(self, inputs: Inputs) -> Outcome:
        """The queries of a video's pieces; of a piece that the model refuses, that it did, with what that cost.

        Raises:
            PendingError: nobody can be asked, or not for the money that is left.
            ServiceError, StoreError, WaitingError: as they come; all other pieces have been asked about.
        """
        pieces = pieces_of(inputs, self.level)
        told = self._all(inputs, pieces)
        asked = self._asked(told)
        cost_usd = round(sum(one.calls.cost_usd(one.exchanges) for one in told), 9)
        kind, reason = _together(told)
        if self.level == "segment":
            value: dict[str, Any] = {"segments": [one.entry(piece) for one, piece in zip(told, pieces, strict=True)]}
        else:
            value = {"queries": told[0].queries}
        value |= {"annotator": self.service.name, "language": self.plan.language}
        return Outcome(kind, reason, value, cost_usd=cost_usd, asked=asked)

    def _all(self, inputs: Inputs, pieces: Sequence[Piece]) -> list[Told]:
        """Everything that is told; raises the first thing that went wrong once all that can be asked was asked."""
        futures: list[Future[Told | None]] = []
        for piece in pieces:
            futures.append(self.pool.submit(self._unless, tuple(futures), inputs, piece))
        wait(futures)
        errors = [error for future in futures if (error := future.exception())]
        if errors:
            raise errors[0]
        return [told for future in futures if (told := future.result())]

    def _unless(self, earlier: Sequence[Future[Told | None]], inputs: Inputs, piece: Piece) -> Told | None:
        """What is told of a piece; None where something happened before after which nothing can go well."""
        errors = (future.exception() for future in earlier if future.done())
        is_over = any(error and not isinstance(error, TransientServiceError | AnswerError) for error in errors)
        return None if is_over else self._told(inputs, piece)

    def _told(self, inputs: Inputs, piece: Piece) -> Told:
        has_audio = bool(inputs.record("raw_videos").value["has_audio"])
        tokens = query_tokens(self.plan, piece.span.length_s, has_audio=has_audio)
        purpose = Purpose(self.service.name, inputs.stage.name, "", inputs.video_id, self.run_id)
        calls = VideoCalls(self.asker, purpose, self.service.lacks, tokens=lambda _question: tokens)
        try:
            said = self._said(inputs, piece, calls)
        except ForeignAnswerError:
            raise
        except (AnswerError, RejectedRequestError) as error:
            kind: Kind = "blocked" if isinstance(error, BlockedAnswerError) else "unusable"
            return Told(None, kind, str(error), calls, calls.exchanges)
        return Told(said.queries, "ok", None, calls, [(one.question, one.answer) for one in said.exchanges])

    def _said(self, inputs: Inputs, piece: Piece, calls: VideoCalls) -> SaidQueries:
        """What the model says; the file is fetched where there is something left to ask."""
        project, again = inputs.project, query_again(inputs.project, piece.subject.media, self.plan)
        subject, left = query_left_of(project, piece.subject, self.plan, calls.recall, levels=self.schema_levels)
        if left is None:
            return self._queried(subject, calls)
        showing = Showing(inputs, subject.media, again, piece.file)
        return showing.to(partial(self._shown, subject, calls), self.service.name)

    def _shown(self, subject: Subject, calls: VideoCalls, media: Media) -> SaidQueries:
        """What the model says of a file that is there, or of a page."""
        with self.service.holding(media), self.watch.room if self.watch is not None else nullcontext():
            said = self._queried(replace(subject, media=media), calls)
            if self.watch is not None and self.watch.listens:
                self.watch.told(chain.from_iterable(said.queries.values()), is_doubtful=is_unseen(said.exchanges))
            return said

    def _queried(self, subject: Subject, calls: VideoCalls) -> SaidQueries:
        ask = watched(calls.named, self.watch)(self.level)
        return ask_queries(ask, subject, self.plan, recall=calls.recall, levels=self.schema_levels)

    def _piece(self, i: int) -> Mapping[str, int]:
        """Which of the record's segments a call was about."""
        return {"segment": i} if self.level == "segment" else {}

    def _asked(self, told: Sequence[Told]) -> Mapping[str, Any]:
        """What a record says of all answers, and first of the one that gave the first queries that there are."""
        every = [dict(one.calls.provenance(one.exchanges)) for one in told]
        calls = [{**call, **self._piece(i)} for i, one in enumerate(every) for call in one.pop("calls", ())]
        if not calls:
            return {}
        first = next((of for one, of in zip(told, every, strict=True) if one.kind == "ok"), every[-1])
        said = [one.queries for one in told if one.queries is not None]
        checks = query_checks(said, self.plan.language)
        judged = {"score": quality(checks), "checks": {check.name: check.score for check in checks}}
        return {**first, "calls": calls, **({"quality": judged} if said else {})}


def _together(told: Sequence[Told]) -> tuple[Kind, str | None]:
    """What became of a video: ok where there are queries of any piece; else what befell the first."""
    if any(one.kind == "ok" for one in told):
        return "ok", None
    return told[0].kind, told[0].reason
