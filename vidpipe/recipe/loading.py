"""Reading a recipe: YAML in, a validated recipe or one clear line out."""

import difflib
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from vidpipe.errors import RecipeError
from vidpipe.recipe.schema import Recipe

# Keys and values of the public contract that this version does not have yet: refused with these words.
_LATER = "not available in this version"
_LATER_KEYS = frozenset(
    {"budget_usd", "publishing", "queries", "shots.mode"}
    | {f"download.{name}" for name in ("max_height", "first_s", "captions")}
    | {f"selection.{name}" for name in ("target_hours", "seed", "sticky")}
    | {f"annotation.{name}" for name in ("mode", "model", "fps", "media_resolution", "proxy", "inline_below_bytes")}
    | {f"annotation.{name}" for name in ("burn_time", "max_duration_s", "min_quality", "canaries", "calls")}
)
_LATER_VALUES = ("default", "gemini", "llm", "oracle", "balanced", "copy", "smart")


def builtin_names() -> list[str]:
    """Names of the recipes that come with vidpipe."""
    return sorted(p.name.removesuffix(".yaml") for p in files("vidpipe.recipe").joinpath("builtin").iterdir())


def builtin(name: str) -> dict[str, Any]:
    """The settings of a built-in recipe that differ from the defaults.

    Raises:
        RecipeError: there is no recipe of that name.
    """
    if name not in builtin_names():
        raise RecipeError("--recipe", f"no recipe {name!r}; there are {', '.join(builtin_names())}, or give a file")
    text = files("vidpipe.recipe").joinpath("builtin", f"{name}.yaml").read_text(encoding="utf-8")
    return parse_yaml(f"recipe {name}", text)


def parse_yaml(where: str, text: str) -> dict[str, Any]:
    """The mapping in a YAML text.

    Raises:
        RecipeError: not YAML, or not a mapping.
    """
    try:
        raw = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date such as 2026-13-45 is a ValueError
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise RecipeError(f"{where}{line}", "not valid YAML") from error
    if not isinstance(raw, dict | None):
        raise RecipeError(where, "a recipe is a mapping of keys to values")
    return raw or {}


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file.

    Raises:
        RecipeError: unreadable, not YAML, or a key or value that no recipe has.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            str(path), "cannot be read; make a project with `vidpipe init DIR --source FOLDER`"
        ) from error
    return check_recipe(path.name, parse_yaml(path.name, text))


def check_recipe(where: str, raw: dict[str, Any]) -> Recipe:
    """The recipe that a mapping describes.

    Raises:
        RecipeError: the first key or value that no recipe has, with the nearest key there is.
    """
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            why = _unknown_key(first["loc"])
        elif first["type"] == "literal_error" and first["input"] in _LATER_VALUES:
            why = f"{first['input']} is {_LATER}; have {first['ctx']['expected']}"
        else:
            why = f"{first['msg'].removeprefix('Value error, ')}, got {str(first.get('input'))[:60]!r}"
        raise RecipeError(f"{where}: {path}", why) from error


def _unknown_key(loc: tuple[int | str, ...]) -> str:
    model: type[BaseModel] = Recipe
    for part in loc[:-1]:
        annotation = model.model_fields[str(part)].annotation
        assert isinstance(annotation, type)
        model = annotation
    name = str(loc[-1])
    if ".".join(str(part) for part in loc) in _LATER_KEYS:
        return _LATER
    near = difflib.get_close_matches(name, model.model_fields, n=1, cutoff=0.0)
    return f"unknown key; did you mean {near[0]}?" if near else "unknown key"
