"""What is found when a published dataset is checked: its rows, its documents, and what is wrong with them.

What belongs here: values. Not here: finding them (`dataset_checks`). A few hundred bytes are kept of each row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vidpipe.export.row_checks import Rebuilding


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row, by its file's name and its video's id; with neither, with the dataset."""

    what: str
    file_name: str = ""
    video_id: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """What is kept of a video's document: where it begins in which file, its digest, what is wrong with it."""

    part: str
    start_bytes: int
    sha256: str
    versions_sha256: str | None
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """What is kept of a row: its names, its digests, and where it begins; without a file it has no file's name."""

    file_name: str
    video_id: str
    row_sha256: str
    sha256: str
    start_bytes: int


@dataclass(slots=True)
class Checked:
    """What was gone through, and what was found. `notes` counts what is no fault, by what it is.

    `rebuilding` is None where rows cannot be made again. `unchecked` says what was not looked at, and why; `digests`
    are the sha256 of files that were read once and need not be again, by their names.
    """

    rows: list[CheckedRow] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)
    made_by: Mapping[str, Any] = field(default_factory=dict)
    unchecked: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    rebuilding: Rebuilding | None = None
    release: str = ""
    n_bytes: int = 0

    def note(self, what: str) -> None:
        """Count what is worth knowing."""
        self.notes[what] = self.notes.get(what, 0) + 1
