"""Making a published row again from its video's document, column by column.

What belongs here: one row. Not here: digests (`chain_checks`), making the document's own values again (`vidpipe.cli`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from vidpipe.errors import RecipeError
from vidpipe.export.chain import MADE_BY
from vidpipe.export.kinds import query_fields
from vidpipe.export.rows import episode_row_of, scene_row_of, segment_row_of
from vidpipe.export.values import first_difference, in_short
from vidpipe.recipe.line import DATASETS
from vidpipe.recipe.schema import Recipe

_SEALS = ("provenance_sha256", "row_sha256", "file_name")
_STRANGE = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)


def dataset_stage(made_by: Mapping[str, Any]) -> str:
    """The stage that made a dataset.

    Raises:
        RecipeError: none did.
    """
    stages = made_by.get("stages")
    found = [name for name in DATASETS if isinstance(stages, dict) and name in stages]
    if len(found) != 1:
        raise RecipeError(MADE_BY, "names no stage that makes a dataset")
    return found[0]


def rebuilt_faults(row: Mapping[str, Any], document: Mapping[str, Any], *, stage: str, recipe: Recipe) -> Iterator[str]:
    """Where a row is not what its document makes, the first column alone; nothing here raises."""
    try:
        made = _row(row, document, stage, recipe)
    except _STRANGE as error:
        yield f"its provenance makes no row: {type(error).__name__}"
        return
    published, again = ({n: v for n, v in one.items() if n not in _SEALS} for one in (row, made))
    if (found := first_difference(published, again)) is not None:
        place, there, here = found
        yield f"{place} is {in_short(there)}, but its provenance makes {in_short(here)}"


def _row(row: Mapping[str, Any], document: Mapping[str, Any], stage: str, recipe: Recipe) -> dict[str, object]:
    layout = recipe.publishing.layout
    if stage == "scene_dataset":
        return scene_row_of(document)
    if stage == "episode_dataset":
        return episode_row_of(document, layout=layout, fields=query_fields(recipe, "episode"))
    fields = query_fields(recipe, "segment")
    return segment_row_of(document, row["segment_index"], sha256=row["sha256"], layout=layout, fields=fields)
