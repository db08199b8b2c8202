"""Which id a file gets where nobody gave it one. Text in, text out; no files are touched."""

import os
from collections.abc import Iterable, Mapping

from vidpipe.corpus.rows import valid_text


def without_suffix(relative: str) -> str:
    """The relative posix path without the last suffix of its name: `s/a.en.mp4` gives `s/a.en`."""
    return os.path.splitext(relative)[0]  # noqa: PTH122 the text may hold lone surrogates; no path is meant


def assign_ids(
    files: Iterable[tuple[str, str]], *, known: Mapping[str, str], taken: Iterable[str] = ()
) -> dict[str, str]:
    r"""Give every file an id, by path. `files` are (path, relative path) in the order of being served.

    A path in `known` keeps its id. Another one gets its relative path without suffix, or with its suffix
    where that id is another file's or stands in `taken`, or with `~2`, `~3`, … where both are. Ids are
    valid UTF-8: undecodable bytes of a name are spelt out as `\udcff`.
    """
    files = tuple(files)
    ids = {path: known[path] for path, _ in files if path in known}
    used = set(taken) | set(ids.values())
    for path, relative in files:
        if path not in ids:
            ids[path] = _free(valid_text(relative), used)
            used.add(ids[path])
    return ids


def _free(relative: str, used: set[str]) -> str:
    for wanted in (without_suffix(relative), relative):
        if wanted not in used:
            return wanted
    number = 2
    while f"{relative}~{number}" in used:
        number += 1
    return f"{relative}~{number}"
