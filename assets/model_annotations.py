"""Annotations by a model that is shown the video: what it is asked, and the record that its answers make."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Self

from assets.reading import best_cues, catalogue_row
from assets.shown_again import Again, Showing, left_of
from vidpipe.annotation.again import judged
from vidpipe.annotation.annotate import Said, Unasked, annotate
from vidpipe.annotation.doubts import is_doubtful
from vidpipe.annotation.plans import Plan, Subject
from vidpipe.annotation.quality import prose_of, quality
from vidpipe.annotation.recipes import plan_of, tokens_of
from vidpipe.annotation.rounds import SchemaLevels
from vidpipe.annotation.shown import shown_media, source_media
from vidpipe.asking.asker import Asker
from vidpipe.asking.canaries import Watch, watched
from vidpipe.asking.services import asker_for
from vidpipe.asking.video_calls import Exchange, VideoCalls
from vidpipe.errors import (
    AnswerError,
    BlockedAnswerError,
    ForeignAnswerError,
    InJobError,
    RejectedRequestError,
    StoreError,
    WaitingError,
)
from vidpipe.inputs import Inputs
from vidpipe.models.calls import Media
from vidpipe.models.paid import Purpose
from vidpipe.ports import Project, Service
from vidpipe.recipe.model_sections import Annotation
from vidpipe.records import Outcome
from vidpipe.timeline.spans import Span


@dataclass(frozen=True)
class ModelAnnotator:
    """Asks one service about the videos of one run. Several threads may share it."""

    service: Service
    run_id: str
    recipe: Annotation
    plan: Plan
    asker: Asker
    levels: SchemaLevels = field(default_factory=SchemaLevels)
    watch: Watch | None = None

    @classmethod
    def of(cls, project: Project, service: Service, run_id: str) -> Self:
        """As the project's recipe and prompts have it.

        Raises:
            RecipeError: a prompt or the project's own prices cannot be used.
        """
        recipe = project.recipe.annotation
        return cls(service, run_id, recipe, plan_of(recipe, project.folder / "prompts"), asker_for(project, service))

    def __call__(self, inputs: Inputs) -> Outcome:
        """The annotation of a video, or that the model gave none that can be used, with what that cost.

        Raises:
            PendingError: nobody can be asked, or not for the money that is left.
            ServiceError, StoreError, WaitingError: as they come.
        """
        subject, calls = self.known(inputs, inputs.stage.name)
        try:
            said = self._said(inputs, subject, calls)
        except ForeignAnswerError:
            raise
        except (AnswerError, RejectedRequestError) as error:
            kind = "blocked" if isinstance(error, BlockedAnswerError) else "unusable"
            told = {"faults": error.faults if isinstance(error, AnswerError) else ()}
            return _outcome(kind, str(error), told, calls, calls.exchanges)
        outcome = _outcome("ok", None, said.annotation().value(), calls, said.asked, said.decided)
        return self._judged(outcome, said, subject)

    def known(self, inputs: Inputs, asset: str) -> tuple[Subject, VideoCalls]:
        """A video as its questions name it, and what asks about it for an asset.

        Raises:
            StoreError, WaitingError: as they come.
        """
        subject, facts = subject_of(inputs, media_of(inputs, Path())), inputs.record("raw_videos").value
        tokens = tokens_of(self.recipe, float(subject.duration_s), has_audio=bool(facts["has_audio"]))
        purpose = Purpose(self.service.name, asset, "", inputs.video_id, self.run_id)
        return subject, VideoCalls(self.asker, purpose, self.service.lacks, tokens=tokens)

    def _said(self, inputs: Inputs, subject: Subject, calls: VideoCalls) -> Said:
        """What the model says; the file is fetched where there is something left to ask."""
        again = Again.of(inputs.project, subject.media)
        subject, left = left_of(inputs.project, subject, self.plan, calls.recall, levels=self.levels)
        if not left:
            return self._asked(subject, calls)
        self._check_jobs(inputs, left)
        showing = Showing(inputs, subject.media, again, partial(file_of, inputs))
        return showing.to(partial(self._shown, inputs, subject, calls), self.service.name)

    def _shown(self, inputs: Inputs, subject: Subject, calls: VideoCalls, media: Media) -> Said:
        """What the model says of a file that is there, or of a page."""
        subject = replace(subject, media=media)
        with self.service.holding(media), self.watch.room if self.watch is not None else nullcontext():
            said = self._asked(subject, calls)
            if self.watch is not None and self.watch.listens:
                doubtful = is_doubtful(said, subject, self.plan, _cuts_s(inputs))
                self.watch.told(prose_of(said.content), is_doubtful=doubtful)
            return said

    def _asked(self, subject: Subject, calls: VideoCalls) -> Said:
        named = watched(calls.named, self.watch)
        return annotate(named, subject, self.plan, recall=calls.recall, levels=self.levels)

    def _check_jobs(self, inputs: Inputs, left: Sequence[Unasked]) -> None:
        """What a batch job is asked, or is still to be asked, is not asked here.

        Raises:
            InJobError: it is.
            WaitingError: it is to be.
        """
        ledger = inputs.project.ledger
        if ledger.jobs.asked([one.question.address for one in left if one.question is not None]):
            raise InJobError
        if self.recipe.asks_batches and not self.service.lacks:
            requests = ledger.snapshot([inputs.video_id]).entry("annotation_requests", inputs.video_id)
            if requests is None or requests.damaged:
                raise WaitingError("annotation_requests")

    def _judged(self, outcome: Outcome, said: Said, subject: Subject) -> Outcome:
        """With how good the annotation is; one that is not good enough for the recipe is dropped."""
        checks = judged(said.content, subject, self.plan)
        score, least = quality(checks), self.recipe.min_quality
        told = {"score": score, "checks": {check.name: check.score for check in checks}}
        outcome = replace(outcome, asked={**outcome.asked, "quality": told})
        is_good = least is None or score >= least
        return outcome if is_good else replace(outcome, kind="dropped", reason="quality is below min_quality")


def _outcome(
    kind: Any, reason: str | None, value: Any, calls: VideoCalls, exchanges: Sequence[Exchange], decided: int = -1
) -> Outcome:
    asked = calls.provenance(exchanges, decided=decided)
    return Outcome(kind, reason, value=value, cost_usd=calls.cost_usd(exchanges), asked=asked)


def _shots(inputs: Inputs) -> list[Span]:
    found = inputs.record("shots").value["shots"]
    return [Span(Fraction(str(one["start_s"])), Fraction(str(one["end_s"]))) for one in found]


def _cuts_s(inputs: Inputs) -> list[Fraction]:
    """The cuts, as far as they are known now: what a record says never follows from them."""
    try:
        found = inputs.record("shots").value.get("shots", ())
    except (WaitingError, StoreError):
        return []
    return [Fraction(str(one["start_s"])) for one in found[1:]]


def _category(inputs: Inputs) -> str:
    found = inputs.record("taxonomy_categories").value
    return " > ".join(name for name in (found["parent"], found["category"]) if name)


def media_of(inputs: Inputs, place: Path) -> Media:
    """What a model is shown of a video, as questions name it; `place` is where that lies, if anybody is to see it.

    Raises:
        WaitingError: as it comes.
    """
    facts = inputs.record("raw_videos").value
    if not inputs.project.recipe.annotation.shows_views:
        return source_media(facts, place)
    return shown_media(inputs.record("annotation_proxy").value, facts, place)


def file_of(inputs: Inputs) -> Path:
    """What a model is shown, as a local file; none where the model finds it by itself.

    Raises:
        MissingObjectError, WaitingError: it is not there; a proxy that is lost is made again by the next run.
    """
    if not inputs.project.recipe.annotation.shows_views:
        return inputs.video_file()
    record = inputs.record("annotation_proxy")
    if record.value["kind"] == "page":
        return Path()
    return inputs.file("annotation_proxy", "media") if "media" in record.where else inputs.video_file()


def subject_of(inputs: Inputs, media: Media) -> Subject:
    """What is known of a video, as its questions name it.

    Raises:
        StoreError, WaitingError: as they come.
    """
    row, facts = catalogue_row(inputs), inputs.record("raw_videos").value
    recipe, cues = inputs.project.recipe.annotation, best_cues(inputs) or ()
    reads = {name for call in recipe.asked_calls for name in call.reads}
    return Subject(
        media,
        Fraction(str(facts["duration_s"])),
        title=row["title"],
        description=row["description"],
        channel=row["channel"],
        captions=[(cue.start_s, cue.end_s, cue.text) for cue in cues],
        fps=float(Fraction(facts["frame_rate"] or 0)) or None,
        shots=_shots(inputs) if "shots" in reads else (),
        assets={"taxonomy_categories": _category(inputs)} if "taxonomy_categories" in reads else {},
    )
