"""Source URIs to rows. The kinds of sources themselves: `folders.py`, `manifests.py`."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from vidpipe.corpus.folders import read_folder
from vidpipe.corpus.manifests import read_manifest, usable_records
from vidpipe.corpus.rows import VideoRow, valid_text
from vidpipe.errors import RecipeError
from vidpipe.recipe.layouts import Layout

MANIFEST_SUFFIXES = (".csv", ".jsonl", ".parquet")
REMOTE_SCHEMES = ("youtube", "youtube-commons", "action100m", "http", "https", "s3", "gs", "hf")
Rows = tuple[VideoRow, ...]
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//)?")


def read_sources(
    uris: Iterable[str],
    *,
    base: Path,
    known: Mapping[str, str] | None = None,
    roots: Sequence[Path] = (),
    layout: Layout | None = None,
    by_page: bool = False,
) -> dict[str, tuple[VideoRow, ...]]:
    """The rows of each source, by URI in their order; relative URIs and `roots` are taken from `base`.

    With `by_page` a video may be known by its public page alone: its row has no `path`.

    `known` maps absolute file paths to the ids under which they were first registered; they keep them. An
    id that two sources give stands in both rows: the catalogue keeps the first.

    Raises:
        RecipeError: a source is not there, is of no kind that this version reads, or cannot be used as a
        whole.
    """
    kept = dict(known or {})
    places = root_folders(roots, base)
    read = partial(read_manifest, known=kept, roots=places, layout=layout, by_page=by_page)
    return {uri: _read(check_source(uri, base), read, known=kept, layout=layout) for uri in uris}


def root_folders(roots: Iterable[Path], base: Path) -> tuple[Path, ...]:
    """The folders that `roots` of a recipe mean, relative ones from `base`."""
    return tuple(base / os.path.expanduser(root) for root in roots)  # noqa: PTH111 unknown users are no error


def check_source(uri: str, base: Path) -> Path:
    """The folder or manifest that `uri` means, relative ones from `base`; nothing in it is read.

    Raises:
        RecipeError: it is not there, or of no kind that this version reads.
    """
    name = valid_text(uri)
    if "\0" in uri or not uri.strip():
        raise RecipeError("sources", "a source is empty or holds a NUL")
    _refuse_remote(name)
    path = base / os.path.expanduser(uri)  # noqa: PTH111 unknown users are no error
    if os.path.isdir(path):  # noqa: PTH112 answers False to names that are too long
        return path
    if not os.path.isfile(path):  # noqa: PTH113 as above
        raise RecipeError("sources", f"no such folder or file: {name}")
    if path.suffix.lower() not in MANIFEST_SUFFIXES:
        raise RecipeError("sources", f"{name}: a source is a folder, or a .csv, .jsonl or .parquet file")
    return path


def check_contents(uri: str, base: Path) -> Path:
    """The folder or manifest that `uri` means, the manifest read through; what is in a folder is not looked at.

    Raises:
        RecipeError: it is not there, of no kind that this version reads, or a manifest that cannot be used as a whole.
    """
    path = check_source(uri, base)
    if path.is_file():
        usable_records(path)
    return path


def _read(path: Path, manifest: Callable[[Path], Rows], *, known: Mapping[str, str], layout: Layout | None) -> Rows:
    return read_folder(path, known=known, layout=layout) if path.is_dir() else manifest(path)


def _refuse_remote(uri: str) -> None:
    match = _SCHEME.match(uri)
    if match is None:
        return
    if match[1].lower() in REMOTE_SCHEMES:
        raise RecipeError("sources", f"{match[1].lower()} sources are not available in this version: {uri}")
    if match[2]:
        raise RecipeError("sources", f"{match[1]}:// is no kind of source: {uri}")
