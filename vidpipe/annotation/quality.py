"""How good an annotation is: checks that never refuse one, and a score of 0..1 for the video.

What belongs here: rules about what was told (spec/finevideo.md §7), as small pure functions. Not here:
what makes an answer unusable (`model_answers`), and where times belong (`alignment`). A check that has nothing to judge
has neither verdict nor score, and does not count.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import fmean
from typing import Any

from vidpipe.annotation.attention import attention
from vidpipe.annotation.languages import code_of, looks_like
from vidpipe.annotation.model_answers import SLACK_S
from vidpipe.annotation.retiming import read_pair
from vidpipe.annotation.schema import ContentMetadata, Scene
from vidpipe.annotation.told import FIELDS, MOODS
from vidpipe.annotation.told_times import seconds_in
from vidpipe.timeline.spans import Span

MIN_COVER = 0.95
MIN_ATTENTION = 0.7
LOOKING = ("scenes_cover", "kept_looking")
"""Checks about whether the model looked at all: the quality is no better than the worse of them."""
_NEEDS = {"questions_asked": "qAndA", "cast_known": "characterList"}  # all others judge scenes alone
_FIELDS = {
    "questions_asked": frozenset({"qAndA"}),
    "scene_ids_distinct": frozenset({"scenes", "storylines"}),
    "cast_known": frozenset({"scenes", "characterList"}),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One rule applied to one video.

    `passed` and `score` (0..1) are None where there was nothing to judge. `detail` is one line for people.
    """

    name: str
    passed: bool | None
    detail: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: about how long a video, in which language, with how many questions, and which fields."""

    duration_s: Fraction
    language: str = "English"
    n_questions: int = 5
    fields: frozenset[str] = frozenset(FIELDS)


def checks_of(content: ContentMetadata, asked: Asked) -> tuple[Check, ...]:
    """All checks of an annotation, in a fixed order; one about a field that was not asked for has nothing to judge."""
    checks = (
        scenes_cover(content, asked),
        scenes_in_order(content, asked),
        times_inside(content, asked),
        scene_ids_distinct(content),
        cast_known(content),
        moods_listed(content),
        scores_given(content),
        questions_asked(content, asked),
        language_as_asked(content, asked),
        kept_looking(content, asked),
    )
    return tuple(
        check if _NEEDS.get(check.name, "scenes") in asked.fields else Check(check.name, None, "not asked for", None)
        for check in checks
    )


def fields_of(check: str) -> frozenset[str]:
    """The fields of an annotation that a check is about, by its name."""
    return _FIELDS.get(check, frozenset({"scenes"}))


def quality(checks: Sequence[Check]) -> float:
    """0..1: the mean score of the checks that judged, but no more than any of `LOOKING`; 0 where none judged.

    The bound, because an annotation of the first minute alone can be faultless.
    """
    scores = {check.name: check.score for check in checks if check.score is not None}
    if not scores:
        return 0.0
    return round(min([fmean(scores.values()), *(scores[name] for name in LOOKING if name in scores)]), 6)


def scenes_cover(content: ContentMetadata, asked: Asked) -> Check:
    """The scenes cover the video: at least 95 % of it lies in one."""
    spans = sorted(span for span in _spans(content.scenes, asked) if span is not None)
    covered_s, until_s = Fraction(0), Fraction(0)
    for span in spans:
        end_s = min(span.end_s, asked.duration_s)
        covered_s += max(Fraction(0), end_s - max(span.start_s, until_s))
        until_s = max(until_s, end_s)
    share = float(covered_s / asked.duration_s) if asked.duration_s > 0 else 0.0
    return _check("scenes_cover", share >= MIN_COVER, f"scenes cover {share:.0%} of the video", share)


def scenes_in_order(content: ContentMetadata, asked: Asked) -> Check:
    """No scene begins more than a second before the one before it ends."""
    spans = _spans(content.scenes, asked)
    good = [a is not None and b is not None and b.start_s >= a.end_s - SLACK_S for a, b in pairwise(spans)]
    good += [spans[0] is not None] if len(spans) == 1 else []
    return _shared("scenes_in_order", good, "scenes follow the one before")


def times_inside(content: ContentMetadata, asked: Asked) -> Check:
    """All times lie in the video, give or take a second."""
    latest_s = asked.duration_s + SLACK_S
    good = [time_s <= latest_s for time_s in seconds_in(content.value(), asked.duration_s)]
    return _shared("times_inside", good, "times lie in the video")


def scene_ids_distinct(content: ContentMetadata) -> Check:
    """Scenes have ids of their own, and the story names no others."""
    ids = [scene.sceneId for scene in content.scenes]
    counts = Counter(ids)
    good = [counts[scene_id] == 1 for scene_id in ids]
    good += [scene_id in counts for scene_id in content.storylines.scenes]
    return _shared("scene_ids_distinct", good, "scene ids name one scene")


def cast_known(content: ContentMetadata) -> Check:
    """Everybody in a scene stands in the list of characters."""
    known = {character.characterId for character in content.characterList}
    good = [name in known for scene in content.scenes for name in scene.cast]
    return _shared("cast_known", good, "cast members stand in characterList")


def moods_listed(content: ContentMetadata) -> Check:
    """Each scene's mood is one of the fifteen; the first word counts."""
    listed = {mood.casefold() for mood in MOODS}
    words = [re.match(r"\W*(\w+)", scene.mood.description or "") for scene in content.scenes]
    good = [word is not None and word[1].casefold() in listed for word in words]
    return _shared("moods_listed", good, "moods are listed")


