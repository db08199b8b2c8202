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
from dataclasses import dataclass, field, replace
from pathlib import Path

from vidpipe.corpus.folders import described_row, inside_any, reserved_ids, sidecars_in
from vidpipe.corpus.identities import assign_ids
from vidpipe.corpus.layouts import Layout
from vidpipe.corpus.manifest_records import BROKEN_LINE, Record, read_records, unusable
from vidpipe.corpus.rows import VideoRow, as_count, as_language, as_text, detail_text, valid_text
from vidpipe.corpus.sidecars import (
    CAPTION_SUFFIXES,
    COUNTS,
    Sidecars,
    caption_language,
    info_fields,
    is_sidecar,
    suffix_of,
)

PATH_LEAVES = "path leaves the manifest's folder"
NO_FILE = "no such file"
EMPTY_ID = "empty id"
DUPLICATE_ID = "duplicate id"
NO_URLS = "url sources are not available in this version"
NO_SOURCE = "no path"
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


@dataclass(frozen=True, slots=True)
class _Place:
    """The manifest, the resolved folders that its paths may point into, and the sidecars seen there."""

    manifest: Path
    roots: tuple[str, ...]
    sidecars: dict[str, dict[str, Sidecars]] = field(default_factory=dict)

    def resolve(self, text: str) -> str | None:
        """The real path that `text` means; None where it leaves the allowed folders."""
        path = os.path.join(self.roots[0], text)  # noqa: PTH118 an absolute text stands for itself
        real = None if "\0" in text else os.path.realpath(path)
        return real if real and inside_any(real, self.roots) else None

    def relative(self, real: str) -> str:
        """A real path relative to the innermost allowed folder that holds it."""
        return min((os.path.relpath(real, root) for root in self.roots if inside_any(real, (root,))), key=len)

    def beside(self, real: str) -> Sidecars:
        """The sidecars of a video, links that leave the allowed folders left out."""
        folder, name = os.path.split(real)
        if folder not in self.sidecars:
            self.sidecars[folder] = sidecars_in(sorted(self._names(folder)), folder)
        return self.sidecars[folder].get(name, Sidecars())

    def _names(self, folder: str) -> list[str]:
        """Names in a folder, without sidecars that are no files or lead out; empty where it cannot be listed."""
        try:
            with os.scandir(folder) as entries:
                return [entry.name for entry in entries if not is_sidecar(entry.name) or self._is_usable(entry)]
        except OSError:
            return []

    def _is_usable(self, entry: os.DirEntry[str]) -> bool:
        return entry.is_file() and (not entry.is_symlink() or inside_any(entry.path, self.roots))


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a record comes to before ids are given: a usable real path, or a reason, and where it stands."""

    record: Record
    path: str | None = None
    reason: str | None = None
    detail: str | None = None


def read_manifest(
    manifest: Path, *, known: Mapping[str, str], roots: Sequence[Path] = (), layout: Layout | None = None
) -> tuple[VideoRow, ...]:
    """The rows of a manifest, in its order. Paths must resolve inside its folder or one of `roots`.

    A record without a field `id` is given one from its path, as a file of a folder is; a record whose field
    is empty is an error, and so is one whose id stands already. Where there is no id to name, an error row
    is called `line-<n>`.

    Raises:
        RecipeError: the file as a whole cannot be used; its text names file and line.
    """
    manifest = Path(os.path.abspath(manifest))  # noqa: PTH100 links in the manifest's own path stay
    place = _Place(manifest, tuple(os.path.realpath(root) for root in (manifest.parent, *roots)))
    findings = [_find(place, _renamed(record)) for record in read_records(manifest)]
    if manifest.suffix.lower() == ".jsonl" and findings and all(one.record.broken for one in findings):
        raise unusable(manifest, findings[0].record.broken or "", findings[0].record.line)
    given = [as_id(one.record.values["id"]) for one in findings if one.path and "id" in one.record.values]
    unnamed = {one.path: None for one in findings if one.path and "id" not in one.record.values}
    taken = reserved_ids(known, Path(place.roots[0])) | {name for name in given if name}
    ids = assign_ids(((path, place.relative(path)) for path in unnamed), known=known, taken=taken)
    return tuple(_without_duplicates(manifest, [(one, _row(place, one, ids, layout)) for one in findings]))


def as_id(value: object) -> str | None:
    r"""An id as it was written, NUL spelt out as `\x00`, which no database takes; None where it is empty or no id."""
    text = as_text(value) if isinstance(value, str | int) else None
    return text and text.replace("\0", r"\x00")


def _renamed(record: Record) -> Record:
    values = dict(record.values)
    for alias, name in _ALIASES.items():
        if alias in values and values.get(name) in (None, ""):
            values[name] = values[alias]
    return replace(record, values=values)


def _find(place: _Place, record: Record) -> _Finding:
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
        return refuse(NO_URLS, "url", url) if url else refuse(NO_SOURCE, "path", "is empty")
    real = place.resolve(path)
    unusable_path = NO_FILE if "\0" in path else _path_problem(real)
    if unusable_path:
        return refuse(unusable_path, "path", f"{path[:100]} {_PROBLEMS[unusable_path]}")
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


def _row(place: _Place, one: _Finding, ids: Mapping[str, str], layout: Layout | None) -> VideoRow:
    values = one.record.values
    line_id = f"line-{one.record.line}"
    given = _given(values)
    if one.path is None:
        url = as_text(values.get("url"))
        named = {"video_id": as_id(values.get("id")) or line_id, "url": url, "keep": False}
        return VideoRow(**{**given, **named, "reason": one.reason, "detail": one.detail})  # type: ignore[arg-type]
    captions, remark = _captions(place, values)
    given |= captions | {"video_id": as_id(values.get("id")) or ids.get(one.path, line_id), "path": one.path}
    column, what = remark or _bad_number(values)
    if what:
        given["detail"] = _detail(place.manifest, one.record.line, column, what)
    return described_row(given, sidecars=place.beside(one.path), relative=place.relative(one.path), layout=layout)


def _given(values: Mapping[str, object]) -> dict[str, object]:
    """The fields of `VideoRow` that a record states; columns are called as in yt-dlp's info files."""
    texts = {name: as_text(values.get(name)) for name in ("series_name", "licence", "release_date")}
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


def _captions(place: _Place, values: Mapping[str, object]) -> tuple[dict[str, object], tuple[str, str] | None]:
    """The caption fields of a record, and a remark where they name a file that cannot be used."""
    value = values.get("captions")
    language = as_language(values.get("language"))
    if isinstance(value, Mapping):
        files = {tag: _caption_file(place, as_text(item)) for tag, item in sorted(value.items())}
        return {"captions": {tag: path for tag, path in files.items() if path}}, _remark(missing=None in files.values())
    text = as_text(value)
    path = _caption_file(place, text)
    if text is None:
        return {}, None
    if path is not None:
        tag = caption_language(os.path.basename(path))  # noqa: PTH119 a name is meant
        return {"captions": {language if tag == "und" and language else tag: path}}, None
    if suffix_of(text) in CAPTION_SUFFIXES and len(text.split()) == 1:
        return {}, _remark(missing=True)
    return {"captions_text": text}, None


def _remark(*, missing: bool) -> tuple[str, str] | None:
    return ("captions", "no such caption file in the folder") if missing else None


def _caption_file(place: _Place, text: str | None) -> str | None:
    if text is None or suffix_of(text) not in CAPTION_SUFFIXES or len(text) > 4096:
        return None
    real = place.resolve(text)
    return real if real and os.path.isfile(real) else None  # noqa: PTH113 as in _find


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
