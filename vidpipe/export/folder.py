"""Writes a dataset: the folder of videos with `metadata.jsonl`, the shards, the card and the explorer.

What belongs here: the order of writing. Not here: names and plans (`target`), texts (`card`, `changelog`,
`explorer`). A dataset becomes visible by its texts, which come last: videos, posters and shards lie there
under names that nobody knows yet; then the card names the new shards, `metadata.jsonl` the new videos, the
page both; then what no text names any more is deleted. After a kill at any moment the old dataset or the new
one can be read, and writing again finishes it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from vidpipe.errors import CorruptObjectError, MissingObjectError
from vidpipe.export.about import DatasetAbout
from vidpipe.export.card import CardFacts, card, shard_card
from vidpipe.export.changelog import changelog, release_name
from vidpipe.export.explorer import Explorer
from vidpipe.export.explorer_views import explorer_video
from vidpipe.export.parquet import shard_digest, write_shard
from vidpipe.export.spool import RowSpool, Spooled, json_line
from vidpipe.export.target import (
    DatasetTarget,
    Media,
    SceneItem,
    folder_depth,
    media_name,
    plan_shards,
    poster_name,
    shard_name,
)

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What the dataset holds (videos, shards, bytes of video), and files written and deleted this time.

    `files` are the keys of all its files, with their sizes in bytes.
    """

    release: str
    n_videos: int
    n_shards: int
    n_bytes: int
    n_written: int
    n_deleted: int
    files: Mapping[str, int]


def write_scene_dataset(items: Iterable[SceneItem], target: DatasetTarget, *, about: DatasetAbout) -> DatasetReport:
    """Make the dataset at `target` hold exactly `items`, in both layouts, with card, change log and explorer.

    The items may come in any order; rows are sorted by video id. Files whose content is there already are not
    written again. No more than one shard of videos is held in memory.

    Raises:
        ValueError: two items share a key, or a row cannot be written as JSON.
        MissingObjectError: a video or poster is not where the item says; a video's error bears the item's key.
        CorruptObjectError: a video is not the one whose sha256 the item names; the error bears the item's key.
        StoreFullError: the store has no room.
        UnwritableObjectError: a file cannot be written.
    """
    with RowSpool(items) as spool:
        return _Writer(spool, target, about).write()


