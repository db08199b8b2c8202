"""Datasets that people open: folders with media, rows, a card and an explorer."""

from collections.abc import Collection
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from assets.dataset_items import SOURCES, items_of
from assets.origins import assets_above
from assets.partitions import in_line
from assets.tables import table_result
from vidpipe import keys
from vidpipe.errors import CorruptObjectError, MissingObjectError
from vidpipe.export.about import DatasetAbout, LeftOut
from vidpipe.export.costs import costs_of
from vidpipe.export.folder import DatasetReport, write_dataset
from vidpipe.export.kinds import kind_for
from vidpipe.export.last_published import PublishedRow
from vidpipe.export.made_by import made_by
from vidpipe.export.target import DatasetTarget
from vidpipe.ledger.snapshot import Row, Snapshot
from vidpipe.ledger.staleness import end_of, wanted_rows
from vidpipe.ports import Project
from vidpipe.recipe.line import DATASETS
from vidpipe.recipe.loading import builtin_names
from vidpipe.recipe.schema import Recipe
from vidpipe.records import Record
from vidpipe.tables import Made

_PEOPLES = ".md"  # texts that people may add to before the next release


@in_line("scene_dataset")
def scene_dataset(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> dg.MaterializeResult[Any]:
    """The published form, one row per video: FineVideo's record.

    Written twice: as Parquet shards, and as a folder of videos with their metadata; with a card and an explorer, which
    also list what was left out, with the reason.
    """
    return table_result(context, project, partial(publish, asset="scene_dataset"), show=places)


@in_line("segment_dataset")
def segment_dataset(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> dg.MaterializeResult[Any]:
    """Windows of equal length as Animation-Retrieval published them: one row per segment, with its search sentences.

    Rows are sorted by series, episode and segment; where the recipe writes no queries, they stand there without.
    """
    return table_result(context, project, partial(publish, asset="segment_dataset"), show=places)


@in_line("episode_dataset")
def episode_dataset(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> dg.MaterializeResult[Any]:
    """Whole videos as Animation-Retrieval published episodes: one row per video, with its search sentences.

    Rows are sorted by series and episode.
    """
    return table_result(context, project, partial(publish, asset="episode_dataset"), show=places)


def places(project: Project, record: Record) -> dict[str, dg.PathMetadataValue]:
    """Where people find a dataset's folder and its explorer; no page of the web may open a local file."""
    files = {"folder": "", "explorer": "index.html"}
    paths = {what: project.store.place(keys.dataset(DATASETS[record.asset], name)) for what, name in files.items()}
    return {what: dg.MetadataValue.path(path.rstrip("/")) for what, path in paths.items()}


def publish(project: Project, *, asset: str) -> Made:
    """Write a stage's dataset of what is known now, and say what it holds; what cannot be published now waits.

    Raises:
        StoreError, WaitingError: as they come; the dataset that was there can be read.
    """
    snapshot, stage = project.ledger.snapshot(), project.stage(asset)
    wanted = wanted_rows(stage, snapshot)
    ends = {v: end for v in sorted(wanted) if (end := end_of(snapshot, stage, v)) is not None}
    left_out = tuple(LeftOut(end[0], end[1], end[2] or "", v) for v, end in ends.items() if end[1] != "ok")
    by_id = {video_id: key for key, video_id in snapshot.videos.items()}
    members = {video_id: by_id[video_id] for video_id, end in ends.items() if end[1] == "ok"}
    about = _about(project, asset, snapshot, members, left_out)
    report = _write(project, asset, members, about)
    index = {v: Row(end[1], end[2], "{}", wanted[v]) for v, end in ends.items() if v in members or end[1] != "ok"}
    value = {
        "n_rows": len(report.rows),
        "n_videos": len(members),
        "n_without_media": report.n_without_media,
        "n_left_out": len(left_out),
        "n_missing": len(snapshot.rows.get("catalogue", {}).keys() - index.keys()),
        "release": report.release,
    }
    files = {key: n_bytes for key, n_bytes in report.files.items() if not key.endswith(_PEOPLES)}
    rows = pl.DataFrame(report.rows, schema=dict.fromkeys(PublishedRow._fields, pl.String), orient="row")
    return Made(rows, index, value, files=files)


def _write(project: Project, asset: str, members: dict[str, str], about: DatasetAbout) -> DatasetReport:
    """Write the dataset of these videos (key segments by id). What cannot be published now is taken out of them.

    Such a video is on its way: what was known of it is noted as damaged, so that the next run looks at it again. So is
    the dataset until it is settled: one that was left half-written is made again, though its recipe is put back.
    """
    project.ledger.damage.mark_for_good(asset, {"": None})
    kind = kind_for(project.recipe, asset)
    target = DatasetTarget(project.store, prefix=keys.dataset(DATASETS[asset], "").rstrip("/"))
    while True:
        try:
            return write_dataset(items_of(project, asset, members), target, kind=kind, about=about)
        except (MissingObjectError, CorruptObjectError) as error:
            changed = next((video_id for video_id, key in members.items() if key == error.key), None)
            if changed is None:
                raise
            SOURCES[asset].leave_out(project, members, changed, why=str(error))


def title_of(recipe: Recipe, level: str) -> str:
    """What a dataset is called: by its repository, else by its recipe, which has a name once somebody gave it one."""
    repo = recipe.publishing.repo
    name = repo.rpartition("/")[2] if repo is not None else recipe.name
    return level.capitalize() if repo is None and name in builtin_names() else f"{name}: {level}"


def _about(
    project: Project, asset: str, snapshot: Snapshot, members: Collection[str], left_out: tuple[LeftOut, ...]
) -> DatasetAbout:
    line, publishing = project.line(), project.recipe.publishing
    above = assets_above(line, asset)
    versions = {name: line.versions[name] for name in (*above, asset)}
    gate = publishing.gate
    return DatasetAbout(
        title=title_of(project.recipe, DATASETS[asset]),
        made_by=dict(project.software),
        making=made_by(project.recipe, project.folder, versions=versions, software=project.software),
        left_out=left_out,
        line={stage.name: stage.after for stage in line.stages if stage.name in line.ancestors([asset])},
        costs=costs_of(snapshot, above, members),
        repo=publishing.repo_of(DATASETS[asset]),
        gate=gate.get("licences", ()) if gate else None,
    )
