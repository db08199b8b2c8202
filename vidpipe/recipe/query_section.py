"""The section of a recipe that says which search sentences are written about videos, and by whom.

What belongs here: levels, names of fields, rates. Not here: what a field asks for (`vidpipe.annotation.queries`).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, Field

from vidpipe.recipe.model_sections import Annotation
from vidpipe.recipe.sections import Section

Level = Literal["segment", "episode", "series"]
LEVELS: tuple[Level, ...] = get_args(Level)
N_FIELDS = 5
MAX_FPS = 24
_SEGMENT = ("visual_saliency", "character_emotion", "action_behavior", "dialogue", "symbolic_scene")
_EPISODE = ("main_plot", "turning_point", "relationship_change", "episode_mood", "notable_scene")
EDITIONS: Mapping[str, Mapping[Level, tuple[str, ...]]] = {
    "published": {
        "segment": _SEGMENT,
        "episode": _EPISODE,
        "series": ("narrative_arc", "characters", "character_development", "theme", "visual_emotional_impression"),
    },
    "earlier": {
        "segment": _SEGMENT,
        "episode": _EPISODE,
        "series": ("series_overview", "character_arcs", "themes_motifs", "pacing_rhythm", "ending_climax"),
    },
}
"""The names of fields as Animation-Retrieval published them, and those of its earlier edition."""
# What of `annotation` changes an answer about queries, too: whom is asked, and how.
_ASKED = ("model", "media_resolution", "thinking_level", "temperature", "seed", "max_output_tokens", "safety")

Names = str | tuple[str, ...]
Rate = float | Literal["source"]


def _by_level(given: Any, what: str) -> dict[Level, Any]:
    """One value for all levels, or some by level."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(LEVELS, given)
    unknown = next((name for name in given if name not in LEVELS), None)
    if unknown is not None:
        raise ValueError(f"{what} are given by level: {', '.join(LEVELS)}")
    return {level: given[level] for level in LEVELS if level in given}


def _fields(given: Any) -> dict[Level, Names]:
    return dict.fromkeys(LEVELS, "published") | {
        level: names if isinstance(names, str) and names in EDITIONS else _five(names)
        for level, names in _by_level(given, "fields").items()
    }


def _five(names: Any) -> tuple[str, ...]:
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"need an edition ({' or '.join(EDITIONS)}) or a list of {N_FIELDS} names")
    if len(names) != N_FIELDS or len(set(names)) != N_FIELDS:
        raise ValueError(f"need {N_FIELDS} different names")
    for name in names:
        if not (name.isascii() and name.isidentifier() and len(name) <= 40) or name.startswith("_"):
            raise ValueError("a field's name has a-z, 0-9 and _, begins with a letter, and at most 40 of them")
        if name == "request_id":
            raise ValueError("request_id is what names a request, and no field")
        if name.startswith("model_") and hasattr(BaseModel, name):
            raise ValueError("model_config, model_dump and the like are taken by pydantic, which reads the answers")
    return tuple(names)


def _rates(given: Any) -> dict[Level, Rate]:
    usual: dict[Level, Rate] = {"segment": "source", "episode": 0.5, "series": 0.2}
    found = _by_level(given, "fps")
    for rate in found.values():
        is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
        if rate != "source" and not (is_number and 0 < rate <= MAX_FPS):
            raise ValueError(f"need source, or frames a second above 0 to {MAX_FPS}")
    return usual | {level: rate if rate == "source" else float(rate) for level, rate in found.items()}


class Queries(Section):
    """What people would type who look for a segment of a video, or for all of it."""

    language: str = Field("English", min_length=1, description="The language of the sentences.")
    fields: Annotated[dict[Level, Names], BeforeValidator(_fields), Field(strict=False)] = Field(
        default_factory=lambda: _fields({}),
        description="What is asked for: published, earlier (Animation-Retrieval's two editions, which differ for "
        "series), or five names of one's own; by level, or one for all.",
    )
    fps: Annotated[dict[Level, Rate], BeforeValidator(_rates), Field(strict=False)] = Field(
        default_factory=lambda: _rates({}),
        description="Frames a second that the model sees, by level, or one for all; source: the file as it is, of "
        "which a service looks at its own rate, Gemini at 1.",
    )

    def names(self, level: Level) -> tuple[str, ...]:
        """The fields of a level, in order."""
        names = self.fields[level]
        return EDITIONS[names][level] if isinstance(names, str) else names

    def rate(self, level: Level) -> float | None:
        """Frames a second; None: as the service does it."""
        rate = self.fps[level]
        return None if rate == "source" else rate

    def read(self, level: Level, annotation: Annotation) -> Mapping[str, Any]:
        """What changes the queries of a level, and of no other: offline neither language nor rate."""
        told: dict[str, Any] = {"annotator": annotation.annotator, "fields": self.names(level)}
        if annotation.annotator == "offline":
            return told
        asked = annotation.model_dump(mode="json", include=set(_ASKED))
        return told | asked | {"language": self.language, "fps": self.rate(level)}
