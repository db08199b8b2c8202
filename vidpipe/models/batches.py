"""Questions that are asked together and answered within a day at a lower price: their lines, and what came of each.

What is asked belongs to `vidpipe.annotation`, how a job travels to `resources`, who waits for which to
`vidpipe.ledger.jobs`.
"""

from dataclasses import dataclass
from typing import Literal

from vidpipe.models.calls import Answer, Question

JobState = Literal["running", "ended", "expired", "failed", "cancelled", "gone"]
"""Where a job is. Only a `running` one may still give answers; of all others that are not `gone` those it has are read.

`gone`: the service no longer knows it, so that nobody can tell what it answered.
"""
LineEnd = Literal["answered", "again", "refused", "lost"]
"""What became of a line: `again` may be answered by another job, `refused` will not; `lost`: an answer was made, and
may be paid, but is none.
"""


@dataclass(frozen=True, slots=True)
class JobLine:
    """A question of a job; `uri` is where the service keeps its video, where that was brought there."""

    question: Question
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that stays at the service until it is deleted: its address, and the names to delete it by."""

    uri: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of the line whose question has this address; `why` says it in short where that is no answer."""

    address: str
    end: LineEnd
    answer: Answer | None = None
    why: str = ""

    def __post_init__(self) -> None:
        if (self.answer is None) == (self.end == "answered"):
            raise ValueError(f"need an answer exactly where there was one, got {self}")
