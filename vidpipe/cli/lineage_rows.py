"""Rows of datasets as the lineage names them: which rows tell of a video, and which video a row tells of.

What belongs here: row numbers, names of files, releases, and where a release went. Not here: what rows were made from
(`lineage_artifacts`). A row is named `DATASET:NUMBER`, its place in `metadata.jsonl` from 0 on, `DATASET:FILE:NUMBER`
with either file of rows, or `DATASET:NAME`: its `file_name`, the last part of that where no other row has it, or the
video's id, of a segment with ` #` and its number.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from vidpipe.cli.lineage_artifacts import UPLOAD
from vidpipe.cli.words import counted
from vidpipe.errors import RecipeError, StoreError
from vidpipe.export.target import METADATA, WITHOUT_MEDIA
from vidpipe.ledger.snapshot import Entry, Row, Snapshot
from vidpipe.ports import Project
from vidpipe.recipe.line import DATASETS
from vidpipe.recipe.stages import Line, Stage
from vidpipe.store.documents import read_table_record

_MOST_NAMED, _DIGITS = 3, 18
_FILES = (METADATA, WITHOUT_MEDIA)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset that is written: its stage and name, its release, and its rows.

    A row has `video_id`, `name`, `file_name`, `row_sha256`, its number `n` among those with a file or among those
    without, and `segment`, None where it is a whole video.
    """

    stage: Stage
    name: str
    release: str
    rows: pl.DataFrame

    def of_videos(self, video_ids: Iterable[str]) -> Iterator[dict[str, Any]]:
        """The rows of these videos, in order."""
        return self.rows.filter(pl.col("video_id").is_in(list(video_ids))).iter_rows(named=True)

    def named(self, which: str) -> pl.DataFrame:
        """The rows that go by a number or a name; where a number is both, it is a number."""
        file, (of, colon, number) = pl.col("file_name"), which.rpartition(":")
        if number.isdecimal() and number.isascii() and len(number) < _DIGITS and (not colon or of in _FILES):
            found = self.rows.filter((file.is_null() == (of == WITHOUT_MEDIA)) & (pl.col("n") == int(number)))
            if colon or not found.is_empty():
                return found
        is_named = (file == which) | (file.str.split("/").list.last() == which) | (pl.col("name") == which)
        found = self.rows.filter(is_named)
        return self.rows.filter(pl.col("video_id") == which) if found.is_empty() else found

    @property
    def told(self) -> str:
        """How many rows it has, and how they are named."""
        n = int(self.rows["file_name"].is_not_null().sum())
        n_without = self.rows.height - n
        numbers = f", {self.name}:0 to {self.name}:{n - 1}" if n else ""
        without = f", and {n_without} without media, from {self.name}:{WITHOUT_MEDIA}:0 on" if n_without else ""
        return f"{self.name} has {counted(n, 'row')} in {METADATA}{numbers}{without}"


