"""Where the picture cuts, from the signals: no decoding."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.batch import each_video
from assets.partitions import in_line
from assets.reading import frame_table
from vidpipe.batch import Work
from vidpipe.inputs import Inputs
from vidpipe.ports import Project
from vidpipe.records import Outcome
from vidpipe.timeline.shots import detect_shots


@in_line("shots")
def shots(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> Iterator[Any]:
    """The shots of each video: half-open, from its first frame to the end of its last, without gap or overlap."""
    yield from each_video(context, project, WORK)


def _detect(inputs: Inputs) -> Outcome:
    settings = inputs.project.recipe.shots
    if inputs.page is not None:
        return Outcome("ok", value={"shots": [], "time_base": None, "detector": settings.detector})
    table = frame_table(inputs)
    found = detect_shots(
        table, detector=settings.detector, threshold=settings.threshold, min_length_s=settings.min_length_s
    )
    rows = [
        {
            "start_s": round(float(shot.start_s), 6),
            "end_s": round(float(shot.end_s), 6),
            "start_pts": shot.start_pts,
            "end_pts": shot.end_pts,
        }
        for shot in found
    ]
    return Outcome("ok", value={"shots": rows, "time_base": str(table.time_base), "detector": settings.detector})


WORK = Work(_detect)
"""What becomes of one video here."""
