"""Whether a dataset's folder is whole: every file named exactly once, every name a file, all rows of one shape.

What belongs here: what must hold before anything is published, found by reading names and rows alone, in memory that
does not grow with the files' bytes. Not here: whether contents are right (`dataset_checks`). Whoever wrote the folder:
nothing here raises because of what stands in it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vidpipe.errors import MissingObjectError
from vidpipe.export.dataset_lines import lines_of
from vidpipe.export.published import Published
from vidpipe.export.target import FOLDER_ENTRIES, METADATA, WITHOUT_MEDIA

MEDIA = "videos/"
SHARD = re.compile(r'^\s*- "([^"]+\.parquet)"$', re.MULTILINE)
_SCALARS = {bool: "a truth value", int: "a number", float: "a number", str: "a text"}
_PARTIAL = re.compile(r"#\d+$|\.(?:part|tmp|incomplete)$")


def folder_problems(published: Published, *, folder_entries: int = FOLDER_ENTRIES) -> Iterator[str]:
    """What is wrong with a dataset's folder, a line each; nothing where it is whole.

    Raises:
        RecipeError: there is no such dataset.
        ServiceError: the Hub did not answer.
    """
    files = published.files()
    if METADATA not in files:
        yield f"there is no {METADATA}"
        return
    yield from _full_folders(files, folder_entries)
    yield from (f"a file that nobody finished: {name}" for name in files if _PARTIAL.search(name))
    named: Counter[str] = Counter()
    shape = _Shape()
    for text in (METADATA, WITHOUT_MEDIA):
        if text in files:
            yield from _rows(published, text, shape, named)
    yield from (f"named by {n} rows: {name}" for name, n in named.items() if n > 1)
    yield from (f"a row names what is not there: {name}" for name in named if name not in files)
    media = (name for name in files if name.startswith(MEDIA) and not _PARTIAL.search(name))
    yield from (f"no row names {name}" for name in media if name not in named)
    yield from _shards(published, files)


def _full_folders(files: Mapping[str, int], folder_entries: int) -> Iterator[str]:
    entries = {name[:end] for name in files for end in _ends(name)}
    sizes = Counter(entry.rpartition("/")[0] for entry in entries)
    yield from (f"{n} entries in {folder or 'the folder'}" for folder, n in sizes.items() if n > folder_entries)


def _ends(name: str) -> Iterator[int]:
    """Where each folder of a path ends, and the path itself."""
    yield from (match.start() for match in re.finditer("/", name))
    yield len(name)


def _rows(published: Published, text: str, shape: "_Shape", named: Counter[str]) -> Iterator[str]:
    try:
        with published.local(text) as path:
            for line in lines_of(path):
                where = f"{text} line {line.number}"
                if line.value is None:
                    yield f"{where} is no JSON object"
                    continue
                row = dict(line.value)
                file_name = row.pop("file_name", None)
                yield from (f"{where}: {fault}" for fault in shape.faults(row))
                if text == WITHOUT_MEDIA and not file_name:
                    continue
                if not isinstance(file_name, str) or not _is_relative(file_name) or text == WITHOUT_MEDIA:
                    yield f"{where} has a file_name that cannot be"
                else:
                    named[file_name] += 1
    except MissingObjectError:
        yield f"there is no {text}"


def _is_relative(name: str) -> bool:
    return "\\" not in name and not any(part in ("", ".", "..") for part in name.split("/"))


def _shards(published: Published, files: Mapping[str, int]) -> Iterator[str]:
    """A card names every shard, or a reader would see none, or those of two releases."""
    there = {name for name in files if name.startswith("data/") and name.endswith(".parquet")}
    if not there and "data/README.md" not in files:
        return
    try:
        with published.local("data/README.md") as path:
            named = [f"data/{name}" for name in SHARD.findall(path.read_text("utf-8", "replace"))]
    except MissingObjectError:
        named = []
    yield from (f"data/README.md names what is not there: {name}" for name in named if name not in there)
    yield from (f"data/README.md does not name {name} exactly once" for name in there if named.count(name) != 1)


@dataclass
class _Shape:
    """The type of every place in the rows that were seen; null has any."""

    types: dict[str, str] = field(default_factory=dict)

    def faults(self, row: Mapping[str, Any]) -> Iterator[str]:
        """Where a row has another type than the rows before it, or other columns."""
        for place, kind in _types(row, "row"):
            known = self.types.setdefault(place, kind)
            if known != kind:
                yield f"{place} is {kind}, and {known} in the rows before"


def _types(value: Any, place: str) -> list[tuple[str, str]]:
    """The type of a value that was read as JSON, and of every place in it but those of null."""
    if isinstance(value, dict):
        found = [(place, f"an object of {', '.join(value)}")]
        for name, item in value.items():
            found += _types(item, f"{place}.{name}")
        return found
    if isinstance(value, list):
        found = [(place, "a list")]
        for item in value:
            found += _types(item, f"{place}[]")
        return found
    return [] if value is None else [(place, _SCALARS[type(value)])]
