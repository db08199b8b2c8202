"""Foreign text inside a prompt: set apart by fences that it cannot forge, and the only part that may be shortened.

A fence's two lines hold the beginning of the sha256 of what stands between them, so that no text can hold the line
that would end it. What a prompt says belongs to whoever asks.
"""

import hashlib
import re
from collections.abc import Sequence

MARK_CHARS = 16  # of the hash: finding a text that holds its own takes 2**64 tries
_FENCED = re.compile(
    r"^<<<(?P<name>[a-z_]+) (?P<mark>[0-9a-f]{16})\n(?P<text>.*?)\n>>>(?P=name) (?P=mark)$", re.DOTALL | re.MULTILINE
)


def fenced(name: str, text: str) -> str:
    """`text` between two lines that it does not hold.

    `name` says what it is, in lower-case letters and `_`. Equal text has equal fences.

    Raises:
        ValueError: the name has other characters.
    """
    if not re.fullmatch("[a-z_]+", name):
        raise ValueError(f"need a name of a-z and _, got {name!r}")
    mark = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:MARK_CHARS]
    return f"<<<{name} {mark}\n{text}\n>>>{name} {mark}"


def is_fenced(prompt: str) -> bool:
    """Whether anything in `prompt` stands between fences, be it nothing."""
    return _FENCED.search(prompt) is not None


def spare_chars(prompt: str) -> int:
    """How many characters of `prompt` are foreign, so that it can be shortened by as many."""
    return sum(len(match["text"]) for match in _FENCED.finditer(prompt))


def shortened(prompt: str, max_chars: int) -> str | None:
    """`prompt` in at most `max_chars` characters, its longest fenced texts cut at their ends; None if that is too few.

    All else stays as it is. Where several texts are long, what remains of them is equally long.
    """
    found = list(_FENCED.finditer(prompt))
    lengths = [len(match["text"]) for match in found]
    room = max_chars - (len(prompt) - sum(lengths))
    if room < 0:
        return None
    longest = _cap(lengths, room)
    parts, end = [], 0
    for match in found:
        start, stop = match.span("text")
        parts += [prompt[end:start], prompt[start : min(stop, start + longest)]]
        end = stop
    return "".join([*parts, prompt[end:]])


def _cap(lengths: Sequence[int], room: int) -> int:
    """The greatest length to which texts may be cut so that they fill `room` at most."""
    left, n_left = room, len(lengths)
    for length in sorted(lengths):
        if length * n_left > left:
            return left // n_left
        left, n_left = left - length, n_left - 1
    return max(lengths, default=0)
