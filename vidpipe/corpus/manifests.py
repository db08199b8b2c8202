"""A manifest as a source: one row per record of a `.csv`, `.jsonl` or `.parquet` file.

Columns (all optional but one of id, path, url; others are passed over): `id`/`video_id`, `path`/`file_name`,
`url`/`video_link`, `title`, `description`, `channel`, `series_name`, `episode_id`, `release_date`,
`licence`/`license`, `captions`, `language`, `word_count`, `duration_s`/`duration`/`duration_string`,
`view_count`, `like_count`, `comment_count`, `channel_follower_count`, `age_limit`, `categories`, `tags`,
`upload_date`. A record that cannot be used is a row with a reason, never the end of the others. Sidecars
beside a video fill what the manifest leaves open. `captions` is the path of a caption file in the allowed
folders (or, in JSON, an object of them by language), else the plain text of the captions; one word that
ends like a caption file and names none gives no captions and a remark. Splitting files into records:
`manifest_records.py`.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vidpipe.corpus.folders import described_row, reserved_ids
from vidpipe.corpus.identities import assign_ids
from vidpipe.corpus.manifest_places import Place, is_caption_name
from vidpipe.corpus.manifest_records import BROKEN_LINE, Record, read_records, unusable
from vidpipe.corpus.rows import VideoRow, as_count, as_language, as_text, detail_text, valid_text
from vidpipe.corpus.sidecars import CAPTION_SUFFIXES, COUNTS, caption_language, info_fields, suffix_of
from vidpipe.corpus.youtube import watch_page
from vidpipe.recipe.layouts import Layout

PATH_LEAVES = "path leaves the manifest's folder"
NO_FILE = "no such file"
EMPTY_ID = "empty id"
DUPLICATE_ID = "duplicate id"
NO_URLS = "url sources are not available in this version"
NO_SOURCE = "no path"
NO_DURATION = "a page needs duration_s"
NAME_NOT_UTF8 = "file name is not UTF-8"

_PROBLEMS = {PATH_LEAVES: "leaves the folder", NO_FILE: "is no file", NAME_NOT_UTF8: "is not UTF-8"}
_ALIASES = {
    "video_id": "id",
    "file_name": "path",
    "video_link": "url",
    "license": "licence",
    "uploader": "channel",
}
_NUMBERS = (*COUNTS, "word_count")
COLUMNS = frozenset(
    {"id", "path", "url", "title", "description", "channel", "series_name", "series", "episode_id", "episode_number"}
    | {"release_date", "licence", "captions", "language", "duration_s", "duration", "duration_string"}
    | {"categories", "tags", "upload_date", *_ALIASES, *_NUMBERS}
)


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a record comes to before ids are given: a usable real path, or a reason, and where it stands.

    `tried` holds the path that was looked for in vain; `page` the video's page, where that is all there is of it.
    """

    record: Record
    path: str | None = None
    page: str | None = None
    reason: str | None = None
    detail: str | None = None
    tried: tuple[str, ...] = ()


def read_manifest(
    manifest: Path,
    *,
    known: Mapping[str, str],
    roots: Sequence[Path] = (),
    layout: Layout | None = None,
    by_page: bool = False,
) -> tuple[VideoRow, ...]:
    """The rows of a manifest, in its order. Paths must resolve inside its folder or one of `roots`.

    With `by_page` a record without a path can be kept that names a public page at YouTube and how long the video is;
    its id, where it gives none, is the page's.

    A record without a field `id` is given one from its path, as a file of a folder is; a record whose field
    is empty is an error, and so is one whose id stands already. Where there is no id to name, an error row
    is called `line-<n>`.

    Raises:
        RecipeError: the file as a whole cannot be used; its text names file and line.
    """
    manifest = Path(os.path.abspath(manifest))  # noqa: PTH100 links in the manifest's own path stay
    place = Place.of(manifest, roots)
    findings = [_find(place, _renamed(record), by_page=by_page) for record in usable_records(manifest)]
    given = [as_id(one.record.values["id"]) for one in findings if one.path and "id" in one.record.values]
    unnamed = {one.path: None for one in findings if one.path and "id" not in one.record.values}
    taken = reserved_ids(known, Path(place.roots[0])) | {name for name in given if name}
    ids = assign_ids(((path, place.relative(path)) for path in unnamed), known=known, taken=taken)
    ids |= {path: known[path] for path in map(_missing, findings) if path in known}
    return tuple(_without_duplicates(manifest, [(one, _row(place, one, ids, layout)) for one in findings]))


def usable_records(manifest: Path) -> list[Record]:
    """The records of a manifest that can be used as a whole, whatever is wrong with single ones.

    Raises:
        RecipeError: it cannot; its text names file and line.
    """
    records = list(read_records(manifest))
    if manifest.suffix.lower() == ".jsonl" and records and all(record.broken for record in records):
        raise unusable(manifest, records[0].broken or "", records[0].line)
    return records


def as_id(value: object) -> str | None:
    r"""An id as it was written, NUL spelt out as `\x00`, which no database takes; None where it is empty or no id."""
    text = as_text(value) if isinstance(value, str | int) else None
    return text and text.replace("\0", r"\x00")


def _missing(one: _Finding) -> str:
    """The real path that was looked for in vain; "" where none was."""
    return os.path.realpath(one.tried[0]) if one.tried else ""


def _renamed(record: Record) -> Record:
    values = dict(record.values)
    for alias, name in _ALIASES.items():
        if alias in values and values.get(name) in (None, ""):
            values[name] = values[alias]
    return replace(record, values=values)


