"""What each video is about: one leaf of the taxonomy."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.batch import each_video
from assets.partitions import per_video
from assets.reading import best_cues, catalogue_row
from vidpipe.batch import Work
from vidpipe.corpus.captions import plain_text
from vidpipe.corpus.categories import categorise
from vidpipe.corpus.taxonomy import load_taxonomy
from vidpipe.inputs import Inputs
from vidpipe.ports import Project
from vidpipe.records import Outcome


@per_video("taxonomy_categories")
def taxonomy_categories(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> Iterator[Any]:
    """One category per video, from the words of its title, description and captions.

    A video without words that fit has no category and stays. Leaves that the recipe discards drop the video.
    """
    yield from each_video(context, project, Work(_categorise))


def _categorise(inputs: Inputs) -> Outcome:
    settings = inputs.project.recipe.taxonomy
    row = catalogue_row(inputs)
    taxonomy = load_taxonomy(inputs.project.folder / settings.file if settings.file else None)
    captions = plain_text(best_cues(inputs) or ())
    found = categorise(taxonomy, title=row["title"], description=row["description"], captions=captions)
    if found is None:
        return Outcome("ok", value={"category": None, "parent": None, "score": None, "categoriser": "offline"})
    value = {"category": found.leaf, "parent": found.parent, "score": found.score, "categoriser": "offline"}
    if found.leaf in settings.discard or found.parent in settings.discard:
        return Outcome("dropped", "category is discarded", value)
    return Outcome("ok", value=value)
