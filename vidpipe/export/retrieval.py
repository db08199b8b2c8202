"""The published rows of segments and episodes: Animation-Retrieval's fields, name by name, and the few that we add.

What belongs here: what such a row is, in both layouts. Not here: how it is made from a video's records (`rows`), files.
`query` holds exactly three sentences for each of the recipe's five fields, or is null; its type is the same either way.
A text that nobody knows is null.
"""

import re
import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from vidpipe.export.finevideo import Frozen, Version
from vidpipe.export.target import DatasetKind

Level = Literal["segment", "episode"]
Layout = Literal["ours", "takalawang"]
Sentences = tuple[str, str, str]
N_SENTENCES = 3
DATE = re.compile(r"(\d{4})(?:-?(0[1-9]|1[0-2])(?:-?(0[1-9]|[12]\d|3[01]))?)?(?:[T ].*)?", re.ASCII | re.DOTALL)
_NOUNS: dict[Level, str] = {"segment": "segments", "episode": "episodes"}


class _Query(Frozen):
    """Sentences by field; the recipe names the fields."""

    model_config = ConfigDict(protected_namespaces=())


class _Sealed(Frozen):
    """What binds a row to its source, as the last of its columns."""

    video_id: str = Field(description="id of the video in the catalogue")
    licence: str | None = Field(description="as the source states it")
    source_url: str | None = Field(description="the page that the video comes from")
    sha256: str | None = Field(description="of the file, lower-case hex")
    provenance: tuple[Version, ...] = Field(description="what the row was made from and by, sorted by name")
    provenance_sha256: str | None = Field(None, description="of the video's line in provenance/*.jsonl")
    row_sha256: str | None = Field(None, description="of this row's other columns but file_name")


_SERIES = Field(description="series, where the source has any; rows are sorted by it")
_EPISODE = Field(description="episode within the series; numbers are sorted as such, before other texts")
_INDEX = Field(description="place of the segment in its video, from 0")
_QUERY = Field(description="three search sentences for each field; null where none were written")


class _SegmentRow(_Sealed):
    """One segment, but for its order of columns and its fields of queries."""

    series_name: str | None = _SERIES
    episode_id: str | None = _EPISODE
    segment_index: int = _INDEX
    release_date: str | None = Field(description="YYYY-MM-DD, or as much of it as is known")
    duration: float | None = Field(description="length of the file in seconds")
    query: _Query | None = _QUERY
    start_s: float = Field(description="where the segment begins in its video, in seconds")
    end_s: float = Field(description="where it ends, not included")
    title: str | None = Field(description="title of the video at the source")
    channel: str | None = Field(description="channel or author")
    annotator: str | None = Field(description="who wrote the queries: a model's service, or offline")
    query_language: str | None = Field(description="the language that they were asked for in")
    query_reason: str | None = Field(description="why there are none")


class _EpisodeRow(_Sealed):
    """One episode, in the same sense."""

    series_name: str | None = _SERIES
    episode_id: str | None = _EPISODE
    release_date: str | None = Field(description="YYYY-MM-DD, or as much of it as is known")
    duration: float | None = Field(description="length of the file in seconds")
    query: _Query | None = _QUERY
    title: str | None = Field(description="title of the video at the source")
    channel: str | None = Field(description="channel or author")
    annotator: str | None = Field(description="who wrote the queries: a model's service, or offline")
    query_language: str | None = Field(description="the language that they were asked for in")
    query_reason: str | None = Field(description="why there are none")


_ROWS: dict[Level, type[BaseModel]] = {"segment": _SegmentRow, "episode": _EpisodeRow}
_PUBLISHED: dict[Level, tuple[str, ...]] = {  # spec/animation_retrieval.md, as published
    "segment": ("series_name", "episode_id", "segment_index", "release_date", "query"),
    "episode": ("series_name", "episode_id", "release_date", "query"),
}


@cache
def row_model(level: Level, layout: Layout, fields: tuple[str, ...]) -> type[BaseModel]:
    """What a row of a dataset is; `fields` are those of the queries, in order.

    Layout `takalawang` has the published columns, and after them those that bind a row to its source.
    """
    base = _ROWS[level]
    own = [name for name in base.model_fields if name not in _Sealed.model_fields]
    names = [*(_PUBLISHED[level] if layout == "takalawang" else own), *_Sealed.model_fields]
    sentences: dict[str, Any] = dict.fromkeys(fields, (Sentences, ...))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a field called `json` hides a method that nobody calls
        query = create_model("Query", __base__=_Query, **sentences)
    columns: dict[str, Any] = {name: (base.model_fields[name].annotation, base.model_fields[name]) for name in names}
    columns["query"] = (query | None, base.model_fields["query"])
    made: type[BaseModel] = create_model(f"{level.title()}Row", __base__=Frozen, **columns)
    return made


def kind_of(level: Level, layout: Layout, fields: Sequence[str]) -> DatasetKind:
    """The dataset of a level; in layout `takalawang` files have the published names, without digits of content."""
    noun = _NOUNS[level]
    return DatasetKind(noun, row_model(level, layout, tuple(fields)), noun, has_digests=layout == "ours")


def release_date(said: object, layout: Layout) -> str | None:
    """A date in the layout's form, as far as it is known; another text as it is, null where there is none.

    `ours`: YYYY-MM-DD, YYYY-MM or YYYY; `takalawang`: YYYY-MM, or YYYY.
    """
    if said is None or str(said) == "":
        return None
    match = DATE.fullmatch(str(said))
    if match is None:
        return str(said)
    known = [part for part in match.groups() if part is not None]
    return "-".join(known if layout == "ours" else known[:2])


def place_in_order(series: str | None, episode: str | None, video_id: str) -> tuple[str | int | float, ...]:
    """Rows are sorted by series, numeric episode, video; no series, and no number, come after, by text."""
    is_number = episode is not None and re.fullmatch(r"\d{1,12}(\.\d{1,6})?", episode, re.ASCII)
    number = float(episode) if episode is not None and is_number else 0.0
    return (series is None, series or "", not is_number, number, episode is None, episode or "", video_id)
