"""What is counted over the rows of a dataset while they are written; the card and its figures are made from it.

What belongs here: counting, in a memory that does not grow with the rows. Not here: what is said of it (`card`), how it
is drawn (`figures`). Rows are read as anybody's: what a row does not have, or has in a strange form, is not counted. A
row of any dataset is counted by the columns that it has; of a video's rows that follow one another, what is its own
(licence, category) is counted once.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import PurePosixPath

from vidpipe.annotation.attention import attention
from vidpipe.export.about import plain
from vidpipe.export.attribution import Source, source_of
from vidpipe.export.foreign import items, mapping, mappings, number
from vidpipe.export.licences import licence_id
from vidpipe.export.moods import moods_in

MAX_NAMES = 500
"""So many names of one kind are told apart; the rest is counted together."""
MANY = "(others)"
MAX_NAME_CHARS = 80
NO_MOOD, OTHER_MOOD = "none told", "in other words"
_MODEL = ".model"


class Tally(Counter[str]):
    """How often each name came, of at most `MAX_NAMES` names."""

    def note(self, name: str, n: int = 1) -> None:
        """Count a name; a strange one as it is shown."""
        told = plain(name, limit=MAX_NAME_CHARS) or "unknown"
        self[told if told in self or len(self) < MAX_NAMES else MANY] += n

    def largest(self, n: int | None = None) -> list[tuple[str, int]]:
        """(name, count), the largest first, equal ones by name; of more than `n` the rest as one, at the end."""
        ranked = sorted(self.items(), key=lambda pair: (pair[0] == MANY, -pair[1], pair[0]))
        n_told = len(self) - (MANY in self)
        if n is None or n_told <= n:
            return ranked
        return [*ranked[:n], (MANY, sum(count for _, count in ranked[n:]))]


@dataclass(slots=True)
class Histogram:
    """Counts of numbers between edges, each bin with its lower edge; what lies below the first is in the first."""

    edges: Sequence[float]
    counts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts = [0] * len(self.edges)

    def note(self, value: float) -> None:
        """Count a number."""
        self.counts[max(bisect_right(self.edges, value) - 1, 0)] += 1

    def bins(self) -> list[tuple[float, float | None, int]]:
        """(lower edge, upper edge or None, count) from the first bin that holds something to the last."""
        full = [i for i, count in enumerate(self.counts) if count]
        ends = [*self.edges[1:], None]
        return [(self.edges[i], ends[i], self.counts[i]) for i in range(full[0], full[-1] + 1)] if full else []


@dataclass(slots=True)
class CardFacts:
    """What is counted over the rows while they are written, in their order.

    `n_rows` rows, of which `n_media` have their file, of `n_videos` videos; `n_without_cell`: files too large for a
    parquet cell; `files_sha256` names the list of the dataset's files.
    """

    n_rows: int = 0
    n_media: int = 0
    n_videos: int = 0
    n_bytes: int = 0
    n_scenes: int = 0
    n_with_captions: int = 0
    n_without_cell: int = 0
    files_sha256: str = ""
    duration_s: float = 0.0
    categories: Tally = field(default_factory=Tally)
    series: Tally = field(default_factory=Tally)
    licences: Tally = field(default_factory=Tally)
    licences_without_media: Tally = field(default_factory=Tally)
    languages: Tally = field(default_factory=Tally)
    annotators: Tally = field(default_factory=Tally)
    categorisers: Tally = field(default_factory=Tally)
    models: Tally = field(default_factory=Tally)
    moods: Tally = field(default_factory=Tally)
    queries: Tally = field(default_factory=Tally)
    suffixes: Counter[str] = field(default_factory=Counter)
    durations_s: Histogram = field(default_factory=lambda: Histogram((0, 5, 15, 30, 60, 120, 300, 600, 1200, 3600)))
    scenes: Histogram = field(default_factory=lambda: Histogram((0, 1, 2, 3, 5, 10, 20, 50, 100)))
    attention: Histogram = field(default_factory=lambda: Histogram(tuple(i / 10 for i in range(10))))
    rows_of_video: Histogram = field(default_factory=lambda: Histogram((1, 2, 3, 5, 10, 20, 50, 100)))
    _video: str | None = None
    _n_rows_of_video: int = 0

    def add(self, row: Mapping[str, object], *, file_name: str | None, n_bytes: int = 0) -> Source | None:
        """Count one row, whose file is `file_name` with `n_bytes`; its source, where the row before had another."""
        self.n_rows += 1
        source = self._new_source(row, has_media=file_name is not None)
        if file_name is not None:
            self.n_media += 1
            self.n_bytes += n_bytes
            self.suffixes[PurePosixPath(file_name).suffix.lower()] += 1
        duration_s = _duration_s(row)
        if duration_s is not None:
            self.duration_s += duration_s
            self.durations_s.note(duration_s)
        self.n_with_captions += row.get("text_to_speech") is not None
        self._add_content(row.get("content_metadata"), duration_s, str(row.get("annotator") or ""))
        self._add_queries(row)
        return source

    def close(self) -> None:
        """Count what only the end shows: how many rows the last video had."""
        if self._n_rows_of_video:
            self.rows_of_video.note(self._n_rows_of_video)
        self._video, self._n_rows_of_video = None, 0

    def _new_source(self, row: Mapping[str, object], *, has_media: bool) -> Source | None:
        source = source_of(row)
        if source.video_id == self._video:
            self._n_rows_of_video += 1
            return None
        self.close()
        self._video, self._n_rows_of_video = source.video_id, 1
        self.n_videos += 1
        licence = licence_id(source.licence)
        (self.licences if has_media else self.licences_without_media).note(licence)
        if "content_parent_category" in row:
            self.categories.note(str(row["content_parent_category"] or "unknown"))
        if row.get("categoriser"):
            self.categorisers.note(str(row["categoriser"]))
        if row.get("language"):
            self.languages.note(str(row["language"]))
        if row.get("series_name"):
            self.series.note(str(row["series_name"]))
        for version in mappings(row.get("provenance")):
            name, told = str(version.get("name")), str(version.get("version"))
            if name.endswith(_MODEL):
                self.models.note(f"{name.removesuffix(_MODEL)}: {told}")
        return source

    def _add_content(self, content: object, duration_s: float | None, annotator: str) -> None:
        if annotator:
            self.annotators.note(annotator)
        if not isinstance(content, Mapping):
            return
        scenes = list(mappings(content.get("scenes")))
        self.n_scenes += len(scenes)
        self.scenes.note(len(scenes))
        for scene in scenes:
            self._add_mood(mapping(scene.get("mood")).get("description"))
        if duration_s and annotator != "offline":
            self.attention.note(attention(dict(content), Fraction(duration_s)).score)

    def _add_mood(self, told: object) -> None:
        if not isinstance(told, str) or not told.strip():
            self.moods.note(NO_MOOD)
            return
        for mood in moods_in(told) or [OTHER_MOOD]:
            self.moods.note(mood)

    def _add_queries(self, row: Mapping[str, object]) -> None:
        for name, sentences in mapping(row.get("query")).items():
            n = len(items(sentences))
            if n:
                self.queries.note(str(name), n)


def _duration_s(row: Mapping[str, object]) -> float | None:
    """How long the row's file is: a whole video's length, or from when to when."""
    start_s, end_s = number(row.get("start_s")), number(row.get("end_s"))
    told = number(row.get("duration_s"))
    if start_s is not None and end_s is not None:
        told = end_s - start_s
    elif told is None:
        told = number(row.get("duration"))
    return told if told is not None and math.isfinite(told) and told >= 0 else None
