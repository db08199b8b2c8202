"""What can go wrong between us and Gemini, by the reaction it asks for.

A problem holds none of the SDK's objects (their requests carry the key). The SDK's errors become problems in
`gemini_errors`; what follows from a problem is decided in `gemini`.
"""

import json
from dataclasses import dataclass, field
from enum import Enum, auto

from vidpipe.errors import VidpipeError

COOL_DOWN_S = 30.0  # where a service asks for patience without saying how much
_MAX_CHARS = 300


class Kind(Enum):
    """What a problem asks for."""

    BUSY = auto()  # ask again on the same key, later
    CROWDED = auto()  # the project rests
    SPENT = auto()  # the project has nothing left for today
    DENIED = auto()  # 401, or a reason that means the key: it is dead
    FORBIDDEN = auto()  # 403 without such a reason: the file is not ours or gone, else the key is dead
    MISSING = auto()  # 404: the file is gone, else there is no such model
    TAKEN = auto()  # 409: the name is in use
    UNREADY = auto()  # 400 FAILED_PRECONDITION: the file is not ready yet, else the key's project cannot be used
    COMPLEX = auto()  # the schema is too much
    LATE = auto()  # the service takes too long with the file
    UNREADABLE = auto()  # the service could not read the file
    ELSEWHERE = auto()  # whoever answers is not Gemini
    REFUSED = auto()  # this request, for ever
    LOST = auto()  # it was sent, and no whole answer came back


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that went wrong. `why` is short and stable.

    `said` is what the service said, made printable; it may repeat a key, and is shown by nothing here.
    """

    kind: Kind
    why: str
    said: str = field(default="", repr=False)
    retry_after_s: float = COOL_DOWN_S


class ProblemError(VidpipeError):
    """A problem on its way to whoever decides what follows; it never leaves the adapter."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def printable(text: object, max_chars: int = _MAX_CHARS) -> str:
    """Foreign text on one line, without what a terminal would obey, shortened."""
    flat = text if isinstance(text, str) else json.dumps(text, default=str)
    line = " ".join("".join(char if char.isprintable() else " " for char in flat[: 4 * max_chars]).split())
    return line if len(line) <= max_chars else line[: max_chars - 1] + "…"
