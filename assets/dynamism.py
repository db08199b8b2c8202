"""How much of each video stands still, and whether it stays."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

import dagster as dg

from assets.batch import each_video
from assets.partitions import in_line
from assets.videos import limits_of
from vidpipe.batch import Work
from vidpipe.inputs import Inputs
from vidpipe.media.dynamism import Dynamism, measure_dynamism
from vidpipe.ports import Project
from vidpipe.records import Outcome
from vidpipe.workers.processes import Task


@in_line("dynamic_videos")
def dynamic_videos(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> Iterator[Any]:
    """The share of each video that stands still, and where: of its duration, or of 60-s segments as FineVideo counted.

    From the recipe's share on a video is `dropped: static`, if the recipe drops at all; the share is kept either way.
    """
    yield from each_video(context, project, WORK)


def _measure(inputs: Inputs) -> Task | Outcome:
    settings = inputs.project.recipe.dynamism
    if inputs.page is not None:
        return Outcome("ok", value={"static_share": None, "segments": [], "freezes": [], "mode": settings.mode})
    work = partial(measure_dynamism, limits=limits_of(inputs.project), mode=settings.mode)
    return Task(inputs.key, work, inputs.video_file())


def _judge(inputs: Inputs, dynamism: Dynamism) -> Outcome:
    settings = inputs.project.recipe.dynamism
    value = asdict(dynamism)
    if settings.drop and dynamism.static_share >= settings.drop_from_static_share:
        return Outcome("dropped", "static", value)
    return Outcome("ok", value=value)


WORK = Work(_measure, _judge)
"""What becomes of one video here."""
