"""Canaries among the questions of the annotator: films that are made, asked about like any video, and noted."""

from dataclasses import dataclass, replace

from assets.model_annotations import ModelAnnotator
from vidpipe.annotation.canaries import ask_about, kind_of, make_file, media_of, seeing_of, shown_calls
from vidpipe.annotation.recipes import tokens_of
from vidpipe.asking.canaries import Watch
from vidpipe.asking.video_calls import VideoCalls
from vidpipe.ledger.canaries import CANARY, Canary
from vidpipe.media.canary_films import film_of
from vidpipe.models.calls import Answer, Question
from vidpipe.models.paid import Purpose
from vidpipe.ports import Project


@dataclass(frozen=True)
class Canaries:
    """Asks about films what an annotator asks about videos."""

    project: Project
    asset: str
    annotator: ModelAnnotator

    def __call__(self, number: int) -> Canary:
        """What the model tells of the film of a number; a kept answer is not asked for again.

        Raises:
            PendingError: nobody can be asked, or not for the money that is left.
            ServiceError, ForeignAnswerError, StoreError, OSError: as they come.
        """
        by, recipe = self.annotator, self.annotator.recipe
        film = film_of(str(number), fps=recipe.fps)
        purpose = Purpose(by.service.name, self.asset, CANARY, "", by.run_id)
        tokens = tokens_of(recipe, float(film.duration_s), has_audio=True)
        calls = VideoCalls(by.asker, purpose, by.service.lacks, tokens=tokens)
        with self.project.store.scratch() as folder:
            media = media_of(film, recipe, folder / "canary.mp4")

            def ask(question: Question) -> Answer:
                make_file(film, recipe, folder / "canary.mp4")
                with by.service.holding(media):
                    return calls.named(CANARY)(question)

            exchange = ask_about(film, media, by.plan, ask, recall=calls.recall, levels=by.levels)
        seen, kept = seeing_of(exchange.answer, film), by.asker.kept(exchange.question)
        return Canary(
            kind=kind_of(by.plan),
            number=number,
            address=exchange.question.address,
            service=by.service.name,
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


def with_canaries(project: Project, asset: str, annotator: ModelAnnotator) -> ModelAnnotator:
    """An annotator that asks about films, too, unless the recipe wants none or nothing is shown to the model."""
    mode, shown = annotator.recipe.canaries, shown_calls(annotator.plan)
    if mode == "off" or not shown:
        return annotator
    watch = Watch(
        annotator.service,
        asset,
        kind_of(annotator.plan),
        mode,
        frozenset(call.name for call in shown),
        project.ledger.canaries,
        Canaries(project, asset, annotator),
    )
    return replace(annotator, watch=watch)
