"""What a model is asked to tell, as strict models: more than an annotation may hold, and less.

More, since a model that looked can say all of it: nothing may be left out. Less, since what is measured (`fps`) is not
asked of it. Not here: how the demand travels (`wire_schema`), how an answer is read (`model_answers`), what a record
holds (`schema`). Keys stand in the order in which a model should write: what it saw before what it concludes.
"""

# ruff: noqa: N815  the names are FineVideo's

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model

from vidpipe.annotation.schema import ContentMetadata, TimeText

MOODS = (
    *("Happy", "Excited", "Calm", "Grateful", "Proud"),
    *("Sad", "Angry", "Anxious", "Lonely", "Bored"),
    *("Indifferent", "Content", "Curious", "Confused", "Pensive"),
)
"""The moods that a scene can have (spec/finevideo.md §7): good, bad, neither."""
MAX_TEXT_CHARS = 20_000
"""A longer text is a model that went round in circles."""


def clean(text: str) -> str:
    """The text without blanks around it and without signs that nobody can see.

    Lone surrogates and control characters but line feed and tab become blanks; they come from broken escapes.
    """
    return text.strip() if text.isprintable() else "".join(" " if _is_unseen(c) else c for c in text).strip()


def _is_unseen(c: str) -> bool:
    return unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"


Text = Annotated[str, AfterValidator(clean), Field(max_length=MAX_TEXT_CHARS)]
Id = Annotated[int, Field(ge=0, le=1_000_000)]
Time = Annotated[TimeText, WithJsonSchema({"type": "string"})]
"""A time in any form; null is taken for no time, though it is not offered."""
Number = Annotated[float, Field(allow_inf_nan=False)]
"""Whatever number: one out of range is no reason to ask again, `content_of` takes it for unsaid."""


def _text_of_number(value: object) -> object:
    """Models also name characters by number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Name = Annotated[Text, BeforeValidator(_text_of_number)]


class Told(BaseModel):
    """Base of all parts: nothing is converted, nothing required may lack; what was not asked for is left out."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class ToldSpan(Told):
    """From when to when."""

    start_timestamp: Time
    end_timestamp: Time


class ToldCharacter(Told):
    """Somebody who appears."""

    characterId: Name
    name: Text
    description: Text


class ToldActivity(Told):
    """What happens, and when."""

    description: Text
    timestamp: ToldSpan


class ToldProp(Told):
    """A thing that is seen, and when."""

    name: Text
    timestamp: ToldSpan


class ToldEdit(Told):
    """A means of editing, or a suggested cut, and when."""

    description: Text
    timestamps: ToldSpan


class ToldKeyMoment(Told):
    """When the mood changes, and how."""

    timestamp: Time
    changeDescription: Text


class ToldMood(Told):
    """How the mood changes, and one of `MOODS` for the whole; another word is taken too."""

    keyMoments: list[ToldKeyMoment]
    description: Annotated[Text, Field(json_schema_extra={"enum": list(MOODS)})]


class ToldMoment(Told):
    """Something at one moment."""

    description: Text
    timestamp: Time


class ToldInteraction(Told):
    """What characters do with each other."""

    characters: list[Name]
    description: Text


class ToldScene(Told):
    """One scene."""

    sceneId: Id
    timestamps: ToldSpan
    cast: list[Name]
    activities: list[ToldActivity]
    props: list[ToldProp]
    videoEditingDetails: list[ToldEdit]
    characterInteraction: list[ToldInteraction]
    narrativeProgression: list[ToldMoment]
    mood: ToldMood
    thematicElements: Text
    contextualRelevance: Text
    dynamismScore: Annotated[Number, Field(description="0.0 to 1.0")]
    audioVisualCorrelation: Annotated[Number, Field(description="0.0 to 1.0")]
    title: Text


class ToldStorylines(Told):
    """The story as a whole; a video may have no climax."""

    scenes: list[Id]
    climax: ToldMoment | None
    description: Text


class ToldAnswer(Told):
    """The name of the request that is answered; all that is asked for stands after it."""

    request_id: Annotated[str, Field(description="The request_id of the last line, unchanged")]


class ToldQuestion(Told):
    """A question about the video and its answer."""

    question: Text
    answer: Text


class ToldVideo(ToldAnswer):
    """Everything that a model can be asked to tell."""

    characterList: Annotated[list[ToldCharacter], Field(max_length=1_000)]
    scenes: Annotated[list[ToldScene], Field(min_length=1, max_length=2_000)]
    storylines: ToldStorylines
    qAndA: Annotated[list[ToldQuestion], Field(min_length=1, max_length=100)]
    trimmingSuggestions: Annotated[list[ToldEdit], Field(max_length=1_000)]
    description: Text
    title: Text


FIELDS: tuple[str, ...] = tuple(name for name in ToldVideo.model_fields if name != "request_id")
"""What a call can ask for, in the order in which it is told."""


@cache
def form_of(fields: tuple[str, ...]) -> type[ToldAnswer]:
    """The model of an answer that tells `fields` alone; the order of `FIELDS` holds, whatever theirs is.

    Raises:
        ValueError: one of them is none of `FIELDS`, or there are none.
    """
    if not fields or not set(fields) <= set(FIELDS):
        raise ValueError(f"need some of {FIELDS}, got {fields=}")
    told: dict[str, Any] = {
        name: (Annotated[ToldVideo.model_fields[name].annotation, ToldVideo.model_fields[name]], ...)
        for name in FIELDS
        if name in fields
    }
    return create_model("ToldPart", __base__=ToldAnswer, **told)


def content_of(told: Iterable[Mapping[str, Any]], *, fps: float | None = None) -> ContentMetadata:
    """The annotation that answers add up to; `fps` is the file's own rate, which no model is asked for.

    Each of `told` is a valid answer's plain value. A score outside 0..1 becomes null: the raw answer keeps it.
    """
    values: dict[str, Any] = {"fps": round(fps, 6) if fps else None}
    for part in told:
        values |= {name: part[name] for name in FIELDS if name in part}
    if "scenes" in values:
        values["scenes"] = [_scene(scene) for scene in values["scenes"]]
    return ContentMetadata.model_validate(values)


def _scene(scene: Mapping[str, Any]) -> dict[str, Any]:
    scores = {name: scene[name] for name in ("dynamismScore", "audioVisualCorrelation")}
    return {**scene, **{name: round(x, 6) if 0 <= x <= 1 else None for name, x in scores.items()}}
