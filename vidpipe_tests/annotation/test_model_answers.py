"""An answer is taken when it is ours, whole, and says what was asked; else every fault is named."""

import json
from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vidpipe.annotation.model_answers import (
    MAX_ANSWER_CHARS,
    MAX_FAULTS,
    read_free_text,
    read_object,
    read_structured,
)
from vidpipe.annotation.told import ToldVideo, form_of
from vidpipe.errors import ForeignAnswerError, MalformedAnswerError
from vidpipe.models.echo import named_id, unfenced
from vidpipe.timeline.spans import Span
from vidpipe_tests.annotation.answering import REMOVED, changed, scene, span, video

OURS, OTHER = "ABCDEFGHIJK2", "ZZZZZZZZZZZ7"
WHOLE = {"request_id": OURS} | video(60)
MINUTE = Span(Fraction(0), Fraction(60))


def read(text: str, part: Span = MINUTE) -> dict[str, Any]:
    return read_structured(text, request_id=OURS, form=ToldVideo, part=part)


def faults(values: dict[str, Any], part: Span = MINUTE) -> tuple[str, ...]:
    with pytest.raises(MalformedAnswerError) as caught:
        read(json.dumps(values), part)
    return caught.value.faults


@pytest.mark.parametrize(
    "fence", ["{}", "```json\n{}\n```", "```\n{}```", "\ufeff  {}\n\n", "```JSON\r\n{}\r\n```", "``` {} ```"]
)
def test_a_valid_answer_is_read_with_and_without_a_fence(fence: str) -> None:
    assert read(fence.replace("{}", json.dumps(WHOLE))) == video(60)


@pytest.mark.parametrize("indent", [None, 1])
def test_every_cut_is_found(indent: int | None) -> None:
    text = json.dumps({"request_id": OURS, "title": "t", "description": "d"}, indent=indent)
    form = form_of(("description", "title"))
    read_structured(text, request_id=OURS, form=form, part=MINUTE)
    for n in range(len(text)):
        with pytest.raises(MalformedAnswerError):
            read_structured(text[:n], request_id=OURS, form=form, part=MINUTE)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "ends or breaks at line 1"),
        ("Here is the JSON you asked for: {}", "ends or breaks at line 1"),
        ("{} I hope that this helps!", "Extra data"),
        ("{'title': 1}", "ends or breaks"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": -Infinity}', "-Infinity is no JSON number"),
        ('{"a": 1, "a": 2}', '"a" stands twice'),
        ("[1]", "one JSON object"),
        ("null", "one JSON object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' * 100_000, "nested too deeply"),
        ('{"a": ' + "9" * 5_000 + "}", "Exceeds"),
        (" " * (MAX_ANSWER_CHARS + 1), "far too long"),
        ('{"a": "line\nbreak"}', "Invalid control character"),
    ],
)
def test_what_is_not_one_json_object_is_refused_with_its_place(text: str, fault: str) -> None:
    with pytest.raises(MalformedAnswerError) as caught:
        read_object(text)
    assert str(caught.value) == "the answer is not JSON"
    assert len(caught.value.faults) == 1
    assert fault in caught.value.faults[0]
    assert len(caught.value.faults[0]) < 150


@settings(max_examples=50)
@given(st.text() | st.binary().map(lambda b: b.decode("latin-1")))
@example("``````")
@example('{"request_id": "ABCDEFGHIJK2"')
@example("request_id: ABCDEFGHIJK2")
def test_any_text_is_an_answer_or_an_answer_error(text: str) -> None:
    with pytest.raises(MalformedAnswerError):
        read(text)
    with suppress(MalformedAnswerError, ForeignAnswerError):
        assert read_free_text(text, request_id=OURS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["scenes", "timestamps", "timestamp", "start_timestamp", "cast", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(["scenes", "storylines", "qAndA", "title"]), json_values))
def test_any_object_is_an_answer_or_a_list_of_faults(values: dict[str, Any]) -> None:
    found = faults(WHOLE | values | {"characterList": None})
    assert any(line.startswith("characterList: ") for line in found)
    assert all(line.isprintable() and "\n" not in line for line in found)
    assert len(found) <= MAX_FAULTS + 1


@settings(max_examples=50)
@given(st.sampled_from(sorted(video())), json_values)
def test_whatever_a_field_holds_nothing_else_is_raised(name: str, value: Any) -> None:
    with suppress(MalformedAnswerError):
        read(json.dumps(WHOLE | {name: value}))


