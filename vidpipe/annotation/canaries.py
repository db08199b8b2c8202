"""Canaries: what a model tells of a made film, against what is in it.

What belongs here: the question about a film, put with a plan's own prompt and settings, and the measure of the answer.
Not here: which films there are (`vidpipe.media.canary_films`), when one is asked about and what follows from it
(`vidpipe.asking.canaries`). An answer is measured as it came: one that breaks off, or is no JSON, can have been written
by somebody who looked.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from vidpipe.annotation.model_answers import read_free_text, read_object, read_structured
from vidpipe.annotation.plans import Call, Plan, Subject
from vidpipe.annotation.questions import question_of
from vidpipe.annotation.rounds import Ask, Exchange, Recall, Rounds, SchemaLevels
from vidpipe.annotation.shown import made_by, proxy_settings
from vidpipe.annotation.told import form_of
from vidpipe.annotation.told_times import times_in
from vidpipe.annotation.wire_schema import wire_schema
from vidpipe.errors import AnswerError, MalformedAnswerError
from vidpipe.media.canary_films import Film, make_film
from vidpipe.media.limits import Limits
from vidpipe.media.proxy import make_proxy
from vidpipe.models.calls import Answer, Media, Question
from vidpipe.recipe.line import STAGES
from vidpipe.recipe.model_sections import Annotation
from vidpipe.records import canonical
from vidpipe.timeline.matching import match
from vidpipe.timeline.spans import Span
from vidpipe.timeline.timecodes import parse_timestamp

REACH_STEPS = 2
"""A told beginning of a scene belongs to a cut at most so many steps away, where a step is the time between two frames
that the model sees; it is told well when it is no farther than one."""
FILE_BYTES = 85_000
"""The size of a film's file, about: 72 to 92 kB (eight films, as they are and as proxies)."""
_LETTERS = re.compile(r"[^\W\d_]+")
_TIME = re.compile(r"(?<![\d:.,])\d{1,3}(?::\d{2}){1,2}(?:[.,]\d{1,3})?(?![\d:])")


@dataclass(frozen=True, slots=True)
class Seeing:
    """What an answer tells of a film.

    `recall` is the share of its words that stand in the answer, 0..1. `time_error_s` is the median distance of the told
    beginnings of scenes to their cuts, None where none is near one. Of `n_told` scenes `n_invented` begin where nothing
    does; free text tells no scenes. `step_s` is the time between two frames that the model saw.
    """

    recall: float
    time_error_s: float | None
    n_invented: int
    n_told: int
    step_s: float = 1.0

    @property
    def attention(self) -> float:
        """0..1: the worst of three: `recall`; 1 up to a time error of one step, 0 at two; the scenes not invented."""
        worst = [self.recall, 1 - self.n_invented / max(1, self.n_told)]
        if self.time_error_s is not None:
            worst.append(1 - max(0.0, self.time_error_s / self.step_s - 1) / (REACH_STEPS - 1))
        return round(max(0.0, min(worst)), 6)


def seeing(text: str, film: Film) -> Seeing:
    """What an answer, raw as it came, tells of a film."""
    told, n_told = _told_starts(text, film)
    matched = match(told, film.cuts_s, snap_s=REACH_STEPS * film.step_s).cut_of
    errors = [abs(told[i] - film.cuts_s[cut]) for i, cut in enumerate(matched) if cut is not None]
    return Seeing(
        recall=round(sum(_is_read(word, text) for word in film.words) / len(film.words), 6),
        time_error_s=round(float(median(errors)), 6) if errors else None,
        n_invented=matched.count(None) if n_told else 0,
        n_told=n_told,
        step_s=float(film.step_s),
    )


def shown_calls(plan: Plan) -> tuple[Call, ...]:
    """The calls of a plan that are shown the video; canaries stand for the first of them. A plan may have none."""
    return tuple(call for call in plan.calls if call.is_shown_the_video)


def kind_of(plan: Plan) -> str:
    """Stands for all by which answers about films can differ, but for the films; 16 hex digits.

    That is the prompt, what is asked for, the model and its settings. The plan has a call that is shown the video.
    """
    call = shown_calls(plan)[0]
    asked = [plan.prompts[call.name].text, call.fields, asdict(plan.settings), plan.language, plan.n_questions]
    return hashlib.sha256(canonical(asked)).hexdigest()[:16]


