"""Checking by what a card is loaded: its configs, the files that each names, and their columns.

What belongs here: judging the front matter of a card that anybody may have altered. Not here: writing it
(`front_matter`). How a file is named there, one by one or by a pattern, changes with versions, and is not asked for.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from vidpipe.errors import RecipeError
from vidpipe.export.checked import Checked
from vidpipe.export.columns import features_of
from vidpipe.export.foreign import mappings
from vidpipe.export.kinds import kind_for
from vidpipe.export.target import METADATA, WITHOUT_MEDIA
from vidpipe.recipe.parsing import parse_yaml

CARD = "README.md"
_FRONT = re.compile(r"---\r?\n(.*?)^---\r?$", re.DOTALL | re.MULTILINE)
_KEYS = {"config_name", "data_files", "metadata_filenames", "features", "default", "description"}
_FILE_COLUMNS = ("video", "file_name")


def front_matter_faults(card: str, checked: Checked) -> Iterator[str]:
    """Where a card loads something else than the rows that were checked."""
    front = _FRONT.match(card)
    try:
        there = parse_yaml(CARD, front[1] if front else "")
    except RecipeError:
        yield f"{CARD} has no front matter that can be read"
        return
    wanted = _rows_files(checked)
    for part in ("configs", "dataset_info"):
        if _names(there.get(part)) != list(wanted):
            yield f"{CARD} names other {part} than {', '.join(wanted) or 'none'}"
        if any(not _has_columns(one, checked) for one in mappings(there.get(part))):
            yield f"{CARD} names other columns in its {part} than the rows have"
    for config in mappings(there.get("configs")):
        name = str(config.get("config_name"))
        if name in wanted and not _loads(config, wanted[name]):
            yield f"{CARD} loads other files than {wanted[name]} and those in videos/ as {name}"


def _rows_files(checked: Checked) -> dict[str, str]:
    """The file of rows of each config, by its name."""
    n_media = sum(bool(row.file_name) for row in checked.rows)
    found = {"default": METADATA} if n_media else {}
    if n_media < len(checked.rows):
        found["without_media" if found else "default"] = WITHOUT_MEDIA
    return found


def _names(configs: object) -> list[object]:
    return [one.get("config_name") for one in mappings(configs)]


def _loads(config: Mapping[str, Any], rows: str) -> bool:
    splits = config.get("data_files")
    if not isinstance(splits, list) or len(splits) != 1 or not isinstance(splits[0], Mapping) or config.keys() - _KEYS:
        return False
    paths = splits[0].get("path")
    others = [path for path in paths if path != rows] if isinstance(paths, list) else [""]
    is_named = rows in paths if isinstance(paths, list) else False
    own = config.get("metadata_filenames", [rows])
    return is_named and own == [rows] and all(_is_video(path) and rows == METADATA for path in others)


def _is_video(path: object) -> bool:
    return isinstance(path, str) and path.startswith("videos/") and ".." not in path.split("/")


def _has_columns(config: Mapping[str, Any], checked: Checked) -> bool:
    """Whether the columns that a config names, if any, are those of the rows; nobody knows of another version's."""
    if "features" not in config or checked.rebuilding is None:
        return True
    kind = kind_for(checked.rebuilding.recipe, checked.rebuilding.stage)
    first, *rest = [one.get("name") for one in mappings(config["features"])] or [None]
    return first in _FILE_COLUMNS and rest == [one["name"] for one in features_of(kind.model)]
