"""Canaries among the questions about videos: films that are made, asked about like any video, and noted."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from assets.model_annotations import ModelAnnotator
from assets.model_queries import ModelQueries
from vidpipe.annotation.canaries import seeing_of
from vidpipe.annotation.canary_topics import Topic, annotation_topic, query_topic
from vidpipe.annotation.rounds import SchemaLevels
from vidpipe.asking.asker import Asker
from vidpipe.asking.canaries import Watch
from vidpipe.asking.video_calls import VideoCalls
from vidpipe.ledger.canaries import CANARY, Canary
from vidpipe.models.calls import Answer, Question
from vidpipe.models.paid import Purpose
from vidpipe.ports import Answerer, Project, Service


@dataclass(frozen=True)
class _Announced:
    """An answerer that tells when a question is on its way to it."""

    answerer: Answerer
    on_its_way: Callable[[], None]

    def answer(self, question: Question) -> Answer:
        self.on_its_way()
        return self.answerer.answer(question)


@dataclass(frozen=True)
class Canaries:
    """Asks about films what a stage asks about videos, in the same way."""

    project: Project
    asset: str
    topic: Topic
    service: Service
    run_id: str
    asker: Asker
    levels: SchemaLevels

    def __call__(self, number: int, on_its_way: Callable[[], None]) -> Canary:
        """What the model tells of the film of a number; a kept answer is not asked for again.

        Others who wait for it are let go when the question is `on_its_way`.

        Raises:
            PendingError: nobody can be asked, or not for the money that is left.
            ServiceError, ForeignAnswerError, StoreError, OSError: as they come.
        """
        film = self.topic.film(number)
        purpose, tokens = Purpose(self.service.name, self.asset, CANARY, "", self.run_id), self.topic.tokens(film)
        asker = replace(self.asker, answerer=_Announced(self.asker.answerer, on_its_way))
        calls = VideoCalls(asker, purpose, self.service.lacks, tokens=lambda _question: tokens)
        with self.project.store.scratch() as folder:
            media = self.topic.media(film, folder / "canary.mp4")

            def ask(question: Question) -> Answer:
                self.topic.make_file(film, folder / "canary.mp4")
                with self.service.holding(media):
                    return calls.named(CANARY)(question)

            exchange = self.topic.ask_about(film, media, ask, recall=calls.recall, levels=self.levels)
        seen, kept = seeing_of(exchange.answer, film), self.asker.kept(exchange.question)
        return Canary(
            kind=self.topic.kind,
            number=number,
            address=exchange.question.address,
            service=self.service.name,
            asset=self.asset,
            model=exchange.question.settings.model,
            model_reported=exchange.answer.model,
            started=(kept.call.started if kept else self.project.clock().timestamp()),
            attention=seen.attention if seen else None,
            recall=seen.recall if seen else None,
            time_error_s=seen.time_error_s if seen else None,
            n_invented=seen.n_invented if seen else 0,
            n_told=seen.n_told if seen else 0,
        )

    def watch(self) -> Watch | None:
        """Sees to it that they are asked about when the recipe has it; None where it wants none."""
        mode = self.project.recipe.annotation.canaries
        if mode == "off":
            return None
        topic, known = self.topic, self.project.ledger.canaries
        return Watch(self.service, self.asset, topic.kind, mode, topic.shown, known, self, topic.usual)


def with_canaries(project: Project, asset: str, annotator: ModelAnnotator) -> ModelAnnotator:
    """An annotator that asks about films, too, unless the recipe wants none or nothing is shown to the model."""
    topic = annotation_topic(annotator.plan, annotator.recipe)
    if topic is None:
        return annotator
    by = annotator.service, annotator.run_id, annotator.asker, annotator.levels
    return replace(annotator, watch=Canaries(project, asset, topic, *by).watch())


def queries_with_canaries(project: Project, asking: ModelQueries) -> ModelQueries:
    """One that asks for queries, and about films, too, unless the recipe wants none."""
    topic = query_topic(asking.plan, project.recipe.annotation, asking.level)
    by = asking.service, asking.run_id, asking.asker, asking.schema_levels
    return replace(asking, watch=Canaries(project, f"{asking.level}_queries", topic, *by).watch())
