"""Which of the moods that a scene can have stand in what was told of it; the card and the explorer count the same.

What belongs here: reading one text. Not here: which moods there are (`vidpipe.annotation.told`).
"""

import re
from functools import lru_cache

from vidpipe.annotation.told import MOODS

_WORD = re.compile(r"[^\W\d_]+")


def moods_in(told: object) -> tuple[str, ...]:
    """The listed moods, in small letters, whose words stand in a text, in the list's order."""
    return _moods_in(told) if isinstance(told, str) else ()


@lru_cache(maxsize=1_000)  # most are one of the moods
def _moods_in(told: str) -> tuple[str, ...]:
    words = {word.casefold() for word in _WORD.findall(told)}
    return tuple(mood for mood in map(str.casefold, MOODS) if mood in words)
