"""Checking a recipe: a mapping in, a validated recipe or one clear line out. YAML itself: `parsing`."""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from vidpipe.errors import RecipeError
from vidpipe.recipe.layouts import parse_layout
from vidpipe.recipe.parsing import parse_yaml, read_yaml
from vidpipe.recipe.schema import Recipe
from vidpipe.recipe.sections import Section

# Keys and values of the public contract that this version does not have yet: refused with these words.
_LATER = "not available in this version"
_LATER_KEYS = frozenset(
    {f"download.{name}" for name in ("max_height", "first_s", "captions")}
    | {f"selection.{name}" for name in ("target_hours", "seed", "sticky")}
)
_LATER_VALUES = ("default", "oracle", "balanced")
_NEEDS = {
    "float_type": "need a number",
    "int_type": "need a whole number",
    "int_from_float": "need a whole number",
    "bool_type": "need true or false",
    "string_type": "need text (in quotes where it looks like something else)",
    "model_type": "need keys with values below it",
}


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


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file.

    Raises:
        RecipeError: unreadable, not UTF-8, not YAML, or a key or value that no recipe has.
    """
    return check_recipe(path.name, read_yaml(path))


def check_recipe(where: str, raw: dict[str, Any]) -> Recipe:
    """The recipe that a mapping describes.

    Raises:
        RecipeError: the first key or value that no recipe has, with the nearest key there is.
    """
    try:
        recipe = Recipe.model_validate(raw)
        if recipe.layout is not None:
            parse_layout(recipe.layout)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise RecipeError(f"{where}: {path}" if path else where, _why(dict(first))) from error
    except RecipeError as error:
        raise RecipeError(f"{where}: {error.path}", error.why) from error
    return recipe


def _why(error: Mapping[str, Any]) -> str:
    kind, value = error["type"], error.get("input")
    if kind == "extra_forbidden":
        return _unknown_key(error["loc"])
    if kind == "literal_error" and value in _LATER_VALUES:
        return f"{value} is {_LATER}; have {error['ctx']['expected']}"
    if kind == "tuple_type":
        is_plain = isinstance(value, str) and re.fullmatch(r"[\w./~-]{1,60}", value)
        return f"need a list, e.g. [{value if is_plain else 'one, two'}]"
    what = _NEEDS.get(kind, error["msg"].removeprefix("Value error, "))
    section = _model_at(error["loc"]) if kind == "value_error" else None
    if section is not None and isinstance(value, dict):
        return f"{what}, got {_values(section, value, what)}"
    return f"{what}, got {_shown(value)}"


def _values(model: type[Section], given: Mapping[str, Any], message: str) -> str:
    """The keys of a section that a message is about, with what they are."""
    about = [name for name in model.model_fields if re.search(rf"\b{name}\b", message)]
    return ", ".join(f"{name} {_shown(given.get(name, model.model_fields[name].default))}" for name in about)


def _shown(value: object) -> str:
    """A value as it would stand in YAML, in short."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "keys with values"
    return json.dumps(value, default=str, ensure_ascii=False)[:60]


def _model_at(loc: Sequence[int | str]) -> type[Section] | None:
    """The section at a place, which may be there or not; None where a value stands."""
    model: type[Section] | None = Recipe
    for part in loc:
        if model is None:
            return None
        if isinstance(part, str):  # a number is a place in a list of sections
            model = _section_in(model.model_fields[part].annotation)
    return model


def _section_in(kind: Any) -> type[Section] | None:
    """The section among the kinds of value that a key can have."""
    if isinstance(kind, type) and issubclass(kind, Section):
        return kind
    return next((found for one in get_args(kind) if (found := _section_in(one)) is not None), None)


def _unknown_key(loc: tuple[int | str, ...]) -> str:
    section = _model_at(loc[:-1])
    fields = section.model_fields if section is not None else {}
    name = str(loc[-1])
    if ".".join(str(part) for part in loc) in _LATER_KEYS:
        return _LATER
    near = difflib.get_close_matches(name, fields, n=1, cutoff=0.0)
    return f"unknown key; did you mean {near[0]}?" if near else "unknown key"
