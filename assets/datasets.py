"""Datasets that people open: folders with media, rows, a card and an explorer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from assets.partitions import over_all
from assets.reading import best_cues, catalogue_row
from assets.tables import table_result
from vidpipe import keys
from vidpipe.export.about import DatasetAbout, LeftOut
from vidpipe.export.finevideo import SceneInputs, scene_row
from vidpipe.export.folder import write_scene_dataset
from vidpipe.export.target import DatasetTarget, Media, SceneItem
from vidpipe.inputs import Inputs
from vidpipe.ledger.snapshot import Row, Snapshot
from vidpipe.ledger.staleness import end_of, wanted_rows
from vidpipe.ports import Project
from vidpipe.recipe.line import STAGES
from vidpipe.tables import Made

_DATASET = "scenes"


@over_all("scene_dataset")
def scene_dataset(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> dg.MaterializeResult[Any]:
    """The published form, one row per video: FineVideo's record.

    Written twice: as Parquet shards, and as a folder of videos with their metadata; with a card and an explorer, which
    also list what was left out, with the reason.
    """
    return table_result(context, project, _publish)


def _publish(project: Project) -> Made:
    snapshot = project.ledger.snapshot()
    wanted = wanted_rows(STAGES["scene_dataset"], snapshot)
    ends = {video_id: end for video_id in sorted(wanted) if (end := end_of(snapshot, video_id)) is not None}
    members = [video_id for video_id, end in ends.items() if end[1] == "ok"]
    left_out = tuple(LeftOut(end[0], end[1], end[2] or "", v) for v, end in ends.items() if end[1] != "ok")
    about = DatasetAbout(title=f"{project.recipe.name}: scenes", made_by=dict(project.software), left_out=left_out)
    target = DatasetTarget(project.store, prefix=keys.dataset(_DATASET, "").rstrip("/"))
    report = write_scene_dataset(_items(project, snapshot, members), target, about=about)
    value = {
        "n_videos": report.n_videos,
        "n_left_out": len(left_out),
        "n_missing": len(snapshot.rows.get("catalogue", {}).keys() - ends.keys()),
        "release": report.release,
    }
    index = {v: Row(end[1], end[2], "{}", wanted[v]) for v, end in ends.items()}
    return Made(pl.DataFrame({"video_id": members}, schema={"video_id": pl.String}), index, value)


def _items(project: Project, snapshot: Snapshot, members: list[str]) -> Iterator[SceneItem]:
    by_id = {video_id: key for key, video_id in snapshot.videos.items()}
    for video_id in members:
        inputs = Inputs(project, STAGES["scene_dataset"], video_id, by_id[video_id], {})
        with inputs.closing:
            yield _item(inputs)


def _item(inputs: Inputs) -> SceneItem:
    raw, aligned = inputs.record("raw_videos"), inputs.record("aligned_metadata")
    category = inputs.record("taxonomy_categories").value
    row, cues = catalogue_row(inputs), best_cues(inputs)
    shown = scene_row(
        SceneInputs(
            video_id=inputs.video_id,
            texts=row,
            facts=raw.value,
            category={"leaf": category["category"], "parent": category["parent"]},
            content=aligned.value,
            cues=None if cues is None else [(cue.start_s, cue.end_s, cue.text) for cue in cues],
            files=row,
            provenance={"aligned_metadata": aligned.data_version, "raw_videos": raw.data_version},
        )
    )
    media = str(raw.where["media"])
    return SceneItem(
        row=shown,
        key=inputs.key,
        media=Media(Path(media) if media.startswith("/") else media, raw.value["sha256"], raw.value["bytes"]),
        poster=inputs.record("video_signals").where.get("poster"),
        shots=[(shot["start_s"], shot["end_s"]) for shot in inputs.record("shots").value["shots"]],
    )
