"""Fingerprints: a setting makes stale exactly the assets whose result it changes, and nothing else does."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from vidpipe.errors import RecipeError
from vidpipe.recipe.fingerprints import code_version, fingerprint
from vidpipe.recipe.line import LINE, STAGES
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.schema import Recipe
from vidpipe.recipe.sections import Section

DECODING = frozenset({"raw_videos", "dynamic_videos", "video_signals", "segment_clips", "annotation_proxy"})
NOTHING = frozenset[str]()
ANNOTATED = frozenset({"annotation_requests", "video_annotations"})
SHOWN = frozenset({"annotation_proxy"})
QUERIES = frozenset({"segment_queries", "episode_queries"})
DATASETS = frozenset({"scene_dataset", "segment_dataset", "episode_dataset"})
ASKING: dict[str, Any] = {
    "budget_usd": 5.0,
    "annotation": {"annotator": "gemini"},
    "taxonomy": {"categoriser": "llm"},
}
# Another value of every key of the recipe, and exactly the assets that it makes stale; of the keys that concern models,
# where models are asked. A new key needs its line here.
CHANGES: dict[str, tuple[Any, frozenset[str]]] = {
    "name": ("other", NOTHING),
    "sources": (["elsewhere"], frozenset({"catalogue"})),
    "layout": ("{series}/{episode}", frozenset({"catalogue"})),
    "roots": (["elsewhere"], frozenset({"catalogue"})),
    "max_partitions": (7, frozenset({"catalogue"})),
    "budget_usd": (7.5, NOTHING),
    "batch_size": (7, NOTHING),
    "catalogue.min_words_per_s": (0.5, frozenset({"catalogue"})),
    "catalogue.languages": (["en"], frozenset({"catalogue"})),
    "catalogue.min_duration_s": (1.0, frozenset({"catalogue"})),
    "catalogue.max_duration_s": (600.0, frozenset({"catalogue"})),
    "download.raw": ("copy", NOTHING),
    "limits.max_pixels": (1_000_000, DECODING),
    "limits.max_duration_s": (60.0, DECODING),
    "limits.truncated": ("refuse", frozenset({"raw_videos"})),
    "decoding.hardware": ("cuda", DECODING - {"raw_videos"}),
    "dynamism.mode": ("compat", frozenset({"dynamic_videos"})),
    "dynamism.drop_from_static_share": (0.5, frozenset({"dynamic_videos"})),
    "dynamism.drop": (False, frozenset({"dynamic_videos"})),
    "taxonomy.file": ("taxonomy.json", frozenset({"taxonomy_categories"})),
    "taxonomy.categoriser": ("offline", frozenset({"taxonomy_categories"})),
    "taxonomy.model": ("other", frozenset({"taxonomy_categories"})),
    "taxonomy.discard": (["Weapons"], frozenset({"taxonomy_categories"})),
    "selection.strategy": (None, NOTHING),
    "shots.detector": ("adaptive", frozenset({"shots"})),
    "shots.mode": ("coarse", frozenset({"video_signals", "shots"})),
    "shots.threshold": (15.0, frozenset({"shots"})),
    "shots.min_length_s": (1.0, frozenset({"shots"})),
    "segments.length_s": (30.0, frozenset({"segment_clips"})),
    "segments.overlap_s": (1.0, frozenset({"segment_clips"})),
    "segments.mode": ("smart", frozenset({"segment_clips"})),
    "annotation.annotator": ("offline", ANNOTATED | SHOWN),
    "annotation.mode": ("two_pass", ANNOTATED),
    "annotation.calls": ([{"name": "all", "fields": ["scenes"], "reads": ["pixels"]}], ANNOTATED),
    "annotation.model": ("gemini-3.5-flash-lite", ANNOTATED),
    "annotation.text_model": ("gemini-3.5-flash-lite", ANNOTATED),
    "annotation.fps": (2.0, ANNOTATED | SHOWN),
    "annotation.media_resolution": ("high", ANNOTATED | SHOWN),
    "annotation.thinking_level": ("high", ANNOTATED),
    "annotation.temperature": (0.5, ANNOTATED),
    "annotation.seed": (7, ANNOTATED),
    "annotation.max_output_tokens": (1000, ANNOTATED),
    "annotation.safety": ({"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"}, ANNOTATED),
    "annotation.language": ("German", ANNOTATED),
    "annotation.inline_below_bytes": (0, NOTHING),
    "annotation.proxy": (False, SHOWN),
    "annotation.burn_time": (True, SHOWN),
    "annotation.by_url": (True, SHOWN | {"catalogue"}),
    "annotation.batch": (True, NOTHING),
    "annotation.max_duration_s": (60.0, ANNOTATED),
    "annotation.min_quality": (0.5, ANNOTATED),
    "annotation.below_min_quality": ("ask_again", ANNOTATED),
    "annotation.canaries": ("stop", NOTHING),
    "queries.language": ("German", QUERIES),
    "queries.fields": (["a", "b", "c", "d", "e"], QUERIES),
    "queries.fps": (1.0, QUERIES),
    "alignment.snap_s": (1.0, frozenset({"aligned_metadata"})),
    "alignment.reject_s": (9.0, frozenset({"aligned_metadata"})),
    "publishing.repo": ("user/name", DATASETS | {"hf_upload"}),
    "publishing.private": (False, frozenset({"hf_upload"})),
    "publishing.space": (True, frozenset({"hf_upload"})),
    "publishing.licences": (["cc0"], NOTHING),
    "publishing.media": ("none", DATASETS),
    "publishing.allow_offline": (True, NOTHING),
    "publishing.layout": ("takalawang", DATASETS - {"scene_dataset"}),
}  # None: the key has one value in this version


def keys_of(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Every dotted key of a recipe, in order."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        kinds = get_args(field.annotation) or (field.annotation,)
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)), None)
        if inner is not None:
            found += keys_of(inner, f"{name}.")
        else:
            found.append(prefix + name)
    return found


def changed(key: str, value: Any) -> Recipe:
    """The default recipe, or for keys that concern models one that asks some, with one other value."""
    section, _, name = key.rpartition(".")
    settings = {part: dict(keys) if isinstance(keys, dict) else keys for part, keys in base_of(key).items()}
    if section:
        settings[section] = {**settings.get(section, {}), name: value}
    else:
        settings[name] = value
    return check_recipe("recipe.yaml", settings)


def base_of(key: str) -> dict[str, Any]:
    """The settings that a key is changed in."""
    if key.startswith("queries."):
        return {**ASKING, "queries": {}}
    asks = key.startswith("annotation.") or key in ("taxonomy.categoriser", "taxonomy.model", "budget_usd")
    return ASKING if asks else {}


def versions(recipe: Recipe, folder: Path) -> dict[str, str]:
    """Every stage's code version."""
    return {stage.name: code_version(recipe, stage, folder) for stage in LINE}


