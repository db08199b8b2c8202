"""Rows on their way into a dataset: taken in any order, given back sorted, never all in memory.

What belongs here: the temporary file that holds the rows' JSON, and what is kept of each row in memory. Not
here: the store.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from vidpipe.export.target import SceneItem

# Line ends for str.splitlines, though not for JSON lines.
LINE_ENDS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})


@dataclass(frozen=True, slots=True)
class Spooled:
    """A row in the spool, `n_bytes` from `start_bytes` on; `digest` is the sha256 of its JSON line."""

    video_id: str
    item: SceneItem
    start_bytes: int
    n_bytes: int
    digest: str


class RowSpool:
    """The rows of a dataset in a temporary file that goes with the context.

    Raises:
        ValueError: two items have the same key, a row has no video_id, or holds what JSON cannot (NaN).
    """

    def __init__(self, items: Iterable[SceneItem]) -> None:
        self._file = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 - this class is the context
        try:
            self.rows = sorted(self._write(items), key=lambda row: (row.video_id, row.item.key))
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._file.close()

    def read(self, row: Spooled) -> dict[str, Any]:
        """The row's values."""
        self._file.seek(row.start_bytes)
        return cast("dict[str, Any]", json.loads(self._file.read(row.n_bytes)))

    def _write(self, items: Iterable[SceneItem]) -> Iterator[Spooled]:
        keys: set[str] = set()
        for item in items:
            if item.key in keys:
                raise ValueError(f"need one item per key, got {item.key=} twice")
            keys.add(item.key)
            line = json_line(item.row)
            start_bytes = self._file.tell()
            self._file.write(line)
            light = SceneItem({}, item.key, item.media, item.poster, item.shots)
            digest = hashlib.sha256(line).hexdigest()
            yield Spooled(str(item.row["video_id"]), light, start_bytes, len(line), digest)


def json_line(value: Mapping[str, object]) -> bytes:
    """One line of a `.jsonl` file: keys in their order, UTF-8, no line end inside, a line feed at the end.

    Raises:
        ValueError: the value holds NaN, an infinity or a lone surrogate.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"{text.translate(LINE_ENDS)}\n".encode()
