"""What a new project is given, the prompts that its models read, and what is said of who will be asked."""

from pathlib import Path
from typing import Any

import pytest

from vidpipe.cli.services_found import asked_of, write_prompts
from vidpipe.recipe.loading import builtin, check_recipe

PAID = {"budget_usd": 1.0, "annotation": {"annotator": "gemini"}}


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        (builtin("retrieval"), []),
        (PAID, ["annotation.md"]),
        ({**builtin("retrieval"), **PAID}, ["annotation.md", "episode_queries.md", "segment_queries.md"]),
    ],
)
def test_a_project_has_the_prompts_that_its_models_read(raw: dict[str, Any], names: list[str], tmp_path: Path) -> None:
    recipe = check_recipe("recipe.yaml", raw)
    write_prompts(recipe, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    for path in tmp_path.iterdir():
        path.write_text("my own")
    write_prompts(recipe, tmp_path)
    assert {path.read_text() for path in tmp_path.iterdir()} <= {"my own"}


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({}, ""),
        (PAID, "gemini-3.8-flash annotates, for at most 1.00 US$"),
        (
            {"budget_usd": 2.5, "taxonomy": {"categoriser": "gemini"}},
            "gemini-3.5-flash-lite chooses categories, for at most 2.50 US$",
        ),
        (
            {**PAID, "budget_usd": "unlimited", "taxonomy": {"categoriser": "gemini", "model": "other"}},
            "gemini-3.8-flash annotates and other chooses categories, without a limit",
        ),
        (
            {**PAID, "taxonomy": {"categoriser": "llm"}},
            "gemini-3.8-flash annotates, for at most 1.00 US$; the LLM server behind TGI_BASE_URL chooses categories",
        ),
    ],
)
def test_who_will_be_asked_is_told_as_the_recipe_has_it(raw: dict[str, Any], told: str) -> None:
    assert asked_of(check_recipe("recipe.yaml", raw)) == told
