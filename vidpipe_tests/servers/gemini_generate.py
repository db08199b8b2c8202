"""How the emulated model answers: words by schema or free, token counts, Gemini's envelope.

What is asked belongs to `gemini_asks`, what it costs to `gemini_bills`, what goes wrong with whole answers to
`gemini_answers`.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from vidpipe_tests.servers.gemini_asks import Ask, Seen
from vidpipe_tests.servers.gemini_bills import (
    CHARS_PER_TOKEN,
    SOUND_TOKENS_PER_S,
    frame_tokens,
    schema_tokens,
    text_tokens,
)
from vidpipe_tests.servers.instances import Setting, Span, instance_of, reading, sentence, timecode

MAX_OUT_TOKENS = 65_536
SCENE_S = 5.0  # how long a scene is to a model that does not look
_THOUGHTS = {"LOW": 64, "MEDIUM": 256, "HIGH": 1024}
_SCENE_LINE = re.compile(r"\[([\d:.]+) - ([\d:.]+)\]")

Responder = Callable[[Ask], Mapping[str, Any] | str | None]
"""What the model says: an object, text, or None for what it would say by itself. The request's name is added to an
object that lacks it, where the schema asks for it.
"""

Eyes = Callable[[Seen], Sequence[Span]]
"""The scenes that the model sees in a video: [start, end) in seconds, in order, inside what it looks at."""


Reader = Callable[[Seen, Sequence[Span]], Sequence[str]]
"""The words that the model reads on the picture, one for each scene; "" where there is none."""


def even_scenes(seen: Seen) -> list[Span]:
    """What somebody would say who does not look: scenes of equal length."""
    n = max(1, round((seen.end_s - seen.start_s) / SCENE_S))
    edges = [seen.start_s + (seen.end_s - seen.start_s) * i / n for i in range(n + 1)]
    return list(pairwise(edges))


def words_of(ask: Ask, responder: Responder | None, eyes: Eyes, reader: Reader | None = None) -> str:
    """What the model says, whole."""
    said = responder(ask) if responder is not None else None
    if isinstance(said, str):
        return said
    if ask.schema is None:
        return json.dumps(said, ensure_ascii=False) if said is not None else _prose(ask, eyes, reader)
    if said is None:
        spans = spans_of(ask, eyes)
        said = instance_of(ask.schema, Setting(ask.request_id, spans, _seed(ask), _read(ask, spans, reader)))
    elif "request_id" in (ask.schema.get("properties") or {}):
        said = {"request_id": ask.request_id, **said}
    return json.dumps(said, ensure_ascii=False)


def spans_of(ask: Ask, eyes: Eyes) -> list[Span]:
    """The scenes that an answer is about: of the video, or those that its text names, or one second.

    Times count from the start of what is looked at.
    """
    if ask.seen:
        seen = ask.seen[0]
        spans = list(eyes(seen)) or [(seen.start_s, seen.end_s)]
        return [(start_s - seen.start_s, end_s - seen.start_s) for start_s, end_s in spans]
    named = [(_seconds(start), _seconds(end)) for start, end in _SCENE_LINE.findall(ask.text)]
    return named or [(0.0, 1.0)]


def tokens_in(ask: Ask) -> dict[str, int]:
    """The input's tokens by modality."""
    counts = {"text": text_tokens(ask.text) + text_tokens(ask.system) + schema_tokens(ask.schema)}
    for seen in ask.seen:
        length_s = seen.end_s - seen.start_s
        frames = max(1, math.ceil(length_s * seen.fps - 1e-9)) if seen.clip.has_picture else 0
        sound = math.ceil(length_s * SOUND_TOKENS_PER_S) if seen.clip.has_sound else 0
        counts["video"] = counts.get("video", 0) + frames * frame_tokens(ask.model, seen.resolution)
        counts["audio"] = counts.get("audio", 0) + sound
    return counts


def answer(ask: Ask, text: str, *, model: str, response_id: str) -> dict[str, Any]:
    """The words in their envelope, cut where the limit on tokens is reached. `model` is who answers."""
    limit = min(int(ask.config.get("max_output_tokens") or MAX_OUT_TOKENS), MAX_OUT_TOKENS)
    thinking = ask.config.get("thinking_config") or {}
    thoughts = min(_THOUGHTS.get(str(thinking.get("thinking_level")).upper(), 0), limit)
    whole = text_tokens(text) + thoughts <= limit
    text = text if whole else text[: (limit - thoughts) * CHARS_PER_TOKEN]
    parts: list[dict[str, Any]] = [{"text": text}] if text else []
    if thinking.get("include_thoughts"):
        parts.insert(0, {"text": "First I look at the pictures, then I listen.", "thought": True})
    candidate = {
        "content": {"role": "model", "parts": parts},
        "finishReason": "STOP" if whole else "MAX_TOKENS",
        "index": 0,
    }
    usage = _usage(tokens_in(ask), text_tokens(text), thoughts)
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model, "responseId": response_id}


def _usage(counts: Mapping[str, int], n_out: int, n_thoughts: int) -> dict[str, Any]:
    n_in = sum(counts.values())
    usage: dict[str, Any] = {
        "promptTokenCount": n_in,
        "candidatesTokenCount": n_out,
        "totalTokenCount": n_in + n_out + n_thoughts,
        "promptTokensDetails": [
            {"modality": kind.upper(), "tokenCount": count} for kind, count in counts.items() if count
        ],
    }
    return usage | ({"thoughtsTokenCount": n_thoughts} if n_thoughts else {})


def _read(ask: Ask, spans: Sequence[Span], reader: Reader | None) -> Sequence[str]:
    """The words in the scenes of an answer, whose times count from the start of what is looked at."""
    if reader is None or not ask.seen:
        return ()
    seen = ask.seen[0]
    return reader(seen, [(seen.start_s + start_s, seen.start_s + end_s) for start_s, end_s in spans])


def _prose(ask: Ask, eyes: Eyes, reader: Reader | None) -> str:
    """An account of the video in words, with the times of its scenes; its first line names the request."""
    lines = [f"request_id: {ask.request_id}"] if ask.request_id else []
    spans = spans_of(ask, eyes)
    words = dict(enumerate(_read(ask, spans, reader), 1))
    for number, (start_s, end_s) in enumerate(spans, 1):
        told = " ".join(sentence(f"{_seed(ask)}/{number}/{i}") for i in range(3)) + reading(words.get(number, ""))
        lines.append(f"Scene {number} [{timecode(start_s)} - {timecode(end_s)}]: {told}")
    return "\n".join(lines)


def _seed(ask: Ask) -> str:
    """What makes answers differ: the words and the videos, not where these lie."""
    digest = hashlib.sha256(ask.text.encode())
    for seen in ask.seen:
        digest.update(hashlib.sha256(seen.data or seen.place.encode()).digest())
    return digest.hexdigest()


def _seconds(text: str) -> float:
    total = 0.0
    for part in text.split(":"):
        total = total * 60 + float(part or 0)
    return total