def _find(place: Place, record: Record, *, by_page: bool) -> _Finding:
    """Whether the record names a file that may be used; ids are looked at, duplicates are not."""

    def refuse(reason: str, column: str, what: str) -> _Finding:
        return _Finding(record, reason=reason, detail=_detail(place.manifest, record.line, column, what))

    values = record.values
    path = as_text(values.get("path"))
    if record.broken:
        return refuse(BROKEN_LINE, "", record.broken)
    if "id" in values and as_id(values["id"]) is None:
        return refuse(EMPTY_ID, "id", "is empty" if values["id"] in (None, "") else "is no text")
    if path is None:
        url = as_text(values.get("url"))
        page = watch_page(url) if by_page else None
        if page is not None:
            is_long = "duration_s" in _given(values)
            return _Finding(record, page=page) if is_long else refuse(NO_DURATION, "duration_s", "is empty")
        return refuse(NO_URLS, "url", url) if url else refuse(NO_SOURCE, "path", "is empty")
    real = place.resolve(path)
    unusable_path = NO_FILE if "\0" in path else _path_problem(real)
    if unusable_path:
        refused = refuse(unusable_path, "path", f"{path[:100]} {_PROBLEMS[unusable_path]}")
        return refused if unusable_path == NAME_NOT_UTF8 else replace(refused, tried=(place.written(path),))
    return _Finding(record, path=real)


def _path_problem(real: str | None) -> str | None:
    if real is None:
        return PATH_LEAVES
    if not os.path.isfile(real):  # noqa: PTH113 answers False to names that are too long or hold NUL
        return NO_FILE
    return NAME_NOT_UTF8 if valid_text(real) != real else None


def _detail(manifest: Path, line: int, column: str, what: str) -> str:
    at = f" column {column}" if column else ""
    return detail_text(f"{valid_text(manifest.name)} line {line}{at}: {what}")


def _row(place: Place, one: _Finding, ids: Mapping[str, str], layout: Layout | None) -> VideoRow:
    values = one.record.values
    line_id = f"line-{one.record.line}"
    given = _given(values)
    if one.path is None and one.page is None:
        url = as_text(values.get("url"))
        video_id = as_id(values.get("id")) or ids.get(_missing(one), line_id)
        named = {"video_id": video_id, "url": url, "keep": False, "tried": one.tried}
        return VideoRow(**{**given, **named, "reason": one.reason, "detail": one.detail})  # type: ignore[arg-type]
    captions, remark = _captions(place, values)
    column, what = remark or _bad_number(values)
    if what:
        given["detail"] = _detail(place.manifest, one.record.line, column, what)
    if one.path is None:
        page_id = str(one.page).rpartition("=")[2]
        return VideoRow(**{**given, **captions, "video_id": as_id(values.get("id")) or page_id, "url": one.page})  # type: ignore[arg-type]
    given |= captions | {"video_id": as_id(values.get("id")) or ids.get(one.path, line_id), "path": one.path}
    return described_row(given, sidecars=place.beside(one.path), relative=place.relative(one.path), layout=layout)


def _given(values: Mapping[str, object]) -> dict[str, object]:
    """The fields of `VideoRow` that a record states; columns are called as in yt-dlp's info files."""
    texts = {name: as_text(values.get(name)) for name in ("url", "series_name", "licence", "release_date")}
    counts = {"word_count": as_count(values.get("word_count"))}
    info = {**values, "duration": values.get("duration_s") or values.get("duration")}
    return info_fields(info) | {name: value for name, value in (texts | counts).items() if value is not None}


def _bad_number(values: Mapping[str, object]) -> tuple[str, str]:
    """The first count that is stated but no whole number, and what to say of it."""
    for name in _NUMBERS:
        value = values.get(name)
        if value not in (None, "") and as_count(value) is None and value == value:  # noqa: PLR0124 NaN is absent
            return name, f"{as_text(value) or 'value'} is no whole number"
    return "", ""


def _captions(place: Place, values: Mapping[str, object]) -> tuple[dict[str, object], tuple[str, str] | None]:
    """The caption fields of a record, and a remark where they name a file that cannot be used."""
    value = values.get("captions")
    language = as_language(values.get("language"))
    if isinstance(value, Mapping):
        names = {tag: as_text(item) or "" for tag, item in sorted(value.items())}
        files = {tag: place.caption_file(name) for tag, name in names.items()}
        fields, remark = _without_captions(place, [name for tag, name in names.items() if files[tag] is None])
        return fields | {"captions": {tag: path for tag, path in files.items() if path}}, remark
    text = as_text(value)
    if text is None:
        return {}, None
    path = place.caption_file(text)
    if path is not None:
        tag = caption_language(os.path.basename(path))  # noqa: PTH119 a name is meant
        return {"captions": {language if tag == "und" and language else tag: path}}, None
    if suffix_of(text) in CAPTION_SUFFIXES and len(text.split()) == 1:
        return _without_captions(place, [text])
    return {"captions_text": text}, None


def _without_captions(place: Place, names: Sequence[str]) -> tuple[dict[str, object], tuple[str, str] | None]:
    """What a record has instead of the caption files that it names and that cannot be used, and a remark on it."""
    if not names:
        return {}, None
    tried = tuple(place.written(name) for name in names if is_caption_name(name))
    return {"tried": tried}, ("captions", "no such caption file in the folder")


def _without_duplicates(manifest: Path, rows: Iterable[tuple[_Finding, VideoRow]]) -> Iterable[VideoRow]:
    first: dict[str, int] = {}
    for one, row in rows:
        line = one.record.line
        if row.keep and first.setdefault(row.video_id, line) != line:
            what = f"{row.video_id[:60]} stands already in line {first[row.video_id]}"
            detail = _detail(manifest, line, "id", what)
            yield replace(row, keep=False, reason=DUPLICATE_ID, detail=detail)
        else:
            yield row
