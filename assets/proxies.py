"""What a model is shown of each video: few frames with the sound, the source itself, or its public page."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg

from assets.batch import each_video
from assets.partitions import in_line
from assets.reading import catalogue_row
from assets.videos import limits_of
from vidpipe import keys
from vidpipe.annotation import shown
from vidpipe.batch import Work
from vidpipe.corpus.youtube import watch_page
from vidpipe.inputs import Inputs
from vidpipe.media.proxy import Proxy, make_proxy
from vidpipe.ports import Project
from vidpipe.records import Outcome
from vidpipe.workers.processes import Task


@in_line("annotation_proxy")
def annotation_proxy(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> Iterator[Any]:
    """What the annotator's model is shown: the frames that it looks at, each at its own time, and the sound.

    The source itself where that is smaller; its page at YouTube where the recipe says so and the row names one.
    """
    yield from each_video(context, project, WORK)


def _show(inputs: Inputs) -> Task | Outcome:
    recipe = inputs.project.recipe.annotation
    page = watch_page(catalogue_row(inputs)["url"]) if recipe.by_url else None
    if page is not None:
        return _without_file(inputs, shown.page_value(page))
    if not recipe.proxy:
        return _without_file(inputs, shown.source_value(_facts(inputs), "the recipe says so"))
    work = partial(
        make_proxy,
        target=inputs.scratch() / "proxy.mp4",
        limits=limits_of(inputs.project),
        settings=shown.proxy_settings(recipe),
    )
    return Task(inputs.key, work, inputs.video_file())


def _keep(inputs: Inputs, made: Proxy) -> Outcome:
    facts, settings = _facts(inputs), shown.proxy_settings(inputs.project.recipe.annotation)
    reason = shown.why_not_the_source(facts, settings)
    if reason is None and made.bytes >= facts["bytes"]:
        return _without_file(inputs, shown.source_value(facts, "a proxy would be larger"))
    stored = inputs.project.store.put_file(keys.proxy(inputs.key), Path(made.file))
    value = shown.proxy_value(made, settings, version=inputs.stage.version, reason=reason or "smaller than the source")
    return Outcome("ok", value=value, where={"media": stored.key, "bytes": {stored.key: stored.n_bytes}})


def _without_file(inputs: Inputs, value: dict[str, Any]) -> Outcome:
    """Where no proxy is shown, none is left from when one was."""
    inputs.project.store.delete(keys.proxy(inputs.key))
    return Outcome("ok", value=value)


def _facts(inputs: Inputs) -> dict[str, Any]:
    return dict(inputs.record("raw_videos").value)


WORK = Work(_show, _keep)
"""What becomes of one video here."""
