"""The composition root: which assets, which resources, which jobs.

Loading it reads the recipe and writes nothing; what a run needs is opened by `vidpipe.opening`. Without a project the
definitions load with the default recipe, and runs fail with one clear line.
"""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg

from assets.alignment import aligned_metadata
from assets.annotations import annotation_requests, video_annotations
from assets.batch import EXECUTOR, Settle
from assets.batch_jobs import batch_jobs
from assets.catalogue import catalogue
from assets.categories import taxonomy_categories
from assets.checks import checks_of
from assets.datasets import episode_dataset, scene_dataset, segment_dataset
from assets.dynamism import dynamic_videos
from assets.overview import LEDGER, ledger_of
from assets.partitions import LineAsset
from assets.proxies import annotation_proxy
from assets.queries import episode_queries, segment_queries
from assets.segments import segment_clips
from assets.selection import selected_videos, selection
from assets.shots import shots
from assets.signals import video_signals
from assets.uploads import hf_upload
from assets.videos import raw_videos
from vidpipe.asking.services import service_of
from vidpipe.errors import RecipeError
from vidpipe.opening import open_hub, open_project, open_services
from vidpipe.ports import Project
from vidpipe.recipe.fingerprints import line_of
from vidpipe.recipe.line import LINE
from vidpipe.recipe.loading import read_recipe
from vidpipe.recipe.schema import Recipe
from vidpipe.recipe.stages import Line

Opened = TypeVar("Opened")

ASSETS: tuple[LineAsset, ...] = (
    catalogue,
    raw_videos,
    dynamic_videos,
    taxonomy_categories,
    selection,
    selected_videos,
    video_signals,
    shots,
    segment_clips,
    segment_queries,
    annotation_proxy,
    episode_queries,
    annotation_requests,
    video_annotations,
    aligned_metadata,
    scene_dataset,
    segment_dataset,
    episode_dataset,
    hf_upload,
)
CURATE = tuple(stage.name for stage in LINE if stage.group == "curation")


def project_folder() -> Path | None:
    """The project that VIDPIPE_PROJECT names, or the current folder if it is one; else None."""
    named = os.environ.get("VIDPIPE_PROJECT")
    folder = Path(named) if named else Path.cwd()
    return folder.absolute() if named or (folder / "recipe.yaml").is_file() else None


def build_definitions(folder: Path | None = None, **overrides: Any) -> dg.Definitions:
    """The code location of a project; `overrides` replace resources by key.

    Raises:
        RecipeError: the project's recipe cannot be used.
    """
    recipe = read_recipe(folder / "recipe.yaml") if folder and (folder / "recipe.yaml").is_file() else Recipe()
    line = line_of(recipe, folder or Path.cwd())
    curated, produced = _jobs(line)
    resources: dict[str, Any] = {"settle": Settle(), "project": _project_resource(folder)}
    resources |= {name: _service_resource(folder, name) for name in ("gemini", "llm")}
    resources |= {"hub": _hub_resource(folder)} | overrides
    used = [asset for asset in ASSETS if asset.name in line]
    size = recipe.batch_size
    return dg.Definitions(
        assets=[*(a.of(line, batch_size=size, pool=service_of(recipe, a.name)) for a in used), ledger_of(line)],
        asset_checks=checks_of(line, by_model=recipe.annotation.annotator != "offline"),
        resources=resources,
        jobs=[
            dg.define_asset_job("curate", dg.AssetSelection.assets(*curated).without_checks()),
            dg.define_asset_job("produce", dg.AssetSelection.assets(*produced).without_checks()),
            *_publishing(line),
            dg.define_asset_job("check", dg.AssetSelection.all_asset_checks()),
        ],
        sensors=[batch_jobs] if recipe.annotation.asks_batches else [],
        executor=EXECUTOR,
    )


def _jobs(line: Line) -> tuple[list[str], list[str]]:
    """The assets over the set `video`, and the others that a run makes."""
    produced = [stage.name for stage in line.stages if stage.name not in CURATE and not stage.command]
    return [n for n in line.names if n in CURATE], [*produced, LEDGER]


def _publishing(line: Line) -> list[Any]:
    """The job that publishes, where the recipe says where to."""
    asked = [stage.name for stage in line.stages if stage.command]
    return [dg.define_asset_job("publish", dg.AssetSelection.assets(*asked).without_checks())] if asked else []


def _project_resource(folder: Path | None) -> dg.ResourceDefinition:
    def opened(context: dg.InitResourceContext) -> Project:
        project = _opened(folder, open_project)
        if context.run is not None:
            project.purse.run_ids.add(context.run.run_id)
        return project

    return dg.ResourceDefinition(opened, description="The project: recipe, store, ledger, workers.")


def _service_resource(folder: Path | None, name: str) -> dg.ResourceDefinition:
    what = f"The service {name}, or what it lacks to be asked."
    return dg.ResourceDefinition(lambda _context: _opened(folder, open_services)[name], description=what)


def _hub_resource(folder: Path | None) -> dg.ResourceDefinition:
    what = "The Hub that HF_ENDPOINT names, or what it lacks to be asked."
    return dg.ResourceDefinition(lambda _context: _opened(folder, open_hub), description=what)


def _opened(folder: Path | None, opening: Callable[[Path], Opened]) -> Opened:
    try:
        if folder is None:
            raise RecipeError("VIDPIPE_PROJECT", "names no project; set it to a folder that `vidpipe init` made")
        return opening(folder)
    except RecipeError as error:
        raise dg.Failure(f"vidpipe: {error}", allow_retries=False) from None


_built = cache(build_definitions)
defs = _built(project_folder())


def job(name: str) -> dg.JobDefinition:
    """One of the jobs of the project that the environment names now: curate, produce, publish or check."""
    return _built(project_folder()).resolve_job_def(name)


def curate() -> dg.JobDefinition:
    """The job over the set `video`."""
    return job("curate")


def produce() -> dg.JobDefinition:
    """The job over the set `selected`."""
    return job("produce")


def publish() -> dg.JobDefinition:
    """The job that publishes; without what `vidpipe publish` tells it, it does nothing."""
    return job("publish")


def check() -> dg.JobDefinition:
    """The job of all asset checks."""
    return job("check")
