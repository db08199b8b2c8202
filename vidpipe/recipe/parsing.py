"""From a recipe's text to a mapping: YAML in UTF-8 in which no key stands twice and no text holds a NUL.

What the keys mean: `schema`.
"""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from vidpipe.errors import RecipeError

_MOST_CHARS = 120


class _Loader(yaml.SafeLoader):
    """YAML's own safe loader, which would let the last of two equal keys win, and texts hold a NUL."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - as in the base
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in lines:
                problem = f"{key.value} stands twice, first in line {lines[key.value]}"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            lines[str(key.value)] = key.start_mark.line + 1
        return super().construct_mapping(node, deep)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        text = super().construct_scalar(node)
        if isinstance(text, str) and "\0" in text:  # which no path, address or database takes
            raise yaml.MarkedYAMLError(problem="a text holds a NUL", problem_mark=node.start_mark)
        return text


def parse_yaml(where: str, text: str) -> dict[str, Any]:
    """The mapping in a YAML text.

    Raises:
        RecipeError: not YAML, a key stands twice, a text holds a NUL, or not a mapping; names the line where that is
            known.
    """
    try:
        raw = yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date such as 2026-13-45 is a ValueError
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise RecipeError(f"{where}{line}", f"not valid YAML: {_why(error)}") from error
    if not isinstance(raw, dict | None):
        raise RecipeError(where, "a recipe is a mapping of keys to values")
    return raw or {}


def _why(error: Exception) -> str:
    """The cause in few words."""
    if isinstance(error, RecursionError):
        return "too deep"
    if isinstance(error, yaml.reader.ReaderError):
        return "a character that YAML does not allow"
    told = error.problem if isinstance(error, yaml.MarkedYAMLError) else str(error)
    line = "".join(char if char.isprintable() else " " for char in told or "cannot be parsed")
    return line if len(line) <= _MOST_CHARS else f"{line[:_MOST_CHARS]}…"


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        RecipeError: unreadable, not UTF-8, not YAML, a key stands twice, or not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise RecipeError(f"{path.name} line {line}", "is not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise RecipeError(
            str(path), "cannot be read; make a project with `vidpipe init DIR --source FOLDER`"
        ) from error
    return parse_yaml(path.name, text)
