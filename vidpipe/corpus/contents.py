"""When has a source changed? Marks of files that survive moving and copying, and a mark of a whole source.

A file is known by its size and a sample of its first and last bytes. It is read whole only where these are as they
were and its time of change is not. The exact sha256 of a video is measured where it is opened.
"""

import hashlib
import os
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISLNK
from typing import Any, BinaryIO

from vidpipe.corpus.captions import MAX_CAPTION_BYTES
from vidpipe.corpus.sidecars import MAX_INFO_BYTES, is_sidecar

SAMPLE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class FileMark:
    """A file's size, the time of its last change, and the sha256 over its first and last 64 KiB.

    After `+` stands the sha256 of the whole file, where size and sample cannot tell it from what it was before.
    """

    n_bytes: int
    mtime_ns: int
    sample: str


def mark_file(path: str, known: FileMark | None = None) -> FileMark | None:
    """The mark of a file; None where it cannot be read. One that is known and untouched is not read again.

    One that was touched, with size and sample as they were, is read whole: it may be another one in the middle.
    """
    try:
        stat = os.stat(path)  # noqa: PTH116 - names may be too long for Path's own checks
        if known is not None and (known.n_bytes, known.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
            return known
        with Path(path).open("rb") as file:
            sample = _sample(file, stat.st_size)
            looks_same = known is not None and known.n_bytes == stat.st_size and known.sample.startswith(sample)
            if looks_same and stat.st_size > 2 * SAMPLE_BYTES:
                file.seek(0)
                sample += f"+{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError:
        return None
    return FileMark(stat.st_size, stat.st_mtime_ns, sample)


def _sample(file: BinaryIO, n_bytes: int) -> str:
    digest = hashlib.sha256(file.read(SAMPLE_BYTES))
    if n_bytes > SAMPLE_BYTES:
        file.seek(max(SAMPLE_BYTES, n_bytes - SAMPLE_BYTES))
        digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()


def files_part(row: Mapping[str, Any], mark: FileMark | None) -> dict[str, Any]:
    """What the stage that opens the files reads of a catalogue row: contents, never places.

    Of a video of which there is no file it is the page, and how long it is said to be.
    """
    page = {} if row["path"] else {"page": row["url"], "duration_s": row["duration_s"]}
    return {
        **page,
        "suffix": Path(row["path"] or "").suffix.lower(),
        "n_bytes": mark.n_bytes if mark else None,
        "sample": mark.sample if mark else None,
        "licence": row["licence"],
        "info": _content(row["info_path"], MAX_INFO_BYTES) if row["info_path"] else None,
        "captions_text": row["captions_text"],
        "captions": {item["language"]: _content(item["path"], MAX_CAPTION_BYTES) for item in row["captions"] or ()},
    }


def see_sources(uris: Iterable[str], base: Path) -> dict[str, str]:
    """What the sources show from outside, by path: size and time of change of manifests and of files in folders."""
    seen: dict[str, str] = {}
    for uri in uris:
        path = os.path.abspath(base / Path(os.path.expanduser(uri)))  # noqa: PTH100,PTH111 - as the sources are read
        for file in _walk(path) if os.path.isdir(path) else [path]:  # noqa: PTH112 - as above
            seen[file] = _look(file)
    return seen


def named_files(rows: Iterable[Iterable[str | None]], walked: Container[str]) -> set[str]:
    """What catalogue rows name outside the folders that are sources: a manifest's videos and what describes them.

    A row is the path of its video, then those of its sidecars and of what was tried. A video's folder is named too,
    with a `/` at its end: another sidecar may come to lie there.
    """
    named: set[str] = set()
    for path, *sidecars in rows:
        named.update(file for file in sidecars if file and file not in walked)
        if path and path not in walked:
            named |= {path, f"{os.path.dirname(path)}/"}  # noqa: PTH120 - text, as sources give it
    return named


def see_files(names: Iterable[str]) -> dict[str, str]:
    """What files show from outside, and which sidecars lie in folders (names that end in `/`)."""
    return {name: _sidecar_names(name) if name.endswith("/") else _look(name) for name in names}


def mark_of(seen: Mapping[str, str]) -> str:
    """One hash over what was seen."""
    digest = hashlib.sha256()
    for path in sorted(seen):
        digest.update(os.fsencode(path) + b"\0" + os.fsencode(seen[path]) + b"\n")
    return digest.hexdigest()


def _walk(folder: str) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith("."):
                yield os.path.join(root, name)  # noqa: PTH118 - as os.walk gives it


def _look(path: str) -> str:
    """Size and time of change of a file; where it is a link, where that leads, too."""
    try:
        stat = os.lstat(path)
        if not S_ISLNK(stat.st_mode):
            return f"{stat.st_size}\0{stat.st_mtime_ns}"
        leads = os.readlink(path)  # noqa: PTH115 - as above
        stat = os.stat(path)  # noqa: PTH116 - as above
    except OSError:
        return "gone"
    return f"{stat.st_size}\0{stat.st_mtime_ns}\0{leads}"


def _sidecar_names(folder: str) -> str:
    """The names of the sidecars in a folder; of links, what they show too, since not all of them are followed."""
    try:
        with os.scandir(folder) as entries:
            beside = [entry for entry in entries if is_sidecar(entry.name)]
    except OSError:
        return "gone"
    shown = (f"{entry.name}\0{_look(entry.path)}" if entry.is_symlink() else entry.name for entry in beside)
    return "\0".join(sorted(shown))


def _content(path: str, most_bytes: int) -> str | None:
    """The sha256 of a file; None where it cannot be read or is larger than is ever read of it."""
    try:
        with Path(path).open("rb") as file:
            if os.fstat(file.fileno()).st_size > most_bytes:
                return None
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
