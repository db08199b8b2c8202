"""Loading a recipe: a valid one, or one line that says which key is wrong and what to do."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.errors import RecipeError
from vidpipe.recipe.loading import builtin, builtin_names, check_recipe, parse_yaml, read_recipe
from vidpipe.recipe.schema import Recipe


def why(raw: dict[str, Any]) -> str:
    """The line that refuses a recipe."""
    with pytest.raises(RecipeError) as caught:
        check_recipe("recipe.yaml", raw)
    line = str(caught.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize("name", builtin_names())
def test_every_built_in_recipe_loads_and_bears_its_name(name: str) -> None:
    assert check_recipe(name, builtin(name)).name == name


def test_the_built_in_recipes_of_this_version_are_there() -> None:
    assert builtin_names() == ["default", "demo", "finevideo"]


def test_an_unknown_built_in_recipe_is_refused_with_those_there_are() -> None:
    with pytest.raises(RecipeError, match="default, demo, finevideo"):
        builtin("defualt")


def test_the_default_recipe_filters_nothing() -> None:
    recipe = check_recipe("default", builtin("default"))
    assert not recipe.dynamism.drop
    assert recipe.taxonomy.discard == ()
    assert (
        recipe.catalogue.min_words_per_s is recipe.catalogue.min_duration_s is recipe.catalogue.max_duration_s is None
    )


def test_an_empty_file_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("# nothing but a comment\n")
    assert read_recipe(tmp_path / "recipe.yaml") == Recipe()


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ({"batchsize": 3}, "recipe.yaml: batchsize: unknown key; did you mean batch_size?"),
        ({"shot": {}}, "recipe.yaml: shot: unknown key; did you mean shots?"),
        ({"shots": {"treshold": 3}}, "recipe.yaml: shots.treshold: unknown key; did you mean threshold?"),
        ({"segments": {"length": 3}}, "recipe.yaml: segments.length: unknown key; did you mean length_s?"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_one(raw: dict[str, Any], line: str) -> None:
    assert why(raw) == line


@pytest.mark.parametrize(
    "raw",
    [
        {"queries": {"language": "en"}},
        {"publishing": {"repo": "a/b"}},
        {"budget_usd": 5},
        {"annotation": {"mode": "two_pass"}},
        {"annotation": {"fps": 1}},
        {"download": {"max_height": 720}},
        {"selection": {"target_hours": 3}},
        {"shots": {"mode": "coarse"}},
        {"annotation": {"annotator": "gemini"}},
        {"taxonomy": {"categoriser": "llm"}},
        {"selection": {"strategy": "balanced"}},
        {"segments": {"mode": "smart"}},
        {"dynamism": {"mode": "default"}},
    ],
)
def test_what_the_contract_promises_for_later_is_refused_as_not_yet_available(raw: dict[str, Any]) -> None:
    assert "not available in this version" in why(raw)


@pytest.mark.parametrize(
    "raw",
    [
        {"shots": {"detector": "contant"}},
        {"annotation": {"annotator": ["gemini"]}},
        {"annotation": {"annotator": {"gemini": 1}}},
        {"dynamism": {"drop_from_static_share": 1.5}},
        {"dynamism": {"drop": "perhaps"}},
        {"segments": {"length_s": 5, "overlap_s": 5}},
        {"segments": {"length_s": 0}},
        {"segments": {"length_s": float("nan")}},
        {"shots": None},
        {"shots": [1]},
        {"sources": "videos"},
        {"sources": [["videos"]]},
        {"max_partitions": 0},
        {"batch_size": 2.5},
        {1: 2},
        {"": 2},
        {"name": "x" * 1000, "batch_size": "y" * 1000},
    ],
)
def test_a_value_that_no_recipe_has_is_refused_in_one_short_line(raw: dict[str, Any]) -> None:
    assert len(why(raw)) < 300


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "a: b: c",
        "\t- x",
        "a: 2026-13-45",
        "!!python/object/apply:os.system ['true']",
        "a: !unknown x",
        "[" * 5000,
        "- a\n- b",
        "just text",
        "7",
        "\x00",
        "? [1]\n: 2",
        "{}\n---\n{}",
        "a: &a [*a]\nsources: *a",
    ],
)
def test_hostile_yaml_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError) as caught:
        read_recipe(path)
    assert "\n" not in str(caught.value)


def test_broken_yaml_is_refused_with_its_line() -> None:
    with pytest.raises(RecipeError, match=r"recipe.yaml line 2: not valid YAML"):
        parse_yaml("recipe.yaml", "name: x\nshots: ]\n")


@given(st.text(max_size=30))
def test_any_text_is_a_mapping_or_refused(text: str) -> None:
    with contextlib.suppress(RecipeError):
        assert isinstance(parse_yaml("recipe.yaml", text), dict)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"name: \xff")
    for name in ("missing.yaml", ".", "latin.yaml"):
        with pytest.raises(RecipeError, match="cannot be read"):
            read_recipe(tmp_path / name)
