"""What makes one doubt that somebody looked at a video."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from vidpipe.annotation.annotate import annotate
from vidpipe.annotation.doubts import is_doubtful, is_unseen, misses_cuts
from vidpipe.annotation.plans import Subject
from vidpipe.annotation.recipes import plan_of
from vidpipe.annotation.rounds import Exchange
from vidpipe.models.calls import Answer, Media, Question, Settings, Usage
from vidpipe.recipe.model_sections import Annotation
from vidpipe_tests.annotation.answering import USAGE, scene, video

CUTS = tuple(map(Fraction, (7, 11, 20)))
LENGTH = Fraction(30)


def test_scenes_that_begin_at_cuts_are_not_doubted_and_any_others_are() -> None:
    for starts, is_missed in (
        ((7, 11, 20), False),
        ((7, 20), False),
        ((8, 10), False),
        ((5, 15, 25), True),
        ((), False),
    ):
        found = misses_cuts(tuple(map(Fraction, starts)), CUTS, LENGTH, reach_s=Fraction(1))
        assert found is is_missed, starts


def test_where_cuts_are_everywhere_or_nowhere_nothing_is_doubted() -> None:
    starts = (Fraction(5), Fraction(15))
    assert not misses_cuts(starts, (), LENGTH, reach_s=Fraction(1))
    everywhere = tuple(Fraction(i) for i in range(1, 30, 3))
    assert not misses_cuts((Fraction("5.6"),), everywhere, LENGTH, reach_s=Fraction(1))


@pytest.mark.parametrize(
    ("answer", "unseen"),
    [({}, False), ({"usage": Usage(text=9)}, True), ({"usage": Usage(text=9), "is_metered": False}, False)],
)
def test_who_was_billed_no_pictures_saw_none(*, answer: dict[str, Any], unseen: bool) -> None:
    media = Media(Path("a.mp4"), "0" * 64)
    shown = Exchange("c", 0, Question("?", Settings("m"), media), replace(Answer("", "m", USAGE), **answer), "taken")
    about_text = replace(shown, question=Question("?", Settings("m")))
    assert is_unseen([about_text, shown]) is unseen
    assert not is_unseen([about_text])


@pytest.mark.parametrize(
    ("starts", "doubtful"),
    [((0, 7, 11, 20, 22, 24), False), ((0, 5, 10, 15, 20, 25), True), ((0, 3, 5, 8, 14, 17), True)],
)
def test_an_annotation_by_the_clock_or_beside_the_cuts_is_doubtful(*, starts: tuple[int, ...], doubtful: bool) -> None:
    plan = plan_of(Annotation(annotator="gemini"), Path("/nowhere"))
    subject = Subject(Media(Path("a.mp4"), "0" * 64), LENGTH)
    ends = (*starts[1:], 30)
    scenes = [scene(i + 1, start, end) for i, (start, end) in enumerate(zip(starts, ends, strict=True))]

    def ask(question: Question) -> Answer:
        told = {"request_id": question.request_id, **video(30), "scenes": scenes}
        return Answer(json.dumps(told), "m", USAGE)

    said = annotate(lambda _name: ask, subject, plan)
    assert is_doubtful(said, subject, plan, CUTS) is doubtful
