"""What people would type who look for a segment of a video, or for all of it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import dagster as dg

from assets.batch import each_video
from assets.canaries import queries_with_canaries
from assets.model_queries import ModelQueries
from assets.partitions import in_line
from assets.query_subjects import pieces_of, watched
from vidpipe.annotation.offline_queries import queries_offline
from vidpipe.batch import Work
from vidpipe.inputs import Inputs
from vidpipe.ports import Project, Service
from vidpipe.recipe.query_section import Level, Queries
from vidpipe.records import Outcome


@in_line("segment_queries")
def segment_queries(
    context: dg.AssetExecutionContext, project: dg.ResourceParam[Project], gemini: dg.ResourceParam[Service]
) -> Iterator[Any]:
    """Search sentences for each segment: three for each of the recipe's five fields, by the recipe's annotator.

    A model sees each segment by itself, in a question of its own: of thirty segments the one that failed is asked about
    again, and no other. A segment that the model refuses stands there without queries, with the reason.
    """
    yield from _queries(context, project, gemini, "segment")


@in_line("episode_queries")
def episode_queries(
    context: dg.AssetExecutionContext, project: dg.ResourceParam[Project], gemini: dg.ResourceParam[Service]
) -> Iterator[Any]:
    """Search sentences for the whole video: three for each of the recipe's five fields, by the recipe's annotator.

    A model sees all of it in one question, at the recipe's rate: one frame in two seconds unless it says otherwise.
    """
    yield from _queries(context, project, gemini, "episode")


def _queries(context: dg.AssetExecutionContext, project: Project, gemini: Service, level: Level) -> Iterator[Any]:
    if project.recipe.annotation.annotator == "offline":
        yield from each_video(context, project, Work(partial(write_offline, level=level)))
        return
    with ThreadPoolExecutor(gemini.at_once, f"{level}_queries") as pool:
        asking = ModelQueries.of(project, gemini, context.run.run_id, level=level, pool=pool)
        asking = queries_with_canaries(project, asking)
        yield from each_video(context, project, Work(asking, n_threads=gemini.at_once))


def write_offline(inputs: Inputs, *, level: Level) -> Outcome:
    """Queries of what captions say and pixels and sound measure, labelled `offline`; always in English.

    Raises:
        StoreError, WaitingError: as they come.
    """
    seen, fields = watched(inputs), (inputs.project.recipe.queries or Queries()).names(level)
    pieces = [(piece, queries_offline(seen, piece.span, fields)) for piece in pieces_of(inputs, level)]
    value: dict[str, Any] = {"queries": pieces[0][1]}
    if level == "segment":
        entries = [{**piece.told, "outcome": "ok", "reason": None, "queries": said} for piece, said in pieces]
        value = {"segments": entries}
    return Outcome("ok", value={**value, "annotator": "offline", "language": "English"})
