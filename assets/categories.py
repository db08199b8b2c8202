"""What each video is about: one leaf of the taxonomy."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.batch import each_video
from assets.model_categories import ModelCategoriser, settled
from assets.partitions import in_line
from assets.reading import best_cues, catalogue_row
from vidpipe.batch import Work
from vidpipe.corpus.captions import plain_text
from vidpipe.corpus.categories import categorise
from vidpipe.corpus.taxonomy import load_taxonomy
from vidpipe.inputs import Inputs
from vidpipe.ports import Project, Service
from vidpipe.records import Outcome


@in_line("taxonomy_categories")
def taxonomy_categories(
    context: dg.AssetExecutionContext,
    project: dg.ResourceParam[Project],
    llm: dg.ResourceParam[Service],
    gemini: dg.ResourceParam[Service],
) -> Iterator[Any]:
    """One category per video, from title, description and captions: by their words, or chosen by a language model.

    A video without words that fit has no category and stays. Leaves that the recipe discards drop the video.
    """
    services = {"llm": llm, "gemini": gemini}
    if (service := services.get(project.recipe.taxonomy.categoriser)) is None:
        work = WORK
    else:
        work = Work(ModelCategoriser.of(project, service, context.run.run_id), n_threads=service.at_once)
    yield from each_video(context, project, work)


def _categorise(inputs: Inputs) -> Outcome:
    settings = inputs.project.recipe.taxonomy
    row = catalogue_row(inputs)
    taxonomy = load_taxonomy(inputs.project.folder / settings.file if settings.file else None)
    captions = plain_text(best_cues(inputs) or ())
    found = categorise(taxonomy, title=row["title"], description=row["description"], captions=captions)
    return settled(found, settings.discard, "offline")


WORK = Work(_categorise)
"""What becomes of one video here, where no model is asked."""
