"""What a new project is given: the prompts that its models read, and no others."""

from pathlib import Path
from typing import Any

import pytest

from vidpipe.cli.services_found import write_prompts
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
