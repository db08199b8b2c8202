"""The catalogue: one row per video of the sources, kept or dropped with its reason.

Belongs here: the table, its rules, and the parts of a row that later stages read. Not here: where rows come
from, and measuring anything but the words of caption files.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import polars as pl

from vidpipe.corpus.captions import CaptionsError, plain_text, read_captions, words
from vidpipe.corpus.rows import VideoRow, without_file

DUPLICATE_ID = "duplicate id"
WRONG_LANGUAGE = "language not wanted"
NO_CAPTIONS = "no captions"
NO_DURATION = "no duration"
TOO_FEW_WORDS = "too few words per second"
TOO_SHORT = "too short"
TOO_LONG = "too long"

_COUNTS = ("word_count", "view_count", "like_count", "comment_count", "channel_follower_count", "age_limit")
_TYPES: dict[str, Any] = {
    "captions": pl.List(pl.Struct({"language": pl.String, "path": pl.String})),
    "duration_s": pl.Float64,
    "keep": pl.Boolean,
    "categories": pl.List(pl.String),
    "tags": pl.List(pl.String),
    "tried": pl.List(pl.String),
    **dict.fromkeys(_COUNTS, pl.Int64),
}
ROW_SCHEMA: dict[str, Any] = {item.name: _TYPES.get(item.name, pl.String) for item in fields(VideoRow)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueSettings:
    """Which rows the catalogue keeps; None and () let all pass.

    Words per second must lie above `min_words_per_s` (FineVideo's word density: > 0.5), durations within
    [min_duration_s, max_duration_s]. `languages` are tags: `en` also takes `en-GB`.
    """

    min_words_per_s: float | None = None
    languages: tuple[str, ...] = ()
    min_duration_s: float | None = None
    max_duration_s: float | None = None


def build_catalogue(
    rows: Iterable[VideoRow],
    settings: CatalogueSettings,
    *,
    durations: Mapping[str, float | None] | None = None,
) -> pl.DataFrame:
    """All rows, in their order, with `words_per_s` and the verdict in `keep` and `reason`.

    Words are counted from the captions where a row does not state them. `durations` maps paths to measured
    seconds and fills `duration_s` where a row states none.
    """
    measured = durations or {}
    filled = [_with_words(_with_duration(row, measured)) if row.keep else row for row in rows]
    return judge(frame_of(filled), settings)


def frame_of(rows: Iterable[VideoRow]) -> pl.DataFrame:
    """The rows as a table of `ROW_SCHEMA`, in their order; what a row does not list is an empty list."""
    rows = tuple(rows)
    lists = {
        "captions": _lists([[_caption(*item) for item in sorted(row.captions.items())] for row in rows], "captions"),
        "categories": _lists([row.categories for row in rows], "categories"),
        "tags": _lists([row.tags for row in rows], "tags"),
        "tried": _lists([row.tried for row in rows], "tried"),
    }
    columns = {
        name: lists[name] if name in lists else pl.Series(name, [getattr(row, name) for row in rows], dtype)
        for name, dtype in ROW_SCHEMA.items()
    }
    return pl.DataFrame(columns)


def _caption(language: str, path: str) -> dict[str, str]:
    return {"language": language, "path": path}


def _lists(values: Sequence[Sequence[Any]], name: str) -> pl.Series:
    """A column of lists, built flat: polars makes a Series of every nested Python list, 30 times slower."""
    dtype = ROW_SCHEMA[name]
    numbers = [number for number, items in enumerate(values) for _ in items]
    items = pl.Series(name, [item for items in values for item in items], dtype.inner)
    filled = pl.DataFrame({"row": pl.Series(numbers, dtype=pl.Int64), name: items})
    grouped = filled.group_by("row", maintain_order=True).agg(name)
    every = pl.DataFrame({"row": pl.int_range(len(values), eager=True)})
    joined = every.join(grouped, on="row", how="left", maintain_order="left")
    return joined.select(pl.col(name).cast(dtype).fill_null(pl.lit([], dtype=dtype))).to_series()


def row_of(record: Mapping[str, Any]) -> VideoRow:
    """The row that a record of the table (`frame.iter_rows(named=True)`) stands for."""
    values = {name: record[name] for name in ROW_SCHEMA}
    values["captions"] = {item["language"]: item["path"] for item in record["captions"] or ()}
    values["categories"] = tuple(record["categories"] or ())
    values["tags"] = tuple(record["tags"] or ())
    values["tried"] = tuple(record["tried"] or ())
    return VideoRow(**values)


def judge(frame: pl.DataFrame, settings: CatalogueSettings) -> pl.DataFrame:
    """A table of `ROW_SCHEMA` with `words_per_s` added and `keep`, `reason` decided; order and rows stay.

    Reasons go in this order: the source's own, duplicate id (the first kept row of an id stays), language,
    duration, words per second. No captions, no words and no duration make `words_per_s` null, never 0.
    """
    n_words = pl.when(pl.col("word_count") > 0).then(pl.col("word_count"))
    seconds = pl.when(pl.col("duration_s") > 0).then(pl.col("duration_s"))
    measured = frame.with_columns(words_per_s=(n_words / seconds).round(6))
    reason = pl.coalesce(
        pl.when(~pl.col("keep")).then(pl.col("reason").fill_null("left out by the source")),
        pl.when(_is_repeated()).then(pl.lit(DUPLICATE_ID)),
        _language_reason(settings.languages),
        _duration_reason(settings),
        _words_reason(settings.min_words_per_s),
        pl.lit(None, pl.String),
    )
    return measured.with_columns(reason=reason).with_columns(keep=pl.col("reason").is_null())


def _is_repeated() -> pl.Expr:
    return pl.col("keep") & (pl.col("keep").cast(pl.UInt32).cum_sum().over("video_id") > 1)


def _language_reason(languages: tuple[str, ...]) -> pl.Expr:
    wanted = [tag.lower().replace("_", "-") for tag in languages]
    if not wanted:
        return pl.lit(None, pl.String)
    tag = pl.col("language").str.to_lowercase().str.replace_all("_", "-", literal=True)
    accepted = pl.any_horizontal(*[(tag == one) | tag.str.starts_with(f"{one}-") for one in wanted])
    return pl.when(~accepted).then(pl.lit(WRONG_LANGUAGE))  # an unknown language is null and drops nothing


def _duration_reason(settings: CatalogueSettings) -> pl.Expr:
    seconds, nothing = pl.col("duration_s"), pl.lit(None, pl.Float64)
    shortest = nothing if settings.min_duration_s is None else pl.lit(settings.min_duration_s)
    longest = nothing if settings.max_duration_s is None else pl.lit(settings.max_duration_s)
    too_short = pl.when(seconds < shortest).then(pl.lit(TOO_SHORT))
    return pl.coalesce(too_short, pl.when(seconds > longest).then(pl.lit(TOO_LONG)))


def _words_reason(min_words_per_s: float | None) -> pl.Expr:
    if min_words_per_s is None:
        return pl.lit(None, pl.String)
    has_words = (pl.col("word_count") > 0).fill_null(value=False)
    missing = pl.when(has_words).then(pl.lit(NO_DURATION)).otherwise(pl.lit(NO_CAPTIONS))
    return (
        pl.when(pl.col("words_per_s").is_null())
        .then(missing)
        .when(pl.col("words_per_s") <= min_words_per_s)
        .then(pl.lit(TOO_FEW_WORDS))
    )


def _with_duration(row: VideoRow, measured: Mapping[str, float | None]) -> VideoRow:
    if row.duration_s is not None or row.path is None:
        return row
    duration_s = measured.get(row.path)
    return row if duration_s is None else replace(row, duration_s=duration_s)


def _with_words(row: VideoRow) -> VideoRow:
    """The row without the caption files that cannot be used, and with its words where captions are left.

    Those in the row itself count before those of its best file.
    """
    texts = {}
    for language, path in sorted(row.captions.items()):
        try:
            texts[language] = plain_text(read_captions(Path(path)))
            why = "no captions in it"
        except CaptionsError as error:
            why = str(error)
        if not texts.get(language):
            left = {tag: other for tag, other in row.captions.items() if tag != language}
            row = without_file(replace(row, captions=left), path, why)
    best = best_captions(row)
    text = row.captions_text if row.captions_text is not None or best is None else texts[best]
    return row if text is None or row.word_count is not None else replace(row, word_count=words(text))


def best_captions(row: VideoRow) -> str | None:
    """The tag of the captions in the row's language, else English, else of no language, else the first tag."""
    wanted = [(row.language or "en").split("-")[0].lower(), "en", "und"]
    order = {tag: rank for rank, tag in reversed(list(enumerate(wanted)))}
    return min(row.captions, key=lambda tag: (order.get(tag.split("-")[0].lower(), 3), tag), default=None)


def index_ids(frame: pl.DataFrame) -> list[str]:
    """The ids under which the rows stand in the ledger, in their order: a dropped row may share its id with another."""
    taken = set(frame.filter(pl.col("keep"))["video_id"])
    ids = []
    for number, (video_id, keep) in enumerate(frame.select("video_id", "keep").iter_rows(), 1):
        ids.append(video_id if keep else _free(video_id, number, taken))
        taken.add(ids[-1])
    return ids


def _free(video_id: str, number: int, taken: Container[str]) -> str:
    """A name for a dropped row that no other row has."""
    name = video_id
    while not name or name in taken:
        name = f"{name or video_id} (row {number})"
    return name


TEXT_FIELDS = (
    "title",
    "description",
    "channel",
    "view_count",
    "like_count",
    "comment_count",
    "channel_follower_count",
    "categories",
    "tags",
    "language",
    "upload_date",
    "release_date",
    "age_limit",
    "series_name",
    "episode_id",
)


def text_part(row: VideoRow) -> dict[str, Any]:
    """What stages and datasets that work on texts and counts read of a row, as plain JSON values, to be hashed."""
    values = asdict(row)
    return {name: list(values[name]) if isinstance(values[name], tuple) else values[name] for name in TEXT_FIELDS}
