"""Queries that need no model: what captions say and pixels and sound measure, in sentences.

What belongs here: numbers and captions to sentences. Not here: any guess. What a field of emotions or symbols asks for
is not measured; it gets the measures that come nearest, and the record says who wrote it. Always in English, whatever
language the captions have.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vidpipe.annotation.measures import PIXEL_JUMP, Measured, dynamism_score, picture_jumps, sound_jumps
from vidpipe.annotation.offline import Cue
from vidpipe.annotation.queries import N_SENTENCES, Queries
from vidpipe.timeline.spans import Span

MAX_QUOTE_CHARS = 200
"""So much of a caption is quoted, …"""
MIN_QUOTE_WORDS = 3
"""… and shorter ones only where there are no longer ones."""
DARK, BRIGHT = 0.3, 0.6
"""Mean luma (0..1) below and above which a picture is called dark and bright."""
QUIET_DBFS, LOUD_DBFS = -40.0, -18.0
STILL_MOTION = 0.002
"""Less mean luma difference from frame to frame is no movement: half a grey level."""
LITTLE, MUCH = 0.15, 0.5
"""Scores of dynamism below and above which there is little and much movement."""
_THEMES: Mapping[str, tuple[str, ...]] = {
    "visual_saliency": ("light", "jumps", "change", "shape"),
    "character_emotion": ("sound", "talk", "light"),
    "action_behavior": ("motion", "most", "still"),
    "dialogue": ("quotes", "talk", "sound"),
    "symbolic_scene": ("change", "most", "still"),
    "main_plot": ("name", "quotes", "talk"),
    "turning_point": ("jumps", "loud", "change"),
    "relationship_change": ("talk", "quotes", "name"),
    "episode_mood": ("light", "motion", "sound"),
    "notable_scene": ("most", "loud", "still"),
}
_USUAL = ("name", "light", "motion", "quotes")


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A video's measures and texts: `luma` (n,) is the mean luma of each frame of `measured`, 0..1."""

    measured: Measured
    luma: npt.NDArray[np.float32]
    captions: Sequence[Cue] = ()
    title: str | None = None


def queries_offline(watched: Watched, span: Span, fields: Sequence[str]) -> Queries:
    """Three different sentences for each field about a part of a video; times in them count from the part's start."""
    told = dict(_told(watched, span))
    return {name: _three(told, _THEMES.get(name, _USUAL)) for name in fields}


def _three(told: Mapping[str, Sequence[str]], themes: Sequence[str]) -> list[str]:
    """What its themes say, in their order, and where that is not enough, all others."""
    texts = (text for theme in (*themes, *told) for text in told[theme])
    return list(dict.fromkeys(texts))[:N_SENTENCES]


def _told(watched: Watched, span: Span) -> Iterator[tuple[str, list[str]]]:
    """Sentences by theme, at least one of each; all differ."""
    yield from _seen(watched, span)
    yield from _moved(watched, span)
    yield from _heard(watched, span)
    yield from _said(watched, span)
    yield "name", [_quoted("Part of a video called", watched.title) or "Part of a video without a title"]
    yield "shape", [f"It lasts {float(span.length_s):.1f} seconds"]


