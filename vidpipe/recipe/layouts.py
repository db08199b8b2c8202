"""Reading series and episode from where a file lies (`--layout '{series}/{episode}'`); text alone."""

import re
from dataclasses import dataclass

from vidpipe.errors import RecipeError

FIELDS = ("series", "episode")
_FIELD = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Layout:
    """A parsed pattern; make it with `parse_layout`."""

    pattern: str
    expression: re.Pattern[str]

    def read(self, relative: str) -> tuple[str | None, str | None]:
        """Series and episode of a relative path without suffix; (None, None) where it does not match."""
        match = self.expression.fullmatch(relative)
        if match is None:
            return None, None
        found = match.groupdict()
        return found.get("series"), found.get("episode")


def parse_layout(pattern: str) -> Layout:
    """The layout that `pattern` describes: text with `{series}` and `{episode}`, each at most once.

    A field takes at least one character and never a `/`; the earlier field takes as much as it can.

    Raises:
        RecipeError: an unknown or repeated field, no field at all, stray braces, or two fields with nothing
        between.
    """
    names = _FIELD.findall(pattern)
    literals = _FIELD.split(pattern)[::2]
    _check(pattern, names, literals)
    expression = re.escape(literals[0])
    for name, literal in zip(names, literals[1:], strict=True):
        expression += f"(?P<{name}>[^/]+){re.escape(literal)}"
    return Layout(pattern, re.compile(expression, re.DOTALL))


def _check(pattern: str, names: list[str], literals: list[str]) -> None:
    unknown = next((name for name in names if name not in FIELDS), None)
    if unknown is not None:
        raise RecipeError("layout", f"unknown field {{{unknown}}} in {pattern!r}; use {{series}} and {{episode}}")
    if any("{" in literal or "}" in literal for literal in literals):
        raise RecipeError("layout", f"a brace is not closed in {pattern!r}")
    if not names:
        raise RecipeError("layout", f"no field in {pattern!r}; use {{series}} and {{episode}}")
    if len(set(names)) < len(names):
        raise RecipeError("layout", f"a field stands twice in {pattern!r}")
    if "" in literals[1:-1]:
        raise RecipeError("layout", f"put something between the fields of {pattern!r}")
