"""An annotation's times put right: scenes onto frames, every other time into its scene.

What belongs here: walking through an annotation and reporting what moved. Not here: where scenes belong
(`vidpipe.timeline.align`), single times (`retiming`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, Protocol, TypeVar

from vidpipe.annotation.retiming import Retimer, read_pair
from vidpipe.annotation.schema import (
    AlignmentReport,
    ContentMetadata,
    KeyMoment,
    Moment,
    Part,
    Scene,
    Timestamps,
)
from vidpipe.timeline.align import Alignment, Misfit, align
from vidpipe.timeline.placement import PlacedScene, SceneTimes, Timeline
from vidpipe.timeline.spans import Span
from vidpipe.timeline.timecodes import Reading

MISFIT = "annotation does not fit the video"
"""The outcome's reason where an annotation is rejected."""

Content = TypeVar("Content", bound=ContentMetadata)
P = TypeVar("P", bound=Part)
Timed = TypeVar("Timed", Moment, KeyMoment)
Ends = tuple[Reading, Reading]


class TimedSpan(Protocol):
    """A shot, seen from here: the half-open span [start_s, end_s) in exact seconds."""

    @property
    def start_s(self) -> Fraction:
        """Time of its first frame."""

    @property
    def end_s(self) -> Fraction:
        """Time of the next shot's first frame, or the end of the video's last frame."""


@dataclass(frozen=True, slots=True)
class Aligned(Generic[Content]):
    """An annotation on its video. Where it does not fit, `content` is None and `misfit` says why."""

    content: Content | None
    report: AlignmentReport
    misfit: Misfit | None


def align_annotation(
    content: Content,
    shots: Sequence[TimedSpan],
    frame_times_s: Sequence[Fraction],
    *,
    snap_s: Fraction = Fraction(2),
    reject_s: Fraction = Fraction(5),
) -> Aligned[Content]:
    """Move every scene boundary to its cut and every other time into its scene; nothing else changes.

    `shots` cover the video in order without gaps; `frame_times_s` rise strictly. A scene's start becomes the
    time of its first frame, its end that of its last. All other times lose the common drift and are clamped
    to these two; those without a scene (climax, trimming suggestions) to the video's first and last frame. A
    time that cannot be read or means none becomes null.

    Raises:
        ValueError: there are no shots or no frames, or the settings are out of range.
    """
    if not shots or not frame_times_s:
        raise ValueError(f"need shots and frames, got {len(shots)} and {len(frame_times_s)}")
    timeline = Timeline(frame_times_s, [shot.start_s for shot in shots[1:]], shots[-1].end_s)
    video = Span(max(Fraction(0), frame_times_s[0]), max(Fraction(0), timeline.end_s))
    ends = [read_pair(scene.timestamps, video) for scene in content.scenes]
    times = [SceneTimes(start.start_s, end.start_s) for start, end in ends]
    alignment = align(times, timeline, snap_s=snap_s, reject_s=reject_s)
    retimer = Retimer(alignment.drift_s)
    scenes = [
        _scene(scene, i, ends[i], placed, retimer)
        for i, (scene, placed) in enumerate(zip(content.scenes, alignment.scenes, strict=False))
    ]
    moved = _whole(content, scenes, Span(frame_times_s[0], frame_times_s[-1]), retimer)
    fits = alignment.misfit is None
    return Aligned(moved if fits else None, _report(alignment, retimer), alignment.misfit)


def _whole(content: Content, scenes: Sequence[Scene], video: Span, retimer: Retimer) -> Content:
    climax = content.storylines.climax
    storylines = content.storylines
    if climax is not None:
        when = retimer.moment(climax.timestamp, video, "storylines.climax.timestamp")
        storylines = _with(storylines, climax=_with(climax, timestamp=when))
    cuts = _pairs(content.trimmingSuggestions, "timestamps", video, "trimmingSuggestions", retimer)
    return _with(content, scenes=tuple(scenes), storylines=storylines, trimmingSuggestions=cuts)


def _scene(scene: Scene, i: int, ends: Ends, placed: PlacedScene, retimer: Retimer) -> Scene:
    """One scene on its frames. Names in the notes are paths into the annotation: `scenes[0].timestamps…`."""
    what, span = f"scenes[{i}]", Span(placed.start_s, placed.end_s)
    times = Timestamps(
        start_timestamp=retimer.settle_to(ends[0], placed.start_s, f"{what}.timestamps.start_timestamp"),
        end_timestamp=retimer.settle_to(ends[1], placed.end_s, f"{what}.timestamps.end_timestamp"),
    )
    moments, steps = scene.mood.keyMoments, scene.narrativeProgression
    return _with(
        scene,
        timestamps=times,
        activities=_pairs(scene.activities, "timestamp", span, f"{what}.activities", retimer),
        props=_pairs(scene.props, "timestamp", span, f"{what}.props", retimer),
        videoEditingDetails=_pairs(
            scene.videoEditingDetails, "timestamps", span, f"{what}.videoEditingDetails", retimer
        ),
        mood=_with(scene.mood, keyMoments=_moments(moments, span, f"{what}.mood.keyMoments", retimer)),
        narrativeProgression=_moments(steps, span, f"{what}.narrativeProgression", retimer),
    )


def _pairs(parts: Sequence[P], name: str, span: Span, what: str, retimer: Retimer) -> tuple[P, ...]:
    """The parts with the pair of times that each holds as its field `name` put right."""
    return tuple(
        _with(part, **{name: retimer.pair(getattr(part, name), span, f"{what}[{i}].{name}")})
        for i, part in enumerate(parts)
    )


def _moments(parts: Sequence[Timed], span: Span, what: str, retimer: Retimer) -> tuple[Timed, ...]:
    return tuple(
        _with(part, timestamp=retimer.moment(part.timestamp, span, f"{what}[{i}].timestamp"))
        for i, part in enumerate(parts)
    )


def _with(part: P, **fields: object) -> P:
    return part.model_copy(update=fields)


def _report(alignment: Alignment, retimer: Retimer) -> AlignmentReport:
    return AlignmentReport(
        corrections=tuple(retimer.corrections),
        max_move_s=round(float(alignment.max_move_s), 6),
        residual_frames=alignment.residual_frames,
        n_cuts_matched=alignment.n_cuts_matched,
        n_cuts_missed=alignment.n_cuts_missed,
        n_boundaries_without_cut=alignment.n_boundaries_without_cut,
        drift_s=round(float(alignment.drift_s), 6),
        n_far_starts=alignment.n_far_starts,
        n_unreadable=retimer.n_unreadable,
    )
