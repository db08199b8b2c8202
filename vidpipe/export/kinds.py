"""The kinds of datasets that there are.

What belongs here: which recipe gives which, and what their rows are. Not here: how a row is made (`rows`).
"""

from collections.abc import Mapping

from vidpipe.export.finevideo import FineVideoRecord
from vidpipe.export.retrieval import Level, kind_of
from vidpipe.export.target import DatasetKind
from vidpipe.recipe.line import DATASETS
from vidpipe.recipe.query_section import Queries
from vidpipe.recipe.schema import Recipe

SCENES = DatasetKind("scenes", FineVideoRecord, "videos", has_shards=True)


def query_fields(recipe: Recipe, level: Level) -> tuple[str, ...]:
    """The fields of a level's queries, in order; the published ones where none are written."""
    return (recipe.queries or Queries()).names(level)


def kind_for(recipe: Recipe, stage: str) -> DatasetKind:
    """The dataset that a stage makes.

    Raises:
        KeyError: the stage makes none.
    """
    levels: Mapping[str, Level] = {"segments": "segment", "episodes": "episode"}
    level = levels.get(DATASETS[stage])
    return SCENES if level is None else kind_of(level, recipe.publishing.layout, query_fields(recipe, level))
