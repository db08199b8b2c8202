"""The published record of one video: FineVideo's fields, name by name, and the few that we add.

What belongs here: the record's shape and how it is made from the records of the line. Not here: columns of a
table (`columns`), files (`folder`, `parquet`), and how any of the values were measured. Field names and types
are those of HuggingFaceFV/finevideo, camelCase included; the fields below `video_id` are ours. A number that
nobody knows is null, never 0; a list of which nothing is known is empty.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import PurePosixPath

from pydantic import BaseModel, ConfigDict, Field

from vidpipe.annotation.schema import ContentMetadata
from vidpipe.corpus.captions import words
from vidpipe.export.source_pages import public_address
from vidpipe.timeline.timecodes import format_timestamp

INT64_END = 2**63
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
UPLOAD_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?!\d)")


class Frozen(BaseModel):
    """A value that never changes and has no other fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TimedText(Frozen):
    """One caption; `start` and `end` as `HH:MM:SS.mmm`."""

    start: str
    end: str
    text: str


class Version(Frozen):
    """One thing that the row was made from or by (`name`), and which one (`version`)."""

    name: str
    version: str


class FineVideoRecord(Frozen):
    """One row of the dataset."""

    content_fine_category: str | None = Field(description="leaf of the taxonomy")
    content_parent_category: str | None = Field(description="the path above the leaf")
    content_metadata: ContentMetadata | None = Field(description="scenes, activities, moods, storylines…")
    duration_seconds: int | None = Field(description="whole seconds, rounded")
    resolution: str | None = Field(description="WxH in pixels as displayed")
    original_video_filename: str | None = Field(description="name of the source file")
    original_json_filename: str | None = Field(description="name of the sidecar it came with")
    text_to_speech: str | None = Field(description="all captions as one text; null without captions")
    text_to_speech_word_count: int | None = Field(description="words of text_to_speech")
    timecoded_text_to_speech: tuple[TimedText, ...] = Field(description="captions with their times")
    youtube_title: str | None = Field(description="title at the source")
    youtube_description: str | None = Field(description="description at the source")
    youtube_channel: str | None = Field(description="channel or author")
    youtube_channel_follower_count: int | None = Field(description="followers of the channel")
    youtube_view_count: int | None = Field(description="views when the catalogue was made")
    youtube_like_count: int | None = Field(description="likes when the catalogue was made")
    youtube_comment_count: int | None = Field(description="comments when the catalogue was made")
    youtube_categories: tuple[str, ...] = Field(description="the source's own categories")
    youtube_tags: tuple[str, ...] = Field(description="the source's own tags")
    youtube_upload_date: str | None = Field(description="YYYYMMDD")
    youtube_age_limit: int | None = Field(description="years")
    video_id: str = Field(description="id in the catalogue; rows are sorted by it")
    licence: str | None = Field(description="as the source states it")
    language: str | None = Field(description="as the source states it")
    series_name: str | None = Field(description="series, where the source has any")
    episode_id: str | None = Field(description="episode within the series")
    duration_s: float | None = Field(description="exact length in seconds")
    sha256: str | None = Field(description="of the video file, lower-case hex")
    annotator: str | None = Field(description="who wrote content_metadata: a model, or offline")
    categoriser: str | None = Field(description="who chose the category: a model, or offline, by words of the texts")
    source_url: str | None = Field(description="the page that the video comes from")
    provenance: tuple[Version, ...] = Field(description="what the row was made from and by, sorted by name")
    provenance_sha256: str | None = Field(None, description="of the video's line in provenance/*.jsonl")
    row_sha256: str | None = Field(None, description="of this row's other columns but file_name")


@dataclass(frozen=True, slots=True)
class SceneInputs:
    """What the line knows of one video.

    `texts` are the catalogue's (title, description, channel, counts, categories, tags, dates, series_name,
    …), `facts` those of `raw_videos` (duration_s, width, height, sha256, licence; of a video without a file its
    `page`), `category` `{leaf, parent, by}`, `content` the value of `aligned_metadata`, `cues` `(start_s, end_s, text)`
    in order or None where the video has no captions, `files` the source's `path`, `info_path` and `url`,
    `provenance` versions by name. Missing keys count as unknown.
    """

    video_id: str
    texts: Mapping[str, object]
    facts: Mapping[str, object]
    category: Mapping[str, object] | None = None
    content: Mapping[str, object] | None = None
    cues: Sequence[tuple[Fraction | float, Fraction | float, str]] | None = None
    files: Mapping[str, object] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)


