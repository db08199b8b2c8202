"""Writes a dataset: the folder of videos with `metadata.jsonl`, the shards, the provenance, the card, the explorer.

What belongs here: the order of writing. Not here: names (`naming`) and plans (`target`), texts (`card`, `changelog`,
`explorer`). A dataset becomes visible by its texts, which come last: videos, posters, shards and lines of provenance
lie there under names that nobody knows yet; then the card names the new shards, `metadata.jsonl` the new videos, the
page both; then what no text names any more is deleted. After a kill at any moment the old dataset or the new one can
be read, and writing again finishes it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from vidpipe.export.about import DatasetAbout
from vidpipe.export.along import Along
from vidpipe.export.card_files import CardFiles
from vidpipe.export.chain import MADE_BY
from vidpipe.export.chain_files import write_parts
from vidpipe.export.changelog import changelog, release_name, release_of_older
from vidpipe.export.explorer import Explorer
from vidpipe.export.explorer_views import ExplorerVideo, explorer_video
from vidpipe.export.last_published import (
    LastPublished,
    PublishedRow,
    marks_of,
    note_last,
    published_row,
    read_last,
)
from vidpipe.export.made_by import made_by_file
from vidpipe.export.naming import Named, file_names, folder_depth, media_suffix, part_name, poster_name
from vidpipe.export.parquet import shard_digest, write_shard
from vidpipe.export.placing import FilePlacer
from vidpipe.export.said import SaidAlong
from vidpipe.export.spool import RowSpool, Spooled, json_line
from vidpipe.export.target import METADATA, WITHOUT_MEDIA, DatasetItem, DatasetKind, DatasetTarget, plan_shards


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What the dataset holds (rows, shards, bytes of videos), and files written and deleted this time.

    `files` are the keys of all its files, with their sizes in bytes; `rows` are in the order of the dataset.
    """

    release: str
    rows: Sequence[PublishedRow]
    n_without_media: int
    n_shards: int
    n_bytes: int
    n_written: int
    n_deleted: int
    files: Mapping[str, int]


def write_dataset(
    items: Iterable[DatasetItem], target: DatasetTarget, *, kind: DatasetKind, about: DatasetAbout
) -> DatasetReport:
    """Make the dataset at `target` hold exactly `items`, with card, change log, explorer and provenance.

    The items may come in any order. Files whose content is there already are not written again. No more than one shard
    of videos is held in memory. A row without its file stands in `without_media.jsonl`, with null in its shard.

    Raises:
        ValueError: two items share a key, or a row cannot be written as JSON.
        MissingObjectError: a video or poster is not where the item says; a video's error bears the item's video_key.
        CorruptObjectError: a video is not the one whose sha256 the item names; the error bears the item's video_key.
        StoreFullError: the store has no room.
        UnwritableObjectError: a file cannot be written.
    """
    with RowSpool(items) as spool:
        return _Writer(spool, target, kind, about).write()


