"""Loading a recipe: a valid one, or one line that says which key is wrong and what to do."""

from pathlib import Path
from typing import Any

import pytest

from vidpipe.errors import RecipeError
from vidpipe.recipe.loading import builtin, builtin_names, check_recipe, read_recipe
from vidpipe.recipe.parsing import parse_yaml
from vidpipe.recipe.query_section import EDITIONS
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
    assert builtin_names() == ["default", "demo", "finevideo", "retrieval"]


def test_an_unknown_built_in_recipe_is_refused_with_those_there_are() -> None:
    with pytest.raises(RecipeError, match="default, demo, finevideo, retrieval"):
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
        {"download": {"max_height": 720}},
        {"selection": {"target_hours": 3}},
        {"selection": {"strategy": "balanced"}},
    ],
)
def test_what_the_contract_promises_for_later_is_refused_as_not_yet_available(raw: dict[str, Any]) -> None:
    assert "not available in this version" in why(raw)


def test_canaries_that_are_off_are_what_yaml_reads_as_false() -> None:
    for text, canaries in (("off", "off"), ("'off'", "off"), ("stop", "stop"), ("report", "report")):
        raw = parse_yaml("recipe.yaml", f"annotation: {{canaries: {text}}}")
        assert check_recipe("recipe.yaml", raw).annotation.canaries == canaries
    assert Recipe().annotation.canaries == "report"
    assert "canaries" in why({"annotation": {"canaries": True}})


FIVE = ["a", "b", "c", "d", "e"]


def test_queries_are_made_where_the_section_stands_as_their_levels_have_it() -> None:
    assert Recipe().queries is None
    usual = check_recipe("recipe.yaml", {"queries": {}}).queries
    assert usual is not None
    assert (usual.rate("segment"), usual.rate("episode"), usual.rate("series")) == (None, 0.5, 0.2)
    assert usual.names("segment")[0] == "visual_saliency"
    assert usual.names("series") == EDITIONS["published"]["series"]
    raw = {"fields": {"episode": FIVE, "series": "earlier"}, "fps": {"episode": "source", "segment": 2}}
    own = check_recipe("recipe.yaml", {"queries": raw}).queries
    assert own is not None
    assert own.names("episode") == tuple(FIVE)
    assert own.names("segment") == usual.names("segment")
    assert own.names("series")[0] == "series_overview"
    assert (own.rate("segment"), own.rate("episode"), own.rate("series")) == (2.0, None, 0.2)
    assert check_recipe("recipe.yaml", {"queries": {"fps": 0.2}}).queries == usual.model_copy(
        update={"fps": {"segment": 0.2, "episode": 0.2, "series": 0.2}}
    )


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ({"fields": "new"}, 'fields: need an edition (published or earlier) or a list of 5 names, got "new"'),
        ({"fields": ["a"]}, "fields: need 5 different names, got a list"),
        ({"fields": {"segment": [*FIVE[1:], "b"]}}, "fields: need 5 different names, got keys with values"),
        ({"fields": {"clip": "earlier"}}, "fields: fields are given by level: segment, episode, series, got keys"),
        ({"fields": [*FIVE[1:], "request_id"]}, "fields: request_id is what names a request, and no field, got a"),
        ({"fields": [*FIVE[1:], "model_config"]}, "fields: model_config, model_dump and the like are taken"),
        ({"fields": [*FIVE[1:], "a b"]}, "fields: a field's name has a-z, 0-9 and _, begins with a letter"),
        ({"fps": 0}, "fps: need source, or frames a second above 0 to 24, got 0"),
        ({"fps": True}, "fps: need source, or frames a second above 0 to 24, got true"),
        ({"fps": {"series": "fast"}}, "fps: need source, or frames a second above 0 to 24, got keys"),
        ({"lang": "en"}, "lang: unknown key; did you mean language?"),
    ],
)
def test_queries_that_cannot_be_asked_for_are_refused_with_what_is_needed(raw: dict[str, Any], line: str) -> None:
    assert why({"queries": raw}).startswith(f"recipe.yaml: queries.{line}")


def test_a_paid_service_needs_a_budget() -> None:
    paid = {"annotation": {"annotator": "gemini"}}
    assert why(paid) == (
        "recipe.yaml: a paid service needs budget_usd: US$ that may be spent, or unlimited, got budget_usd null"
    )
    for budget in (0, 5.0, "unlimited"):
        assert check_recipe("recipe.yaml", {**paid, "budget_usd": budget}).budget_usd == budget


@pytest.mark.parametrize("budget", [-1, "5", "much", True, 1e300])
def test_a_budget_is_a_sum_or_unlimited(budget: object) -> None:
    assert "budget_usd" in why({"budget_usd": budget})


