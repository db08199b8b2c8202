"""The code location: the agreed graph, texts for the UI, and nothing done by loading."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from vidpipe.definitions import CURATE, build_definitions
from vidpipe.errors import RecipeError
from vidpipe.recipe.fingerprints import line_of
from vidpipe.recipe.loading import read_recipe
from vidpipe_tests.golden.graph import golden_graph, graph_of
from vidpipe_tests.lines import DEFAULT

ROOT = Path(__file__).parents[1]
ASKING = "budget_usd: 1\nannotation: {annotator: gemini}\nqueries: {}"


def test_the_graph_is_the_agreed_one() -> None:
    assert graph_of(build_definitions()) == golden_graph(), "look, then run `python -m vidpipe_tests.golden.update`"


def test_definitions_load_and_validate() -> None:
    dg.Definitions.validate_loadable(build_definitions())


@pytest.mark.parametrize("settings", ["", "queries: {}", ASKING, "queries: {}\nsegments: {mode: none}"])
def test_the_graph_follows_the_line(settings: str, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(settings)
    line = line_of(read_recipe(tmp_path / "recipe.yaml"), tmp_path)
    assets = graph_of(build_definitions(tmp_path))["assets"]
    assert set(assets) == {*line.names, "ledger"}
    assert ("episode_queries" in line) == ("episode_dataset" in line) == ("queries" in settings)
    assert ("segment_clips" in line) == ("segment_dataset" in line) == ("none" not in settings)
    assert ("segment_queries" in line) == ("queries" in settings and "none" not in settings)
    for stage in line.stages:
        assert set(assets[stage.name]["after"]) == set(stage.after)
        assert assets[stage.name]["group"] == stage.group
        assert assets[stage.name]["partitions"] == (stage.over if stage.unit == "video" else None)


def test_a_job_belongs_to_one_set_and_the_two_hold_every_asset() -> None:
    jobs = {
        name: build_definitions().resolve_job_def(name).asset_layer.selected_asset_keys
        for name in ("curate", "produce")
    }
    curate, produce = ({key.to_user_string() for key in keys} for keys in jobs.values())
    assert {DEFAULT[name].over for name in curate} == {"video"}
    assert {DEFAULT[name].over for name in produce - {"ledger"}} == {"selected"}
    assert curate == set(CURATE)
    assert curate | produce == set(graph_of(build_definitions())["assets"])


@pytest.mark.parametrize("settings", ["", ASKING])
def test_every_asset_is_described_for_the_ui_and_versioned(settings: str, tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(settings)
    graph = build_definitions(tmp_path).resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert (node.code_version is not None) == (key.to_user_string() != "ledger")


def test_per_video_assets_run_in_batches_of_the_recipes_size(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("batch_size: 7")
    graph = build_definitions(tmp_path).resolve_asset_graph()
    for stage in DEFAULT.stages:
        policy = graph.get(dg.AssetKey(stage.name)).backfill_policy
        assert (policy is not None and policy.max_partitions_per_run == 7) == (stage.unit == "video")


def test_who_asks_a_service_stands_in_its_pool(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(f"{ASKING}\ntaxonomy: {{categoriser: llm}}")
    graph = build_definitions(tmp_path).resolve_asset_graph()
    pools = {key.to_user_string(): graph.get(key).pools for key in graph.get_all_asset_keys()}
    asking = {"video_annotations": {"gemini"}, "segment_queries": {"gemini"}, "episode_queries": {"gemini"}}
    assert {name: found for name, found in pools.items() if found} == {**asking, "taxonomy_categories": {"llm"}}
    offline = build_definitions().resolve_asset_graph()
    assert not any(offline.get(key).pools for key in offline.get_all_asset_keys())


def test_a_broken_recipe_is_refused_when_definitions_are_built(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("shot: {}")
    with pytest.raises(RecipeError, match="did you mean shots"):
        build_definitions(tmp_path)


def test_a_resource_can_be_replaced() -> None:
    other = dg.ResourceDefinition.hardcoded_resource("other")
    assert dict(build_definitions(project=other).resources or {})["project"] is other


def test_loading_without_a_project_writes_nothing(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", "import vidpipe.definitions"], cwd=tmp_path, env=environ, check=True)
    assert list(tmp_path.iterdir()) == []
