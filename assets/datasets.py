"""Datasets that people open: folders with media, rows, a card and an explorer."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from assets.partitions import in_line
from assets.reading import best_cues, catalogue_row
from assets.tables import table_result
from vidpipe import keys
from vidpipe.errors import CorruptObjectError, MissingObjectError, WaitingError
from vidpipe.export.about import DatasetAbout, LeftOut
from vidpipe.export.finevideo import SceneInputs, scene_row
from vidpipe.export.folder import DatasetReport, write_scene_dataset
from vidpipe.export.target import DatasetTarget, Media, SceneItem
from vidpipe.inputs import Inputs
from vidpipe.ledger.snapshot import Row
from vidpipe.ledger.staleness import end_of, wanted_rows
from vidpipe.ports import Project
from vidpipe.recipe.line import STAGES
from vidpipe.tables import Made

_DATASET = "scenes"
_PEOPLES = ".md"  # texts that people may add to before the next release
_LOG = logging.getLogger(__name__)


@in_line("scene_dataset")
def scene_dataset(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> dg.MaterializeResult[Any]:
    """The published form, one row per video: FineVideo's record.

    Written twice: as Parquet shards, and as a folder of videos with their metadata; with a card and an explorer, which
    also list what was left out, with the reason.
    """
    return table_result(context, project, _publish)


def _publish(project: Project) -> Made:
    snapshot = project.ledger.snapshot()
    wanted = wanted_rows(project.stage("scene_dataset"), snapshot)
    ends = {video_id: end for video_id in sorted(wanted) if (end := end_of(snapshot, video_id)) is not None}
    left_out = tuple(LeftOut(end[0], end[1], end[2] or "", v) for v, end in ends.items() if end[1] != "ok")
    about = DatasetAbout(title=f"{project.recipe.name}: scenes", made_by=dict(project.software), left_out=left_out)
    by_id = {video_id: key for key, video_id in snapshot.videos.items()}
    members = {video_id: by_id[video_id] for video_id, end in ends.items() if end[1] == "ok"}
    report = _write(project, members, about)
    index = {v: Row(end[1], end[2], "{}", wanted[v]) for v, end in ends.items() if v in members or end[1] != "ok"}
    value = {
        "n_videos": report.n_videos,
        "n_left_out": len(left_out),
        "n_missing": len(snapshot.rows.get("catalogue", {}).keys() - index.keys()),
        "release": report.release,
    }
    rows = pl.DataFrame({"video_id": list(members)}, schema={"video_id": pl.String})
    files = {key: n_bytes for key, n_bytes in report.files.items() if not key.endswith(_PEOPLES)}
    return Made(rows, index, value, files=files)


def _write(project: Project, members: dict[str, str], about: DatasetAbout) -> DatasetReport:
    """Write the dataset of these videos (key segments by id). What cannot be published now is taken out of them.

    Such a video is on its way: what was known of it is noted as damaged, so that the next run looks at it again.
    """
    target = DatasetTarget(project.store, prefix=keys.dataset(_DATASET, "").rstrip("/"))
    while True:
        try:
            return write_scene_dataset(_items(project, members), target, about=about)
        except (MissingObjectError, CorruptObjectError) as error:
            changed = next((video_id for video_id, key in members.items() if key == error.key), None)
            if changed is None:
                raise
            _leave_out(project, members, changed, str(error))


def _leave_out(project: Project, members: dict[str, str], video_id: str, why: str) -> None:
    _LOG.warning("scene_dataset leaves out %s", why)
    project.ledger.damage.mark_for_good("raw_videos", {video_id: None})
    del members[video_id]


def _items(project: Project, members: dict[str, str]) -> Iterator[SceneItem]:
    for video_id, key in list(members.items()):
        inputs = Inputs(project, project.stage("scene_dataset"), video_id, key, {})
        with inputs.closing:
            try:
                yield _item(inputs)
            except WaitingError as error:  # what it waits for is noted already
                if STAGES[error.asset].unit != "video":
                    raise
                _LOG.warning("scene_dataset leaves out %s: %s", key, error)
                del members[video_id]
            except (MissingObjectError, CorruptObjectError) as error:
                _leave_out(project, members, video_id, str(error))


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
    return SceneItem(
        row=shown,
        key=inputs.key,
        media=Media(_checked_source(inputs), raw.value["sha256"], raw.value["bytes"]),
        poster=_poster(inputs),
        shots=[(shot["start_s"], shot["end_s"]) for shot in inputs.record("shots").value["shots"]],
    )


def _checked_source(inputs: Inputs) -> Path | str:
    """Where the video's file is, after a look from outside; its sha256 is compared when it is copied."""
    source = inputs.video_source()
    n_bytes = source.stat().st_size if isinstance(source, Path) else inputs.project.store.head(source).n_bytes
    if n_bytes != inputs.record("raw_videos").value["bytes"]:
        raise CorruptObjectError(inputs.key, "the video file changed since it was read")
    return source


def _poster(inputs: Inputs) -> str | None:
    key: str | None = inputs.record("video_signals").where.get("poster")
    if key is not None:
        inputs.file("video_signals", "poster")
    return key
