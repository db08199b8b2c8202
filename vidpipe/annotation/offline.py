"""The annotator that needs no model: what pixels, sound and captions measure, told in a model's form.

What belongs here: scenes from shots, their texts from captions, their numbers from `measures`. Not here: any
guess. Characters, cast, props, moods, themes, storylines, questions and trimming suggestions were not
measured and stay empty or null. Times are told as a model that sees one frame a second would tell them, in
whole seconds, so that alignment has to do here what it has to do for a model.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vidpipe.annotation.alignment import TimedSpan
from vidpipe.annotation.measures import (
    Measured,
    audio_visual_correlation,
    dynamism_score,
    picture_jumps,
    sound_jumps,
)
from vidpipe.annotation.schema import Activity, Annotation, KeyMoment, Mood, Scene, Timestamps
from vidpipe.timeline.spans import Span

ANNOTATOR = "offline"
PAUSE_S = Fraction(2)
"""Captions farther apart than this are two activities, …"""
MAX_TEXT_CHARS = 200
"""… and so are captions that together would be longer than this (a single longer one stays whole)."""
PICTURE_JUMPS = "the picture changes abruptly"
SOUND_JUMPS = "the sound jumps"

Cue = tuple[Fraction, Fraction, str]
"""One caption: start and end in seconds, text."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What is written about the video, or said in it; None where nothing is. Captions in any order."""

    title: str | None = None
    description: str | None = None
    captions: Sequence[Cue] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """The shots that one told scene holds: exact span, all cuts, the whole seconds it is told to cover."""

    span: Span
    cuts_s: tuple[Fraction, ...]
    first_s: int
    until_s: int


def annotate_offline(
    shots: Sequence[TimedSpan], measured: Measured, texts: Texts, *, fps: float | None = None
) -> Annotation:
    """Annotate a video by what was measured of it.

    `shots` cover it in order without gaps; `measured` has one motion per frame. One scene per shot that a
    sample at a whole second hits; a shot that none hits belongs to the scene before. A scene is told from the
    first sample that shows it to the next scene's, the first from its first frame, the last to the second
    that completes the video. Activities are the captions, word for word; key moments are jumps of picture or
    sound. An `fps` of 0 is unknown.

    Raises:
        ValueError: there are no shots.
    """
    if not shots:
        raise ValueError("need shots, got none")
    sightings = seen_scenes(shots)
    cues = _cues_of(sightings, texts.captions)
    scenes = [_scene(i, sightings[i], measured, cues[i]) for i in range(len(sightings))]
    return Annotation(
        title=_text(texts.title),
        description=_text(texts.description),
        fps=round(fps, 6) if fps else None,
        scenes=tuple(scenes),
        annotator=ANNOTATOR,
    )


def seen_scenes(shots: Sequence[TimedSpan]) -> list[Sighting]:
    """Which shots a look at every whole second tells apart, in order; never empty.

    The first scene is told from the second in which its first frame lies, every other one from its first
    sample.
    """
    groups: list[tuple[int, list[TimedSpan]]] = []
    for shot in shots:
        sample_s = math.ceil(shot.start_s)
        if not groups:
            groups.append((max(0, math.floor(shot.start_s)), [shot]))
        elif sample_s < shot.end_s and sample_s > groups[-1][0]:
            groups.append((sample_s, [shot]))
        else:
            groups[-1][1].append(shot)
    end_s = max(math.ceil(shots[-1].end_s), groups[-1][0] + 1)
    ends = [*(first_s for first_s, _ in groups[1:]), end_s]
    return [
        Sighting(Span(seen[0].start_s, seen[-1].end_s), tuple(shot.start_s for shot in seen), first_s, until_s)
        for (first_s, seen), until_s in zip(groups, ends, strict=True)
    ]


def _scene(i: int, sighting: Sighting, measured: Measured, cues: Sequence[Cue]) -> Scene:
    inside = measured.within(sighting.span, sighting.cuts_s)
    return Scene(
        sceneId=i + 1,
        timestamps=_timestamps(sighting.first_s, sighting.until_s),
        activities=tuple(_activity(group, sighting) for group in _spoken(cues)),
        mood=Mood(keyMoments=tuple(_key_moments(inside, sighting))),
        dynamismScore=dynamism_score(inside),
        audioVisualCorrelation=audio_visual_correlation(inside),
    )


def _key_moments(inside: Measured, sighting: Sighting) -> list[KeyMoment]:
    found = [(jump.time_s, PICTURE_JUMPS) for jump in picture_jumps(inside)]
    found += [(jump.time_s, SOUND_JUMPS) for jump in sound_jumps(inside, sighting.span)]
    return [
        KeyMoment(timestamp=_told(min(math.ceil(time_s), sighting.until_s)), changeDescription=what)
        for time_s, what in sorted(found)
    ]


def _cues_of(sightings: Sequence[Sighting], captions: Sequence[Cue]) -> list[list[Cue]]:
    """Per scene the captions that start in it; what starts before the first frame belongs to the first scene.

    Captions without text, and those that start after the video, are left out.
    """
    starts = [sighting.span.start_s for sighting in sightings]
    cues: list[list[Cue]] = [[] for _ in sightings]
    for start_s, end_s, text in sorted(captions):
        plain = " ".join((_text(text) or "").split())
        if plain and start_s < sightings[-1].span.end_s:
            cues[max(0, bisect_right(starts, start_s) - 1)].append((start_s, end_s, plain))
    return cues


def _spoken(cues: Sequence[Cue]) -> Iterator[list[Cue]]:
    """Runs of captions without a pause, none longer than the limit unless it is one caption."""
    group: list[Cue] = []
    for cue in cues:
        n_chars = sum(len(text) + 1 for _, _, text in group) + len(cue[2])
        if group and (cue[0] - group[-1][1] > PAUSE_S or n_chars > MAX_TEXT_CHARS):
            yield group
            group = []
        group.append(cue)
    if group:
        yield group


def _activity(group: Sequence[Cue], sighting: Sighting) -> Activity:
    """A run of captions: from the first sample that shows it to the first that no longer does, in the scene."""
    start_s = min(max(math.ceil(group[0][0]), sighting.first_s), sighting.until_s)
    end_s = min(max(math.ceil(max(cue[1] for cue in group)), start_s), sighting.until_s)
    return Activity(description=" ".join(cue[2] for cue in group), timestamp=_timestamps(start_s, end_s))


def _timestamps(start_s: int, end_s: int) -> Timestamps:
    return Timestamps(start_timestamp=_told(start_s), end_timestamp=_told(end_s))


def _told(seconds: int) -> str:
    """`MM:SS`, or `HH:MM:SS` from an hour on, as models write it."""
    minutes, s = divmod(seconds, 60)
    hours, m = divmod(minutes, 60)
    return f"{hours:02d}:{m:02d}:{s:02d}" if hours else f"{m:02d}:{s:02d}"


def _text(text: str | None) -> str | None:
    """The text as it can be written as UTF-8, without blanks around; None where nothing is left."""
    return (text or "").encode("utf-8", "replace").decode().strip() or None
