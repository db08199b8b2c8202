"""What is said about each video: scenes, texts, scores."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import dagster as dg

from assets.batch import each_video
from assets.canaries import with_canaries
from assets.model_annotations import ModelAnnotator
from assets.model_requests import Requests
from assets.partitions import in_line
from assets.reading import best_cues, catalogue_row, frame_table, loudness
from vidpipe.annotation.measures import Measured
from vidpipe.annotation.offline import Texts, annotate_offline
from vidpipe.asking.services import terms_for
from vidpipe.asking.submitting import Submitter
from vidpipe.batch import Work
from vidpipe.inputs import Inputs
from vidpipe.ports import Project, Service
from vidpipe.records import Outcome
from vidpipe.timeline.shots import Shot


@in_line("annotation_requests")
def annotation_requests(
    context: dg.AssetExecutionContext, project: dg.ResourceParam[Project], gemini: dg.ResourceParam[Service]
) -> Iterator[Any]:
    """What a model is asked about a video, submitted with those of other videos as one batch job at half the price.

    Answers come within a day: the next `vidpipe run` collects them, or the sensor `batch_jobs`, and `video_annotations`
    finds them. A video whose line failed, or whose job expired, goes into another job.
    """
    annotator = ModelAnnotator.of(project, gemini, context.run.run_id)
    requests = Requests(with_canaries(project, "video_annotations", annotator))
    jobs = Submitter(project, gemini, terms_for(project, gemini))
    yield from each_video(context, project, Work(requests.prepare, requests.finish, workers=jobs))


@in_line("video_annotations")
def video_annotations(
    context: dg.AssetExecutionContext, project: dg.ResourceParam[Project], gemini: dg.ResourceParam[Service]
) -> Iterator[Any]:
    """An annotation in FineVideo's form: by the recipe's annotator, a model that sees the video or what is measured.

    The offline annotator says only what pixels, sound and captions measure; all else is empty or null, and times are
    told in whole seconds as a model that sees one frame a second tells them.
    """
    if project.recipe.annotation.annotator == "offline":
        work = Work(annotate_by_measures)
    else:
        annotator = ModelAnnotator.of(project, gemini, context.run.run_id)
        work = Work(with_canaries(project, "video_annotations", annotator), n_threads=gemini.at_once)
    yield from each_video(context, project, work)


def shots_of(inputs: Inputs) -> list[Shot]:
    """The video's shots, with their exact times."""
    table = frame_table(inputs)
    rows = inputs.record("shots").value["shots"]
    spans = [(int(row["start_pts"]), int(row["end_pts"])) for row in rows]
    return [Shot(start, end, table.time_of(start), table.time_of(end)) for start, end in spans]


def annotate_by_measures(inputs: Inputs) -> Outcome:
    """The offline annotator's annotation of a video.

    Raises:
        WaitingError: the store has lost what it is made from.
    """
    row, table = catalogue_row(inputs), frame_table(inputs)
    cues = best_cues(inputs) or ()
    texts = Texts(row["title"], row["description"], [(cue.start_s, cue.end_s, cue.text) for cue in cues])
    measured = Measured(table.times_s(), table.motion, loudness(inputs))
    fps = float(Fraction(inputs.record("raw_videos").value["frame_rate"]))
    annotation = annotate_offline(shots_of(inputs), measured, texts, fps=fps)
    return Outcome("ok", value=annotation.model_dump(mode="json"))
