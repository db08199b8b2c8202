"""When does a stage have to run again? When its algorithm, or a setting that it reads, has changed."""

import hashlib
import json
from operator import attrgetter
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from vidpipe.errors import RecipeError
from vidpipe.recipe.line import Stage
from vidpipe.recipe.schema import Recipe

_DIGITS = 16


def fingerprint(recipe: Recipe, stage: Stage, folder: Path) -> str:
    """16 hex digits over the resolved settings that the stage declares to read.

    A setting that names a file stands for the file's content, so that moving it changes nothing. Relative names
    count from `folder`.

    Raises:
        RecipeError: such a file cannot be read.
    """
    values: dict[str, Any] = {key: _plain(attrgetter(key)(recipe)) for key in stage.recipe}
    if "taxonomy" in values and recipe.taxonomy.file:
        values["taxonomy"]["file"] = _content(folder / recipe.taxonomy.file)
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def code_version(recipe: Recipe, stage: Stage, folder: Path) -> str:
    """The stage's algorithm version, `+`, and the fingerprint of what it reads of the recipe."""
    return f"{stage.version}+{fingerprint(recipe, stage, folder)}"


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RecipeError(f"taxonomy.file: {path}", "cannot be read") from error
