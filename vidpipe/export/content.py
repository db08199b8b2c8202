"""`content_metadata` of the published record, field by field as HuggingFaceFV/finevideo has it.

What belongs here: the shape of what an annotator says. Not here: who says it, and the fields around it
(`finevideo`). Every text and number is nullable and every list may be empty: what was not measured is not
invented.
"""
# ruff: noqa: N815 - the names are FineVideo's

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that never changes and has no other fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Timestamps(Frozen):
    """A span of the video as `HH:MM:SS.mmm`; null where the annotator named no time."""

    start_timestamp: str | None = None
    end_timestamp: str | None = None


class Character(Frozen):
    """Somebody who is seen."""

    characterId: str | None = None
    name: str | None = None
    description: str | None = None


class Activity(Frozen):
    """Something that happens in a scene."""

    description: str | None = None
    timestamp: Timestamps | None = None


class Prop(Frozen):
    """A thing that is seen in a scene."""

    name: str | None = None
    timestamp: Timestamps | None = None


class Edit(Frozen):
    """A means of editing (`videoEditingDetails`), or a cut that is advised (`trimmingSuggestions`)."""

    description: str | None = None
    timestamps: Timestamps | None = None


class KeyMoment(Frozen):
    """A change of mood."""

    timestamp: str | None = None
    changeDescription: str | None = None


class Mood(Frozen):
    """The mood of a scene and when it changes."""

    description: str | None = None
    keyMoments: tuple[KeyMoment, ...] = ()


class Moment(Frozen):
    """A step of the story at one time."""

    description: str | None = None
    timestamp: str | None = None


class Interaction(Frozen):
    """What characters do to one another."""

    characters: tuple[str, ...] = ()
    description: str | None = None


class Scene(Frozen):
    """One scene; `dynamismScore` and `audioVisualCorrelation` lie in 0..1."""

    sceneId: int | None = None
    title: str | None = None
    timestamps: Timestamps | None = None
    cast: tuple[str, ...] = ()
    activities: tuple[Activity, ...] = ()
    props: tuple[Prop, ...] = ()
    videoEditingDetails: tuple[Edit, ...] = ()
    mood: Mood | None = None
    narrativeProgression: tuple[Moment, ...] = ()
    characterInteraction: tuple[Interaction, ...] = ()
    thematicElements: str | None = None
    contextualRelevance: str | None = None
    dynamismScore: float | None = None
    audioVisualCorrelation: float | None = None


class Storylines(Frozen):
    """The story over all scenes."""

    description: str | None = None
    scenes: tuple[int, ...] = ()
    climax: Moment | None = None


class QuestionAnswer(Frozen):
    """A question about the video and its answer."""

    question: str | None = None
    answer: str | None = None


class ContentMetadata(Frozen):
    """What an annotator says about the video, with times aligned to the cuts."""

    title: str | None = None
    description: str | None = None
    fps: float | None = None
    characterList: tuple[Character, ...] = ()
    scenes: tuple[Scene, ...] = ()
    storylines: Storylines | None = None
    qAndA: tuple[QuestionAnswer, ...] = ()
    trimmingSuggestions: tuple[Edit, ...] = ()
