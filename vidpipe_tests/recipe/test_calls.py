"""The calls of an annotation: a recipe's own, or those of a mode; what cannot be asked is refused with one line."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from vidpipe.annotation import told
from vidpipe.errors import RecipeError
from vidpipe.recipe.calls import FIELDS, STRUCTURED, TWO_PASS, check_calls
from vidpipe.recipe.fingerprints import code_version, line_of
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.schema import Recipe
from vidpipe.recipe.writing import recipe_text

TELL = {"name": "tell", "reads": ["pixels", "sound"]}
CAST = {"name": "cast", "fields": ["characterList"], "reads": ["tell"]}
SCENES = {"name": "cut", "fields": ["scenes"], "reads": ["tell", "cast", "shots", "taxonomy_categories"]}


def recipe_of(*calls: Any, **annotation: Any) -> Recipe:
    """A recipe that asks Gemini these calls."""
    asked = {"annotator": "gemini", "calls": list(calls), **annotation}
    return check_recipe("recipe.yaml", {"budget_usd": 1, "annotation": asked})


def test_what_can_be_told_is_what_the_answers_form_has() -> None:
    assert told.FIELDS == FIELDS


@pytest.mark.parametrize("calls", [STRUCTURED, TWO_PASS])
def test_the_modes_are_calls_that_tell_everything(calls: Any) -> None:
    check_calls(calls)
    assert sorted(name for call in calls for name in call.fields) == sorted(FIELDS)


def test_calls_take_the_modes_place() -> None:
    recipe = recipe_of(TELL, CAST, SCENES).annotation
    assert recipe.mode is None
    assert [call.name for call in recipe.asked_calls] == ["tell", "cast", "cut"]
    assert [call.is_shown_the_video for call in recipe.asked_calls] == [True, False, False]


def test_a_recipe_with_calls_is_written_and_read_back() -> None:
    recipe = recipe_of(TELL, CAST, SCENES)
    assert check_recipe("recipe.yaml", yaml.safe_load(recipe_text(recipe))) == recipe


@pytest.mark.parametrize(
    ("calls", "line"),
    [
        ([SCENES], "annotation: cut reads 'tell', which is no call before it; there are pixels, sound, captions"),
        ([TELL, SCENES | {"reads": ["tell", "cut"]}], "annotation: cut reads 'cut', which is no call before it"),
        ([TELL, CAST], "annotation: no call tells scenes"),
        ([], "annotation: no call tells scenes"),
        ([TELL, SCENES | {"reads": ["pixels"]}], "annotation: tell tells no fields, and no later call reads it"),
        ([TELL, TELL, SCENES], "annotation: calls need names of their own, tell is taken"),
        ([SCENES | {"name": "shots"}], "annotation: calls need names of their own, shots is taken"),
        ([SCENES | {"name": "canary"}], "annotation: calls need names of their own, canary is taken"),
        ([TELL, CAST, SCENES | {"fields": ["scenes", "characterList"]}], "characterList is told by two calls"),
        ([SCENES | {"fields": ["mood"]}], "annotation.calls.0.fields.0: "),
        ([SCENES | {"reads": []}], "annotation.calls.0.reads: "),
        ([SCENES | {"name": "../etc"}], "annotation.calls.0.name: "),
        ([SCENES | {"prompt": "x"}], "annotation.calls.0.prompt: "),
        ("annotation", "annotation.calls: need a list"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_one_line(calls: Any, line: str) -> None:
    with pytest.raises(RecipeError) as caught:
        check_recipe("recipe.yaml", {"budget_usd": 1, "annotation": {"annotator": "gemini", "calls": calls}})
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mode_and_calls_together_are_refused() -> None:
    with pytest.raises(RecipeError, match="need either mode or calls"):
        recipe_of(SCENES | {"reads": ["pixels"]}, mode="two_pass")


def test_the_prompt_of_a_call_is_the_file_of_its_name(tmp_path: Path) -> None:
    recipe = recipe_of(SCENES | {"reads": ["pixels"]})
    stage = line_of(recipe, tmp_path)["video_annotations"]
    (tmp_path / "prompts").mkdir()
    before = code_version(recipe, stage, tmp_path)
    (tmp_path / "prompts" / "annotation.md").write_text("read by nobody")
    assert code_version(recipe, stage, tmp_path) == before
    (tmp_path / "prompts" / "cut.md").write_text("Cut it.")
    assert code_version(recipe, stage, tmp_path) != before


def test_the_category_is_an_input_only_where_a_call_reads_it(tmp_path: Path) -> None:
    def read(recipe: Recipe) -> set[str]:
        return {one.asset for one in line_of(recipe, tmp_path)["video_annotations"].reads}

    assert read(recipe_of(TELL, CAST, SCENES)) - read(Recipe()) >= {"taxonomy_categories"}
    assert "taxonomy_categories" not in read(recipe_of(SCENES | {"reads": ["pixels"]}))
    assert "taxonomy_categories" not in read(recipe_of(TELL, CAST, SCENES, annotator="offline"))
