"""What it takes that a repository holds exactly what a dataset folder holds: which files go there, which leave.

What belongs here: comparing. Not here: sending (`publishing`), nor who may see what. Files are compared by content:
by the sha256 that stands in their names where it does, else they are read.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from vidpipe.errors import RecipeError
from vidpipe.export.chain import MADE_BY
from vidpipe.export.dataset_lines import object_in
from vidpipe.export.file_list import FILES, read_list
from vidpipe.export.target import DatasetStore
from vidpipe.repositories import RemoteFile

TEXTS = frozenset(
    {"README.md", "CHANGELOG.md", "index.html", "metadata.jsonl", "without_media.jsonl", "croissant.json"}
    | {"attribution.jsonl", "data/README.md", MADE_BY, FILES}
)
"""The files of a dataset that bear the same names in every release."""
OURS = frozenset(
    {path.partition("/")[0] for path in TEXTS}
    | {"videos", "clips", "episodes", "thumbs", "data", "provenance", "explorer", "plots", "figures"}
)
"""What a dataset folder has ever held, by the first part of a path: whatever else lies in a repository stays there."""
Read = Callable[[str], bytes | None]
"""Gives a file of a place by its path; None where there is none."""
ROWS = ("metadata.jsonl", "without_media.jsonl")
"""The files that hold the rows, those without their file in the second one."""
_PEOPLES = ("README.md", "CHANGELOG.md", "data/README.md")  # a record does not name them: people may add to them
_DIGITS = re.compile(r"\.([0-9a-f]{12})\.\w+$")
_CHUNK_BYTES = 1 << 20


class Folder(Protocol):
    """What is to be published: files by their paths. `ours` are first parts of paths that it has ever held."""

    @property
    def ours(self) -> frozenset[str]:
        """Whatever else lies in a repository stays there."""
        ...

    def knows(self, there: Collection[str], read: Read) -> bool:
        """Whether a place that holds these files is one that such a folder was published to."""
        ...

    def files(self) -> dict[str, int]:
        """The size of each file, by its path in the folder, sorted."""
        ...

    def local(self, path: str) -> AbstractContextManager[Path]:
        """A local file with a file's content."""
        ...


@dataclass(frozen=True, slots=True)
class ReleaseFolder:
    """A dataset folder in the store, as it is to be published.

    `named`: the files that its record names. Only they and the texts that people may add to are published, whatever
    else lies in the folder. Without it all is.
    """

    store: DatasetStore
    prefix: str
    named: Collection[str] | None = None

    @property
    def ours(self) -> frozenset[str]:
        """Whatever else lies in a repository stays there."""
        return OURS

    def knows(self, there: Collection[str], read: Read) -> bool:
        """Whether a place that holds these files is one that such a folder was published to."""
        del read
        return MADE_BY in there

    def files(self) -> dict[str, int]:
        """The size of each file, by its path in the folder, sorted."""
        named = self.named
        return {path: n for path, n in self._all() if named is None or path in named or path in _PEOPLES}

    def strangers(self) -> list[str]:
        """What lies in the folder and is not published, sorted."""
        published = self.files()
        return [path for path, _ in self._all() if path not in published]

    def local(self, path: str) -> AbstractContextManager[Path]:
        """A local file with a file's content."""
        return self.store.local(f"{self.prefix}/{path}")

    def _all(self) -> list[tuple[str, int]]:
        return sorted((one.key.removeprefix(f"{self.prefix}/"), one.n_bytes) for one in self.store.list(self.prefix))