@dataclass(frozen=True)
class Datasets:
    """The datasets of a project as they were last written."""

    project: Project
    line: Line

    @cached_property
    def written(self) -> tuple[Dataset, ...]:
        """Those that can be read, in line order."""
        return tuple(self._written())

    @cached_property
    def uploads(self) -> Mapping[str, Mapping[str, Any]]:
        """Where releases went, by dataset: `repo`, `revision`, `release`, `url`, as the record of the upload has it."""
        return _told_of(self._last_upload.get("datasets", self._last_upload))

    @cached_property
    def spaces(self) -> Mapping[str, Mapping[str, Any]]:
        """The Spaces that show them, where there are any, in the same way."""
        return _told_of(self._last_upload.get("spaces", {}))

    @cached_property
    def _last_upload(self) -> Mapping[str, Any]:
        if UPLOAD not in self.line:
            return {}
        try:
            value = read_table_record(self.project.store, UPLOAD).value
        except StoreError:
            return {}
        return value if isinstance(value, Mapping) else {}

    def published(
        self, video_ids: Iterable[str], snapshot: Snapshot, *, only: Collection[str] = tuple(DATASETS)
    ) -> list[dict[str, Any]]:
        """The rows of videos: dataset, number, file, release, and the repository where that is known.

        `only`: of the datasets of these stages. `is_current`: the row follows from the records as they are now.
        """
        wanted = list(video_ids)
        written = [one for one in self.written if one.stage.name in only]
        current = {one.name: followers(snapshot, self.line, one.stage, wanted) for one in written}
        return [
            {
                "dataset": dataset.stage.name,
                "name": dataset.name,
                "row": row["n"],
                "file": WITHOUT_MEDIA if row["file_name"] is None else METADATA,
                **{name: row[name] for name in ("file_name", "video_id", "segment", "row_sha256")},
                "release": dataset.release,
                "is_current": row["video_id"] in current[dataset.name],
                **self._upload(dataset),
            }
            for dataset in written
            for row in dataset.of_videos(wanted)
        ]

    def video_of(self, name: str) -> str | None:
        """The video that a row tells of; None where the name is none of a row.

        Raises:
            RecipeError: the dataset is not made, there is no such row, or rows of several videos have this name.
        """
        of, colon, which = name.partition(":")
        dataset = next((one for one in self.written if of in (one.name, one.stage.name)), None)
        if not colon or (dataset is None and of not in (*DATASETS, *DATASETS.values())):
            return None
        if dataset is None:
            there = f"there are: {', '.join(self.names)}" if self.names else "no dataset is"
            raise RecipeError(name, f"{of} is not made yet; {there}")
        found = dataset.named(which)
        if found["video_id"].n_unique() > 1:
            some = ", ".join((found["file_name"].fill_null("") + " " + found["name"]).head(_MOST_NAMED).to_list())
            raise RecipeError(name, f"{found.height} rows go by that ({some}, …); write the whole file_name")
        if found.is_empty():
            raise RecipeError(name, f"no such row; {dataset.told}")
        return str(found.item(0, "video_id"))

    def may_hold(self, artifacts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The last releases on a Hub that may hold rows of a removed video, of which these artifacts tell.

        That is so where the video had come as far, and the dataset was not published since it was written anew. What
        earlier releases held is known by their tags alone. Spaces hold the texts of rows: they are told of, too.
        """
        if not any(one["asset"] == "selected_videos" for one in artifacts):
            return []
        now = {one.name: one.release for one in self.written}
        return [
            {"name": name, "is_replaced": told.get("release") == now.get(name)}
            | {key: told.get(key) for key in ("repo", "release", "revision", "url")}
            for places in (self.uploads, self.spaces)
            for name, told in places.items()
        ]

    @property
    def names(self) -> tuple[str, ...]:
        """The datasets that are written."""
        return tuple(one.name for one in self.written)

    def _written(self) -> Iterator[Dataset]:
        for stage in self.line.tables:
            if stage.name not in DATASETS:
                continue
            try:
                release = str(read_table_record(self.project.store, stage.name).value.get("release", ""))
                rows = _numbered(self.project.tables.rows(stage.name))
            except StoreError:
                continue
            yield Dataset(stage, DATASETS[stage.name], release, rows)

    def _upload(self, dataset: Dataset) -> dict[str, Any]:
        """Where the row can be read on a Hub, and which release is there."""
        told = self.uploads.get(dataset.name, {})
        shown = self.spaces.get(dataset.name, {})
        is_there = told.get("release") == dataset.release
        names = ("repo", "revision", "url")
        places = {name: told.get(name) if is_there else None for name in names}
        space = {name: shown.get(name) for name in names} if is_there and shown else None
        return {**places, "hub_release": told.get("release"), "space": space}


def followers(snapshot: Snapshot, line: Line, stage: Stage, video_ids: Iterable[str]) -> set[str]:
    """The videos whose rows were made from what is upstream of them now, all the way up."""
    above = assets_above(line, stage, gates=True)
    found = set(video_ids)
    for one in (stage, *(one for one in line.per_video if one.name in above)):
        table: Mapping[str, Mapping[str, Entry | Row]] = snapshot.rows if one.unit != "video" else snapshot.entries
        known, now = table.get(one.name, {}), snapshot.input_texts(one, found)
        found = {v for v in found if v in known and (not one.reads or known[v].inputs == now.get(v))}
    return found


def assets_above(line: Line, stage: Stage, *, gates: bool) -> set[str]:
    """The assets that a stage's rows were made from; with `gates` also those that only let a video through."""
    found = {stage.name}
    for one in reversed(line.stages):
        if one.name in found:
            found |= {read.asset for read in one.reads if gates or read.part != "outcome"}
    return found - {stage.name}


def _told_of(places: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(name): one for name, one in places.items() if isinstance(one, Mapping)}


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of a dataset's table with their numbers and segments; an older table names its videos alone."""
    for name in ("row", "file_name", "row_sha256"):
        if name not in rows.columns:
            rows = rows.with_columns(pl.lit(None, pl.String).alias(name))
    numbers = pl.int_range(pl.len()).over(pl.col("file_name").is_null())
    segments = pl.col("row").str.extract(r" #(\d+)$").cast(pl.Int64, strict=False)
    is_part = pl.col("row") != pl.col("video_id")
    segments = pl.when(is_part).then(segments).otherwise(None)
    return rows.with_columns(n=numbers, segment=segments).rename({"row": "name"})
