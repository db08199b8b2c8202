"""Rows of datasets as the lineage names them: which rows tell of a video, and which video a row tells of.

What belongs here: row numbers, names of files, releases, and where a release went. Not here: what rows were made from
(`lineage_artifacts`). A row is named `DATASET:ROW`, its number in `metadata.jsonl` from 0 on, or `DATASET:FILE`, its
`file_name` or the last part of that, where no other row has it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from vidpipe.errors import RecipeError, StoreError
from vidpipe.ledger.snapshot import Snapshot, inputs_of
from vidpipe.ports import Project
from vidpipe.recipe.stages import Line, Stage
from vidpipe.store.documents import read_table_record

_SUFFIX, _UPLOAD = "_dataset", "hf_upload"
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset that is written: its stage and name, its release, and its rows in order (`video_id`, `file_name`)."""

    stage: Stage
    name: str
    release: str
    rows: pl.DataFrame

    def numbered(self, video_ids: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        """The rows of these videos with their numbers."""
        found = self.rows.with_row_index("row").filter(pl.col("video_id").is_in(list(video_ids)))
        for row in found.iter_rows(named=True):
            yield int(row.pop("row")), row


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
        if _UPLOAD not in self.line:
            return {}
        try:
            value = read_table_record(self.project.store, _UPLOAD).value
        except StoreError:
            return {}
        told = value.get("datasets", value)
        return {str(name): one for name, one in told.items() if isinstance(one, Mapping)}

    def published(self, video_ids: Iterable[str], snapshot: Snapshot) -> list[dict[str, Any]]:
        """The rows of videos: dataset, number, file, release, and the repository where that is known.

        `is_current`: the row follows from the records as they are now.
        """
        wanted = list(video_ids)
        return [
            {
                "dataset": dataset.stage.name,
                "name": dataset.name,
                "row": number,
                "file_name": row.get("file_name"),
                "video_id": row["video_id"],
                **({"segment": row["segment"]} if row.get("segment") is not None else {}),
                "release": dataset.release,
                "is_current": follows(snapshot, self.line, dataset.stage, row["video_id"]),
                **self._upload(dataset),
            }
            for dataset in self.written
            for number, row in dataset.numbered(wanted)
        ]

    def video_of(self, name: str) -> str | None:
        """The video that a row tells of; None where the name is none of a row.

        Raises:
            RecipeError: there is no such dataset or row, or more than one row has this name.
        """
        of, colon, which = name.partition(":")
        dataset = next((one for one in self.written if of in (one.name, one.stage.name)), None)
        if dataset is None or not colon:
            return None
        if which.isdecimal() and which.isascii():
            if int(which) >= dataset.rows.height:
                raise RecipeError(name, f"{dataset.name} has the rows 0 to {dataset.rows.height - 1}")
            return str(dataset.rows.item(int(which), "video_id"))
        if "file_name" not in dataset.rows.columns:
            raise RecipeError(name, f"{dataset.name} tells no names of files; name a row by its number")
        names = pl.col("file_name")
        found = dataset.rows.filter((names == which) | (names.str.split("/").list.last() == which))
        if found.height > 1:
            some = ", ".join(found["file_name"].head(_MOST_NAMED).to_list())
            raise RecipeError(name, f"{found.height} rows have files of this name ({some}, …); write the whole name")
        if found.is_empty():
            raise RecipeError(name, f"no row of {dataset.name} has this file")
        return str(found.item(0, "video_id"))

    @property
    def names(self) -> tuple[str, ...]:
        """The datasets that are written."""
        return tuple(one.name for one in self.written)

    def _written(self) -> Iterator[Dataset]:
        for stage in self.line.tables:
            if not stage.name.endswith(_SUFFIX):
                continue
            try:
                release = str(read_table_record(self.project.store, stage.name).value.get("release", ""))
                rows = self.project.tables.rows(stage.name)
            except StoreError:
                continue
            yield Dataset(stage, dataset_name(stage.name), release, rows)

    def _upload(self, dataset: Dataset) -> dict[str, Any]:
        told = self.uploads.get(dataset.name, {})
        names = ("repo", "revision", "url") if told.get("release") == dataset.release else ()
        return {name: told.get(name) for name in names}


def dataset_name(stage: str) -> str:
    """The folder of a dataset's stage: `scenes` of `scene_dataset`."""
    return f"{stage.removesuffix(_SUFFIX)}s"


def follows(snapshot: Snapshot, line: Line, stage: Stage, video_id: str) -> bool:
    """Whether a row was made from what is upstream of it now, all the way up."""
    above = assets_above(line, stage, gates=True)
    chain = [stage, *(one for one in line.per_video if one.name in above)]
    return all(_follows(snapshot, one, video_id) for one in chain)


def assets_above(line: Line, stage: Stage, *, gates: bool) -> set[str]:
    """The assets that a stage's rows were made from; with `gates` also those that only let a video through."""
    found = {stage.name}
    for one in reversed(line.stages):
        if one.name in found:
            found |= {read.asset for read in one.reads if gates or read.part != "outcome"}
    return found - {stage.name}


def _follows(snapshot: Snapshot, stage: Stage, video_id: str) -> bool:
    known = snapshot.row(stage.name, video_id) if stage.unit != "video" else snapshot.entry(stage.name, video_id)
    return known is not None and (not stage.reads or snapshot.inputs(stage, video_id) == inputs_of(known.inputs))