class _Writer:
    """One writing of one dataset: what will be there, and what was done."""

    def __init__(self, spool: RowSpool, target: DatasetTarget, kind: DatasetKind, about: DatasetAbout) -> None:
        self._spool, self._target, self._kind, self._about = spool, target, kind, about
        self._placer = FilePlacer(target, has_digests=kind.has_digests)
        self._names = self._named()
        self._thumbs_depth = folder_depth(len({row.item.poster for row in spool.rows}), target.folder_entries)
        self._explorer, self._said = Explorer(self._placer.put_once), SaidAlong(spool)
        self._published: list[PublishedRow] = []
        self._poster: tuple[str, str] = ("", "")  # key and name of the last one: a sheet is of neighbouring rows

    def write(self) -> DatasetReport:
        shards = self._write_files()
        write_parts(self._spool.origins(), self._placer.put_once)
        with self._target.store.scratch() as scratch, CardFiles(self._kind, self._about, scratch=scratch) as texts:
            rows = {name: scratch / name for name in (METADATA, WITHOUT_MEDIA)}
            self._write_rows(rows, texts)
            shown = sorted(self._published, key=lambda row: row.file_name is None)  # as the files go through them
            release = release_name([row.mark for row in shown])
            self._show(rows, texts, release=release, shards=shards)
        n_deleted = self._placer.delete_the_rest()
        return DatasetReport(
            release,
            self._published,
            len(self._published) - len(self._names),
            len(shards),
            texts.facts.n_bytes,
            self._placer.n_written,
            n_deleted,
            self._placer.files(),
        )

    def _named(self) -> dict[str, str]:
        """The path of each row's file below the dataset's folder, by the row's key."""
        named = [
            Named(item.key, item.media.sha256, media_suffix(item.media.source), item.called)
            for item in (row.item for row in self._spool.rows)
            if item.media is not None
        ]
        limit, has_digests = self._target.folder_entries, self._kind.has_digests
        names = file_names(named, folder_entries=limit, has_digests=has_digests)
        return dict(zip((one.key for one in named), names, strict=True))

    def _write_files(self) -> list[str]:
        """Put the videos where they belong, and their shards; the shards' names."""
        rows = self._spool.rows
        if not self._kind.has_shards:
            for row in rows:
                self._write_media(row.item)
            return []
        plan = plan_shards([row.place.n_bytes + self._cell_bytes(row.item) for row in rows], self._target.shard_bytes)
        return [self._write_part(index, [rows[i] for i in part]) for index, part in enumerate(plan)]

    def _cell_bytes(self, item: DatasetItem) -> int:
        n_bytes = item.media.n_bytes if item.media is not None else 0
        return n_bytes if n_bytes <= self._target.cell_bytes else 0

    def _write_part(self, index: int, part: Sequence[Spooled]) -> str:
        """The videos of one shard and the shard itself; a video is read once, if something is missing."""
        made_from = [f"{row.digest} {self._cell_bytes(row.item)} {row.item.key in self._names}" for row in part]
        digest = shard_digest(made_from)
        name = part_name("data", f"{self._kind.name}-", index, digest=digest, suffix=".parquet")
        is_wanted = not self._placer.keep_listed(name)
        cells = [self._write_media(row.item, is_wanted=is_wanted) for row in part]
        if is_wanted:
            with self._target.store.scratch() as scratch:
                write_shard(scratch / "shard.parquet", self._kind.model, map(self._spool.line, part), cells)
                self._placer.put(name, scratch / "shard.parquet")
        return name

    def _write_media(self, item: DatasetItem, *, is_wanted: bool = False) -> bytes | None:
        """Put the video where it belongs; its bytes for the shard, when they are wanted and fit a cell."""
        if item.media is None:
            return None
        is_wanted = is_wanted and item.media.n_bytes <= self._target.cell_bytes
        return self._placer.put_media(self._names[item.key], item.media, video_key=item.video_key, is_wanted=is_wanted)

    def _write_rows(self, files: Mapping[str, Path], texts: CardFiles) -> None:
        with files[METADATA].open("wb") as metadata, files[WITHOUT_MEDIA].open("wb") as without:
            for row in self._spool.rows:
                line, item, file_name = self._spool.line(row), row.item, self._names.get(row.item.key)
                values = json.loads(line)
                published = published_row(values, file_name)
                self._published.append(published)
                name = json_line({"file_name": file_name or ""}).removesuffix(b"}\n")  # `datasets` refuses null
                (without if file_name is None else metadata).write(b"%s,%s" % (name, line.removeprefix(b"{")))
                n_bytes = item.media.n_bytes if item.media is not None else 0
                has_cell = n_bytes <= self._target.cell_bytes
                texts.add(values, file_name=file_name, n_bytes=n_bytes, has_cell=has_cell)
                self._explorer.add(self._shown(row, values, published))

    def _shown(self, row: Spooled, values: Mapping[str, object], published: PublishedRow) -> ExplorerVideo:
        """The row as the page shows it; its poster is put where it belongs."""
        item, file_name = row.item, published.file_name
        along = Along(item.shots, self._said.of(row, values), self._spool.segments(row))
        poster = self._write_poster(item)
        return explorer_video(
            values, file_name=file_name, poster=poster, cell=item.cell, along=along, row_id=published.row
        )

    def _write_poster(self, item: DatasetItem) -> str | None:
        if item.poster is None:
            return None
        if item.poster != self._poster[0]:
            with self._target.store.local(item.poster) as path:
                data = path.read_bytes()
            self._poster = item.poster, poster_name(item.video_key, data, depth=self._thumbs_depth)
            self._placer.put_once(self._poster[1], data)
        return self._poster[1]

    def _show(self, rows: Mapping[str, Path], texts: CardFiles, *, release: str, shards: Sequence[str]) -> None:
        """Write the texts, by which the dataset becomes visible, in the order that a reader can bear."""
        about, put = self._about, self._placer.put
        marks = {row.row: row.mark for row in self._published}
        old_text = self._placer.old_text("CHANGELOG.md")
        log = changelog(old_text, release, self._last(old_text), marks, left_out=about.left_out, noun=self._kind.noun)
        page = self._explorer.page(about.left_out, title=about.title, made_by=about.made_by, noun=self._kind.noun)
        put("CHANGELOG.md", log.encode())
        put(MADE_BY, made_by_file(about.making))
        texts.write(put, self._placer.put_once, release=release, rows=rows, shards=shards)
        without = [WITHOUT_MEDIA] if len(self._names) < len(self._spool.rows) else []
        last = {name: rows[name] for name in (*without, METADATA)} | {"index.html": page.encode()}
        texts.write_card(put, release=release, files_sha256=self._placer.put_list(last))
        for name, content in last.items():
            put(name, content)

    def _last(self, old_text: str) -> LastPublished:
        """The release published last; the one that is there, where an earlier version may have published it."""
        store, prefix = self._target.store, self._target.prefix
        found = read_last(store, prefix)
        if found is None and (release := release_of_older(old_text)):
            found = LastPublished(release, marks_of(chain(*map(self._placer.old_lines, (WITHOUT_MEDIA, METADATA)))))
            note_last(store, prefix, found)
        return found or LastPublished()
