"""`provenance/made_by.json`: what changes rows and nothing else, and that it can be used again."""

import json
from pathlib import Path

import pytest

from vidpipe.errors import RecipeError
from vidpipe.export.made_by import TAXONOMY, made_by, made_by_file, made_by_prompts, published_recipe
from vidpipe.models.calls import fingerprint_of
from vidpipe.recipe.fingerprints import fingerprint
from vidpipe.recipe.line import STAGES
from vidpipe.recipe.loading import check_recipe

RECIPE = {
    "name": "mine",
    "sources": ["/home/me/videos"],
    "roots": ["/mnt/nas"],
    "budget_usd": 7.0,
    "annotation": {"annotator": "gemini", "fps": 2.0},
    "taxonomy": {"file": "/home/me/tree.json", "categoriser": "llm"},
    "publishing": {"repo": "me/secret-name", "layout": "takalawang"},
    "queries": {},
}
VERSIONS = dict.fromkeys(("taxonomy_categories", "video_annotations", "episode_queries", "episode_dataset"), "1+a")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a prompt and a taxonomy of its own."""
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "annotation.md").write_text("  Look at {title}.\n")
    (tmp_path / "tree.json").write_text('{"A": {}}')
    return tmp_path


def test_what_changes_rows_is_published_with_its_content_and_nothing_local(project: Path) -> None:
    recipe = check_recipe("", {**RECIPE, "taxonomy": {"file": str(project / "tree.json"), "categoriser": "llm"}})
    data = made_by_file(made_by(recipe, project, versions=VERSIONS, software={"vidpipe": "0"}))
    document = json.loads(data)
    for local in (b"/home/me", b"nas", b"secret-name", str(project).encode(), b"budget"):
        assert local not in data
    assert sorted(document["prompts"]) == ["annotation", "categorise", "episode_queries"]
    own, built_in = document["prompts"]["annotation"], document["prompts"]["episode_queries"]
    assert own == {"own": True, "text": "  Look at {title}.\n", "template": fingerprint_of("Look at {title}.")}
    assert (built_in["own"], built_in["template"]) == (False, fingerprint_of(built_in["text"]))
    assert document["taxonomy"] == '{"A": {}}'
    again = published_recipe(document)
    assert (again.taxonomy.file, again.annotation.fps, again.publishing.layout) == (TAXONOMY, 2.0, "takalawang")
    (project / TAXONOMY).write_text(document["taxonomy"])
    for stage in ("video_annotations", "taxonomy_categories", "episode_queries", "shots"):
        assert fingerprint(again, STAGES[stage], project) == fingerprint(recipe, STAGES[stage], project)


@pytest.mark.parametrize("name", ["annotation", "categorise"])
def test_a_prompt_that_says_what_the_built_in_one_says_is_not_ones_own(project: Path, name: str) -> None:
    recipe = check_recipe("", {**RECIPE, "taxonomy": {"categoriser": "llm"}})
    (project / "prompts" / "annotation.md").unlink()
    built_in = made_by_prompts(recipe, project, VERSIONS)
    (project / "prompts" / f"{name}.md").write_text(built_in[name]["text"])
    assert made_by_prompts(recipe, project, VERSIONS) == built_in
    assert not built_in[name]["own"]


@pytest.mark.parametrize("document", [{}, {"recipe": []}, {"recipe": {"shots": 3}}, {"recipe": {"nonsense": 1}}])
def test_settings_that_are_none_are_refused_in_one_line(document: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match=r"made_by\.json"):
        published_recipe(document)


def test_a_taxonomy_of_others_is_never_read_from_where_they_say() -> None:
    recipe = published_recipe({"recipe": {"taxonomy": {"file": "/etc/passwd"}, "sources": ["/etc"]}})
    assert (recipe.taxonomy.file, recipe.sources) == (TAXONOMY, ())
