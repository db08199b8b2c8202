"""When does a stage have to run again? When its algorithm, or a setting that it reads, has changed."""

import hashlib
import json
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from vidpipe.errors import RecipeError
from vidpipe.recipe.line import LINE
from vidpipe.recipe.schema import Recipe
from vidpipe.recipe.stages import Line, Stage, stages_of

CATEGORISE = "categorise"
"""The prompt that categorising reads, by the name of its file; an annotation's prompts have the names of its calls."""

_DIGITS = 16


def fingerprint(recipe: Recipe, stage: Stage, folder: Path) -> str:
    """16 hex digits over the resolved settings that the stage declares to read.

    Raises:
        RecipeError: a file that one names cannot be read.
    """
    return hashlib.sha256(settings_text(recipe, stage, folder).encode()).hexdigest()[:_DIGITS]


def settings_text(recipe: Recipe, stage: Stage, folder: Path) -> str:
    """The resolved settings that the stage declares to read, as JSON by dotted key; the same for the same settings.

    A setting that names a file stands for the file's content, so that moving it changes nothing. Relative names
    count from `folder`.

    Raises:
        RecipeError: such a file cannot be read.
    """
    values: dict[str, Any] = {key: _plain(attrgetter(key)(recipe)) for key in stage.recipe}
    if "taxonomy.read" in values and recipe.taxonomy.file:
        values["taxonomy.read"]["file"] = _content(folder / recipe.taxonomy.file, "taxonomy.file: ")
    values |= {f"prompts/{name}": text for name, text in _prompts(recipe, stage, folder)}
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _prompts(recipe: Recipe, stage: Stage, folder: Path) -> Iterator[tuple[str, str]]:
    """The project's own prompts that a stage's models read, by name; a built-in one belongs to the stage's version."""
    names: tuple[str, ...] = ()
    if stage.name in ("annotation_requests", "video_annotations") and recipe.annotation.annotator != "offline":
        names = tuple(call.name for call in recipe.annotation.asked_calls)
    elif stage.name in recipe.query_stages and recipe.annotation.annotator != "offline":
        names = (stage.name,)
    elif stage.name == "taxonomy_categories" and recipe.taxonomy.categoriser != "offline":
        names = (CATEGORISE,)
    for name in names:
        path = folder / "prompts" / f"{name}.md"
        if path.is_file():
            yield name, _content(path, "")


def code_version(recipe: Recipe, stage: Stage, folder: Path) -> str:
    """The stage's algorithm version, `+`, and the fingerprint of what it reads of the recipe."""
    return f"{stage.version}+{fingerprint(recipe, stage, folder)}"


def line_of(recipe: Recipe, folder: Path) -> Line:
    """The stages that the recipe uses, and their versions.

    Raises:
        RecipeError: a file that it names cannot be read.
    """
    stages = stages_of(recipe, LINE)
    return Line(stages, {stage.name: code_version(recipe, stage, folder) for stage in stages})


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _content(path: Path, key: str) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RecipeError(f"{key}{path}", "cannot be read") from error
