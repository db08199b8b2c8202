"""What a generateContent request asks: its words, what the model is to look at, the schema, the settings.

Accepts either casing of names, as proto3 JSON does, and refuses what the service refuses. What is answered belongs to
`gemini_generate`.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vidpipe_tests.servers import gemini_errors
from vidpipe_tests.servers.clips import Clip
from vidpipe_tests.servers.wire import Reply

YOUTUBE = re.compile(r"https://(www\.youtube\.com/watch\?v=|youtu\.be/)[\w-]{11}")
_REQUEST_ID = re.compile(r"request_id:\s*(\S+)\s*$")
_VERBATIM = frozenset({"response_json_schema", "response_schema", "parameters", "metadata"})
_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_REQUEST = frozenset(
    [
        *("contents", "system_instruction", "safety_settings", "generation_config", "cached_content", "service_tier"),
        *("continuation_token", "tools", "tool_config", "labels", "model", "store"),
    ]
)
_CONFIG = frozenset(
    [
        *("temperature", "top_p", "top_k", "seed", "max_output_tokens", "stop_sequences", "candidate_count"),
        *("response_mime_type", "response_schema", "response_json_schema", "response_modalities", "media_resolution"),
        *("thinking_config", "presence_penalty", "frequency_penalty", "response_logprobs", "logprobs"),
    ]
)
_LEVELS = frozenset({"LOW", "MEDIUM", "HIGH"})


class RefusedError(Exception):
    """The request is answered by an error."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.body)
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Seen:
    """A video that the model looks at: [start_s, end_s) of it, `fps` frames a second.

    `place` is "inline", a file's name, or an address; `data` its bytes where they are known.
    """

    place: str
    clip: Clip
    data: bytes = b""
    start_s: float = 0.0
    end_s: float = 0.0
    fps: float = 1.0
    resolution: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to the model.

    `text` is all that the user says; `request_id` what its last line calls the request, or "". `config` are the
    settings in snake_case.
    """

    model: str
    version: str
    text: str
    system: str
    seen: tuple[Seen, ...]
    schema: Mapping[str, Any] | None
    config: Mapping[str, Any]
    request_id: str
    continuation_token: str = ""


Fetch = Callable[[str, str], Seen]
"""The video that an address and media type name; raises `RefusedError`."""


def snake(value: Any) -> Any:
    """JSON with all names in snake_case, schemas left as they are."""
    if isinstance(value, list):
        return [snake(part) for part in value]
    if not isinstance(value, Mapping):
        return value
    names = {name: _CAPITAL.sub(lambda found: "_" + found[1].lower(), name) for name in value}
    return {names[name]: part if names[name] in _VERBATIM else snake(part) for name, part in value.items()}


def read_ask(body: Mapping[str, Any], model: str, version: str, *, fetch: Fetch, look: Callable[[bytes], Clip]) -> Ask:
    """The question that a request's body asks. `look` reads inline bytes.

    Raises:
        RefusedError: the service refuses such a request.
    """
    asked = snake(body)
    _known(asked, _REQUEST, "")
    config = asked.get("generation_config") or {}
    _known(config, _CONFIG, "generation_config.")
    parts = [part for content in asked.get("contents") or [] for part in content.get("parts") or []]
    if not parts:
        raise RefusedError(gemini_errors.invalid("* GenerateContentRequest.contents: contents is not specified"))
    text = "\n".join(part["text"] for part in parts if "text" in part)
    schema = _schema(config)
    _check_thinking(config)
    found = _REQUEST_ID.search(text)
    return Ask(
        model=model,
        version=version,
        text=text,
        system="\n".join(part.get("text", "") for part in (asked.get("system_instruction") or {}).get("parts") or []),
        seen=tuple(_seen(part, config, version, fetch, look) for part in parts if "text" not in part),
        schema=schema,
        config=config,
        request_id=found[1] if found else "",
        continuation_token=asked.get("continuation_token") or "",
    )


def _known(given: Mapping[str, Any], names: frozenset[str], where: str) -> None:
    unknown = sorted(set(given) - names)
    if unknown:
        why = f"Invalid JSON payload received. Unknown name \"{unknown[0]}\" at '{where or 'root'}': Cannot find field."
        raise RefusedError(gemini_errors.invalid(why))


def _schema(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    schema: Mapping[str, Any] | None = config.get("response_json_schema") or config.get("response_schema")
    if schema is not None and config.get("response_mime_type") != "application/json":
        why = "responseJsonSchema is only supported with response_mime_type application/json."
        raise RefusedError(gemini_errors.invalid(why))
    return schema


def _check_thinking(config: Mapping[str, Any]) -> None:
    level = (config.get("thinking_config") or {}).get("thinking_level")
    if level is not None and str(level).upper() not in _LEVELS:
        raise RefusedError(gemini_errors.invalid(f"Thinking level {level} is not supported for this model."))


def _seen(
    part: Mapping[str, Any],
    config: Mapping[str, Any],
    version: str,
    fetch: Fetch,
    look: Callable[[bytes], Clip],
) -> Seen:
    video = part.get("video_metadata") or {}
    fps = float(video.get("fps", 1.0))
    if not 0 < fps <= 24:
        raise RefusedError(gemini_errors.invalid("video_metadata.fps must be in the range (0.0, 24.0]."))
    if "media_resolution" in part and version == "v1":
        _known({"mediaResolution": 1}, frozenset(), "contents[0].parts[0]")
    level = (part.get("media_resolution") or {}).get("level") or config.get("media_resolution")
    if "inline_data" in part:
        data = _decoded(part["inline_data"].get("data") or "")
        whole = Seen("inline", look(data), data)
    else:
        linked = part.get("file_data") or {}
        whole = fetch(str(linked.get("file_uri") or ""), str(linked.get("mime_type") or ""))
    start_s = min(_offset(video.get("start_offset"), 0.0), whole.clip.duration_s)
    end_s = min(_offset(video.get("end_offset"), whole.clip.duration_s), whole.clip.duration_s)
    resolution = str(level).rpartition("_")[2].lower() if level else None
    return Seen(whole.place, whole.clip, whole.data, start_s, max(end_s, start_s), fps, resolution)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.translate(str.maketrans("-_", "+/")), validate=True)
    except binascii.Error as error:
        raise RefusedError(
            gemini_errors.invalid("Invalid value at 'inline_data.data': Base64 decoding failed")
        ) from error


def _offset(value: object, default: float) -> float:
    if value is None:
        return default
    try:
        return float(str(value).removesuffix("s"))
    except ValueError as error:
        raise RefusedError(gemini_errors.invalid(f"Invalid duration {value!r}.")) from error
