"""A question as google-genai takes it: parts, and the settings beside them.

What comes back belongs to `gemini_answers`.

What is None in the settings is not sent, so that the service's own defaults hold.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidpipe.errors import RecipeError
from vidpipe.models.calls import Media, Question, Settings

if TYPE_CHECKING:
    from google.genai import types

_MODEL = re.compile(r"(models/|tunedModels/)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def content_of(question: Question, *, uri: str | None = None) -> "types.Content":
    """The video and then the text, as one turn.

    `uri` is where the service keeps the file; without it a local file goes along inside the request. A public address
    is named as it is, and the service fetches it.
    """
    from google.genai import types

    text = types.Part(text=question.text())
    if question.media is None:
        return types.Content(role="user", parts=[text])
    return types.Content(role="user", parts=[_seen(question.media, question.settings, uri), text])


def config_of(question: Question) -> "types.GenerateContentConfig":
    """The settings beside the question. The answer is asked for in one piece: what continues is a request of its own.

    Raises:
        RecipeError: no name of a model, or a category or threshold of safety that the service does not have.
    """
    from google.genai import types

    settings = question.settings
    if not _MODEL.fullmatch(settings.model):
        raise RecipeError("model", f"{settings.model!r} is no name of a model")
    given: dict[str, Any] = {
        "max_output_tokens": settings.max_output_tokens,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "seed": settings.seed,
        "media_resolution": settings.media_resolution and f"MEDIA_RESOLUTION_{settings.media_resolution.upper()}",
        "thinking_config": settings.thinking_level
        and types.ThinkingConfig(thinking_level=types.ThinkingLevel[settings.thinking_level.upper()]),
        "safety_settings": _safety(settings) or None,
    }
    if question.schema is not None:
        given |= {"response_mime_type": "application/json", "response_json_schema": dict(question.schema)}
    return types.GenerateContentConfig(
        **{name: value for name, value in given.items() if value is not None},
        automatic_continuation=False,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        should_return_http_response=True,
    )


def offset(seconds: float) -> str:
    """A time as the service takes it: to the nanosecond, without an exponent ("40.5s")."""
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def _seen(media: Media, settings: Settings, uri: str | None) -> "types.Part":
    from google.genai import types

    if isinstance(media.place, str):
        part = types.Part(file_data=types.FileData(file_uri=media.place))
    elif uri is not None:
        part = types.Part(file_data=types.FileData(file_uri=uri, mime_type=media.mime_type))
    else:
        part = types.Part(inline_data=types.Blob(data=Path(media.place).read_bytes(), mime_type=media.mime_type))
    if media.mime_type.startswith("video/"):
        part.video_metadata = _sampling(media, settings)
    return part


def _sampling(media: Media, settings: Settings) -> "types.VideoMetadata | None":
    from google.genai import types

    if media.span_s is None and settings.fps is None:
        return None
    start, end = (None, None) if media.span_s is None else map(offset, media.span_s)
    return types.VideoMetadata(fps=settings.fps, start_offset=start, end_offset=end)


def _safety(settings: Settings) -> list["types.SafetySetting"]:
    from google.genai import types

    found = []
    for category, threshold in sorted(settings.safety.items()):
        if category not in types.HarmCategory.__members__:
            raise RecipeError("safety", f"Gemini knows no category {category!r}")
        if threshold not in types.HarmBlockThreshold.__members__:
            raise RecipeError("safety", f"Gemini knows no threshold {threshold!r}")
        found.append(
            types.SafetySetting(category=types.HarmCategory[category], threshold=types.HarmBlockThreshold[threshold])
        )
    return found
