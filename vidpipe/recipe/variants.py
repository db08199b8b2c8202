"""Variants of a recipe: the same project with another model, another prompt, other settings of asking.

What belongs here: reading what a person writes, `NAME:KEY=VALUE`, into variants. Not here: what becomes of them. Only
what is asked can vary: keys of `annotation`, and a folder with prompts that take the place of the project's. Variants
are asked at once: they put nothing into batch jobs, whatever the recipe says.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidpipe.errors import RecipeError
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.parsing import parse_yaml
from vidpipe.recipe.schema import Recipe

AS_IT_STANDS = "project"
"""The name of the first variant: the project, unchanged."""
MOST = 12
"""More variants than that cannot be looked at side by side."""
_SECTION, _PROMPTS, _BATCH = "annotation", "prompts", "annotation.batch"
_NAME = re.compile(r"[^\s:=,][^:=,\n]{0,39}")
_FORM = "write NAME:KEY=VALUE, e.g. fast:annotation.fps=0.5, or NAME:prompts=FOLDER"


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to ask. `changes` are the keys that differ from the project's, as they were written.

    `prompts`: a folder whose prompts stand in for the project's of the same name; None: the project's alone.
    """

    name: str
    recipe: Recipe
    changes: Mapping[str, str] = field(default_factory=dict)
    prompts: Path | None = None


def variants_of(recipe: Recipe, wanted: Iterable[str]) -> tuple[Variant, ...]:
    """The project as it stands, then a variant for each name in `wanted`, in the order in which they come.

    The recipes are the project's but for what is wanted, and none of them asks in batches: that is in no question's
    address, so that a run that does finds the same answers.

    Each of `wanted` is `NAME:KEY=VALUE` and sets one key, in YAML's way; those of one name make one variant.
    `annotation.` before a key may be left out.

    Raises:
        RecipeError: one is written otherwise, a key or value that no recipe has, no such folder, or too many names.
    """
    changes: dict[str, dict[str, str]] = {}
    for text in wanted:
        name, key, value = _parted(text)
        if key in changes.setdefault(name, {}):
            raise RecipeError(f"--variant {name}", f"{key} is given twice")
        changes[name][key] = value
    if len(changes) >= MOST:
        raise RecipeError("--variant", f"{len(changes)} variants beside the project; {MOST - 1} at most")
    at_once = _at_once(recipe)
    return (Variant(AS_IT_STANDS, at_once), *(_variant(at_once, name, told) for name, told in changes.items()))


def _at_once(recipe: Recipe) -> Recipe:
    if not recipe.annotation.batch:
        return recipe
    return recipe.model_copy(update={"annotation": recipe.annotation.model_copy(update={"batch": False})})


def _parted(text: str) -> tuple[str, str, str]:
    name, colon, rest = text.partition(":")
    key, equals, value = rest.partition("=")
    if not (colon and equals and _NAME.fullmatch(name) and key.strip() and value.strip()):
        raise RecipeError(f"--variant {text[:60]!r}", _FORM)
    name, key = name.strip(), key.strip()
    if name == AS_IT_STANDS:
        raise RecipeError(f"--variant {name}", "that is the project as it stands, which is always tried first")
    return name, key if key == _PROMPTS else _full(name, key), value.strip()


def _full(name: str, key: str) -> str:
    """The key with its section.

    Raises:
        RecipeError: it is none that a variant may change.
    """
    is_full = key.startswith(f"{_SECTION}.")
    if "." in key and not is_full:
        raise RecipeError(f"--variant {name}", f"{key}: a variant can change keys of annotation, and prompts, alone")
    full = key if is_full else f"{_SECTION}.{key}"
    if full == _BATCH:
        raise RecipeError(
            f"--variant {name}", f"{_BATCH} cannot vary: variants are asked at once, for the same answers"
        )
    return full


def _variant(recipe: Recipe, name: str, told: Mapping[str, str]) -> Variant:
    where = f"--variant {name}"
    raw = recipe.model_dump(mode="json", exclude_unset=True)
    folder = Path(os.path.expanduser(told[_PROMPTS])) if _PROMPTS in told else None  # noqa: PTH111 as users are known
    if folder is not None and not os.path.isdir(folder):  # noqa: PTH112 answers False to names that are too long
        raise RecipeError(where, f"prompts: there is no folder {told[_PROMPTS]!r}")
    for key, text in told.items():
        if key != _PROMPTS:
            _put(raw, key.split("."), parse_yaml(f"{where}: {key}", f"value: {text}")["value"], where=f"{where}: {key}")
    return Variant(name, check_recipe(where, raw), dict(told), folder)


def _put(raw: dict[str, Any], path: list[str], value: Any, *, where: str) -> None:
    for part in path[:-1]:
        raw = raw.setdefault(part, {})
        if not isinstance(raw, dict):
            raise RecipeError(where, "unknown key")
    raw[path[-1]] = value
