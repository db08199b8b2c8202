"""What a model must tell: everything that was asked, in the order in which it should be thought of."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from vidpipe.annotation.schema import ContentMetadata
from vidpipe.annotation.told import FIELDS, MOODS, ToldVideo, clean, content_of, form_of
from vidpipe_tests.annotation.answering import REMOVED, changed, scene, video

WHOLE = {"request_id": "A" * 12} | video()


def told(values: dict[str, Any]) -> dict[str, Any]:
    return ToldVideo.model_validate(values).model_dump(mode="json")


def test_what_is_told_becomes_the_content_of_a_record() -> None:
    content = content_of([told(WHOLE)], fps=25.0)
    assert content.value() == ContentMetadata.model_validate(video() | {"fps": 25.0}).value()
    assert [content_of([told(WHOLE)], fps=fps).fps for fps in (None, 0.0)] == [None, None]


def test_answers_of_several_calls_add_up() -> None:
    whole = video()
    parts = [{"characterList": whole["characterList"]}, {"scenes": whole["scenes"]}]
    content = content_of(parts)
    assert len(content.scenes) == 6
    assert content.characterList[0].name == "Ann"
    assert content.title is None


def test_everything_of_a_record_but_the_frame_rate_can_be_told() -> None:
    assert set(FIELDS) | {"fps"} == set(ContentMetadata.model_fields)
    assert len(MOODS) == len(set(MOODS)) == 15


def test_what_was_seen_stands_before_what_follows_from_it() -> None:
    names = list(ToldVideo.model_fields)
    assert names[0] == "request_id"
    assert names.index("scenes") < names.index("storylines") < names.index("description") < names.index("title")
    of_scene = list(ToldVideo.model_json_schema()["$defs"]["ToldScene"]["properties"])
    assert of_scene.index("activities") < of_scene.index("mood") < of_scene.index("dynamismScore")
    assert of_scene[-1] == "title"


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (("title",), REMOVED),
        (("title",), None),
        (("scenes",), []),
        (("scenes", 0, "sceneId"), "1"),
        (("scenes", 0, "sceneId"), True),
        (("scenes", 0, "sceneId"), 10**30),
        (("scenes", 0, "sceneId"), -1),
        (("scenes", 0, "mood"), "Calm"),
        (("scenes", 0, "dynamismScore"), "0.5"),
        (("scenes", 0, "dynamismScore"), True),
        (("scenes", 0, "dynamismScore"), float("inf")),
        (("scenes", 0, "timestamps"), REMOVED),
        (("scenes", 0, "timestamps", "end_timestamp"), REMOVED),
        (("scenes", 0, "timestamps", "end_timestamp"), {"s": 1}),
        (("qAndA",), []),
        (("qAndA", 0), "a question?"),
        (("description",), "x" * 20_001),
        (("storylines", "climax"), REMOVED),
    ],
)
def test_nothing_asked_for_may_lack_or_be_of_another_type(path: tuple[str | int, ...], new: object) -> None:
    with pytest.raises(ValidationError):
        ToldVideo.model_validate(changed(WHOLE, path, new))


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (("storylines", "climax"), None),
        (("scenes", 0, "timestamps", "start_timestamp"), 3),
        (("scenes", 0, "mood", "description"), "wistful"),
        (("scenes", 0, "dynamismScore"), 1),
        (("scenes", 0, "cast"), [1]),
        (("scenes", 0, "opinion"), "nobody asked"),
        (("qAndA",), [{"question": "q", "answer": "a"}]),
    ],
)
def test_what_is_merely_bad_is_no_fault(path: tuple[str | int, ...], new: object) -> None:
    content_of([told(changed(WHOLE, path, new))])


@pytest.mark.parametrize(("score", "kept"), [(0, 0.0), (1, 1.0), (0.1234567, 0.123457), (7, None), (-0.1, None)])
def test_a_score_out_of_range_is_unsaid(score: float, kept: float | None) -> None:
    values = told(changed(WHOLE, ("scenes", 1, "dynamismScore"), score))
    assert content_of([values]).scenes[1].dynamismScore == kept


def test_a_form_asks_for_some_fields_in_the_one_order() -> None:
    form = form_of(("title", "characterList"))
    assert list(form.model_fields) == ["request_id", "characterList", "title"]
    assert form is form_of(("title", "characterList"))
    form.model_validate({"request_id": "A", "characterList": [], "title": "t"})
    with pytest.raises(ValidationError):
        form.model_validate({"request_id": "A", "title": "t"})
    with pytest.raises(ValidationError):
        form_of(("scenes",)).model_validate({"request_id": "A", "scenes": []})


@pytest.mark.parametrize("fields", [(), ("fps",), ("scenes", "nothing")])
def test_a_form_of_unknown_fields_is_a_bug(fields: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="need some of"):
        form_of(fields)


@settings(max_examples=50)
@given(st.text())
def test_clean_text_can_be_written_and_read(text: str) -> None:
    plain = clean(text)
    plain.encode("utf-8")
    assert clean(plain) == plain
    assert "\x00" not in plain


def test_broken_escapes_become_blanks() -> None:
    values = changed(WHOLE, ("title",), json.loads(r'" a\u0000b\ud800c\n "'))
    assert told(values)["title"] == "a b c"


def test_scenes_are_not_shared_between_answers() -> None:
    one = scene(1, 0, 5)
    values = {"scenes": [one]}
    content_of([values])
    assert one["dynamismScore"] == 0.5
