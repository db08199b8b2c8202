"""What is said of a dataset as a whole: its title, how it was made, and what was left out.

What belongs here: the values that card and explorer share, and how both show texts of others. Not here: what
they say.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vidpipe.export.costs import Costs


@dataclass(frozen=True, slots=True, order=True)
class LeftOut:
    """A video that is not in the dataset, and why: the first stage whose outcome was not ok."""

    stage: str
    outcome: str
    reason: str
    video_id: str


@dataclass(frozen=True, slots=True)
class DatasetAbout:
    """The dataset's title, what made it, and every video that it lacks.

    `made_by`: versions by name; `making`: what `provenance/made_by.json` says (`made_by.made_by`). `line`: the stages
    that rows came through, in their order, and what each follows. `costs`: what the videos that are in it cost. `repo`:
    its name on the Hub. `gate`: the licences under which files are in it; None: no licence keeps one out.
    """

    title: str
    made_by: Mapping[str, str] = field(default_factory=dict)
    making: Mapping[str, object] = field(default_factory=dict)
    left_out: Sequence[LeftOut] = ()
    line: Mapping[str, Sequence[str]] = field(default_factory=dict)
    costs: Costs = field(default_factory=Costs)
    repo: str | None = None
    gate: Sequence[str] | None = None


def plain(text: str, *, limit: int) -> str:
    """The text on one line of at most `limit` characters: none for control, direction or private use.

    So a title cannot reverse what stands beside it, and a cut title ends with an ellipsis.
    """
    if not text.isprintable():  # which is true where every character but the blank is of another kind than C and Z
        text = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    line = " ".join(text.split()) if "  " in text else text.strip(" ")  # no other white space is left
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def left_out_counts(left_out: Sequence[LeftOut]) -> list[tuple[str, str, str, int]]:
    """(stage, outcome, reason, n): stages in order of first appearance, in each the largest n first."""
    stages = list(dict.fromkeys(item.stage for item in left_out))
    counts = Counter((item.stage, item.outcome, item.reason) for item in left_out)
    rows = [(stage, outcome, reason, n) for (stage, outcome, reason), n in counts.items()]
    return sorted(rows, key=lambda row: (stages.index(row[0]), -row[3], row[1], row[2]))
