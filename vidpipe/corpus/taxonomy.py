"""The tree of content categories: FineVideo's, which ships with vidpipe, or one's own.

A taxonomy file is a nested JSON object whose empty objects are leaves. Placing a video in it:
`categories.py`.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path

from vidpipe.corpus.rows import detail_text, valid_text
from vidpipe.errors import RecipeError

MAX_TAXONOMY_BYTES = 4 * 2**20
MAX_LEVELS = 16


@dataclass(frozen=True, slots=True)
class Leaf:
    """One category. `name` as the file has it; `parent` the path above it; `label` names it alone.

    The parent of `Lifestyle / Food & Cooking / Food Reviews` is `Lifestyle/Food & Cooking`. The label is
    the name, or the whole path where the name stands more than once. A leaf at the top of the file is its
    own parent.
    """

    name: str
    parent: str
    label: str

    @property
    def path(self) -> str:
        """All names from the top of the tree, parted by slashes."""
        return self.name if self.parent == self.name else f"{self.parent}/{self.name}"


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Leaves in the order of their file."""

    leaves: tuple[Leaf, ...]

    @property
    def parents(self) -> tuple[str, ...]:
        """The paths that stand above leaves, each once, in the order of the file."""
        return tuple(dict.fromkeys(leaf.parent for leaf in self.leaves))

    def under(self, names: Iterable[str], *, setting: str = "taxonomy.discard") -> frozenset[str]:
        """The labels of all leaves that `names` mean: labels, names, paths of leaves, or paths above them.

        Raises:
            RecipeError: a name means nothing in this taxonomy.
        """
        return frozenset(label for name in names for label in self._meant(name, setting))

    def _meant(self, name: str, setting: str) -> list[str]:
        found = [
            leaf.label
            for leaf in self.leaves
            if name in (leaf.label, leaf.name, leaf.path) or f"{leaf.path}/".startswith(f"{name}/")
        ]
        if not found:
            known = [text for leaf in self.leaves for text in (leaf.name, leaf.path, leaf.parent)]
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise RecipeError(setting, detail_text(f"no category {name!r} in the taxonomy{hint}"))
        return found


def load_taxonomy(file: Path | None = None) -> Taxonomy:
    """The taxonomy of a file; without one, FineVideo's (126 leaves under 44 parents).

    Raises:
        RecipeError: the file cannot be read, is no JSON, or is no tree of named categories.
    """
    if file is None:
        text = files("vidpipe.corpus").joinpath("data", "content_taxonomy.json").read_text("utf-8")
        return parse_taxonomy(text, "content_taxonomy.json")
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_TAXONOMY_BYTES + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise _refuse(str(file), f"cannot be read: {error.strerror or 'input error'}") from error
    except UnicodeDecodeError as error:
        raise _refuse(str(file), "not UTF-8") from error
    if len(content) > MAX_TAXONOMY_BYTES:
        raise _refuse(str(file), f"larger than {MAX_TAXONOMY_BYTES} bytes")
    return parse_taxonomy(text, str(file))


def parse_taxonomy(text: str, name: str) -> Taxonomy:
    """The taxonomy that `text` holds; `name` stands in errors.

    Raises:
        RecipeError: no JSON, or no tree of named categories.
    """
    try:
        tree = json.loads(text, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        why = f"no JSON at line {error.lineno} column {error.colno}: {error.msg}"
        raise _refuse(name, why) from error
    except (ValueError, RecursionError) as error:
        raise _refuse(name, "no JSON that can be read") from error
    if not isinstance(tree, _Pairs) or not tree:
        raise _refuse(name, "a taxonomy is a JSON object of categories; empty objects are leaves")
    paths = list(_leaf_paths(tree, (), name))
    counts = Counter(path[-1] for path in paths)
    return Taxonomy(tuple(_leaf(path, is_unique=counts[path[-1]] == 1) for path in paths))


class _Pairs(list[tuple[str, object]]):
    """A JSON object with its repeated keys."""


def _leaf(path: tuple[str, ...], *, is_unique: bool) -> Leaf:
    parent = "/".join(path[:-1]) or path[-1]
    return Leaf(path[-1], parent, path[-1] if is_unique else "/".join(path))


def _leaf_paths(tree: _Pairs, above: tuple[str, ...], name: str) -> Iterator[tuple[str, ...]]:
    if len(above) >= MAX_LEVELS:
        raise _refuse(name, f"more than {MAX_LEVELS} levels")
    seen: set[str] = set()
    for key, value in tree:
        path = (*above, key)
        _check_name(key, seen, "/".join(path), name)
        seen.add(key)
        if not isinstance(value, _Pairs):
            raise _refuse(name, f"{'/'.join(path)}: expected an object, got {type(value).__name__}")
        if value:
            yield from _leaf_paths(value, path, name)
        else:
            yield path


def _check_name(key: str, seen: set[str], path: str, name: str) -> None:
    if not key.strip():
        raise _refuse(name, f"{path}: a category has no name")
    if "/" in key or not key.isprintable():
        raise _refuse(name, f"{path}: a name holds a slash or a control character")
    if key in seen:
        raise _refuse(name, f"{path}: stands twice")


def _refuse(name: str, why: str) -> RecipeError:
    return RecipeError(detail_text(valid_text(name)), detail_text(valid_text(why)))