def test_every_key_of_the_recipe_is_in_the_table() -> None:
    assert keys_of(Recipe) == list(CHANGES)


@pytest.mark.parametrize("key", [key for key, (value, _) in CHANGES.items() if value is not None])
def test_a_key_makes_stale_exactly_what_the_table_says(key: str, tmp_path: Path) -> None:
    (tmp_path / "taxonomy.json").write_text('{"A": {"B": {}}}')
    value, wanted = CHANGES[key]
    base = check_recipe("recipe.yaml", base_of(key))
    before, after = versions(base, tmp_path), versions(changed(key, value), tmp_path)
    assert changed(key, value) != base
    assert {name for name in before if before[name] != after[name]} == wanted


@pytest.mark.parametrize("key", [key for key, (value, _) in CHANGES.items() if value is None])
def test_a_key_said_to_have_one_value_has_no_other(key: str) -> None:
    section, _, name = key.rpartition(".")
    default = getattr(getattr(Recipe(), section), name)
    assert changed(key, default) == Recipe()
    with pytest.raises(RecipeError):
        changed(key, "other")


def test_writing_a_default_out_changes_nothing(tmp_path: Path) -> None:
    spelled = check_recipe("recipe.yaml", Recipe().model_dump(mode="json"))
    assert versions(spelled, tmp_path) == versions(Recipe(), tmp_path)


