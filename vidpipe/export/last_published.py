"""The release of a dataset that was published last, as the project's store remembers it: its name and its rows' marks.

What belongs here: the one document that says so, written once a release is published, on a Hub or in a folder, and read
when the next is written. Not here: the change log that is made with it (`changelog`).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from vidpipe import keys
from vidpipe.errors import MissingObjectError
from vidpipe.export.release_plan import ROWS, Comparer, ReleaseFolder
from vidpipe.export.target import DatasetStore

WITHOUT_FILE = " without media"
"""What a row's mark ends with whose file is not published."""


class PublishedRow(NamedTuple):
    """What names a row in its dataset; no `file_name`: it stands without its file."""

    video_id: str
    row: str
    file_name: str | None
    row_sha256: str

    @property
    def mark(self) -> str:
        """What a release is made of, row by row: that a file went or came is a change, too."""
        return self.row_sha256 if self.file_name is not None else f"{self.row_sha256}{WITHOUT_FILE}"


@dataclass(frozen=True, slots=True)
class LastPublished:
    """A release's name and its rows' marks, by the rows' names; empty before anything was published."""

    release: str = ""
    marks: Mapping[str, str] = field(default_factory=dict)


def published_row(row: Mapping[str, object], file_name: str | None = None) -> PublishedRow:
    """What names a row: its video's id, with the number of the segment where it is one.

    Raises:
        KeyError, TypeError, AttributeError: it is no row of ours.
    """
    index, video_id = row.get("segment_index"), str(row["video_id"])
    place = file_name or row.get("file_name") or None
    name = video_id if index is None else f"{video_id} #{index}"
    return PublishedRow(video_id, name, None if place is None else str(place), str(row["row_sha256"]))


def marks_of(lines: Iterable[bytes]) -> dict[str, str]:
    """The marks of rows, by their names, from lines of JSON; strange lines are left out."""
    found: dict[str, str] = {}
    for line in lines:
        try:
            row = published_row(json.loads(line))
            found[row.row] = row.mark
        except (ValueError, KeyError, AttributeError, TypeError):
            continue
    return found


def read_last(store: DatasetStore, prefix: str) -> LastPublished | None:
    """What was published last of the dataset under a prefix; None where nothing is noted that can be read.

    Raises:
        StoreError: the store did not answer.
    """
    try:
        with store.local(_key(prefix)) as path:
            told = json.loads(path.read_bytes())
        return LastPublished(str(told["release"]), {str(row): str(mark) for row, mark in told["marks"].items()})
    except (MissingObjectError, ValueError, RecursionError, KeyError, AttributeError, TypeError):
        return None


def note_last(store: DatasetStore, prefix: str, last: LastPublished) -> None:
    """Remember it.

    Raises:
        StoreFullError, UnwritableObjectError: as they come.
    """
    store.put(_key(prefix), json.dumps(asdict(last), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def note_published(folder: ReleaseFolder, release: str) -> None:
    """Remember that a dataset's folder is published, as it is now and by this name.

    Raises:
        StoreError: as it comes.
    """
    last = LastPublished(release, marks_of(Comparer(folder).lines(*ROWS)))
    if read_last(folder.store, folder.prefix) != last:
        note_last(folder.store, folder.prefix, last)


def _key(prefix: str) -> str:
    return keys.published(prefix.rpartition("/")[2])
