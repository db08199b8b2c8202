"""Reading a manifest file into records: CSV, JSON lines or parquet. What the fields mean: `manifests.py`.

CSV and JSON lines go through the standard library and not through polars, which names neither the line of
an error nor goes on after one; parquet goes through polars, whose row numbers count as lines (the first row
is line 1).
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import polars as pl

from vidpipe.corpus.rows import detail_text, valid_text
from vidpipe.errors import RecipeError

BROKEN_LINE = "broken line"
MAX_FIELD_CHARS = 64 * 2**20  # captions of a whole film stand in one field


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the line on which it starts, counted from 1, and its values by column in lower case.

    `broken` says why the line could not be read; `values` then holds what could.
    """

    line: int
    values: Mapping[str, object] = field(default_factory=dict)
    broken: str | None = None


def read_records(manifest: Path) -> Iterator[Record]:
    """The records of a `.csv`, `.jsonl` or `.parquet` file, in order. Blank lines are passed over.

    Raises:
        RecipeError: the file cannot be read or parsed as a whole; its text names the file, and the line
        where known.
    """
    reader = {".csv": _read_csv, ".jsonl": _read_json_lines, ".parquet": _read_parquet}[manifest.suffix.lower()]
    try:
        yield from reader(manifest)
    except OSError as error:
        raise unusable(manifest, f"cannot be read: {error.strerror or 'input error'}") from error


def column_names(manifest: Path) -> list[str]:
    """The columns of a manifest's first thousand records in lower case, in the order of their appearance.

    Raises:
        RecipeError: the file cannot be read or parsed as a whole.
    """
    records = islice(read_records(manifest), 1000)
    return list(dict.fromkeys(name for record in records for name in record.values))


def unusable(manifest: Path, why: str, line: int | None = None) -> RecipeError:
    """The error that ends the reading of a manifest: file, line, and what is wrong, in one line."""
    at = "" if line is None else f" line {line}"
    return RecipeError(f"{detail_text(valid_text(str(manifest)))}{at}", detail_text(why))


def check_columns(manifest: Path, columns: list[str]) -> None:
    """Make sure that the columns are usable.

    Raises:
        RecipeError: a column stands twice, or none says which video a row means.
    """
    twice = next((name for name in columns if name and columns.count(name) > 1), None)
    if twice is not None:
        raise unusable(manifest, f"column {twice} stands twice", 1)
    if not set(columns) & {"id", "video_id", "path", "file_name", "url", "video_link"}:
        found = ", ".join(columns[:8]) or "none"
        hint = "; part columns by commas" if len(columns) == 1 and {";", "\t"} & set(found) else ""
        raise unusable(manifest, f"no column id, path or url (columns: {found}){hint}", 1)


def _lines(manifest: Path) -> Iterator[str]:
    """Lines with their ends, as UTF-8 without its mark.

    Raises:
        RecipeError: a line is not UTF-8.
    """
    with manifest.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                why = f"not UTF-8 at byte {error.start + 1} of the line; save the file as UTF-8"
                raise unusable(manifest, why, number) from error


def _read_csv(manifest: Path) -> Iterator[Record]:
    limit = csv.field_size_limit(MAX_FIELD_CHARS)
    try:
        yield from _csv_records(manifest)
    finally:
        csv.field_size_limit(limit)


def _csv_records(manifest: Path) -> Iterator[Record]:
    reader = csv.reader(_lines(manifest), strict=True)
    columns: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            if columns is None or "unexpected end of data" in str(error):
                raise unusable(manifest, f"no CSV: {error}", line) from error
            yield Record(line, broken=f"{error} (lines {line} to {reader.line_num})")
            continue
        if columns is None:
            columns = [valid_text(name).strip().lower() for name in values]
            check_columns(manifest, columns)
        elif values:
            yield _csv_record(line, columns, values)
    if columns is None:
        raise unusable(manifest, "the file is empty")


def _csv_record(line: int, columns: list[str], values: list[str]) -> Record:
    found = dict(zip(columns, values, strict=False))
    if len(values) == len(columns):
        return Record(line, found)
    return Record(line, found, broken=f"{len(values)} fields instead of {len(columns)}")


def _read_json_lines(manifest: Path) -> Iterator[Record]:
    with manifest.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip(b"\xef\xbb\xbf \t\r\n"):
                yield _json_record(number, line)


def _json_record(number: int, line: bytes) -> Record:
    try:
        value = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except (ValueError, RecursionError) as error:  # ValueError: no JSON, no Unicode, or an endless number
        return Record(number, broken=f"no JSON: {error}")
    if not isinstance(value, dict):
        return Record(number, broken="no JSON object")
    return Record(number, {valid_text(name).strip().lower(): item for name, item in value.items()})


def _read_parquet(manifest: Path) -> Iterator[Record]:
    try:
        frame = pl.read_parquet(manifest.read_bytes())
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise unusable(manifest, "no parquet that can be read") from error
    columns = [name.strip().lower() for name in frame.columns]
    check_columns(manifest, columns)
    for number, values in enumerate(frame.iter_rows(), 1):
        yield Record(number, dict(zip(columns, values, strict=True)))