def _seen(watched: Watched, span: Span) -> Iterator[tuple[str, list[str]]]:
    inside = _frames(watched, span)
    luma = watched.luma[inside].astype(np.float64)
    if not len(luma):
        yield "light", ["No picture of it was measured"]
        yield "change", ["No change of light was measured"]
        yield "jumps", ["No change of the picture was measured"]
        return
    mean = float(luma.mean())
    kind = "dark" if mean < DARK else "bright" if mean > BRIGHT else "neither dark nor bright"
    yield "light", [f"The picture is {kind}, its mean brightness {mean:.0%}"]
    third = max(1, len(luma) // 3)
    first, last = float(luma[:third].mean()), float(luma[-third:].mean())
    way = "keeps its brightness" if abs(last - first) < 0.05 else "grows brighter" if last > first else "grows darker"
    yield "change", [f"The picture {way}, from {first:.0%} at first to {last:.0%} at last"]
    jumps = picture_jumps(watched.measured.within(span))
    yield "jumps", [_jumping("The picture changes abruptly", [jump.time_s for jump in jumps], span)]


def _moved(watched: Watched, span: Span) -> Iterator[tuple[str, list[str]]]:
    inside = watched.measured.within(span)
    score = dynamism_score(inside)
    if score is None:
        yield "motion", ["No movement was measured"]
        yield "most", ["No moment of movement was measured"]
        yield "still", ["No stillness was measured"]
        return
    much = "little" if score < LITTLE else "much" if score > MUCH else "some"
    yield "motion", [f"There is {much} movement, a score of {score:.2f} between 0 and 1"]
    moving = np.where(inside.motion < PIXEL_JUMP, inside.motion, 0.0)
    moving[0] = 0.0  # what changed since a picture that does not belong to it
    at_s = float(inside.times_s[int(np.argmax(moving))])
    yield "most", [f"It moves most {_at(at_s, span)}"]
    still = float(np.mean(inside.motion < STILL_MOTION))
    yield "still", [f"Nothing moves in {still:.0%} of its pictures"]


def _heard(watched: Watched, span: Span) -> Iterator[tuple[str, list[str]]]:
    loudness = watched.measured.loudness_dbfs
    bins = (int(float(span.start_s) * 10), int(float(span.end_s) * 10) + 1)
    heard = np.empty(0) if loudness is None else np.nan_to_num(loudness[slice(*bins)].astype(np.float64), nan=-120.0)
    if not len(heard) or float(heard.max()) <= -90:
        yield "sound", ["There is no sound to be heard in it"]
        yield "loud", ["No moment of it is loud"]
        return
    mean = float(np.clip(heard, -90, 0).mean())
    kind = "quiet" if mean < QUIET_DBFS else "loud" if mean > LOUD_DBFS else "neither quiet nor loud"
    jumps = sound_jumps(watched.measured, span)
    jumping = _jumping("The sound jumps", [jump.time_s for jump in jumps], span)
    yield "sound", [f"The sound is {kind}, {-mean:.0f} decibels below full scale on average", jumping]
    at_s = (bins[0] + int(np.argmax(heard))) / 10
    yield "loud", [f"It is loudest {_at(at_s, span)}"]


def _said(watched: Watched, span: Span) -> Iterator[tuple[str, list[str]]]:
    inside = [cue for cue in sorted(watched.captions) if span.contains(cue[0])]
    texts = list(dict.fromkeys(" ".join(text.split()) for _, _, text in inside if text.split()))
    long = [text for text in texts if len(text.split()) >= MIN_QUOTE_WORDS]
    chosen = sorted(long, key=lambda text: (-len(text), text))[:N_SENTENCES] or texts[:N_SENTENCES]
    quotes = [_quoted("Somebody says", text) for text in texts if text in chosen]
    yield "quotes", [quote for quote in quotes if quote] or ["No captions say what is spoken in it"]
    n_words = sum(len(text.split()) for text in texts)
    begins = f"the first words come {_at(float(inside[0][0]), span)}" if n_words else "nobody is captioned"
    yield "talk", [f"{n_words} words are captioned, and {begins}" if n_words else f"No words: {begins}"]


def _frames(watched: Watched, span: Span) -> slice:
    """The frames in a span, the one on its start and not the one on its end."""
    edges = np.array([float(span.start_s), float(span.end_s)]) - 1e-6
    low, high = np.searchsorted(watched.measured.times_s, edges)
    return slice(int(low), int(high))


def _jumping(what: str, times_s: Sequence[float], span: Span) -> str:
    if not times_s:
        return f"{what} at no time"
    n = len(times_s)
    often = f"{n} times, first" if n > 1 else "once,"
    return f"{what} {often} {_at(times_s[0], span)}"


def _at(time_s: float, span: Span) -> str:
    return f"{max(0.0, time_s - float(span.start_s)):.0f} s into it"


def _quoted(what: str, text: str | None) -> str | None:
    plain = " ".join((text or "").encode("utf-8", "replace").decode().split())
    if not plain:
        return None
    return f"{what} “{plain if len(plain) <= MAX_QUOTE_CHARS else plain[: MAX_QUOTE_CHARS - 1].rstrip() + '…'}”"
