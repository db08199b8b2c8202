"""Checks say what is bad about an annotation; they refuse nothing."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.annotation.quality import (
    Asked,
    Check,
    checks_of,
    quality,
    query_checks,
)
from vidpipe.annotation.schema import ContentMetadata
from vidpipe.annotation.told import content_of
from vidpipe_tests.annotation.answering import REMOVED, changed, scene, span, video

ASKED = Asked(Fraction(60))
NAMES = [check.name for check in checks_of(ContentMetadata(), ASKED)]


def checked(values: dict[str, Any], asked: Asked = ASKED) -> dict[str, Check]:
    return {check.name: check for check in checks_of(content_of([values]), asked)}


def failed(values: dict[str, Any], asked: Asked = ASKED) -> list[str]:
    return [name for name, check in checked(values, asked).items() if check.passed is False]


def test_a_faultless_annotation_passes_everything() -> None:
    found = checked(video(60))
    assert [(check.name, check.passed, check.score) for check in found.values()] == [
        (name, True, 1.0) for name in NAMES
    ]
    assert quality(list(found.values())) == 1.0


@pytest.mark.parametrize(
    ("path", "new", "name"),
    [
        (("scenes", 5, "timestamps", "end_timestamp"), "0:50", "scenes_cover"),
        (("scenes", 2, "timestamps", "start_timestamp"), "0:05", "scenes_in_order"),
        (("scenes", 2, "timestamps"), {"start_timestamp": "0:40", "end_timestamp": "0:30"}, "scenes_in_order"),
        (("scenes", 0, "props", 0, "timestamp"), span(10, 62), "times_inside"),
        (("scenes", 3, "sceneId"), 1, "scene_ids_distinct"),
        (("storylines", "scenes"), [1, 7], "scene_ids_distinct"),
        (("scenes", 0, "cast"), ["c1", "c2"], "cast_known"),
        (("scenes", 0, "mood", "description"), "Wistful", "moods_listed"),
        (("scenes", 0, "mood", "description"), "", "moods_listed"),
        (("scenes", 0, "dynamismScore"), 7, "scores_given"),
        (("qAndA",), [{"question": "Q", "answer": "A"}] * 5, "questions_asked"),
        (("qAndA",), video(60, 6, 4)["qAndA"], "questions_asked"),
        (("qAndA",), video(60, 6, 6)["qAndA"], "questions_asked"),
        (("qAndA", 0, "answer"), " ", "questions_asked"),
    ],
)
def test_each_rule_finds_what_breaks_it(path: tuple[str | int, ...], new: object, name: str) -> None:
    values = changed(video(60), path, new)
    found = checked(values)[name]
    assert found.passed is False
    assert found.score is not None
    assert 0 <= found.score < 1
    assert name in failed(values)
    assert 0 < quality(list(checked(values).values())) < 1


def test_a_second_of_slack_breaks_no_rule() -> None:
    values = changed(video(60), ("scenes", 5, "timestamps", "end_timestamp"), "1:01")
    assert failed(changed(values, ("scenes", 3, "timestamps"), values["scenes"][3]["timestamps"])) == []
    starts = [scene(1, 0, 31), scene(2, 30, 60)]
    assert (
        failed(video(60) | {"scenes": starts, "storylines": {"scenes": [1], "climax": None, "description": "d"}}) == []
    )


@pytest.mark.parametrize("mood", ["calm", "Calm.", "Calm: the sea lies still", "**Content**", "Pensive, then Happy"])
def test_a_mood_is_known_by_its_first_word(mood: str) -> None:
    assert failed(changed(video(60), ("scenes", 0, "mood", "description"), mood)) == []


@pytest.mark.parametrize(
    ("scenes", "share"),
    [
        ([(0, 30)], 0.5),
        ([(0, 30), (0, 30)], 0.5),
        ([(0, 40), (20, 60)], 1.0),
        ([(30, 60), (0, 30)], 1.0),
        ([(10, 20), (30, 40)], 1 / 3),
        ([(0, 600)], 1.0),
        ([(70, 80)], 0.0),
    ],
)
def test_cover_counts_every_second_once(scenes: list[tuple[int, int]], share: float) -> None:
    values = video(60) | {"scenes": [scene(i, *ends) for i, ends in enumerate(scenes, 1)]}
    assert checked(values)["scenes_cover"].score == pytest.approx(share)


def test_an_annotation_of_the_beginning_alone_is_no_good_however_faultless() -> None:
    first_minute = video(60)
    found = checked(first_minute, Asked(Fraction(600)))
    assert [name for name, check in found.items() if not check.passed] == ["scenes_cover", "kept_looking"]
    assert quality(list(found.values())) == pytest.approx(0.1)


def test_nothing_told_is_nothing_worth() -> None:
    checks = checks_of(ContentMetadata(), ASKED)
    assert quality(checks) == 0.0
    assert [check.name for check in checks if check.passed is None] == [
        "scenes_in_order",
        "times_inside",
        "scene_ids_distinct",
        "cast_known",
        "moods_listed",
        "scores_given",
        "language_as_asked",
    ]
    assert quality([]) == 0.0


def test_a_check_that_cannot_judge_does_not_count() -> None:
    values = video(60)
    klingon = checked(values, Asked(Fraction(60), language="Klingon"))
    assert klingon["language_as_asked"] == Check("language_as_asked", None, "Klingon is not known here", None)
    assert quality(list(klingon.values())) == 1.0
    german = checked(values, Asked(Fraction(60), language="German"))
    assert german["language_as_asked"].passed is False
    assert quality(list(german.values())) == 0.9


@pytest.mark.parametrize(
    ("last", "score"),
    [("f", 1.0), ("e", 0.75), (" E", 0.75)],
)
def test_queries_are_three_different_ones_of_each(last: str, score: float) -> None:
    said = {"plot": ["a", "b", "c"], "mood": ["d", "e", last]}
    three, language = query_checks([said, {"plot": ["a", "b", "c"], "mood": ["d", "e", "f"]}], "English")
    assert (three.name, three.passed, three.score) == ("three_of_each", score == 1.0, score)
    assert language.passed is None


def test_queries_in_another_language_are_told() -> None:
    sentences = ["Der Mann geht mit dem Hund an das Meer und sieht, dass die Sonne sich zeigt."] * 3
    assert [check.passed for check in query_checks([{"plot": sentences}], "English")] == [False, False]
    assert query_checks([{"plot": sentences}], "German")[1].passed
    assert query_checks([], "German")[0].passed is None


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(["0:10", "end", "n/a", None, "5:00", "what", "0:10-0:20"]), st.text(max_size=4)),
        max_size=8,
    ),
    st.fractions(min_value=0, max_value=1000),
)
def test_whatever_an_annotation_holds_is_judged(told: list[tuple[str | None, str]], duration_s: Fraction) -> None:
    scenes = [
        {"sceneId": i % 3, "timestamps": {"start_timestamp": time, "end_timestamp": told[-1 - i][0]}, "cast": [word]}
        for i, (time, word) in enumerate(told)
    ]
    content = ContentMetadata.model_validate({"scenes": scenes, "description": "".join(word for _, word in told)})
    checks = checks_of(content, Asked(duration_s))
    assert [check.name for check in checks] == NAMES
    for check in checks:
        assert (check.passed is None) == (check.score is None)
        assert check.score is None or 0 <= check.score <= 1
        assert check.passed is not True or check.score is not None
        assert check.detail.isprintable()
    assert 0 <= quality(checks) <= 1


def test_what_was_not_told_is_not_judged() -> None:
    values = changed(video(60), ("characterList",), REMOVED)
    assert failed(values) == ["cast_known"]


def test_hundreds_of_scenes_are_judged_in_no_time() -> None:
    values = video(4000, 400)
    values["storylines"]["scenes"] = list(range(1, 401)) * 500
    assert failed(values, Asked(Fraction(4000))) == []


def test_what_was_not_asked_for_is_not_judged() -> None:
    told = {name: value for name, value in video(60).items() if name == "scenes"}
    asked = Asked(Fraction(60), fields=frozenset({"scenes"}))
    assert failed(told, asked) == []
    assert checked(told, asked)["cast_known"].score is None
    assert checked(told, asked)["questions_asked"].score is None
    assert failed(told, Asked(Fraction(60))) == ["cast_known", "questions_asked"]
