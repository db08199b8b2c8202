"""One release of a dataset as it is published, for finding its rows and their documents one by one.

What belongs here: where each row lies, by what it is a row of. Not here: judging (`dataset_checks`), comparing
(`release_diff`). A few hundred bytes are kept of each row. Lines that cannot be read are counted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from vidpipe.errors import MissingObjectError, RecipeError
from vidpipe.export.chain import MADE_BY
from vidpipe.export.changelog import ENTRY
from vidpipe.export.dataset_checks import PARTS
from vidpipe.export.dataset_lines import line_at, lines_of
from vidpipe.export.published import NO_DATASET, Published
from vidpipe.export.target import METADATA, WITHOUT_MEDIA
from vidpipe.recipe.line import DATASETS

Key = tuple[str, int | None]
"""What a row is a row of: the video's id, and the segment's number where it is one."""


class Found(NamedTuple):
    """Where a line begins in which file; of a row also its digest and its file's name, empty without a file."""

    place: str
    start_bytes: int
    row_sha256: str = ""
    file_name: str = ""


@dataclass(frozen=True)
class Release:
    """A release. `made_by` is empty where there is none that can be read, as in datasets of earlier versions."""

    published: Published
    rows: dict[Key, Found] = field(default_factory=dict)
    documents: dict[str, Found] = field(default_factory=dict)
    made_by: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    n_strange: int = 0

    @classmethod
    def read(cls, published: Published) -> Self:
        """Go through it once.

        Raises:
            RecipeError: there is no dataset.
            ServiceError: the Hub did not answer.
        """
        files = published.files()
        if METADATA not in files and WITHOUT_MEDIA not in files:
            raise RecipeError(NO_DATASET, f"there is no {METADATA} here")
        rows, documents, n_strange = dict[Key, Found](), dict[str, Found](), 0
        for name in (one for one in files if one in (METADATA, WITHOUT_MEDIA) or PARTS.fullmatch(one)):
            with published.local(name) as path:
                for line in lines_of(path):
                    value = line.value or {}
                    video_id = value.get("video_id")
                    if not isinstance(video_id, str):
                        n_strange += 1
                    elif PARTS.fullmatch(name):
                        documents[video_id] = Found(name, line.start_bytes)
                    else:
                        told = (str(value.get("row_sha256") or ""), str(value.get("file_name") or ""))
                        rows[_key(value)] = Found(name, line.start_bytes, *told)
        return cls(published, rows, documents, _made_by(published), _release(published), n_strange)

    @property
    def dataset(self) -> str:
        """Which it is: scenes, segments or episodes; empty where that is not known."""
        stages = self.made_by.get("stages")
        return next((DATASETS[name] for name in DATASETS if isinstance(stages, Mapping) and name in stages), "")

    def row(self, key: Key) -> dict[str, Any]:
        """A row's values; empty where it has none."""
        return self._at(self.rows.get(key))

    def document(self, video_id: str) -> dict[str, Any]:
        """A video's document; empty where it has none."""
        return self._at(self.documents.get(video_id))

    def _at(self, found: Found | None) -> dict[str, Any]:
        if found is None:
            return {}
        with self.published.local(found.place) as path:
            return line_at(path, found.start_bytes)


def _key(row: Mapping[str, Any]) -> Key:
    index = row.get("segment_index")
    return str(row["video_id"]), index if isinstance(index, int) else None


def _made_by(published: Published) -> dict[str, Any]:
    try:
        with published.local(MADE_BY) as path:
            value = json.loads(path.read_bytes())
    except (MissingObjectError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _release(published: Published) -> str:
    try:
        with published.local("CHANGELOG.md") as path:
            newest = ENTRY.search(path.read_text("utf-8", "replace"))
    except MissingObjectError:
        return ""
    return newest[1] if newest else ""