def media_of(film: Film, recipe: Annotation, place: Path) -> Media:
    """A film as a question names it, shown as the recipe has videos shown; `place` is where its file is to lie."""
    if not recipe.proxy:
        return Media(place, film.sha256, f"canary {film.name}")
    settings = proxy_settings(recipe)
    seen = f"canary {film.name}, {made_by(settings, STAGES['annotation_proxy'].version)}"
    return Media(place, film.sha256, seen, shows_time=recipe.burn_time)


def make_file(film: Film, recipe: Annotation, place: Path) -> None:
    """Writes the file that `media_of` names.

    Raises:
        OSError: it cannot be written.
    """
    if not recipe.proxy:
        make_film(film, place)
        return
    whole = make_film(film, place.with_name(f"whole-{place.name}"))
    make_proxy(whole, place, Limits(), proxy_settings(recipe))


def question_about(film: Film, media: Media, plan: Plan) -> Question:
    """What a plan asks about videos it shows, about a film, of which nothing else is known.

    Raises:
        RecipeError: the prompt cannot be used.
    """
    call = shown_calls(plan)[0]
    whole = [Span(Fraction(0), film.duration_s)]
    question = question_of(call, plan, Subject(media, film.duration_s), parts=whole, i=0, texts={})
    return replace(question, schema=wire_schema(form_of(call.fields), 0)) if call.fields else question


def ask_about(
    film: Film, media: Media, plan: Plan, ask: Ask, *, recall: Recall | None, levels: SchemaLevels
) -> Exchange:
    """Asks once about a film what a plan asks about videos it shows.

    Raises:
        ForeignAnswerError: answer after answer names other requests.
        ServiceError: there was no answer.
        RecipeError: the prompt cannot be used.
    """
    call, whole = shown_calls(plan)[0], Span(Fraction(0), film.duration_s)
    question = question_about(film, media, plan)
    form = form_of(call.fields) if call.fields else None
    exchanges: list[Exchange] = []
    rounds = Rounds(call.name, 0, form, ask, recall, levels, exchanges, _NEVER_AGAIN)
    try:
        rounds.settle(question, read_free_text if form is None else partial(read_structured, form=form, part=whole))
    except AnswerError:
        if not exchanges:
            raise
    return exchanges[-1]


def seeing_of(answer: Answer, film: Film) -> Seeing | None:
    """What an answer tells of a film; None where the model was kept from answering, or from ending."""
    return seeing(answer.text, film) if answer.finish == "complete" else None


_NEVER_AGAIN: Mapping[Any, int] = {}


def _told_starts(text: str, film: Film) -> tuple[list[Fraction], int]:
    """When scenes begin but the first, in order, and how many scenes are told; of free text, all times in it, and 0."""
    try:
        values = read_object(text)
    except MalformedAnswerError:
        return _inside(_times(text), film), 0
    starts = [
        reading.start_s
        for path, _, reading in times_in(values, film.duration_s)
        if len(path) == 4 and path[0] == "scenes" and path[2:] == ("timestamps", "start_timestamp")
    ]
    known = sorted(start_s for start_s in starts if start_s is not None)
    return known[1:], len(known)


def _times(text: str) -> Iterator[Fraction]:
    for found in _TIME.findall(text):
        start_s = parse_timestamp(found).start_s
        if start_s is not None:
            yield start_s


def _inside(times_s: Iterator[Fraction], film: Film) -> list[Fraction]:
    return sorted({time_s for time_s in times_s if 0 < time_s < film.duration_s})


def _is_read(word: str, text: str) -> bool:
    """Whether a word stands in a text, one letter at most misread, left out or put in."""
    return any(_is_nearly(found.upper(), word) for found in _LETTERS.findall(text))


def _is_nearly(found: str, word: str) -> bool:
    if len(found) == len(word):
        return sum(a != b for a, b in zip(found, word, strict=True)) <= 1
    short, long = sorted((found, word), key=len)
    return len(long) - len(short) == 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
