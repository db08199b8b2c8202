"""Canaries: what a model tells of a made film, against what is in it.

What belongs here: the measure of an answer. Not here: which films there are (`vidpipe.media.canary_films`), what is
asked about them (`canary_topics`), when one is asked about and what follows from it (`vidpipe.asking.canaries`). An
answer is measured as it came: one that breaks off, or is no JSON, can have been written by somebody who looked. One
that tells no scenes, as queries do not, is measured by the words in it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from vidpipe.annotation.model_answers import read_object
from vidpipe.annotation.told_times import scene_starts_s
from vidpipe.errors import MalformedAnswerError
from vidpipe.media.canary_films import Film
from vidpipe.models.calls import Answer
from vidpipe.timeline.matching import match
from vidpipe.timeline.timecodes import parse_timestamp

REACH_STEPS = 2
"""A told beginning of a scene belongs to a cut at most so many steps away, where a step is the time between two frames
that the model sees; it is told well when it is no farther than one."""
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


def seeing_of(answer: Answer, film: Film) -> Seeing | None:
    """What an answer tells of a film; None where the model was kept from answering, or from ending."""
    return seeing(answer.text, film) if answer.finish == "complete" else None


def _told_starts(text: str, film: Film) -> tuple[list[Fraction], int]:
    """When scenes begin but the first, in order, and how many scenes are told; of free text, all times in it, and 0."""
    try:
        values = read_object(text)
    except MalformedAnswerError:
        return _inside(_times(text), film), 0
    known = scene_starts_s(values, film.duration_s)
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
