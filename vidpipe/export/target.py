"""What goes into a dataset folder and where it lies: items, the store they are written to, names of files.

What belongs here: the pure part, names and plans. Not here: writing (`folder`), texts (`card`, `explorer`).
Names carry the first digits of their content's sha256. So a name never changes what it means: what is there
need not be copied again, and a reader of the old dataset never sees a new file under an old name.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from vidpipe.store.objects import Stored

SHARD_BYTES = 128_000_000  # mp4 bytes of a shard; writing one takes about 0.7 GB of memory
CELL_BYTES = 256_000_000  # a larger video is null in its shard: polars needs five times a cell's memory
FOLDER_ENTRIES = 10_000  # the Hub refuses a folder with more
FANOUT = 256
SUFFIXES = re.compile(r"\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|ts|mts|m2ts|vob|flv|f4v|ogv|wmv|asf|3gp|3g2|rm|rmvb)")


class DatasetStore(Protocol):
    """The part of the object store that a dataset is written through. Every write is all or nothing."""

    def put(self, key: str, data: bytes) -> Stored:
        """Write an object, replacing what was there."""

    def put_file(self, key: str, path: Path) -> Stored:
        """Write a local file's content as an object."""

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
class DatasetTarget:
    """Where a dataset goes: all keys start with `prefix`. The limits' defaults are what the Hub bears."""

    store: DatasetStore
    prefix: str = "datasets/scenes"
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
class SceneItem:
    """One video of the dataset: its row (`finevideo.scene_row`), its key segment, its file.

    `shots` are half-open spans in seconds, for the explorer's time line; `poster` is a small JPEG, a key of
    the store.
    """

    row: Mapping[str, object]
    key: str
    media: Media
    poster: str | None = None
    shots: Sequence[tuple[float, float]] = field(default_factory=tuple)


def media_name(key: str, media: Media, *, depth: int) -> str:
    """`videos/[<2 hex of the key's sha256>/…]<key>.<12 hex of the video's sha256><suffix>`."""
    name = media.source.name if isinstance(media.source, Path) else media.source
    suffix = Path(name).suffix.lower()
    suffix = suffix if SUFFIXES.fullmatch(suffix) else ".bin"  # a suffix tells `datasets` how to load the folder
    return f"videos/{_folders(key, depth)}{key}.{media.sha256[:12]}{suffix}"


def poster_name(key: str, data: bytes, *, depth: int) -> str:
    """`thumbs/[<2 hex>/…]<key>.<12 hex of its sha256>.jpg`."""
    return f"thumbs/{_folders(key, depth)}{key}.{hashlib.sha256(data).hexdigest()[:12]}.jpg"


def shard_name(index: int, digest: str) -> str:
    """`data/scenes-<index>.<12 hex of what the shard was made from>.parquet`."""
    return f"data/scenes-{index:05d}.{digest[:12]}.parquet"


def folder_depth(n_videos: int, folder_entries: int) -> int:
    """Levels of two-digit folders, so that no folder gets more than `folder_entries` entries.

    One level of 256 folders is filled to half on average only, since keys spread over it by their hash.
    """
    if n_videos <= folder_entries:
        return 0
    depth = 1
    while n_videos > FANOUT**depth * folder_entries // 2:
        depth += 1
    return depth


def plan_shards(sizes_bytes: Sequence[int], shard_bytes: int) -> list[range]:
    """Runs of consecutive rows, each of at most `shard_bytes` or of one row; every row is in exactly one."""
    plan, start, total = [], 0, 0
    for index, n_bytes in enumerate(sizes_bytes):
        if index > start and total + n_bytes > shard_bytes:
            plan.append(range(start, index))
            start, total = index, 0
        total += n_bytes
    if len(sizes_bytes) > start:
        plan.append(range(start, len(sizes_bytes)))
    return plan


def _folders(key: str, depth: int) -> str:
    digest = hashlib.sha256(key.encode()).hexdigest()
    return "".join(f"{digest[2 * level : 2 * level + 2]}/" for level in range(depth))
