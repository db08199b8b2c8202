"""Prompts are files with named fields; what others wrote is put in harmlessly."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.annotation.plans import STRUCTURED, TWO_PASS
from vidpipe.annotation.prompting import (
    MAX_CHARS,
    Prompt,
    built_in_prompts,
    caption_lines,
    foreign,
    load_prompt,
    render,
    visible,
)
from vidpipe.annotation.told import FIELDS, MOODS
from vidpipe.errors import RecipeError
from vidpipe.timeline.spans import Span


def prompt(text: str) -> Prompt:
    return Prompt("p", text, "prompts/p.md")


def test_every_built_in_call_has_a_prompt_of_its_own() -> None:
    names = {call.name for call in (*STRUCTURED, *TWO_PASS)} | {"segment_queries", "episode_queries"}
    assert set(built_in_prompts()) == names
    texts = {load_prompt(name).text for name in names}
    assert len(texts) == len(names)


@pytest.mark.parametrize("call", [*STRUCTURED, *TWO_PASS], ids=lambda call: call.name)
def test_a_built_in_prompt_names_what_its_call_tells_and_shows_what_it_reads(call: object) -> None:
    found = load_prompt(call.name)  # type: ignore[attr-defined]
    for name in call.fields:  # type: ignore[attr-defined]
        assert name in found.text
    assert set(call.reads) - {"pixels", "sound"} <= found.fields()  # type: ignore[attr-defined]
    assert "{language}" in found.text
    assert "request_id" not in found.text


@pytest.mark.parametrize("name", ["annotation", "scenes"])
def test_the_prompts_ask_for_everything_a_scene_holds(name: str) -> None:
    text = load_prompt(name).text
    words = (
        "sceneId timestamps cast activities props videoEditingDetails characterInteraction narrativeProgression mood "
        "keyMoments thematicElements contextualRelevance dynamismScore audioVisualCorrelation title {moods}"
    )
    assert [word for word in words.split() if word not in text] == []
    assert len(FIELDS) == 7
    assert len(MOODS) == 15


def test_a_projects_own_prompt_takes_the_place_of_the_built_in_one(tmp_path: Path) -> None:
    own = tmp_path / "annotation.md"
    own.write_bytes(b"\xef\xbb\xbfSay it in {language}.\r\nNow.\n\n")
    found = load_prompt("annotation", tmp_path)
    assert found.text == "Say it in {language}.\nNow."
    assert found.origin == str(own)
    assert load_prompt("narrative", tmp_path) == load_prompt("narrative")
    own.unlink()
    assert load_prompt("annotation", tmp_path) == load_prompt("annotation")


def test_a_project_may_have_calls_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "animals_2.md").write_text("Name the animals.")
    assert load_prompt("animals_2", tmp_path).text == "Name the animals."


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b" \n", "empty"),
        (b"x" * 100_001, "longer than"),
        (b"one\ntwo { three", "line 2: a brace"),
        (b"{title", "line 1: a brace"),
        (b"title}", "write }}"),
        (b"{ti tle}", "a brace"),
        (b"{}", "a brace"),
        (b"{0}", "a brace"),
        (b"{title!r}", "a brace"),
        (b"{title.x}", "a brace"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_a_recipe_error_with_its_place(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "scenes.md").write_bytes(data)
    with pytest.raises(RecipeError) as caught:
        load_prompt("scenes", tmp_path)
    assert str(tmp_path / "scenes.md") in str(caught.value)
    assert why in caught.value.why


def test_a_folder_where_a_prompt_should_be_is_a_recipe_error(tmp_path: Path) -> None:
    (tmp_path / "scenes.md").mkdir()
    with pytest.raises(RecipeError, match="cannot be read"):
        load_prompt("scenes", tmp_path)


def test_an_unknown_prompt_names_the_nearest() -> None:
    with pytest.raises(RecipeError, match="did you mean scenes"):
        load_prompt("scene")
    with pytest.raises(RecipeError, match="built in are annotation, characters"):
        load_prompt("xyzzy")


@pytest.mark.parametrize("name", ["", "../recipe", "a/b", "A", "a.b", "/etc/passwd", "a\n", "x" * 61])
def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecipeError, match="no name of a prompt"):
        load_prompt(name, tmp_path)


def test_fields_are_filled_in_and_doubled_braces_are_braces() -> None:
    assert render(prompt("{{a}} {b}{b} }}{{"), {"b": "{a} {{x}} }"}) == "{a} {a} {{x}} }{a} {{x}} } }{"


@settings(max_examples=50)
@given(st.text(), st.text())
def test_values_are_never_looked_at_again(a: str, b: str) -> None:
    assert render(prompt("[{a}|{b}]"), {"a": "A" + a, "b": "B" + b}) == f"[A{a}|B{b}]"


def test_an_unknown_field_and_a_missing_one_are_recipe_errors() -> None:
    with pytest.raises(RecipeError, match=r"prompts/p.md: \{captions\} is no field of this call; it has a, b"):
        render(prompt("{captions}"), {"b": "", "a": ""})
    with pytest.raises(RecipeError, match=r"it must show \{narrative\}"):
        render(prompt("nothing"), {"narrative": "x"}, needed={"narrative"})


@settings(max_examples=50)
@given(st.text())
def test_foreign_text_ends_where_its_fence_ends(text: str) -> None:
    shown = foreign("captions", text)
    shown.encode("utf-8")
    if shown == "(none)":
        return
    first, *_, last = shown.split("\n")
    assert last == first.replace("<<<", ">>>")
    assert shown.count(last) == 1


def test_foreign_text_is_cut_and_stripped_of_what_hides() -> None:
    long = foreign("captions", "word " * 10_000)
    assert len(long) < MAX_CHARS["captions"] + 100
    assert " [cut]\n>>>captions" in long
    assert "\n" + "x" * 300 + "\n" in foreign("title", "x" * 300)
    assert foreign("title", "x" * 301).count("x") < 300
    assert "\na b c\n" in foreign("title", "a\nb\u2028\x00c")
    assert foreign("title", " \u202e\u200b\x00 ") == foreign("channel", None) == foreign("captions", "") == "(none)"
    assert visible("a\r\nb\rc\u2029d\u202ee\U000e0041f\ud800g\th\u200di") == "a\nb\nc\ndefg\th\u200di"


def test_a_fence_has_lines_of_its_own_wherever_its_field_stands() -> None:
    fence = foreign("title", "T")
    assert render(prompt("Title: {title} by {title}\n{title}"), {"title": fence}) == (
        f"Title: \n{fence}\n by \n{fence}\n{fence}"
    )
    assert render(prompt("Title: {title}."), {"title": "(none)"}) == "Title: (none)."


def test_captions_of_a_part_count_from_its_start() -> None:
    cues = [
        (Fraction(70), Fraction(72), "b\n b"),
        (Fraction(5), Fraction(6), "before"),
        (Fraction(60), Fraction(61), "a"),
    ]
    cues.append((Fraction(120), Fraction(121), "after"))
    assert caption_lines(cues, Span(Fraction(60), Fraction(120))) == "0:00:00 a\n0:00:10 b b"
    assert caption_lines([], Span(Fraction(0), Fraction(1))) == ""
