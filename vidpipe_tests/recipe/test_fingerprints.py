"""Fingerprints: a setting makes stale exactly the assets whose result it changes, and nothing else does."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from vidpipe.errors import RecipeError
from vidpipe.recipe.fingerprints import code_version, fingerprint
from vidpipe.recipe.line import LINE, STAGES
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.schema import Recipe, Section

DECODING = frozenset({"raw_videos", "dynamic_videos", "video_signals", "segment_clips"})
NOTHING = frozenset[str]()
# Another value of every key of the recipe, and exactly the assets that it makes stale. A new key needs its line here.
CHANGES: dict[str, tuple[Any, frozenset[str]]] = {
    "name": ("other", NOTHING),
    "sources": (["elsewhere"], frozenset({"catalogue"})),
    "layout": ("{series}/{episode}", frozenset({"catalogue"})),
    "roots": (["elsewhere"], frozenset({"catalogue"})),
    "max_partitions": (7, frozenset({"catalogue"})),
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
    "taxonomy.categoriser": (None, NOTHING),
    "taxonomy.discard": (["Weapons"], frozenset({"taxonomy_categories"})),
    "selection.strategy": (None, NOTHING),
    "shots.detector": ("adaptive", frozenset({"shots"})),
    "shots.mode": ("coarse", frozenset({"video_signals", "shots"})),
    "shots.threshold": (15.0, frozenset({"shots"})),
    "shots.min_length_s": (1.0, frozenset({"shots"})),
    "segments.length_s": (30.0, frozenset({"segment_clips"})),
    "segments.overlap_s": (1.0, frozenset({"segment_clips"})),
    "segments.mode": ("smart", frozenset({"segment_clips"})),
    "annotation.annotator": (None, NOTHING),
    "alignment.snap_s": (1.0, frozenset({"aligned_metadata"})),
    "alignment.reject_s": (9.0, frozenset({"aligned_metadata"})),
}  # None: the key has one value in this version


def keys_of(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Every dotted key of a recipe, in order."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            found += keys_of(inner, f"{name}.")
        else:
            found.append(prefix + name)
    return found


def changed(key: str, value: Any) -> Recipe:
    """The default recipe with one other value."""
    section, _, name = key.rpartition(".")
    return check_recipe("recipe.yaml", {section: {name: value}} if section else {name: value})


def versions(recipe: Recipe, folder: Path) -> dict[str, str]:
    """Every stage's code version."""
    return {stage.name: code_version(recipe, stage, folder) for stage in LINE}


def test_every_key_of_the_recipe_is_in_the_table() -> None:
    assert keys_of(Recipe) == list(CHANGES)


@pytest.mark.parametrize("key", [key for key, (value, _) in CHANGES.items() if value is not None])
def test_a_key_makes_stale_exactly_what_the_table_says(key: str, tmp_path: Path) -> None:
    (tmp_path / "taxonomy.json").write_text('{"A": {"B": {}}}')
    value, wanted = CHANGES[key]
    before, after = versions(Recipe(), tmp_path), versions(changed(key, value), tmp_path)
    assert changed(key, value) != Recipe()
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