@pytest.mark.parametrize(
    ("safety", "wrong", "known"),
    [
        ({"HARM_CATEGORY_RUDENESS": "OFF"}, "HARM_CATEGORY_RUDENESS", "'HARM_CATEGORY_HARASSMENT'"),
        ({"HARM_CATEGORY_HARASSMENT": "SOMETIMES"}, "SOMETIMES", "'BLOCK_ONLY_HIGH'"),
        ({"HARM_CATEGORY_HARASSMENT": True}, "got true", "'BLOCK_ONLY_HIGH'"),
        ({"HARM_CATEGORY_HARASSMENT": None}, "got null", "'BLOCK_ONLY_HIGH'"),
        ([1], "got a list", "annotation.safety"),
    ],
)
def test_safety_that_the_service_does_not_know_is_refused_with_what_it_knows(
    safety: object, wrong: str, known: str
) -> None:
    line = why({"annotation": {"annotator": "gemini", "safety": safety}, "budget_usd": 1})
    assert line.startswith("recipe.yaml: annotation.safety")
    assert wrong in line
    assert known in line


def test_safety_is_taken_as_the_service_names_it_without_quotes_too(tmp_path: Path) -> None:
    text = "annotation: {safety: {HARM_CATEGORY_HARASSMENT: OFF, HARM_CATEGORY_HATE_SPEECH: BLOCK_NONE}}"
    (tmp_path / "recipe.yaml").write_text(text)
    safety = read_recipe(tmp_path / "recipe.yaml").annotation.safety
    assert safety == {"HARM_CATEGORY_HARASSMENT": "OFF", "HARM_CATEGORY_HATE_SPEECH": "BLOCK_NONE"}


@pytest.mark.parametrize("least", [-0.1, 1.1, "high", True])
def test_a_least_quality_is_a_share(least: object) -> None:
    assert why({"annotation": {"min_quality": least}}).startswith("recipe.yaml: annotation.min_quality: ")


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
    ("raw", "line"),
    [
        ({"alignment": {"reject_s": True}}, "recipe.yaml: alignment.reject_s: need a number, got true"),
        ({"segments": {"length_s": "60"}}, 'recipe.yaml: segments.length_s: need a number, got "60"'),
        ({"batch_size": "50"}, 'recipe.yaml: batch_size: need a whole number, got "50"'),
        ({"batch_size": True}, "recipe.yaml: batch_size: need a whole number, got true"),
        ({"batch_size": 2.5}, "recipe.yaml: batch_size: need a whole number, got 2.5"),
        ({"max_partitions": 0}, "recipe.yaml: max_partitions: Input should be greater than 0, got 0"),
        ({"dynamism": {"drop": "perhaps"}}, 'recipe.yaml: dynamism.drop: need true or false, got "perhaps"'),
        ({"dynamism": {"drop": 1}}, "recipe.yaml: dynamism.drop: need true or false, got 1"),
        ({"shots": 3}, "recipe.yaml: shots: need keys with values below it, got 3"),
        ({"shots": [1]}, "recipe.yaml: shots: need keys with values below it, got a list"),
        ({"sources": "videos"}, "recipe.yaml: sources: need a list, e.g. [videos]"),
        ({"catalogue": {"languages": "en"}}, "recipe.yaml: catalogue.languages: need a list, e.g. [en]"),
        ({"sources": {"a": 1}}, "recipe.yaml: sources: need a list, e.g. [one, two]"),
        ({"layout": "{show}"}, "recipe.yaml: layout: unknown field {show} in '{show}'; use {series} and {episode}"),
        (
            {"segments": {"overlap_s": 60}},
            "recipe.yaml: segments: overlap_s must be shorter than length_s, got length_s 60.0, overlap_s 60",
        ),
        (
            {"segments": {"length_s": 0.05, "overlap_s": 0}},
            "recipe.yaml: segments: length_s must be more than overlap_s by 0.1 at least, "
            "got length_s 0.05, overlap_s 0",
        ),
        (
            {"annotation": {"inline_below_bytes": 100_000_000}},
            "recipe.yaml: annotation.inline_below_bytes: Input should be less than or equal to 70000000, got 100000000",
        ),
        (
            {"catalogue": {"min_duration_s": 10, "max_duration_s": 5}},
            "recipe.yaml: catalogue: min_duration_s must not be above max_duration_s, "
            "got min_duration_s 10, max_duration_s 5",
        ),
    ],
)
def test_a_value_that_no_recipe_has_is_refused_with_what_is_needed(raw: dict[str, Any], line: str) -> None:
    assert why(raw) == line


def test_a_whole_number_is_a_number() -> None:
    recipe = check_recipe("recipe.yaml", {"segments": {"length_s": 60}, "catalogue": {"min_duration_s": 5}})
    assert (recipe.segments.length_s, recipe.catalogue.min_duration_s) == (60.0, 5.0)


def test_a_value_that_unfolds_without_end_is_refused_in_one_short_line(tmp_path: Path) -> None:
    levels = [f"n{i}: &n{i} [{', '.join([f'*n{i - 1}'] * 10)}]" for i in range(1, 30)]
    (tmp_path / "recipe.yaml").write_text("\n".join(["n0: &n0 [x]", *levels, "batch_size: *n29"]))
    with pytest.raises(RecipeError):
        read_recipe(tmp_path / "recipe.yaml")


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


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for name in ("missing.yaml", "."):
        with pytest.raises(RecipeError, match="cannot be read"):
            read_recipe(tmp_path / name)
