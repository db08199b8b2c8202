"""When has a source changed? Marks of files that survive moving and copying, and a mark of a whole source.

No file is read whole: size, and a sample of its first and last bytes. The exact sha256 of a video is measured
where it is opened.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class FileMark:
    """A file's size, the time of its last change, and the sha256 over its first and last 64 KiB."""

    n_bytes: int
    mtime_ns: int
    sample: str


def mark_file(path: str, known: FileMark | None = None) -> FileMark | None:
    """The mark of a file; None where it cannot be read. One that is known and untouched is not read again."""
    try:
        stat = os.stat(path)  # noqa: PTH116 - names may be too long for Path's own checks
        if known is not None and (known.n_bytes, known.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
            return known
        with Path(path).open("rb") as file:
            digest = hashlib.sha256(file.read(SAMPLE_BYTES))
            if stat.st_size > SAMPLE_BYTES:
                file.seek(max(SAMPLE_BYTES, stat.st_size - SAMPLE_BYTES))
                digest.update(file.read(SAMPLE_BYTES))
    except OSError:
        return None
    return FileMark(stat.st_size, stat.st_mtime_ns, digest.hexdigest())


def files_part(row: Mapping[str, Any], mark: FileMark | None) -> dict[str, Any]:
    """What the stage that opens the files reads of a catalogue row: contents, never places."""
    return {
        "suffix": Path(row["path"] or "").suffix.lower(),
        "n_bytes": mark.n_bytes if mark else None,
        "sample": mark.sample if mark else None,
        "licence": row["licence"],
        "captions_text": row["captions_text"],
        "captions": {item["language"]: _content(item["path"]) for item in row["captions"] or ()},
    }


def mark_sources(uris: Iterable[str], base: Path, known_paths: Iterable[str]) -> str:
    """One hash over all that the sources' files show from outside: names, sizes, times of change.

    `known_paths` are files that a manifest named when it was last read; a folder is walked.
    """
    digest = hashlib.sha256()
    for uri in uris:
        path = base / Path(uri).expanduser()
        for line in sorted(_walk(path)) if path.is_dir() else [_stat_line(str(path))]:
            digest.update(line)
    for known in sorted(known_paths):
        digest.update(_stat_line(known))
    return digest.hexdigest()


def _walk(folder: Path) -> Iterator[bytes]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith("."):
                yield _stat_line(os.path.join(root, name))  # noqa: PTH118 - as os.walk gives it


def _stat_line(path: str) -> bytes:
    try:
        stat = os.stat(path)  # noqa: PTH116 - see above
    except OSError:
        return os.fsencode(path) + b"\0gone\n"
    return os.fsencode(path) + f"\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode()


def _content(path: str) -> str | None:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return None
