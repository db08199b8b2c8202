"""Reading the lines of a published dataset one by one, whatever stands in them.

What belongs here: bytes to values, and the name of what cannot be read. Not here: what is wrong with a value
(`chain_checks`). Nothing is held but one line.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_LINE_BYTES = 64_000_000
"""A longer line is none of ours: a row holds texts, a document at most an hour's frames of records."""
_TOLD = re.compile(rb'"(file_name|video_id)"\s*:\s*"((?:[^"\\]|\\.){1,1000})"')


@dataclass(frozen=True, slots=True)
class Line:
    """A line: where it begins in its file, its number from 1, and the object that it holds; None where it is none.

    `told` is what a line that is no object seems to say of itself: `file_name`, `video_id`.
    """

    start_bytes: int
    number: int
    value: dict[str, Any] | None
    told: dict[str, str]


def lines_of(path: Path) -> Iterator[Line]:
    """The lines of a file; after one that is too long there are no more."""
    with path.open("rb") as file:
        number, start_bytes = 0, 0
        while data := file.readline(MAX_LINE_BYTES):
            number += 1
            value = object_in(data)
            yield Line(start_bytes, number, value, {} if value is not None else _told(data))
            start_bytes += len(data)
            if len(data) == MAX_LINE_BYTES:
                return


def line_at(path: Path, start_bytes: int) -> dict[str, Any]:
    """The object that begins there; empty where there is none."""
    with path.open("rb") as file:
        file.seek(start_bytes)
        return object_in(file.readline(MAX_LINE_BYTES)) or {}


def object_in(data: bytes) -> dict[str, Any] | None:
    """The object that a line holds; None where it holds none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _told(data: bytes) -> dict[str, str]:
    """A line that was altered still names its row, unless the name itself was hit."""
    found: dict[str, str] = {}
    for name, text in _TOLD.findall(data[:1_000_000]):
        found.setdefault(name.decode(), text.decode("utf-8", "replace"))
    return found
