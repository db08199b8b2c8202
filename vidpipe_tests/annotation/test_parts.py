"""Long videos are cut into nearly equal parts, and what was told about these becomes one."""

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.annotation.parts import halves, merged, parts_of
from vidpipe.annotation.told import ToldVideo, content_of
from vidpipe.annotation.told_times import seconds_in
from vidpipe.timeline.spans import Span
from vidpipe_tests.annotation.answering import scene, video


@given(st.fractions(min_value=Fraction(1, 100), max_value=40_000, max_denominator=90_000), st.floats(10, 3600))
def test_parts_cover_a_video_without_gap_and_keep_the_limit(duration_s: Fraction, limit_s: float) -> None:
    parts = parts_of(duration_s, limit_s)
    assert parts[0].start_s == 0
    assert parts[-1].end_s == duration_s
    assert all(a.end_s == b.start_s for a, b in pairwise(parts))
    assert all(0 < part.length_s <= limit_s for part in parts)
    assert all(part.start_s.denominator == 1 for part in parts)
    if len(parts) > 1:
        assert min(part.length_s for part in parts) >= limit_s / 2 - 3
        assert len(parts) <= duration_s / Fraction(limit_s - 1) + 1


@pytest.mark.parametrize("limit_s", [None, 600.0, 600.5])
def test_a_video_within_the_limit_is_one_part(limit_s: float | None) -> None:
    assert parts_of(Fraction(600), limit_s) == [Span(Fraction(0), Fraction(600))]
    assert parts_of(Fraction(1, 25), limit_s) == [Span(Fraction(0), Fraction(1, 25))]


def test_a_limit_of_nothing_is_a_bug() -> None:
    with pytest.raises(ValueError, match="at least 2 s"):
        parts_of(Fraction(600), 1)


@given(st.fractions(0, 5000, max_denominator=1000), st.fractions(2, 5000, max_denominator=1000))
def test_halves_are_nearly_equal_and_never_empty(start_s: Fraction, length_s: Fraction) -> None:
    part = Span(start_s, start_s + length_s)
    first, second = halves(part)
    assert (first.start_s, first.end_s, second.end_s) == (part.start_s, second.start_s, part.end_s)
    assert abs(first.length_s - second.length_s) <= 1
    assert min(first.length_s, second.length_s) > 0
    assert first.end_s.denominator == 1


def test_half_of_nothing_is_a_bug() -> None:
    with pytest.raises(ValueError, match="at least 2 s"):
        halves(Span(Fraction(5), Fraction(6)))


def minutes(*told: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Span]]:
    return list(told), [Span(Fraction(60 * i), Fraction(60 * i + 60)) for i in range(len(told))]


def test_one_part_stays_as_it_is() -> None:
    told, parts = minutes(video(60))
    assert merged(told, parts, n_questions=5) == told[0]


def test_scenes_go_on_in_time_and_number_and_the_story_names_the_new_ones() -> None:
    told, parts = minutes(video(60, 2), video(60, 3))
    whole = merged(told, parts, n_questions=5)
    assert [one["sceneId"] for one in whole["scenes"]] == [1, 2, 3, 4, 5]
    assert whole["scenes"][2]["timestamps"]["start_timestamp"] == "00:01:00.000"
    assert whole["scenes"][-1]["timestamps"]["end_timestamp"] == "00:02:00.000"
    assert whole["storylines"]["scenes"] == [1, 2, 3, 4, 5]
    assert whole["storylines"]["climax"]["timestamp"] == "00:01:30.000"
    assert whole["storylines"]["description"].count("Ann leaves") == 2
    assert [edit["timestamps"]["start_timestamp"] for edit in whole["trimmingSuggestions"]] == [
        "00:00:00.000",
        "00:01:00.000",
    ]
    assert whole["title"] == "Leaving"
    assert list(whole) == list(told[0])


def test_ids_that_stand_twice_or_name_nothing_confuse_nobody() -> None:
    one = video(60, 2) | {"scenes": [scene(7, 0, 30), scene(7, 30, 60)]}
    one["storylines"] = {"scenes": [7, 99], "climax": None, "description": ""}
    told, parts = minutes(one, one)
    whole = merged(told, parts, n_questions=5)
    assert [s["sceneId"] for s in whole["scenes"]] == [1, 2, 3, 4]
    assert whole["storylines"] == {"scenes": [1, 3], "climax": None, "description": ""}


def people(*named: tuple[str, str], cast: list[str]) -> dict[str, Any]:
    whole = video(60, 1)
    whole["characterList"] = [{"characterId": i, "name": name, "description": name} for i, name in named]
    whole["scenes"][0]["cast"] = cast
    whole["scenes"][0]["characterInteraction"] = [{"characters": cast, "description": "talk"}]
    return whole


def test_characters_of_one_name_in_two_parts_are_one_and_of_one_part_are_two() -> None:
    told, parts = minutes(
        people(("c1", "Ann"), ("c2", "guest"), ("c3", "guest"), cast=["c1", "c2", "c3"]),
        people(("a", "guest"), ("c1", " ANN "), ("c2", "Bob"), cast=["a", "c1", "c2", "c3"]),
    )
    whole = merged(told, parts, n_questions=5)
    named = [(one["characterId"], one["name"]) for one in whole["characterList"]]
    assert named == [("c1", "Ann"), ("c2", "guest"), ("c3", "guest"), ("c4", "Bob")]
    assert whole["scenes"][0]["cast"] == ["c1", "c2", "c3"]
    assert whole["scenes"][1]["cast"] == ["c2", "c1", "c4", "c3 (part 2)"]
    assert whole["scenes"][1]["characterInteraction"][0]["characters"] == ["c2", "c1", "c4", "c3 (part 2)"]


def test_nameless_characters_are_never_taken_for_one() -> None:
    told, parts = minutes(people(("c1", ""), cast=["c1"]), people(("c1", " "), cast=["c1"]))
    whole = merged(told, parts, n_questions=5)
    assert [one["characterId"] for one in whole["characterList"]] == ["c1", "c2"]
    assert [one["cast"] for one in whole["scenes"]] == [["c1"], ["c2"]]


def test_questions_are_taken_in_turns_until_there_are_enough() -> None:
    asked = [
        [{"question": f"{part}{i}", "answer": "a"} for i in range(n)] for part, n in zip("abc", [2, 1, 2], strict=True)
    ]
    told, parts = minutes(*({"qAndA": questions} for questions in asked))
    found = [one["question"] for one in merged(told, parts, n_questions=4)["qAndA"]]
    assert found == ["a0", "b0", "c0", "a1"]


def test_only_what_was_told_is_joined() -> None:
    told, parts = minutes({"scenes": [scene(1, 0, 60)]}, {"scenes": [scene(1, 0, 60)]})
    whole = merged(told, parts, n_questions=5)
    assert list(whole) == ["scenes"]
    assert [one["cast"] for one in whole["scenes"]] == [["c1"], ["c1"]]


@settings(max_examples=30)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4))
def test_what_was_joined_is_valid_and_lies_in_the_video(n_scenes: list[int]) -> None:
    told, parts = minutes(*(video(60, n) for n in n_scenes))
    whole = merged(told, parts, n_questions=5)
    ToldVideo.model_validate({"request_id": "A"} | whole)
    content = content_of([whole])
    assert len(content.scenes) == sum(n_scenes)
    assert len(content.qAndA) == 5
    assert max(seconds_in(whole, parts[-1].end_s)) <= parts[-1].end_s