class _Writer:
    """One writing of one dataset: what is there, what will be, and what was done."""

    def __init__(self, spool: RowSpool, target: DatasetTarget, about: DatasetAbout) -> None:
        self._spool, self._target, self._about = spool, target, about
        self._depth = folder_depth(len(spool.rows), target.folder_entries)
        self._there = {stored.key: stored.n_bytes for stored in target.store.list(target.prefix)}
        self._kept: set[str] = set()
        self._n_written = 0
        self._facts = CardFacts()
        self._explorer = Explorer(self._put_once)

    def write(self) -> DatasetReport:
        shards = self._write_shards()
        release = release_name([row.digest for row in self._spool.rows])
        with self._target.store.scratch() as scratch:
            metadata = scratch / "metadata.jsonl"
            with metadata.open("wb") as out:
                self._write_metadata(out)
            self._show(metadata, release=release, shards=shards)
        n_deleted = self._delete_the_rest()
        facts = self._facts
        files = {stored.key: stored.n_bytes for stored in self._target.store.list(self._target.prefix)}
        return DatasetReport(release, facts.n_videos, len(shards), facts.n_bytes, self._n_written, n_deleted, files)

    def _write_shards(self) -> list[str]:
        rows = self._spool.rows
        plan = plan_shards([self._cell_bytes(row.item.media) for row in rows], self._target.shard_bytes)
        return [self._write_part(index, [rows[i] for i in part]) for index, part in enumerate(plan)]

    def _cell_bytes(self, media: Media) -> int:
        return media.n_bytes if media.n_bytes <= self._target.cell_bytes else 0

    def _write_part(self, index: int, part: Sequence[Spooled]) -> str:
        """The videos of one shard and the shard itself; a video is read once, if something is missing."""
        name = shard_name(index, shard_digest([f"{row.digest} {row.item.media.sha256}" for row in part]))
        self._kept.add(name)
        is_wanted = self._target.key(name) not in self._there
        cells = [self._write_media(row.item, is_wanted=is_wanted) for row in part]
        if is_wanted:
            with self._target.store.scratch() as scratch:
                write_shard(scratch / "shard.parquet", [self._spool.read(row) for row in part], cells)
                self._put(name, scratch / "shard.parquet")
        return name

    def _write_media(self, item: SceneItem, *, is_wanted: bool) -> bytes | None:
        """Put the video where it belongs; its bytes for the shard, when they are wanted and fit a cell."""
        name = media_name(item.key, item.media, depth=self._depth)
        self._kept.add(name)
        is_there = self._there.get(self._target.key(name)) == item.media.n_bytes
        if is_there and not is_wanted:
            return None
        cell = self._checked(item, is_wanted=is_wanted and item.media.n_bytes <= self._target.cell_bytes)
        if not is_there:
            self._put(name, item.media.source)
        return cell

    def _checked(self, item: SceneItem, *, is_wanted: bool) -> bytes | None:
        """The video's bytes when they are wanted; in any case its sha256 is compared."""
        source = item.media.source
        if isinstance(source, str):
            try:
                with self._target.store.local(source) as path:
                    return _read_checked(path, item, is_wanted=is_wanted)
            except MissingObjectError as error:
                raise MissingObjectError(item.key, error.why) from error
        return _read_checked(source, item, is_wanted=is_wanted)

    def _write_metadata(self, out: BinaryIO) -> None:
        for row in self._spool.rows:
            values, item = self._spool.read(row), row.item
            file_name = media_name(item.key, item.media, depth=self._depth)
            out.write(json_line({"file_name": file_name, **values}))
            self._facts.add(values, file_name=file_name, n_bytes=item.media.n_bytes)
            self._facts.n_without_cell += item.media.n_bytes > self._target.cell_bytes
            poster = self._write_poster(item)
            self._explorer.add(explorer_video(values, file_name=file_name, poster=poster, shots=item.shots))

    def _write_poster(self, item: SceneItem) -> str | None:
        if item.poster is None:
            return None
        with self._target.store.local(item.poster) as path:
            data = path.read_bytes()
        name = poster_name(item.key, data, depth=self._depth)
        self._put_once(name, data)
        return name

    def _put_once(self, name: str, data: bytes) -> None:
        """Write a file whose name carries its digest, unless it is there."""
        self._kept.add(name)
        if self._there.get(self._target.key(name)) != len(data):
            self._put(name, data)

    def _show(self, metadata: Path, *, release: str, shards: Sequence[str]) -> None:
        """Write the texts, by which the dataset becomes visible, in the order that a reader can bear."""
        log = changelog(self._old_text("CHANGELOG.md"), release, self._old_rows(), self._new_rows())
        page = self._explorer.page(self._about.left_out, title=self._about.title, made_by=self._about.made_by)
        texts = {
            "CHANGELOG.md": log,
            "data/README.md": shard_card([name.removeprefix("data/") for name in shards]),
            "README.md": card(self._about, self._facts, release=release),
            "index.html": page,
        }
        for name in ("CHANGELOG.md", "data/README.md", "README.md"):
            self._put(name, texts[name].encode())
        self._put("metadata.jsonl", metadata)
        self._put("index.html", texts["index.html"].encode())
        self._kept |= {"metadata.jsonl", *texts}

    def _old_text(self, name: str) -> str:
        if self._target.key(name) not in self._there:
            return ""
        with self._target.store.local(self._target.key(name)) as path:
            return path.read_text("utf-8", errors="replace")

    def _old_rows(self) -> Mapping[str, str]:
        """The digest of each row of the dataset that is there, by its id; strange lines are left out."""
        if self._target.key("metadata.jsonl") not in self._there:
            return {}
        with self._target.store.local(self._target.key("metadata.jsonl")) as path, path.open("rb") as lines:
            return dict(pair for line in lines if (pair := _row_digest(line)) is not None)

    def _new_rows(self) -> Mapping[str, str]:
        return {row.video_id: row.digest for row in self._spool.rows}

    def _put(self, name: str, content: bytes | str | Path) -> None:
        """Write a file of the dataset from bytes, from a key of the store, or from a local file."""
        key, store = self._target.key(name), self._target.store
        if isinstance(content, bytes):
            store.put(key, content)
        elif isinstance(content, Path):
            store.put_file(key, content)
        else:
            store.copy(content, key)
        self._n_written += 1

    def _delete_the_rest(self) -> int:
        gone = sorted(self._there.keys() - {self._target.key(name) for name in self._kept})
        for key in gone:
            self._target.store.delete(key)
        return len(gone)


def _read_checked(path: Path, item: SceneItem, *, is_wanted: bool) -> bytes | None:
    digest, chunks = hashlib.sha256(), []
    try:
        with path.open("rb") as file:
            for chunk in iter(partial(file.read, CHUNK_BYTES), b""):
                digest.update(chunk)
                if is_wanted:
                    chunks.append(chunk)
    except OSError as error:
        raise MissingObjectError(item.key, "the video file cannot be read") from error
    if digest.hexdigest() != item.media.sha256:
        raise CorruptObjectError(item.key, "the video file changed since it was read")
    return b"".join(chunks) if is_wanted else None


def _row_digest(line: bytes) -> tuple[str, str] | None:
    try:
        row = json.loads(line)
        row.pop("file_name")
        return str(row["video_id"]), hashlib.sha256(json_line(row)).hexdigest()
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
