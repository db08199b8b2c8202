"""What an annotator says about a video: FineVideo's `content_metadata` (spec/finevideo.md §9).

What belongs here: shape and JSON of annotations. Not here: how they are made (`offline`) or put right
(`alignment`). What was not measured or not said is null or an empty list, never a guess. Times are texts,
since models write them in many forms (`vidpipe.timeline.timecodes` reads them); after alignment they are
`HH:MM:SS.mmm`.
"""

# ruff: noqa: N815  the names are FineVideo's

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _number_as_text(value: object) -> object:
    """Models also write seconds as numbers; everything else is left to the type."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


TimeText = Annotated[str | None, BeforeValidator(_number_as_text)]
Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Part(BaseModel):
    """Base of all parts: frozen, unknown fields refused, fields by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def value(self) -> dict[str, Any]:
        """The plain JSON value, every field present, in the order of declaration."""
        return self.model_dump(mode="json")


class Timestamps(Part):
    """From when to when; after alignment the times of the first and the last frame, both included."""

    start_timestamp: TimeText = None
    end_timestamp: TimeText = None


class Character(Part):
    """Somebody who appears."""

    characterId: str
    name: str | None = None
    description: str | None = None


class Activity(Part):
    """What happens, and when."""

    description: str
    timestamp: Timestamps = Timestamps()


class Prop(Part):
    """A thing that is seen, and when."""

    name: str
    timestamp: Timestamps = Timestamps()


class Edit(Part):
    """A means of editing, or a suggested cut (`trimmingSuggestions`), and when."""

    description: str
    timestamps: Timestamps = Timestamps()


class KeyMoment(Part):
    """One moment at which something changes."""

    timestamp: TimeText = None
    changeDescription: str


class Mood(Part):
    """The mood of a scene and the moments at which it changes."""

    description: str | None = None
    keyMoments: tuple[KeyMoment, ...] = ()


class Moment(Part):
    """Something at one moment: a step of the narrative, the climax."""

    description: str | None = None
    timestamp: TimeText = None


class Interaction(Part):
    """What characters do with each other."""

    characters: tuple[str, ...] = ()
    description: str


class Scene(Part):
    """One scene. The scores are 0..1, null where they could not be measured."""

    sceneId: int
    title: str | None = None
    timestamps: Timestamps = Timestamps()
    cast: tuple[str, ...] = ()
    activities: tuple[Activity, ...] = ()
    props: tuple[Prop, ...] = ()
    videoEditingDetails: tuple[Edit, ...] = ()
    mood: Mood = Mood()
    narrativeProgression: tuple[Moment, ...] = ()
    characterInteraction: tuple[Interaction, ...] = ()
    thematicElements: str | None = None
    contextualRelevance: str | None = None
    dynamismScore: Score | None = None
    audioVisualCorrelation: Score | None = None


class Storylines(Part):
    """The story as a whole; `scenes` are ids, `climax` is null where none was named."""

    description: str | None = None
    scenes: tuple[int, ...] = ()
    climax: Moment | None = None


class QuestionAnswer(Part):
    """A question about the video and its answer."""

    question: str
    answer: str


class ContentMetadata(Part):
    """FineVideo's `content_metadata` of one video."""

    title: str | None = None
    description: str | None = None
    fps: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    characterList: tuple[Character, ...] = ()
    scenes: tuple[Scene, ...] = ()
    storylines: Storylines = Storylines()
    qAndA: tuple[QuestionAnswer, ...] = ()
    trimmingSuggestions: tuple[Edit, ...] = ()


class Annotation(ContentMetadata):
    """The value of a `video_annotations` record: the content and who made it (`offline`, `gemini`)."""

    annotator: str


class Correction(Part):
    """One time that alignment changed. `what` is its place in the annotation; seconds; null: not readable."""

    what: str
    from_s: float | None
    to_s: float


class AlignmentReport(Part):
    """What alignment did; the fields up to `drift_s` are the public contract.

    `corrections` names every scene time that moved or was missing, and every other time that lay outside its
    scene. `max_move_s` is the largest correction of a scene's start or end. `residual_frames` is how far, at
    most, a matched boundary lies from its cut afterwards (0, or a bug). `n_cuts_missed` cuts have no scene
    boundary, `n_boundaries_without_cut` boundaries stay at the nearest frame. `drift_s` is what all times
    were late by; it is removed. `n_far_starts` scene starts moved by more than 25 frames beyond it.
    `n_unreadable` times became null though they meant one.
    """

    corrections: tuple[Correction, ...] = ()
    max_move_s: float = 0.0
    residual_frames: int = 0
    n_cuts_matched: int = 0
    n_cuts_missed: int = 0
    n_boundaries_without_cut: int = 0
    drift_s: float = 0.0
    n_far_starts: int = 0
    n_unreadable: int = 0


class AlignedAnnotation(Annotation):
    """The value of an `aligned_metadata` record: the annotation put right, and what was done."""

    alignment: AlignmentReport

    @classmethod
    def of(cls, annotation: Annotation, alignment: AlignmentReport) -> Self:
        """Add the report to an aligned annotation."""
        return cls.model_validate(annotation.value() | {"alignment": alignment.value()})

    def content(self) -> ContentMetadata:
        """The `content_metadata` alone, as datasets publish it."""
        return ContentMetadata.model_validate(self.model_dump(exclude={"annotator", "alignment"}))
