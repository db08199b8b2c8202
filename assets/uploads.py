"""The release that readers of a Hub see: made by `vidpipe publish`, and by nothing else."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from assets.partitions import in_line
from assets.tables import table_result
from vidpipe.errors import CredentialError, RecipeError
from vidpipe.export.last_published import note_published
from vidpipe.export.publishing import Published, Publisher, Terms
from vidpipe.export.release_gate import check, datasets_of, folder_of, release_of, undisturbed
from vidpipe.export.space_publishing import space_publisher
from vidpipe.ports import Project
from vidpipe.recipe.line import DATASETS
from vidpipe.records import Record
from vidpipe.repositories import Hub
from vidpipe.tables import Made

PROGRESS = logging.getLogger(__name__)
PUBLISH_TAG = "vidpipe/publish"
"""The tag of a run that may publish; nobody sets it by accident."""


@in_line("hf_upload")
def hf_upload(
    context: dg.AssetExecutionContext, project: dg.ResourceParam[Project], hub: dg.ResourceParam[Hub]
) -> Iterator[dg.MaterializeResult[Any]]:
    """The datasets as readers of the Hub see them: each release comes at once, by a pull request that is merged.

    Only `vidpipe publish` makes it. In any other run, such as one of Materialize all, it does nothing and says so.
    """
    if PUBLISH_TAG not in context.run.tags:
        context.log.warning("Nothing is published: only `vidpipe publish` does that.")
        return

    def say(text: str) -> None:
        context.log.info(text)
        PROGRESS.info(text)  # for whoever waits at a terminal

    with undisturbed(project):
        result = table_result(context, project, partial(upload, hub=hub, say=say), show=addresses)
    yield result


def addresses(_project: Project, record: Record) -> dict[str, Any]:
    """Where readers find each dataset and Space, and the tag of the release."""
    found: dict[str, Any] = {}
    for what in ("datasets", "spaces"):
        for name, told in record.value.get(what, {}).items():
            title = name if what == "datasets" else f"{name} explorer"
            found |= {title: dg.MetadataValue.url(told["url"]), f"{title} tag": told["release"]}
    return found


def upload(project: Project, *, hub: Hub, say: Callable[[str], None]) -> Made:
    """Publish every dataset in use, then their Spaces if wanted, and say which commit of which repository holds each.

    Raises:
        RecipeError: something of it must not be published.
        ServiceError: the Hub does not take it.
    """
    check(project)
    if hub.datasets is None:
        raise CredentialError("hub", hub.lacks)
    snapshot, publishing = project.ledger.snapshot([]), project.recipe.publishing
    told: dict[str, Published] = {}
    inputs = {}
    for stage in datasets_of(project.line()):
        name, entry = DATASETS[stage.name], snapshot.entry(stage.name, "")
        folder, terms = (
            folder_of(project, stage.name),
            Terms(release_of(project, stage.name), private=publishing.private),
        )
        publisher = Publisher(hub.datasets, folder, str(publishing.repo_of(name)), terms, say)
        inputs[stage.name] = entry.data_version if entry is not None else ""
        if publisher.has_nothing():
            say(f"{name}: there is nothing in it")
            continue
        told[name] = publisher.publish()
        note_published(folder, terms.release)
    if not told:
        raise RecipeError("publishing.repo", "there is nothing in any dataset")
    shown = _spaces(project, hub, told, say) if publishing.space else {}
    return _made(told, shown, inputs)


def _spaces(
    project: Project, hub: Hub, datasets: Mapping[str, Published], say: Callable[[str], None]
) -> dict[str, Published]:
    """Publish the Space of each dataset, once all of these are published."""
    if hub.spaces is None:
        raise CredentialError("hub", hub.lacks)
    found = {}
    for stage in datasets_of(project.line()):
        name = DATASETS[stage.name]
        if name in datasets:
            found[name] = space_publisher(hub.spaces, folder_of(project, stage.name), datasets[name], say).publish()
    return found


def _made(datasets: Mapping[str, Published], spaces: Mapping[str, Published], inputs: Mapping[str, str]) -> Made:
    """A row for each dataset and each Space, and what is told of them all."""
    rows = pl.DataFrame([{"dataset": name, **asdict(one)} for name, one in (*datasets.items(), *spaces.items())])
    told = {"datasets": {name: asdict(one) for name, one in datasets.items()}}
    if spaces:
        told["spaces"] = {name: asdict(one) for name, one in spaces.items()}
    sums = {f"n_{what}": int(rows[f"n_{what}"].sum()) for what in ("sent", "bytes", "deleted")}
    return Made(rows, {}, {**sums, **told}, inputs=inputs)
