"""What the catalogue tells people: remarks on single rows, and what looks like a mistake in a source as a whole.

Nothing here changes a row or refuses a source.
"""

import difflib
import os
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from vidpipe.corpus.catalogue import index_ids
from vidpipe.corpus.identities import without_suffix
from vidpipe.corpus.manifest_places import Place
from vidpipe.corpus.manifest_records import column_names
from vidpipe.corpus.manifests import COLUMNS
from vidpipe.corpus.rows import VideoRow, detail_text, valid_text
from vidpipe.corpus.sources import MANIFEST_SUFFIXES, check_source, root_folders
from vidpipe.errors import CorruptObjectError, MissingObjectError, RecipeError
from vidpipe.recipe.layouts import Layout
from vidpipe.store.documents import Tables, read_table_record
from vidpipe.store.objects import ObjectStore

NOTICES = "warnings"
_PLACES = frozenset({"path", "file_name", "url", "video_link"})
_MOST_TABLES = 100  # are looked into; a folder may hold one for each video
_NEAR = 0.75  # difflib's ratio: two letters changed places in a word of four


def details(tables: Tables) -> dict[str, str]:
    """What the catalogue remarks on single rows, by the id that the ledger has for the row; {} without a catalogue.

    A text is one line of at most 200 characters, with file, line and column where a manifest is to blame.
    """
    try:
        frame = tables.rows("catalogue")
    except (MissingObjectError, CorruptObjectError):
        return {}
    return {video_id: text for video_id, text in zip(index_ids(frame), frame["detail"], strict=True) if text}


def notices(store: ObjectStore) -> tuple[str, ...]:
    """What the catalogue, as it stands, warns of, one line each; () without a catalogue."""
    try:
        value = read_table_record(store, "catalogue").value
    except (MissingObjectError, CorruptObjectError):
        return ()
    return tuple(str((value or {}).get(NOTICES, "")).splitlines())


def find_notices(
    found: Mapping[str, Sequence[VideoRow]], *, base: Path, roots: Sequence[Path] = (), layout: Layout | None = None
) -> tuple[str, ...]:
    """What looks like a mistake in the sources, one line each; `found` is what `read_sources` gives.

    Raises:
        RecipeError: a source is gone again.
    """
    paths = {uri: check_source(uri, base) for uri in found}
    roots = root_folders(roots, base)
    lines = [line for uri, path in paths.items() for line in _of_source(uri, path, found[uri])]
    read = {path.absolute() for path in paths.values()}
    lines += [line for uri, path in paths.items() if path.is_dir() for line in _unread(uri, path, read)]
    if layout is not None:
        named = (_relative(row, paths[uri], roots) for uri, rows in found.items() for row in rows if row.path)
        lines += _of_layout(layout, [valid_text(without_suffix(relative)) for relative in named])
    return tuple(detail_text(valid_text(line)) for line in dict.fromkeys(lines))


def _of_source(uri: str, path: Path, rows: Sequence[VideoRow]) -> Iterator[str]:
    if not rows:
        yield f"no videos found in {uri}"
    if path.is_file():
        names = column_names(path)
        for name in names:
            near = None if name in COLUMNS else _near(name, names)
            if near:
                yield f"{path.name}: unknown column {name[:60]!r}; did you mean {near}?"


def _unread(uri: str, folder: Path, read: Container[Path]) -> Iterator[str]:
    """The tables at the top of a folder that name files, as manifests do, and are no sources themselves."""
    tables = sorted(one for one in folder.iterdir() if one.suffix.lower() in MANIFEST_SUFFIXES and one.is_file())
    for table in tables[:_MOST_TABLES]:
        with suppress(RecipeError):
            if table.absolute() not in read and not _PLACES.isdisjoint(column_names(table)):
                yield f"{table.name} in {uri} looks like a manifest and was not read; name it as a source to use it"


def _near(name: str, present: Sequence[str]) -> str | None:
    """The known column that `name` may be meant to be; one that stands beside it is not."""
    free = sorted(COLUMNS - set(present))
    return next(iter(difflib.get_close_matches(name, free, n=1, cutoff=_NEAR)), None)


def _relative(row: VideoRow, source: Path, roots: Sequence[Path]) -> str:
    path = row.path or ""
    if source.is_dir():
        return os.path.relpath(path, os.path.abspath(source))  # noqa: PTH100 - as the folder is read
    return Place.of(source, roots).relative(path)


def _of_layout(layout: Layout, names: Sequence[str]) -> Iterator[str]:
    if names and all(layout.read(name) == (None, None) for name in names):
        yield f"layout {layout.pattern!r} fits none of {len(names)} files, such as {names[0]!r}"