@dataclass(frozen=True, slots=True)
class Difference:
    """What is to change in a repository: paths to add, to change, to take away, and how large the first two are."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    sizes: Mapping[str, int]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.gone)

    @property
    def sent(self) -> tuple[str, ...]:
        """The paths whose content is to be there."""
        return tuple(sorted((*self.added, *self.changed)))

    @property
    def n_bytes(self) -> int:
        """Their size in all."""
        return sum(self.sizes[path] for path in self.sent)


@dataclass(frozen=True, slots=True)
class RowChanges:
    """How many rows a release has, and how they differ from those that readers see."""

    n: int
    added: int
    changed: int
    removed: int


class Comparer:
    """Compares a folder with repositories; reads each file at most once."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.sizes = folder.files()
        self._names: dict[str, tuple[str, str]] = {}
        self._rows: dict[str, tuple[str, str]] | None = None

    def difference(
        self, remote: Mapping[str, RemoteFile], is_ours: Callable[[str], bool] = lambda _: True
    ) -> Difference:
        """What is to change where a repository holds these files; only what `is_ours` is taken away."""
        added = tuple(path for path in self.sizes if path not in remote)
        changed = tuple(path for path in self.sizes if path in remote and not self._is_same(path, remote[path]))
        tops = self.folder.ours | {_top(path) for path in self.sizes}
        left = (path for path in remote.keys() - self.sizes.keys() if _top(path) in tops and is_ours(path))
        return Difference(added, changed, tuple(sorted(left)), self.sizes)

    def check(self, path: str, sha256: str) -> None:
        """Compare the sha256 of what is sent with what the file's name says, or the row that names it.

        Raises:
            RecipeError: it is not what was written.
        """
        if self._rows is None:
            listed, _ = read_list(self.lines(FILES))
            self._rows = {name: (digest, "") for name, digest in listed.items()} | dict(_media(self.lines(*ROWS)))
        wanted, row = self._rows.get(path, ("", ""))
        if not sha256.startswith(wanted) or not sha256.startswith(named_digits(path) or ""):
            whose = f", the file of {row}," if row else ""
            raise RecipeError(path, f"this file{whose} is damaged; delete it, and `vidpipe run` writes it again")

    def lines(self, *names: str) -> Iterator[bytes]:
        """The lines of some of its files, of those that are there."""
        for name in names:
            if name in self.sizes:
                with self.folder.local(name) as path, path.open("rb") as lines:
                    yield from lines

    def _is_same(self, path: str, remote: RemoteFile) -> bool:
        if remote.n_bytes != self.sizes[path]:
            return False
        digits = named_digits(path)
        if digits is not None and remote.sha256.startswith(digits):
            return True  # of another content it would have another name
        sha256, git_oid = self._named(path)
        return sha256 == remote.sha256 if remote.sha256 else git_oid == remote.git_oid

    def _named(self, path: str) -> tuple[str, str]:
        """The sha256 of a file, and the name that git has for it."""
        if path not in self._names:
            with self.folder.local(path) as file:
                sha256, git = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % self.sizes[path], usedforsecurity=False)
                with file.open("rb") as data:
                    for chunk in iter(partial(data.read, _CHUNK_BYTES), b""):
                        sha256.update(chunk)
                        git.update(chunk)
            self._names[path] = (sha256.hexdigest(), git.hexdigest())
        return self._names[path]


def row_changes(new: Iterable[bytes], old: Iterable[bytes]) -> RowChanges:
    """How the rows in some lines of JSON differ from those in others."""
    now, before = dict(_rows(new)), dict(_rows(old))
    n_changed = sum(before[name] != digest for name, digest in now.items() if name in before)
    return RowChanges(len(now), len(now.keys() - before.keys()), n_changed, len(before.keys() - now.keys()))


def release_rows(folder: ReleaseFolder, old: Path | None = None) -> RowChanges:
    """How the rows of a folder differ from those in another one, which may not be there."""
    with ExitStack() as opened:
        sizes = folder.files()
        new = [opened.enter_context(folder.local(name)) for name in ROWS if name in sizes]
        before = [old / name for name in ROWS if old is not None and (old / name).is_file()]
        return row_changes(_lines(new), _lines(before))


def _lines(paths: Iterable[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as lines:
            yield from lines


def _rows(lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """What names each row, and what it holds; a line that is no row names itself."""
    for line in lines:
        row = object_in(line) or {"file_name": line.hex()}
        index, digest = row.get("segment_index"), row.get("row_sha256") or hashlib.sha256(line.strip()).hexdigest()
        yield f"{row.get('video_id') or row.get('file_name')} {index}", f"{digest} {not row.get('file_name')}"


def _media(lines: Iterable[bytes]) -> Iterator[tuple[str, tuple[str, str]]]:
    """The sha256 of each row's file, and the row's video, by the file's path."""
    for line in lines:
        row = object_in(line) or {}
        if isinstance(sha256 := row.get("sha256"), str):
            yield str(row.get("file_name")), (sha256, str(row.get("video_id")))


def named_digits(path: str) -> str | None:
    """The first digits of the sha256 of its content, in a file's name; None where it bears none.

    Shards have digits, too, but of what they were made from: these are no digits of their content.
    """
    digits = _DIGITS.search(path)
    return None if digits is None or path.startswith("data/") else digits[1]


def _top(path: str) -> str:
    return path.partition("/")[0]