def scores_given(content: ContentMetadata) -> Check:
    """Each scene has both scores, in 0..1; one out of range became null."""
    scores = [x for scene in content.scenes for x in (scene.dynamismScore, scene.audioVisualCorrelation)]
    return _shared("scores_given", [x is not None for x in scores], "scores lie in 0-1")


def questions_asked(content: ContentMetadata, asked: Asked) -> Check:
    """As many questions as were asked for, all different, all answered."""
    asked_for, given = asked.n_questions, content.qAndA
    distinct = {_plain(one.question) for one in given if _plain(one.question) and _plain(one.answer)}
    is_right = len(distinct) == len(given) == asked_for
    detail = f"{len(distinct)} different questions with an answer among {len(given)}, {asked_for} asked for"
    return _check("questions_asked", is_right, detail, _closeness(len(distinct), asked_for))


def language_as_asked(content: ContentMetadata, asked: Asked) -> Check:
    """The descriptions seem to be written in the language asked for."""
    return written_in(prose_of(content), asked.language)


def written_in(texts: Iterable[str], language: str) -> Check:
    """Whether texts seem to be written in a language, by their commonest words or their script."""
    found = looks_like(" ".join(texts), language)
    if found is None:
        known = "is not known here" if code_of(language) is None else "cannot be told from so few words"
        return Check("language_as_asked", None, f"{language} {known}", None)
    detail = f"the text looks like {language}" if found else f"the text does not look like {language}"
    return _check("language_as_asked", found, detail, float(found))


def kept_looking(content: ContentMetadata, asked: Asked) -> Check:
    """The model looked to the end: see `vidpipe.annotation.attention`."""
    if asked.duration_s <= 0:
        return Check("kept_looking", None, "the video has no length", None)
    found = attention(content.value(), asked.duration_s)
    parts = [f"told until {found.told_share:.0%}"]
    parts += [f"nothing begins in the last {found.tail_share:.0%}"] if found.tail_share is not None else []
    parts += [f"{found.same_share:.0%} of scenes equally long"] if found.same_share is not None else []
    parts += [f"scenes grow {found.growth:.1f}-fold"] if found.growth is not None else []
    return _check("kept_looking", found.score >= MIN_ATTENTION, ", ".join(parts), found.score)


def query_checks(queries: Sequence[Mapping[str, Sequence[str]]], language: str) -> tuple[Check, ...]:
    """All checks of the queries of a video, of each of its segments or of all of it; no part of `checks_of`.

    That every field holds three sentences is seen to where answers are read; here they are three different ones.
    """
    fields = [texts for one in queries for texts in one.values()]
    good = [len({_plain(text) for text in texts}) == len(texts) for texts in fields]
    sentences = (text for texts in fields for text in texts)
    return (_shared("three_of_each", good, "fields hold three different sentences"), written_in(sentences, language))


def _spans(scenes: Sequence[Scene], asked: Asked) -> list[Span | None]:
    """Where the scenes lie, None where that cannot be told."""
    video = Span(Fraction(0), max(Fraction(0), asked.duration_s))
    ends = [read_pair(scene.timestamps, video) for scene in scenes]
    return [Span(a.start_s, b.start_s) if a.start_s is not None and b.start_s is not None else None for a, b in ends]


def prose_of(content: ContentMetadata) -> Iterable[str]:
    """All sentences of an annotation."""
    texts = [content.description, content.storylines.description]
    for scene in content.scenes:
        texts += [activity.description for activity in scene.activities]
        texts += [scene.thematicElements, scene.contextualRelevance]
    texts += [text for one in content.qAndA for text in (one.question, one.answer)]
    return (text for text in texts if text)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _closeness(n: int, wanted: int) -> float:
    return min(n, wanted) / max(n, wanted, 1) if wanted else float(n == 0)


def _shared(name: str, good: Sequence[bool], claim: str) -> Check:
    """A check that holds where all are good, and scores the share of those that are."""
    if not good:
        return Check(name, None, "nothing to judge", None)
    return _check(name, all(good), f"{sum(good)} of {len(good)} {claim}", sum(good) / len(good))


def _check(name: str, passed: Any, detail: str, score: float) -> Check:
    return Check(name, bool(passed), detail, round(min(1.0, max(0.0, score)), 6))
