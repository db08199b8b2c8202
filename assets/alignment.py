"""Annotated times moved to where they belong: scenes to the cuts, everything else into its scene."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import dagster as dg

from assets.annotations import shots_of
from assets.batch import each_video
from assets.partitions import in_line
from assets.reading import frame_table
from vidpipe.annotation.alignment import MISFIT, Aligned, Content, align_annotation
from vidpipe.annotation.schema import AlignedAnnotation, AlignmentReport, Annotation
from vidpipe.batch import Work
from vidpipe.inputs import Inputs
from vidpipe.ports import Project
from vidpipe.records import Outcome
from vidpipe.timeline.frame_times import FrameTimes


@in_line("aligned_metadata")
def aligned_metadata(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> Iterator[Any]:
    """The annotation with every time precise to the frame: scene boundaries on cuts, one to one and in order.

    What moved, by how much, which cuts were missed and which boundaries have no cut stands beside it. An annotation
    that does not fit its video is `dropped`.
    """
    yield from each_video(context, project, WORK)


def aligned_by_shots(inputs: Inputs, content: Content) -> Aligned[Content]:
    """An annotation of a video on its measured shots, as the recipe has it.

    Raises:
        WaitingError: the store has lost what was measured.
    """
    settings, table = inputs.project.recipe.alignment, frame_table(inputs)
    return align_annotation(
        content,
        shots_of(inputs),
        FrameTimes(table.pts, table.time_base, table.start_s),
        snap_s=Fraction(str(settings.snap_s)),
        reject_s=Fraction(str(settings.reject_s)),
    )


def _align(inputs: Inputs) -> Outcome:
    annotation = Annotation.model_validate(inputs.record("video_annotations").value)
    if inputs.page is not None:  # there is nothing to align to
        return Outcome("ok", value=AlignedAnnotation.of(annotation, AlignmentReport()).model_dump(mode="json"))
    aligned = aligned_by_shots(inputs, annotation)
    report = aligned.report.value()
    if aligned.content is None:
        return Outcome("dropped", MISFIT, {"alignment": report, "misfit": str(aligned.misfit)})
    value = aligned.content.model_dump(mode="json") | {"alignment": report}
    return Outcome("ok", value=AlignedAnnotation.model_validate(value).model_dump(mode="json"))


WORK = Work(_align)
"""What becomes of one video here."""
