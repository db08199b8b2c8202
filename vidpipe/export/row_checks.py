"""Making a published row again from its video's document, column by column.

What belongs here: one row. Not here: digests (`chain_checks`), making the document's own values again (`vidpipe.cli`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from vidpipe.errors import RecipeError
from vidpipe.export.chain import MADE_BY
from vidpipe.export.kinds import query_fields
from vidpipe.export.made_by import published_recipe
from vidpipe.export.rows import episode_row_of, scene_row_of, segment_row_of
from vidpipe.export.values import first_difference, in_short
from vidpipe.recipe.line import DATASETS, STAGES
from vidpipe.recipe.schema import Recipe

_SEALS = ("provenance_sha256", "row_sha256", "file_name")
_STRANGE = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """How the rows of a dataset are made again: the stage that made it, and its settings."""

    stage: str
    recipe: Recipe

    @classmethod
    def of(cls, made_by: Mapping[str, Any]) -> Self:
        """As `made_by.json` tells.

        Raises:
            RecipeError: it names no stage that makes a dataset, one of another version, or settings that are none.
        """
        stages = made_by.get("stages")
        found = [name for name in DATASETS if isinstance(stages, dict) and name in stages]
        if len(found) != 1:
            raise RecipeError(MADE_BY, "names no stage that makes a dataset")
        return cls(found[0], published_recipe(made_by))

    def is_current(self, made_by: Mapping[str, Any]) -> bool:
        """Whether the version of the stage that made the rows is the one that is here."""
        return str(made_by["stages"][self.stage]).partition("+")[0] == str(STAGES[self.stage].version)

    def faults(self, row: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
        """Where a row is not what its document makes, the first column alone; nothing here raises."""
        try:
            made = _row(row, document, self.stage, self.recipe)
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
