"""What queries are written about: the segments of a video, or all of it; as a model is shown them, and as measured."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from assets.model_annotations import file_of, media_of
from assets.reading import best_cues, catalogue_row, frame_table, loudness
from vidpipe.annotation.measures import Measured
from vidpipe.annotation.offline_queries import Watched
from vidpipe.annotation.plans import Subject
from vidpipe.annotation.prompting import Cue
from vidpipe.annotation.query_recipes import USUAL_FPS
from vidpipe.annotation.shown import clip_media, source_media
from vidpipe.inputs import Inputs
from vidpipe.models.calls import Media
from vidpipe.recipe.query_section import Level
from vidpipe.timeline.spans import Span

_CLIPS = "segment_clips"


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment, or all of a video: `span` is what it shows, on the video's clock, `told` what a record says of it.

    `subject` is on the piece's own clock, and its file is nowhere yet, but where it is a page: `file` fetches it.
    """

    span: Span
    subject: Subject
    told: dict[str, Any]
    file: Callable[[], Path]


def pieces_of(inputs: Inputs, level: Level) -> list[Piece]:
    """What queries of a level are written about, in order of time.

    Raises:
        StoreError, WaitingError: as they come.
    """
    facts = inputs.record("raw_videos").value
    if level == "segment":
        return list(_segments(inputs, _known(inputs, source_media(facts, Path()))))
    is_source = _shows_too_little(inputs)
    media = source_media(facts, Path()) if is_source else media_of(inputs, Path())
    file = inputs.video_file if is_source else partial(file_of, inputs)
    whole = _known(inputs, media)
    return [Piece(Span(Fraction(0), whole.duration_s), whole, {}, file)]


def _known(inputs: Inputs, media: Media) -> Subject:
    """What is known of a video whatever its annotation reads."""
    row, cues = catalogue_row(inputs), best_cues(inputs) or ()
    return Subject(
        media,
        Fraction(str(inputs.record("raw_videos").value["duration_s"])),
        title=row["title"],
        description=row["description"],
        channel=row["channel"],
        captions=[(cue.start_s, cue.end_s, cue.text) for cue in cues],
    )


def _shows_too_little(inputs: Inputs) -> bool:
    """Whether the annotator's proxy has fewer frames than are to be looked at."""
    recipe = inputs.project.recipe
    if recipe.queries is None or not recipe.annotation.shows_views:
        return False
    shown = inputs.record("annotation_proxy").value
    return shown["kind"] == "proxy" and float(shown["fps"]) < (recipe.queries.rate("episode") or USUAL_FPS)


def _segments(inputs: Inputs, whole: Subject) -> Iterator[Piece]:
    value = inputs.record(_CLIPS).value
    version = inputs.project.stage(_CLIPS).version
    for i, clip in enumerate(value["clips"]):
        start, end = str(clip["actual_start_s"]), str(clip["actual_end_s"])
        span = Span(Fraction(start), Fraction(end))
        media = clip_media(whole.media, version, clip.get("mode", value["mode"]), (start, end))
        captions = list(_within(span, whole))
        subject = replace(whole, media=media, duration_s=span.length_s, captions=captions)
        told = {"key": clip["key"], "segment_index": i, "start_s": clip["start_s"], "end_s": clip["end_s"]}
        yield Piece(span, subject, told, _fetching(inputs, Path(clip["key"]).stem))


def _fetching(inputs: Inputs, name: str) -> Callable[[], Path]:
    return lambda: inputs.file(_CLIPS, "clips", name)


def _within(span: Span, whole: Subject) -> Iterator[Cue]:
    """The captions that are to be seen in a part, on its own clock."""
    for start_s, end_s, text in whole.captions:
        if start_s < span.end_s and (end_s > span.start_s or span.contains(start_s)):
            yield max(start_s - span.start_s, Fraction(0)), max(end_s - span.start_s, Fraction(0)), text


def watched(inputs: Inputs) -> Watched:
    """What was measured and said in all of a video.

    Raises:
        StoreError, WaitingError: as they come.
    """
    table = frame_table(inputs)
    cues = best_cues(inputs) or ()
    return Watched(
        Measured(table.times_s(), table.motion, loudness(inputs)),
        table.luma,
        [(cue.start_s, cue.end_s, cue.text) for cue in cues],
        catalogue_row(inputs)["title"],
    )
