"""How many tokens a question has, before it is asked: numbers to plan and reserve money with, never to bill by.

What is exact: the tokens per frame and per second of sound, as Google documents them (services.md 1.7, read
2026-11-21). What is not: the service adds some per frame for its time, and tells only afterwards; texts are counted
by their length. Bills follow the usage that an answer reports.
"""

import json
import math
import re
from dataclasses import replace

from vidpipe.models.calls import Question, Usage

_AUDIO_PER_S = 32  # at every resolution
_FPS = 1.0  # what the service takes where nothing is said
_SINCE_GEMINI_3 = {"low": 70, "medium": 70, "high": 280}
_BEFORE = {"low": 66, "medium": 258, "high": 258}
_BYTES_PER_TOKEN = 4  # English; other languages have more tokens, but at most one per byte
_MARGIN = 1.1
_SPARE = 256  # what the service puts around a question
_GENERATION = re.compile(r"(?:models/)?gemini-(\d+)")


def of_video(
    duration_s: float,
    *,
    model: str,
    fps: float | None = None,
    media_resolution: str | None = None,
    has_audio: bool = True,
) -> Usage:
    """The tokens of a video, or of a part of one, at `fps` frames a second (the service's 1 where none is said).

    Models that are not Gemini's count as those before its third generation, which need more.

    Raises:
        ValueError: the duration is negative or no number, or fps is not positive.
    """
    rate = _FPS if fps is None else fps
    if not (0 <= duration_s < math.inf and 0 < rate < math.inf):
        raise ValueError(f"need a duration and a positive rate, got {duration_s=} {fps=}")
    found = _GENERATION.match(model)
    per_frame = _SINCE_GEMINI_3 if found and int(found[1]) >= 3 else _BEFORE
    n_frames = max(1, math.ceil(round(duration_s * rate, 6)))
    audio = math.ceil(round(duration_s * _AUDIO_PER_S, 6)) if has_audio else 0
    return Usage(video=n_frames * per_frame[media_resolution or "medium"], audio=audio)


def of_text(text: str) -> int:
    """The tokens of a text, about: four bytes each."""
    return math.ceil(len(text.encode("utf-8", "backslashreplace")) / _BYTES_PER_TOKEN)


def expected(question: Question, media: Usage) -> Usage:
    """The tokens of a question about media of so many: what a plan counts with. `media.out` is kept."""
    return replace(media, text=media.text + of_text(_texts(question)))


def at_most(question: Question, media: Usage) -> Usage:
    """An upper bound of the same: every byte of text a token, a tenth more of what is seen and heard."""
    n_bytes = len(_texts(question).encode("utf-8", "backslashreplace"))
    seen, heard = math.ceil(media.video * _MARGIN), math.ceil(media.audio * _MARGIN)
    return replace(media, text=media.text + n_bytes + _SPARE, video=seen, audio=heard)


def _texts(question: Question) -> str:
    """All words that travel: the schema is billed as input too."""
    schema = "" if question.schema is None else json.dumps(question.schema, ensure_ascii=False)
    return question.text() + schema