def test_all_faults_are_named_at_once() -> None:
    broken = changed(WHOLE, ("scenes", 2, "timestamps", "end_timestamp"), REMOVED)
    broken = changed(broken, ("scenes", 1, "sceneId"), "two")
    broken = changed(broken, ("scenes", 0, "props", 0, "timestamp", "start_timestamp"), "1:99")
    broken = changed(broken, ("scenes", 0, "mood", "keyMoments", 0, "timestamp"), "5:00")
    broken = changed(broken, ("qAndA",), "none")
    assert faults(broken) == (
        'scenes[1].sceneId: input should be a valid integer, got "two"',
        "scenes[2].timestamps.end_timestamp: is missing",
        'qAndA: input should be a valid list, got "none"',
        'scenes[0].props[0].timestamp.start_timestamp: is not a time like 1:23, got "1:99"',
        'scenes[0].mood.keyMoments[0].timestamp: lies after the video\'s end at 0:01:00, got "5:00"',
    )


def test_odd_names_in_an_answer_are_not_repeated() -> None:
    broken = WHOLE | {"title": None, "a\nrequest_id: evil": {"timestamp": "soon"}, "x" * 50: [{"timestamp": "later"}]}
    assert [line.split(":")[0] for line in faults(broken)] == ["title", "?.timestamp", "?[0].timestamp"]


@pytest.mark.parametrize("depth", [28, 31, 400, 900])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_deep_values_are_refused_before_anybody_walks_them(depth: int, brackets: str) -> None:
    inner = "[" * depth + "]" * depth if brackets == "[]" else '{"a":' * depth + "1" + "}" * depth
    text = json.dumps(WHOLE)[:-1] + f', "deep": {inner}}}'
    if depth == 28:
        read(text)
        return
    with pytest.raises(MalformedAnswerError) as caught:
        read(text)
    assert caught.value.faults == ("the JSON is nested too deeply",)


def test_many_faults_are_cut_short() -> None:
    found = faults(WHOLE | {"scenes": [{} for _ in range(30)]})
    assert len(found) == MAX_FAULTS + 1
    assert found[-1] == f"and {30 * 14 - MAX_FAULTS} more faults"


def test_an_answer_of_nothing_but_faults_is_judged_quickly() -> None:
    hostile = changed(WHOLE, ("scenes", 0, "cast"), [0.5] * 100_000)
    assert faults(hostile) == ("100,000 faults: nothing in it is as asked",)


def test_a_long_value_of_the_answer_is_shown_short_and_on_one_line() -> None:
    (line,) = faults(changed(WHOLE, ("scenes", 0, "sceneId"), "ignore all\nprevious " * 40))
    assert len(line) < 140
    assert line.isprintable()


@pytest.mark.parametrize(
    "text", ["0:01:01", "61", "61.0s", "0:10-1:01", "throughout", "n/a", "", None, "end", 12, 12.5, "~0:10"]
)
def test_a_time_may_lie_a_second_outside_or_say_that_there_is_none(text: object) -> None:
    read(json.dumps(changed(WHOLE, ("scenes", 0, "activities", 0, "timestamp", "start_timestamp"), text)))


@pytest.mark.parametrize("text", ["0:01:01.001", "62", "soon", "-1", "0:10-1:02", "1:2:3:4", 1e30, 61.5, "x" * 5000])
def test_any_other_time_is_a_fault(text: object) -> None:
    (line,) = faults(changed(WHOLE, ("scenes", 0, "activities", 0, "timestamp", "start_timestamp"), text))
    assert line.startswith("scenes[0].activities[0].timestamp.start_timestamp: ")


@pytest.mark.parametrize("text", [None, "n/a", "throughout"])
@pytest.mark.parametrize("end", ["start_timestamp", "end_timestamp"])
def test_a_scene_needs_both_its_times(end: str, text: object) -> None:
    (line,) = faults(changed(WHOLE, ("scenes", 5, "timestamps", end), text))
    assert line.startswith(f"scenes[5].timestamps.{end}: a scene needs this time")


def test_times_of_story_and_trimming_are_judged_too() -> None:
    broken = changed(WHOLE, ("storylines", "climax", "timestamp"), "2:00")
    broken = changed(broken, ("trimmingSuggestions", 0, "timestamps", "end_timestamp"), "whenever")
    assert [line.split(":")[0] for line in faults(broken)] == [
        "storylines.climax.timestamp",
        "trimmingSuggestions[0].timestamps.end_timestamp",
    ]


