"""Projects to measure on: tiny videos, and a project in which thousands of them are done already.

A recorded project is one real run over one video, copied to all others by what the ledger says each stage reads, so
that nothing is stale. Only Dagster's events of the copies are left out: neither `status` nor a run reads them.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import dagster as dg
import numpy as np
import polars as pl
import sqlalchemy as sa
from av.video.stream import VideoStream

from benchmarks.figures import measure
from vidpipe import keys
from vidpipe.cli.projects import init_project
from vidpipe.ledger.schema import ENTRIES
from vidpipe.ledger.snapshot import as_text
from vidpipe.ledger.staleness import wanted_rows
from vidpipe.opening import open_project
from vidpipe.ports import Project
from vidpipe.recipe.stages import Stage
from vidpipe.records import Record, encode, places_in
from vidpipe.store.documents import read_record
from vidpipe.store.objects import sha256_of
from vidpipe.tables import Made, settle_table

VIDPIPE = (str(Path(sys.executable).with_name("vidpipe")),)  # the command as people run it
SIZE_PX = (64, 48)
RATE = 10
_GREY_STEP = 20


def make_clips(folder: Path, n_videos: int) -> None:
    """One-second videos of 64 × 48 pixels at 10 frames a second, each with its own pictures."""
    folder.mkdir(parents=True)
    for number in range(n_videos):
        with av.open(str(folder / f"video{number:05}.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "threads": "1"})
            stream.width, stream.height = SIZE_PX
            stream.pix_fmt = "yuv420p"
            _draw(container, stream, number)


def _draw(container: av.container.OutputContainer, stream: VideoStream, number: int) -> None:
    for index in range(RATE):
        picture = np.full((SIZE_PX[1], SIZE_PX[0], 3), index * _GREY_STEP, np.uint8)
        picture[: number % SIZE_PX[1], :, index % 3] = number % 251
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = index, Fraction(1, RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def make_project(folder: Path, n_videos: int) -> dict[str, str]:
    """A project over so many tiny videos, nothing done; the environment in which its commands run."""
    make_clips(folder / "videos", n_videos)
    make_project_of(folder / "project", folder / "videos", annotator="offline")
    return environ_of(folder / "project")


def make_project_of(folder: Path, videos: Path, *, annotator: str) -> None:
    """A project over a folder of videos, which spends what it needs."""
    settings = {
        "annotation": {"annotator": annotator},
        "taxonomy": {"categoriser": "offline"},
        "budget_usd": "unlimited",
    }  # whatever keys there are
    init_project(folder, recipe="default", sources=(str(videos),), layout=None, settings=settings)


def environ_of(project: Path) -> dict[str, str]:
    """The environment of a project's commands: nothing of this one's that would change them."""
    plain = {n: v for n, v in os.environ.items() if not n.startswith(("VIDPIPE_", "DAGSTER_", "AWS_"))}
    return plain | {"VIDPIPE_PROJECT": str(project), "DAGSTER_HOME": str(project / ".dagster")}


def from_checkout(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment in which `benchmarks` can be imported: it is no part of the installed package."""
    return {**environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def media_seconds(project: Project) -> tuple[float, float]:
    """Seconds of all per-video work, as the records state them: in worker processes, and in the main one."""
    in_workers = {"raw_videos", "dynamic_videos", "video_signals", "segment_clips"}
    sums = {True: 0.0, False: 0.0}
    for stage in project.line().per_video:
        entries = project.ledger.snapshot().entries.get(stage.name, {})
        sums[stage.name in in_workers] += sum(entry.seconds for entry in entries.values())
    return sums[True], sums[False]


def make_recorded(folder: Path, n_videos: int) -> dict[str, str]:
    """A project in which every one of so many videos is done; the environment in which its commands run."""
    environ = make_project(folder, 1)
    _multiply(folder / "videos", n_videos)
    first = min(path.stem for path in (folder / "videos").iterdir())
    measure([*VIDPIPE, "run", "--ids", first], environ=environ)
    project = open_project(folder / "project")
    instance = dg.DagsterInstance.from_config(environ["DAGSTER_HOME"])
    others = [v for v in project.ledger.snapshot().videos.values() if v != first]
    for stage in project.line().stages[1:]:
        if stage.unit == "video":
            _copy_records(project, stage, first, others)
        else:
            _settle_table(project, stage)
    instance.add_dynamic_partitions("selected", [keys.segment(v) for v in others])
    return environ


def _multiply(folder: Path, n_videos: int) -> None:
    data = next(folder.iterdir()).read_bytes()
    for number in range(1, n_videos):
        (folder / f"video{number:05}.mp4").write_bytes(data)


def _copy_records(project: Project, stage: Stage, first: str, others: Sequence[str]) -> None:
    """The first video's record, for all others: in the store and in the ledger, with what each of them reads."""
    snapshot = project.ledger.snapshot()
    model, entry = read_record(project.store, stage.name, first), snapshot.entries[stage.name][first]
    rows = []
    for video_id in others:
        inputs = snapshot.inputs(stage, video_id)
        assert inputs is not None, f"{video_id} has all that {stage.name} reads"
        record = _of_other(model, first, video_id, inputs)
        data = encode(record)
        stored = project.store.put(keys.record(stage.name, keys.segment(video_id)), data)
        _copy_files(project, model.where, first, video_id)
        own = {"video_id": video_id, "inputs": as_text(inputs), "sha256": sha256_of(data), "etag": stored.etag}
        rows.append({"asset": stage.name, **entry._asdict(), **own})
    with sa.create_engine(f"sqlite:///{project.folder / 'ledger.db'}").begin() as db:
        db.execute(ENTRIES.insert(), rows)


def _of_other(model: Record, first: str, video_id: str, inputs: Mapping[str, str]) -> Record:
    where = {name: _renamed(place, first, video_id) for name, place in model.where.items()}
    return replace(model, video_id=video_id, where=where, provenance=replace(model.provenance, inputs=inputs))


def _renamed(place: Any, first: str, video_id: str) -> Any:
    if isinstance(place, Mapping):
        return {name: _renamed(item, first, video_id) for name, item in place.items()}
    return place.replace(first, video_id) if isinstance(place, str) else place


def _copy_files(project: Project, where: Mapping[str, Any], first: str, video_id: str) -> None:
    """The small files beside a record, as second keys of the first video's."""
    for _, place in places_in(where):
        if not place.startswith("/"):
            project.store.copy(place, place.replace(first, video_id))


def _settle_table(project: Project, stage: Stage) -> None:
    """A table with a row for every video, without the files of the dataset's folder."""
    snapshot = project.ledger.snapshot()
    before, rows = snapshot.entries[stage.name][""], snapshot.rows[stage.name]
    model = next(iter(rows.values()))
    index = {v: model._replace(inputs=text) for v, text in sorted(wanted_rows(stage, snapshot).items())}
    made = Made(pl.DataFrame({"video_id": list(index)}), index, value={})
    settle_table(project, stage.name, made, run_id=before.run_id, seconds=before.seconds)
    project.ledger.mark_reported(stage.name, [""], run_id=before.run_id)
