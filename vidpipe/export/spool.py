"""Rows on their way into a dataset: taken in any order, given back sorted, never all in memory.

What belongs here: the temporary files that hold the rows' JSON, the segments shown along them and their videos' lines
of provenance, and what is kept of each row in memory. A row is sealed here (`chain.sealed`): nobody can forget to. Not
here: the store.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from vidpipe.export.along import NO_SEGMENTS, Segment, Segments
from vidpipe.export.chain import sealed
from vidpipe.export.finevideo import encodable
from vidpipe.export.target import DatasetItem

# Line ends for str.splitlines, though not for JSON lines.
LINE_ENDS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_BUFFER_BYTES = 65_536  # some lines
_LINE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line lies in its file."""

    start_bytes: int
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Spooled:
    """A row in the spool; `digest` is its `row_sha256`. `item` is without its row, its origins and its segments."""

    item: DatasetItem
    place: Place
    digest: str
    segments: Place | None = None


class RowSpool:
    """The rows of a dataset in temporary files that go with the context.

    Raises:
        ValueError: two items have the same key, or a row holds what JSON cannot (NaN).
    """

    def __init__(self, items: Iterable[DatasetItem]) -> None:
        with ExitStack() as opened:
            self._rows = cast("BinaryIO", opened.enter_context(TemporaryFile(buffering=_BUFFER_BYTES)))
            self._lines = cast("BinaryIO", opened.enter_context(TemporaryFile(buffering=_BUFFER_BYTES)))
            self._origins: dict[str, tuple[Place, str]] = {}
            self.rows = sorted(self._take(items), key=lambda row: (row.item.order, row.item.key))
            self._closing = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._closing.close()

    def line(self, row: Spooled) -> bytes:
        """The row as a line of JSON (`json.loads` gives its values)."""
        return _read(self._rows, row.place)

    def segments(self, row: Spooled) -> Segments:
        """What was cut from the row's file."""
        if row.segments is None:
            return NO_SEGMENTS
        told = json.loads(_read(self._rows, row.segments))
        made_from = [(asset, version) for asset, version in told["made_from"]]
        return Segments([Segment(**one) for one in told["found"]], made_from)

    def origin(self, row: Spooled) -> bytes:
        """The line of provenance of the row's video."""
        return _read(self._lines, self._origins[row.item.video_key][0])

    def origins(self) -> Iterator[bytes]:
        """The line of provenance of each video, once, in the order of the rows."""
        for video_key in dict.fromkeys(row.item.video_key for row in self.rows):
            yield _read(self._lines, self._origins[video_key][0])

    def _take(self, items: Iterable[DatasetItem]) -> Iterator[Spooled]:
        keys: set[str] = set()
        for item in items:
            if item.key in keys:
                raise ValueError(f"need one item per key, got {item.key=} twice")
            keys.add(item.key)
            if item.video_key not in self._origins:
                digest = hashlib.sha256(item.origins.removesuffix(b"\n")).hexdigest()
                self._origins[item.video_key] = _write(self._lines, item.origins), digest
            row = sealed(item.row, self._origins[item.video_key][1])
            bare = replace(item, row={}, origins=b"", segments=NO_SEGMENTS)
            place = _write(self._rows, json_line(row))
            yield Spooled(bare, place, row["row_sha256"], self._put_segments(item.segments))

    def _put_segments(self, segments: Segments) -> Place | None:
        if not segments.found:
            return None
        return _write(self._rows, json_line(cast("dict[str, Any]", encodable(asdict(segments)))))


def json_line(value: Mapping[str, object]) -> bytes:
    """One line of a `.jsonl` file: keys in their order, UTF-8, no line end inside, a line feed at the end.

    Raises:
        ValueError: the value holds NaN, an infinity or a lone surrogate.
    """
    text = _LINE.encode(value)
    return f"{text if text.isascii() else text.translate(LINE_ENDS)}\n".encode()


def _write(file: BinaryIO, line: bytes) -> Place:
    place = Place(file.tell(), len(line))
    file.write(line)
    return place


def _read(file: BinaryIO, place: Place) -> bytes:
    file.seek(place.start_bytes)
    return file.read(place.n_bytes)
