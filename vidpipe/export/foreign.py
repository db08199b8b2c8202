"""Reading values that others wrote into a row: what is not of the kind that was looked for counts as missing.

What belongs here: plain readers that never raise. Not here: what a row means.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

MAX_ADDRESS_CHARS = 2_000
MAX_TIMECODE_CHARS = 40
TIMECODE = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


def mapping(value: object) -> Mapping[str, object]:
    """The value, or nothing."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> Sequence[object]:
    """The items of a list."""
    return value if isinstance(value, list | tuple) else ()


def mappings(value: object) -> Iterator[Mapping[str, object]]:
    """The mappings in a list."""
    return (item for item in items(value) if isinstance(item, Mapping))


def joined(value: object) -> str:
    """The words and numbers in a list, in one line."""
    return ", ".join(str(item) for item in items(value) if isinstance(item, str | int | float))


def number(value: object) -> float | None:
    """A number that is no truth value."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def seconds(timecode: object) -> float | None:
    """The seconds of `HH:MM:SS.mmm`."""
    return _seconds(timecode) if isinstance(timecode, str) and len(timecode) <= MAX_TIMECODE_CHARS else None


@lru_cache(maxsize=10_000)  # the same times come again and again
def _seconds(timecode: str) -> float | None:
    match = TIMECODE.fullmatch(timecode)
    if match is None:
        return None
    hours, minutes, rest = match.groups()
    return round(int(hours) * 3600 + int(minutes) * 60 + float(rest), 6)


def web_address(value: object) -> str | None:
    """The address of a page of the web: http or https with a host; never `javascript:`, a file, or unseen signs."""
    if not isinstance(value, str) or len(value) > MAX_ADDRESS_CHARS or not value.isprintable() or " " in value:
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in ("http", "https") and parts.hostname else None
