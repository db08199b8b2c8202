"""One row per video that a source names, and how foreign values become fields of it.

Belongs here: the row and the coercions that every source shares. Not here: reading folders, manifests or
sidecars, nor the rules of the catalogue. Nothing in a row was measured: all of it is what somebody said
about the video.
"""

import math
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

MAX_COUNT = 2**63 - 1  # what a signed 64-bit column holds
MAX_DETAIL_CHARS = 200
_CLOCK = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,9}(?:\.\d{1,9})?)")
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ].*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRow:
    """What a source says about one video.

    `path` is absolute, and set in a row that can be kept, unless `url` is the public page from which a model reads it;
    `url` is where the video comes from, as the source says it.
    `captions` maps a language tag ("und" where the file name has none) to an absolute path. `duration_s` is
    declared, not measured. `keep` is False where the source itself rules the row out: `reason` says why in short,
    stable words, `detail` where and with what value (no control characters, at most 200 characters). A kept row
    may carry a `detail` as a remark. `tried` are absolute paths, of the video or of what describes it, at
    which there is nothing that can be used now: when one of them changes, the source is read again.
    """

    video_id: str
    path: str | None = None
    url: str | None = None
    captions: Mapping[str, str] = field(default_factory=dict)
    captions_text: str | None = None
    info_path: str | None = None
    title: str | None = None
    description: str | None = None
    channel: str | None = None
    series_name: str | None = None
    episode_id: str | None = None
    release_date: str | None = None
    licence: str | None = None
    language: str | None = None
    duration_s: float | None = None
    word_count: int | None = None
    view_count: int | None = None
    like_count: int | None = None
    comment_count: int | None = None
    channel_follower_count: int | None = None
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    upload_date: str | None = None
    age_limit: int | None = None
    keep: bool = True
    reason: str | None = None
    detail: str | None = None
    tried: tuple[str, ...] = ()


def valid_text(text: str) -> str:
    r"""`text` with lone surrogates spelt out as `\udcff`, so that it can be written as UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def detail_text(text: str) -> str:
    """`text` in one line for logs and tables: no control or direction characters, at most 200 characters."""
    safe = "".join("\ufffd" if unicodedata.category(char) in _UNSAFE else char for char in text[:1000])
    return safe if len(safe) <= MAX_DETAIL_CHARS else safe[: MAX_DETAIL_CHARS - 1] + "…"


def without_file(row: VideoRow, path: str, why: str) -> VideoRow:
    """`row` with the remark that the file at `path`, which should describe the video, cannot be used.

    The path is tried again when the file changes.
    """
    detail = f"{valid_text(os.path.basename(path))}: {why}"  # noqa: PTH119 text, as sources give it
    joined = detail_text(f"{row.detail}; {detail}" if row.detail else detail)
    return replace(row, detail=joined, tried=(*row.tried, path))


_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def as_text(value: object) -> str | None:
    """A text or a number as text; None for anything else and for text of white space alone."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    text = _int_text(value) if isinstance(value, int) else valid_text(str(value))
    return text if text.strip() else None


def _int_text(value: int) -> str:
    return str(value) if abs(value) <= MAX_COUNT else hex(value)


def as_count(value: object) -> int | None:
    """A whole number from 0 to 2**63 - 1, also as a digit string or a float; None for anything else."""
    if isinstance(value, str):
        digits = value.strip()
        value = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 19 else None
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MAX_COUNT else None


def as_seconds(value: object) -> float | None:
    """Seconds > 0 from a number or from `ss`, `mm:ss`, `hh:mm:ss`; None for anything else, 0 included."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    seconds = _clock_seconds(value) if isinstance(value, str) else _finite(value)
    return round(seconds, 6) if seconds is not None and 0 < seconds < 1e9 else None


def _clock_seconds(text: str) -> float | None:
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)


def _finite(value: float) -> float | None:
    return float(value) if abs(value) < 1e9 else None  # NaN and infinities compare as False


def as_day(value: object) -> str | None:
    """`YYYYMMDD` from that form or from an ISO date; None for anything else."""
    match = _DAY.fullmatch(str(value).strip()) if isinstance(value, str | int) else None
    return "".join(match.groups()) if match else None


def as_texts(value: object) -> tuple[str, ...]:
    """The texts of a list, in order; a single text is a list of one; anything else is empty."""
    items = value if isinstance(value, list | tuple) else [value]
    return tuple(text for text in map(as_text, items) if text is not None)


def as_language(value: object) -> str | None:
    """A language tag such as `en` or `pt-BR`; None where it is not known (no text, `und`, `unknown`)."""
    text = as_text(value)
    tag = text.strip().replace("_", "-") if text else ""
    return None if tag.casefold() in {"", "und", "unknown", "none", "null", "n/a"} else tag
