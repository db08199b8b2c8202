"""Two chained stages with the real reporting and tiny work. Importable, so that Dagster can find its job again.

What a test sets in `STATE` decides what each video's work does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from assets.batch import EXECUTOR, Settle, each_video
from assets.partitions import in_line
from vidpipe.batch import Work
from vidpipe.inputs import Inputs
from vidpipe.ports import Project
from vidpipe.records import Outcome


@dataclass
class State:
    """The project that the assets work on, and what they do to (asset, video id)."""

    project: Project | None = None
    special: dict[tuple[str, str], Outcome | Exception] = field(default_factory=dict)


STATE = State()


def _answer(inputs: Inputs) -> Outcome:
    answer = STATE.special.get((inputs.stage.name, inputs.video_id))
    if isinstance(answer, Exception):
        raise answer
    return answer or Outcome("ok", value={"bytes": 7}, parts={"media": f"sha of {inputs.video_id}", "captions": "c"})


@dg.asset(code_version="1+r")
def catalogue() -> dg.MaterializeResult[Any]:
    """The table above, whose version is its recipe's."""
    return dg.MaterializeResult(data_version=dg.DataVersion("recipe"))


@in_line("raw_videos")
def raw_videos(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> Iterator[Any]:
    """The first stage."""
    yield from each_video(context, project, Work(_answer))


@in_line("dynamic_videos")
def dynamic_videos(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> Iterator[Any]:
    """The second stage."""
    yield from each_video(context, project, Work(_answer))


def _project(_context: dg.InitResourceContext) -> Project:
    assert STATE.project is not None
    return STATE.project


def definitions() -> dg.Definitions:
    """The tiny line, with the code versions of the project."""
    assert STATE.project is not None
    project = STATE.project
    stages = [asset.of(project.line(), batch_size=project.recipe.batch_size) for asset in (raw_videos, dynamic_videos)]
    return dg.Definitions(
        assets=[catalogue, *stages],
        resources={"settle": Settle(), "project": dg.ResourceDefinition(_project)},
        jobs=[
            dg.define_asset_job("table", dg.AssetSelection.assets("catalogue")),
            dg.define_asset_job("line", dg.AssetSelection.assets("raw_videos", "dynamic_videos")),
        ],
        executor=EXECUTOR,
    )


def table() -> dg.JobDefinition:
    """The job of the table."""
    return definitions().resolve_job_def("table")


def line() -> dg.JobDefinition:
    """The job over the set `video`."""
    return definitions().resolve_job_def("line")