def test_a_taxonomy_counts_by_its_content_and_not_by_its_place(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.json").write_text('{"A": {}}')
    stage = STAGES["taxonomy_categories"]
    here = fingerprint(changed("taxonomy.file", "t.json"), stage, tmp_path / "one")
    assert here == fingerprint(changed("taxonomy.file", "t.json"), stage, tmp_path / "other")
    assert here == fingerprint(changed("taxonomy.file", str(tmp_path / "one/t.json")), stage, tmp_path)
    (tmp_path / "one/t.json").write_text('{"B": {}}')
    assert here != fingerprint(changed("taxonomy.file", "t.json"), stage, tmp_path / "one")


@pytest.mark.parametrize(
    "key", [key for key in CHANGES if key.startswith("annotation.") and key != "annotation.annotator"]
)
def test_settings_of_a_model_that_is_not_asked_change_nothing(key: str, tmp_path: Path) -> None:
    section, _, name = key.rpartition(".")
    recipe = check_recipe("recipe.yaml", {section: {name: CHANGES[key][0]}})
    assert versions(recipe, tmp_path) == versions(Recipe(), tmp_path)


def test_queries_follow_the_model_that_is_asked_and_not_what_it_is_asked_about_scenes(tmp_path: Path) -> None:
    base = {**ASKING, "queries": {}}
    before = versions(check_recipe("recipe.yaml", base), tmp_path)
    moving = set()
    for key, (value, _) in CHANGES.items():
        section, _, name = key.rpartition(".")
        if section == "annotation":
            recipe = check_recipe("recipe.yaml", {**base, section: {**base[section], name: value}})
            moved = {stage for stage, version in versions(recipe, tmp_path).items() if version != before[stage]}
            assert moved & QUERIES in (QUERIES, set()), key
            moving |= {name} if moved & QUERIES else set()
    asked = {"model", "media_resolution", "thinking_level", "temperature", "seed", "max_output_tokens", "safety"}
    assert moving == asked | {"annotator"}


@pytest.mark.parametrize("raw", [{"language": "German"}, {"fps": 1.0}, {"fields": {"series": "earlier"}}])
def test_what_offline_queries_do_not_follow_changes_nothing(raw: dict[str, Any], tmp_path: Path) -> None:
    usual, other = (check_recipe("recipe.yaml", {"queries": queries}) for queries in ({}, raw))
    assert versions(usual, tmp_path) == versions(other, tmp_path)


def test_fields_of_a_level_concern_that_level_alone(tmp_path: Path) -> None:
    five = {"fields": {"episode": ["a", "b", "c", "d", "e"]}}
    usual, other = (versions(check_recipe("recipe.yaml", {"queries": one}), tmp_path) for one in ({}, five))
    assert {name for name in usual if usual[name] != other[name]} == {"episode_queries"}


def test_a_prompt_of_queries_counts_where_it_is_read(tmp_path: Path) -> None:
    recipe = check_recipe("recipe.yaml", {**ASKING, "queries": {}})
    before = versions(recipe, tmp_path)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/segment_queries.md").write_text("{fields}")
    after = versions(recipe, tmp_path)
    assert {name for name in before if before[name] != after[name]} == {"segment_queries"}


def test_a_prompt_of_the_project_counts_by_its_content_where_it_is_read(tmp_path: Path) -> None:
    recipe = check_recipe("recipe.yaml", ASKING)
    before, offline = versions(recipe, tmp_path), versions(Recipe(), tmp_path)
    (tmp_path / "prompts").mkdir()
    for name in ("annotation", "scenes", "categorise"):
        (tmp_path / f"prompts/{name}.md").write_text("other words")
    after = versions(recipe, tmp_path)
    assert {name for name in before if before[name] != after[name]} == ANNOTATED | {"taxonomy_categories"}
    assert versions(Recipe(), tmp_path) == offline
    (tmp_path / "prompts/scenes.md").write_text("of two_pass alone")
    assert versions(recipe, tmp_path) == after
    (tmp_path / "prompts/annotation.md").unlink()
    assert versions(recipe, tmp_path)["video_annotations"] == before["video_annotations"]


def test_a_taxonomy_that_cannot_be_read_is_a_recipe_error(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"taxonomy\.file"):
        fingerprint(changed("taxonomy.file", "none.json"), STAGES["taxonomy_categories"], tmp_path)


def test_a_fingerprint_does_not_depend_on_hash_seed_time_zone_or_locale(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from vidpipe.recipe.line import LINE; from vidpipe.recipe.schema import Recipe\n"
        "from vidpipe.recipe.fingerprints import code_version\n"
        "print(*(code_version(Recipe(sources=('é', 'b')), stage, Path('/')) for stage in LINE))\n"
    )
    settings: list[dict[str, str]] = [
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "2", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8"},
    ]
    told = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **extra}, cwd=tmp_path, capture_output=True, check=True
        ).stdout
        for extra in settings
    }
    here = " ".join(code_version(Recipe(sources=("é", "b")), stage, Path("/")) for stage in LINE)
    assert told == {f"{here}\n".encode()}


def test_a_code_version_is_the_stages_version_and_its_fingerprint(tmp_path: Path) -> None:
    for stage in LINE:
        number, _, digits = code_version(Recipe(), stage, tmp_path).partition("+")
        assert int(number) == stage.version
        assert digits == fingerprint(Recipe(), stage, tmp_path)
        assert len(digits) == 16