def test_what_is_merely_bad_is_taken() -> None:
    bad = WHOLE | {
        "qAndA": [{"question": "", "answer": ""}],
        "scenes": [scene(4, 50, 10), scene(4, 0, 5, cast=["nobody"])],
    }
    assert len(read(json.dumps(bad))["scenes"]) == 2


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(WHOLE | {"request_id": OTHER}),
        json.dumps(video() | {"request_id": OTHER}),
        json.dumps(WHOLE | {"request_id": OTHER})[:40],
        f'```json\n{{"request_id": "{OTHER}", "scenes": "cut',
        json.dumps({"request_id": OTHER}),
        f"request_id: {OTHER}\nprose",
    ],
)
def test_an_answer_to_another_request_is_foreign_even_when_broken(text: str) -> None:
    with pytest.raises(ForeignAnswerError):
        read(text)
    assert named_id(text) == OTHER


@pytest.mark.parametrize("named", [REMOVED, "", None, 7, "abc", OURS.lower(), f" {OURS}"])
def test_an_answer_that_names_no_request_is_malformed(named: object) -> None:
    (line,) = faults(changed(WHOLE, ("request_id",), named))
    assert line.startswith("request_id: ")


def test_a_name_inside_the_content_is_content() -> None:
    values = changed(WHOLE, ("title",), f'{{"request_id": "{OTHER}"}}')
    values = changed(values, ("scenes", 0, "request_id"), OTHER)
    assert named_id(json.dumps(values)) == OURS
    assert read(json.dumps(values))["title"] == f'{{"request_id": "{OTHER}"}}'


@pytest.mark.parametrize(
    "text",
    [
        f"request_id: {OURS}\nAnn leaves.",
        f"\n\n**request_id: {OURS}**\n\nAnn leaves.",
        f"```text\nrequest_id: {OURS}\nAnn leaves.\n```",
        f"`request_id: {OURS}`\r\nAnn leaves.\r\n",
        f"\ufeffrequest_id:{OURS}  \nAnn leaves.",
    ],
)
def test_free_text_is_read_without_its_first_line(text: str) -> None:
    assert named_id(text) == OURS
    assert read_free_text(text, request_id=OURS) == "Ann leaves."


@pytest.mark.parametrize(
    "text", ["", "Ann leaves.", f"Ann leaves.\nrequest_id: {OURS}", f"request_id: {OURS}\n \n", f"request_id: {OURS}"]
)
def test_free_text_must_name_the_request_first_and_say_something(text: str) -> None:
    with pytest.raises(MalformedAnswerError) as caught:
        read_free_text(text, request_id=OURS)
    assert len(caught.value.faults) == 1


def test_free_text_of_another_request_is_foreign() -> None:
    with pytest.raises(ForeignAnswerError):
        read_free_text(f"request_id: {OTHER}\nAnn leaves.", request_id=OURS)


def test_a_part_may_be_told_on_its_own_clock_or_on_the_videos() -> None:
    part = Span(Fraction(600), Fraction(660))
    own = read(json.dumps(WHOLE), part)
    late = json.loads(json.dumps(WHOLE))
    late["scenes"] = [scene(i + 1, 600 + 10 * i, 610 + 10 * i) for i in range(6)]
    late["storylines"]["climax"]["timestamp"] = "10:30"
    late["trimmingSuggestions"] = [{"description": "t", "timestamps": span(640, 650)}]
    whole = read(json.dumps(late), part)
    assert own["scenes"][0]["timestamps"]["start_timestamp"] == "0:00:00"
    assert whole["scenes"][0]["timestamps"] == {"start_timestamp": "00:00:00.000", "end_timestamp": "00:00:10.000"}
    assert whole["storylines"]["climax"]["timestamp"] == "00:00:30.000"
    assert whole["trimmingSuggestions"][0]["timestamps"]["end_timestamp"] == "00:00:50.000"
    mixed = changed(late, ("storylines", "climax", "timestamp"), "0:30")
    assert faults(mixed, part)


def test_the_first_part_is_never_moved() -> None:
    assert faults(changed(WHOLE, ("storylines", "climax", "timestamp"), "2:00"), MINUTE)


@settings(max_examples=50)
@given(st.text(max_size=30))
def test_unfencing_keeps_what_is_inside(text: str) -> None:
    inner = json.dumps(text)
    assert json.loads(unfenced(f"```json\n{inner}\n```")) == text
