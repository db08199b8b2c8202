"""What a recipe says about queries is what is asked, level by level."""

from pathlib import Path

import pytest

from vidpipe.annotation.query_recipes import MOST_OUT, query_plan_of, query_tokens
from vidpipe.errors import RecipeError
from vidpipe.recipe.loading import check_recipe

RECIPE = check_recipe(
    "recipe.yaml",
    {
        "budget_usd": 1.0,
        "annotation": {"annotator": "gemini", "model": "gemini-3.8-pro", "seed": 7, "fps": 3.0, "language": "German"},
        "queries": {"language": "Traditional Chinese", "fields": {"episode": list("abcde")}},
    },
)


def test_each_level_has_its_own_fields_rate_and_prompt_and_the_annotators_model(tmp_path: Path) -> None:
    segment, episode = query_plan_of(RECIPE, "segment", tmp_path), query_plan_of(RECIPE, "episode", tmp_path)
    assert (segment.prompt.name, episode.prompt.name) == ("segment_queries", "episode_queries")
    assert (segment.fields[0], episode.fields) == ("visual_saliency", tuple("abcde"))
    assert (segment.settings.fps, episode.settings.fps) == (None, 0.5)
    assert (segment.settings.model, segment.settings.seed, segment.language) == (
        "gemini-3.8-pro",
        7,
        "Traditional Chinese",
    )
    assert segment.settings.max_output_tokens == MOST_OUT
    assert query_tokens(episode, 60.0, has_audio=False).video * 2 == query_tokens(segment, 60.0, has_audio=False).video
    assert query_tokens(segment, 1, has_audio=True).audio == 32


def test_a_prompt_of_the_project_takes_the_place_of_the_built_in_one(tmp_path: Path) -> None:
    (tmp_path / "segment_queries.md").write_text("Look: {fields}")
    assert query_plan_of(RECIPE, "segment", tmp_path).prompt.text == "Look: {fields}"
    (tmp_path / "episode_queries.md").write_text("")
    with pytest.raises(RecipeError, match="empty"):
        query_plan_of(RECIPE, "episode", tmp_path)
