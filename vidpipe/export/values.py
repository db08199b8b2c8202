"""Comparing plain JSON values, and showing them in messages.

What belongs here: values alone. Not here: what a difference means.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_MOST_CHARS = 60


def differences(before: Any, after: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every place, in the order of names, at which two values differ, and what stands there in each; None: nothing.

    A place is named as `scenes[2].title`. Lists of different lengths differ as a whole, and 1 is not true.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}, key=str):
            path = f"{place}.{name}" if place else str(name)
            yield from differences(before.get(name), after.get(name), path)
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple) and len(before) == len(after):
        for i, pair in enumerate(zip(before, after, strict=True)):
            yield from differences(*pair, f"{place}[{i}]")
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield place, before, after


def first_difference(before: Any, after: Any) -> tuple[str, Any, Any] | None:
    """The first of these; None where there is none."""
    return next(differences(before, after), None)


def in_short(value: Any) -> str:
    """A value in a message: not long, and without anything that does not print."""
    if isinstance(value, list | tuple):
        return f"{len(value)} items"
    text = "null" if value is None else repr(value)
    return text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS]}…"
