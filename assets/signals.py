"""One decode of each selected video: a compact row per frame, from which shots and scores follow without decoding."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg

from assets.batch import each_video
from assets.partitions import in_line
from assets.videos import limits_of
from vidpipe import keys
from vidpipe.batch import Work
from vidpipe.inputs import Inputs
from vidpipe.media.signals import Signals, measure_signals
from vidpipe.ports import Project
from vidpipe.records import Outcome
from vidpipe.workers.processes import Task


@in_line("video_signals")
def video_signals(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> Iterator[Any]:
    """What one decode of a video measures.

    Per frame its time, content change, motion, luma, blur and hash; loudness every tenth of a second; thumbnails.
    """
    yield from each_video(context, project, WORK)


def _measure(inputs: Inputs) -> Task | Outcome:
    if inputs.page is not None:
        unknown = dict.fromkeys(field.name for field in fields(Signals) if field.name != "files")
        return Outcome("ok", value={**unknown, "n_frames": 0}, where={"bytes": {}})
    mode = inputs.project.recipe.shots.mode
    work = partial(measure_signals, out_dir=inputs.scratch(), limits=limits_of(inputs.project), mode=mode)
    return Task(inputs.key, work, inputs.video_file())


def _keep(inputs: Inputs, signals: Signals) -> Outcome:
    value = asdict(signals)
    where = {}
    n_bytes = {}
    for name in value.pop("files"):
        path = Path(name)
        stored = inputs.project.store.put_file(keys.signals(inputs.key, path.name), path)
        where[path.stem] = stored.key
        n_bytes[stored.key] = stored.n_bytes
    return Outcome("ok", value=value, where={**where, "bytes": n_bytes})


WORK = Work(_measure, _keep)
"""What becomes of one video here."""
