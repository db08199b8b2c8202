"""Reading rows of Animation-Retrieval, whoever wrote them: as it is documented, as it was published, and ours.

What belongs here: the three shapes (spec/animation_retrieval.md). Not here: the rows that we write (`retrieval`).
Sentences stand under `query` (published, and ours), `queries` or `model_response` (documented); dates are whole or end
with the month; `duration`, `segment_index` and `episode_count` may be missing. Columns that are not known here, as ours
has some, are passed over. A row is read or refused, never put right.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from vidpipe.recipe.query_section import N_FIELDS

DATE = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?", re.ASCII)
_SEGMENT = re.compile(r"_seg(\d{1,9})\.[^/]*$", re.ASCII)


def _relative(name: str) -> str:
    if not name or "\\" in name or any(part in ("", ".", "..") for part in name.split("/")):
        raise ValueError("a file_name is a path below the metadata file")
    return name


def _date(text: str) -> str:
    if not DATE.fullmatch(text):
        raise ValueError("a date is YYYY-MM-DD, or ends with the month or the year")
    return text


def _told(text: str) -> str:
    if not text.strip():
        raise ValueError("a text is empty")
    return text


def _numbered(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _five(query: dict[str, Any]) -> dict[str, Any]:
    if len(query) != N_FIELDS:
        raise ValueError(f"need {N_FIELDS} fields of queries")
    return query


Text = Annotated[str, AfterValidator(_told)]
Date = Annotated[str, AfterValidator(_date)]
Query = Annotated[dict[Text, tuple[Text, Text, Text]], AfterValidator(_five)]


class _Shape(BaseModel):
    """What rows of all levels have."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    file_name: Annotated[str, AfterValidator(_relative)]
    series_name: Text
    query: Query = Field(validation_alias=AliasChoices("query", "queries", "model_response"))
    release_date: Date | None = None
    duration: float | None = Field(None, ge=0, strict=True)


class EpisodeShape(_Shape):
    """A row about one episode."""

    episode_id: Annotated[Text, BeforeValidator(_numbered)]


class SegmentShape(EpisodeShape):
    """A row about one segment; where it does not say which, its file's name does."""

    segment_index: int | None = Field(None, ge=0, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _of_its_file(cls, raw: Any) -> Any:
        match = _SEGMENT.search(str(raw.get("file_name"))) if isinstance(raw, Mapping) else None
        if match is None or raw.get("segment_index") is not None:
            return raw
        return {**raw, "segment_index": int(match[1])}


class SeriesShape(_Shape):
    """A row about one series."""

    episode_count: int | None = Field(None, ge=1, strict=True)
    release_dates: tuple[Date, ...] = ()

    @model_validator(mode="after")
    def _counted(self) -> Self:
        if self.episode_count is not None and self.release_dates and len(self.release_dates) != self.episode_count:
            raise ValueError("episode_count is not the number of release_dates")
        return self


SHAPES: Mapping[Literal["episode", "segment", "series"], type[_Shape]] = {
    "episode": EpisodeShape,
    "segment": SegmentShape,
    "series": SeriesShape,
}
"""By level. `SHAPES[level].model_validate(row)` reads a row, or raises `pydantic.ValidationError`."""