def scene_row(inputs: SceneInputs) -> dict[str, object]:
    """The record of one video as plain values, in the order of `FineVideoRecord`'s fields.

    Lone surrogates (from file names that are no UTF-8) become U+FFFD, since no format can hold them.

    Raises:
        ValueError: no sha256 and no page, or the content has a field that §9 does not know (pydantic.ValidationError).
    """
    if not (inputs.facts.get("sha256") or inputs.facts.get("page")):
        raise ValueError(f"need the sha256 of the file, or a page, got {inputs.facts=}")
    content = dict(inputs.content) if inputs.content is not None else None
    annotator = content.pop("annotator", None) if content is not None else None
    if content is not None:
        content.pop("alignment", None)
    parts = (
        _category_fields(inputs.category),
        {"content_metadata": content, "annotator": annotator},
        _file_fields(inputs),
        _caption_fields(inputs),
        _source_fields(inputs.texts),
        {"provenance": [{"name": k, "version": v} for k, v in sorted(inputs.provenance.items())]},
    )
    merged = {name: value for part in parts for name, value in part.items()}
    return plain_row(FineVideoRecord, merged)


def plain_row(model: type[BaseModel], values: Mapping[str, object]) -> dict[str, object]:
    """A row of a model as plain values, in the order of its fields, without lone surrogates.

    Raises:
        ValueError: the values make no row (pydantic.ValidationError).
    """
    try:
        row = model.model_validate(values)
        row.model_dump_json()
    except ValueError:  # what is wrong otherwise is so again
        row = model.model_validate(encodable(values))
    return row.model_dump(mode="json")


def _category_fields(category: Mapping[str, object] | None) -> dict[str, object]:
    known = category or {}
    return {
        "content_fine_category": known.get("leaf"),
        "content_parent_category": known.get("parent"),
        "categoriser": known.get("by") if known.get("leaf") else None,
    }


def _file_fields(inputs: SceneInputs) -> dict[str, object]:
    facts, files = inputs.facts, inputs.files
    duration_s, width, height = (facts.get(name) for name in ("duration_s", "width", "height"))
    return {
        "video_id": inputs.video_id,
        "duration_seconds": round(duration_s) if isinstance(duration_s, int | float) else None,
        "duration_s": round(float(duration_s), 6) if isinstance(duration_s, int | float) else None,
        "resolution": f"{width}x{height}" if width and height else None,
        "original_video_filename": _name(files.get("path")),
        "original_json_filename": _name(files.get("info_path")),
        "sha256": facts.get("sha256"),
        "source_url": public_address(facts.get("page") or files.get("url")),
        "licence": facts.get("licence") or inputs.texts.get("licence"),
    }


def _caption_fields(inputs: SceneInputs) -> dict[str, object]:
    text = None if inputs.cues is None else " ".join(" ".join(cue[2].split()) for cue in inputs.cues)
    return {
        "text_to_speech": text,
        "text_to_speech_word_count": None if text is None else words(text),
        "timecoded_text_to_speech": [
            {"start": _timecode(start_s), "end": _timecode(end_s), "text": line}
            for start_s, end_s, line in inputs.cues or ()
        ],
    }


def _source_fields(texts: Mapping[str, object]) -> dict[str, object]:
    return {
        **{f"youtube_{name}": _text(texts.get(name)) for name in ("title", "description", "channel")},
        "youtube_channel_follower_count": _count(texts.get("channel_follower_count")),
        "youtube_view_count": _count(texts.get("view_count")),
        "youtube_like_count": _count(texts.get("like_count")),
        "youtube_comment_count": _count(texts.get("comment_count")),
        "youtube_age_limit": _count(texts.get("age_limit")),
        "youtube_categories": _texts(texts.get("categories")),
        "youtube_tags": _texts(texts.get("tags")),
        "youtube_upload_date": _date(texts.get("upload_date") or texts.get("release_date")),
        **{name: _text(texts.get(name)) for name in ("language", "series_name", "episode_id")},
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value if item is not None] if isinstance(value, Sequence) else []


def _count(value: object) -> int | None:
    """A count that a 64-bit column can hold; anything else is unknown."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < INT64_END else None


def _date(value: object) -> str | None:
    match = UPLOAD_DATE.match(str(value)) if value is not None else None
    return "".join(match.groups()) if match else None


def _name(path: object) -> str | None:
    return PurePosixPath(str(path)).name if path else None


def _timecode(time_s: Fraction | float) -> str:
    exact = time_s if isinstance(time_s, Fraction) else Fraction(time_s)
    return format_timestamp(exact if exact.numerator > 0 else Fraction(0))


def encodable(value: object) -> object:
    """The same plain value without lone surrogates, in keys and at any depth."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return _without_surrogates(value)
    return value


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, Mapping):
        return {_without_surrogates(name): _without_surrogates(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value
