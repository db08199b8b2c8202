"""Writing a recipe for people: every key with its meaning beside it."""

import textwrap
from typing import Any

import yaml
from pydantic import BaseModel

from vidpipe.recipe.schema import Recipe
from vidpipe.recipe.sections import Section

_HEAD = "Everything that changes the data stands here. `vidpipe status` tells what a change makes stale."


def recipe_text(recipe: Recipe) -> str:
    """The recipe as commented YAML; reading it gives the same recipe."""
    lines = [f"# {_HEAD}"]
    for name, field in Recipe.model_fields.items():
        value = getattr(recipe, name)
        if isinstance(value, Section):
            lines += ["", f"{name}:  # {(type(value).__doc__ or '').strip()}"]
            lines += _fields(value)
        else:
            lines += _entry(name, value, field.description or "", "")
    return "\n".join(lines) + "\n"


def _fields(section: BaseModel) -> list[str]:
    lines: list[str] = []
    for name, field in type(section).model_fields.items():
        lines += _entry(name, getattr(section, name), field.description or "", "  ")
    return lines


def _entry(name: str, value: Any, description: str, indent: str) -> list[str]:
    plain = [_plain(one) for one in value] if isinstance(value, tuple) else value
    comments = textwrap.wrap(
        description, 100, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ", break_on_hyphens=False
    )
    return [*comments, f"{indent}{name}: {_plain_text(plain)}"]


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _plain_text(value: Any) -> str:
    """The value on one line of YAML; escaped where YAML would not read the characters back, as with U+0085."""
    text = ""
    for allow_unicode in (True, False):
        text = yaml.safe_dump([value], default_flow_style=True, allow_unicode=allow_unicode, width=10**9).strip()
        if yaml.safe_load(text) == [value]:
            break
    return text[1:-1]
