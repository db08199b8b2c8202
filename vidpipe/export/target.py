"""What goes into a dataset folder: its kind, its items, the store they are written to, and the plan of its shards.

What belongs here: the pure part. Not here: writing (`folder`), names (`naming`), texts (`card`, `explorer`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel

from vidpipe.export.along import NO_SEGMENTS, Segments
from vidpipe.export.naming import Called
from vidpipe.store.objects import Stored

METADATA, WITHOUT_MEDIA = "metadata.jsonl", "without_media.jsonl"  # rows with their file, and without
SHARD_BYTES = 128_000_000  # mp4 bytes from which a shard is full: one row group, of which readers want 32–500 MB
LEAST_BYTES = 32_000_000  # what is left over is put into the shard before it
CELL_BYTES = 256_000_000  # a larger video is null in its shard: polars needs five times a cell's memory
FOLDER_ENTRIES = 10_000  # the Hub refuses a folder with more


class DatasetStore(Protocol):
    """The part of the object store that a dataset is written through. Every write is all or nothing."""

    def put(self, key: str, data: bytes) -> Stored:
        """Write an object, replacing what was there."""

    def put_file(self, key: str, path: Path) -> Stored:
        """Write a local file's content as an object."""

    def link(self, key: str, path: Path) -> Stored:
        """Write a local file's content as an object, without a second copy of its bytes where there need be none."""

    def copy(self, source: str, target: str) -> None:
        """Give the object `source` a second key."""

    def list(self, prefix: str) -> Iterator[Stored]:
        """All objects under `prefix`, in no order."""

    def delete(self, key: str) -> None:
        """Remove an object."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """A local file with the object's content, for reading."""

    def scratch(self) -> AbstractContextManager[Path]:
        """An empty local folder that goes with the context."""


@dataclass(frozen=True, slots=True)
class DatasetKind:
    """Which dataset it is: its name (`scenes`), what its rows are (a model) and are called (a plural).

    `has_shards`: its rows are written as parquet, too, with the bytes of their files. Without `has_digests` names of
    files carry no digits of their content's sha256: a file that changed is then replaced under its name.
    """

    name: str
    model: type[BaseModel]
    noun: str
    has_shards: bool = False
    has_digests: bool = True


@dataclass(frozen=True, slots=True)
class DatasetTarget:
    """Where a dataset goes: all keys start with `prefix`. The limits' defaults are what the Hub bears."""

    store: DatasetStore
    prefix: str
    shard_bytes: int = SHARD_BYTES
    cell_bytes: int = CELL_BYTES
    folder_entries: int = FOLDER_ENTRIES

    def key(self, name: str) -> str:
        """The key of a file of the dataset; `name` is relative to the dataset's folder."""
        return f"{self.prefix}/{name}"


@dataclass(frozen=True, slots=True)
class Media:
    """A file to publish: a key of the store, or a path outside it. `sha256` is in lower-case hex.

    Raises:
        ValueError: the sha256 is none.
    """

    source: str | Path
    sha256: str
    n_bytes: int

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError(f"need 64 lower-case hex digits, got {self.sha256=}")


@dataclass(frozen=True, slots=True)
class DatasetItem:
    """One row of a dataset, and its file.

    `key` is unique in the dataset, `video_key` the key segment of the video that it belongs to; rows are sorted by
    `order`, then by key. `origins` is the video's line of `provenance/` (`chain.line_of`), the same for all its rows.
    Without `media` the row stands without its file; `poster` is a small JPEG, a key of the store, with `cell` (place,
    number) one of so many pictures side by side in it. `called`: the file's name, where that is not the key. `shots`,
    half-open spans in seconds on the file's clock, and `segments` are for the explorer's time line.
    """

    row: Mapping[str, object]
    key: str
    video_key: str
    origins: bytes
    media: Media | None
    order: tuple[str | int | float, ...] = ()
    called: Called | None = None
    poster: str | None = None
    shots: Sequence[tuple[float, float]] = ()
    cell: tuple[int, int] | None = None
    segments: Segments = NO_SEGMENTS


def plan_shards(sizes_bytes: Sequence[int], shard_bytes: int, *, least_bytes: int = LEAST_BYTES) -> list[range]:
    """Runs of consecutive rows, each ended by the row that fills it; every row is in exactly one.

    What is left over at the end is a run of its own if it has `least_bytes`, or is all there is.
    """
    plan, start, total = [], 0, 0
    for index, n_bytes in enumerate(sizes_bytes):
        total += n_bytes
        if total >= shard_bytes:
            plan.append(range(start, index + 1))
            start, total = index + 1, 0
    if start < len(sizes_bytes):
        if plan and total < least_bytes:
            start = plan.pop().start
        plan.append(range(start, len(sizes_bytes)))
    return plan
