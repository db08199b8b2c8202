"""Whether a place is one that we published to before, and which of its files came from us.

What belongs here: telling our files from other people's by what lies in the place itself. Not here: comparing contents
(`release_plan`). A file is ours where an earlier release of ours names it, or where its name is one that only we give.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from vidpipe.errors import RecipeError
from vidpipe.export.dataset_lines import object_in
from vidpipe.export.file_list import FILES, read_list
from vidpipe.export.release_plan import TEXTS, Read, named_digits
from vidpipe.export.target import METADATA
from vidpipe.repositories import RemoteFile

NO_RELEASE = "no release of ours; name another place"
_SHARD = re.compile(r"data/[a-z]+-\d{5,}\.[0-9a-f]{12}\.parquet")
_FRONT = re.compile(r"\A---\n.*?^---\s*$", re.DOTALL | re.MULTILINE)


class Earlier:
    """What releases of ours left in a place of ours; its texts are read when they are needed, and once."""

    def __init__(self, there: Mapping[str, RemoteFile], read: Read) -> None:
        self._there, self._read = there, read
        self._named: frozenset[str] | None = None

    def has(self, path: str) -> bool:
        """Whether a file of the place is ours; one that the place did not hold is."""
        if path not in self._there or path in TEXTS or _SHARD.fullmatch(path):
            return True
        digits, sha256 = named_digits(path), self._there[path].sha256
        if digits is not None and (sha256.startswith(digits) if sha256 else FILES not in self._there):
            return True
        if self._named is None:
            self._named = frozenset(self._names())
        return path in self._named

    def _names(self) -> Iterator[str]:
        rows = map(object_in, self._lines(METADATA))
        yield from (str(row.get("file_name")) for row in rows if row is not None)
        yield from read_list(line + b"\n" for line in self._lines(FILES))[0]

    def _lines(self, path: str) -> list[bytes]:
        return (self._read(path) or b"").split(b"\n") if path in self._there else []


def refuse_foreign(
    knows: Callable[[Collection[str], Read], bool],
    there: Collection[str],
    read: Read,
    *,
    key: str,
    place: str,
    lacks: str = NO_RELEASE,
) -> None:
    """Refuse a place that holds what others put there, unless that is as good as nothing.

    `knows` tells a place of ours; `lacks` says what was looked for, and what to do.

    Raises:
        RecipeError: nothing of ours is there, and something else is; `key` says where the place was named.
    """
    others = sorted(path for path in there if not path.startswith("."))
    if not others or knows(there, read):
        return
    if others == ["README.md"] and not _FRONT.sub("", (read("README.md") or b"").decode("utf-8", "replace")).strip():
        return
    raise RecipeError(key, f"{place} holds something else ({others[0]}), and {lacks}")
