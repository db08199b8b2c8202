from pathlib import Path

import pytest

from vidpipe.errors import RecipeError
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.schema import Recipe
from vidpipe.recipe.variants import AS_IT_STANDS, MOST, variants_of

PAID = check_recipe("recipe", {"budget_usd": 5, "annotation": {"annotator": "gemini", "fps": 1}})


def test_the_project_as_it_stands_is_always_first() -> None:
    (only,) = variants_of(PAID, [])
    assert (only.name, only.recipe, only.changes, only.prompts) == (AS_IT_STANDS, PAID, {}, None)


def test_keys_of_one_name_make_one_variant(tmp_path: Path) -> None:
    wanted = [
        "a b:annotation.model=gemini-3-flash",
        "two:fps= 0.5",
        f"a b:prompts={tmp_path}",
        "a b:thinking_level=low",
    ]
    first, both, two = variants_of(PAID, wanted)
    assert first.recipe is PAID
    assert (both.name, both.prompts) == ("a b", tmp_path)
    assert both.recipe.annotation == PAID.annotation.model_copy(
        update={"model": "gemini-3-flash", "thinking_level": "low"}
    )
    assert both.changes == {
        "annotation.model": "gemini-3-flash",
        "prompts": str(tmp_path),
        "annotation.thinking_level": "low",
    }
    assert (two.recipe.annotation.fps, two.recipe.annotation.annotator) == (0.5, "gemini")
    assert two.recipe.budget_usd == 5


def test_all_are_asked_at_once_where_the_project_asks_in_batches() -> None:
    batch = check_recipe("recipe", {"budget_usd": 5, "annotation": {"annotator": "gemini", "fps": 1, "batch": True}})
    project, slow = variants_of(batch, ["slow:fps=0.5"])
    assert batch.annotation.batch
    assert project.recipe.annotation == PAID.annotation
    assert (slow.recipe.annotation.batch, slow.recipe.annotation.fps) == (False, 0.5)


def test_values_are_read_as_in_a_recipe() -> None:
    told = ["x:safety={HARM_CATEGORY_HARASSMENT: BLOCK_NONE}", "x:media_resolution=low", "y:fps=null", "z:seed=7"]
    _, x, y, z = variants_of(PAID, told)
    assert dict(x.recipe.annotation.safety) == {"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"}
    assert (y.recipe.annotation.fps, z.recipe.annotation.seed) == (None, 7)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("fast", "NAME:KEY=VALUE"),
        ("fast:annotation.fps", "NAME:KEY=VALUE"),
        (":annotation.fps=1", "NAME:KEY=VALUE"),
        ("fast:annotation.fps=", "NAME:KEY=VALUE"),
        ("a=b:fps=1", "NAME:KEY=VALUE"),
        ("project:fps=1", "always tried first"),
        ("fast:modell=x", "did you mean model?"),
        ("fast:annotation.modell=x", "did you mean model?"),
        ("fast:budget_usd=9", "unknown key"),
        ("fast:shots.threshold=9", "keys of annotation"),
        ("fast:fps=99", "annotation.fps"),
        ("fast:fps=[1", "not valid YAML"),
        ("fast:annotation.model.x=1", "need text"),
        ("fast:prompts=nowhere/at/all", "no folder"),
        ("fast:prompts=~nobody-of-that-name", "no folder"),
        (f"fast:prompts={'n' * 300}", "no folder"),
        ("fast:batch=true", "annotation.batch cannot vary"),
    ],
)
def test_what_is_written_otherwise_is_one_clear_line(text: str, why: str) -> None:
    with pytest.raises(RecipeError, match=why.replace("?", r"\?")) as error:
        variants_of(PAID, [text])
    assert "--variant" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_paid_variant_of_a_free_project_needs_a_budget() -> None:
    with pytest.raises(RecipeError, match="budget_usd"):
        variants_of(Recipe(), ["paid:annotator=gemini"])
    _, paid = variants_of(check_recipe("recipe", {"budget_usd": 1}), ["paid:annotator=gemini"])
    assert paid.recipe.annotation.annotator == "gemini"


def test_a_key_stands_once_and_names_are_few() -> None:
    with pytest.raises(RecipeError, match="given twice"):
        variants_of(PAID, ["a:fps=1", "a:annotation.fps=2"])
    with pytest.raises(RecipeError, match=f"{MOST - 1} at most"):
        variants_of(PAID, [f"v{i}:fps=1" for i in range(MOST)])
