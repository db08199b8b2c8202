"""Windows of equal length cut from each video, whatever it shows."""

from collections.abc import Iterator
from fractions import Fraction
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
from vidpipe.media.clip_pictures import cut_with_pictures
from vidpipe.media.copying import cut_copy
from vidpipe.media.cutting import Clip, cut_exact
from vidpipe.media.smart import cut_smart
from vidpipe.ports import Project
from vidpipe.records import Outcome
from vidpipe.store.digests import sha256_of_file
from vidpipe.timeline.spans import sliding_windows
from vidpipe.workers.processes import Task

_CUTS = {"copy": cut_copy, "exact": cut_exact, "smart": cut_smart}


@in_line("segment_clips")
def segment_clips(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> Iterator[Any]:
    """Clips of equal length that overlap, the last one ending with the video; their real spans beside them.

    A small picture of each goes with them, sixteen to a file.
    """
    yield from each_video(context, project, Work(_cut, _keep))


def _cut(inputs: Inputs) -> Task | Outcome:
    settings = inputs.project.recipe.segments
    if inputs.page is not None:
        return Outcome("ok", value={"clips": [], "mode": settings.mode}, where={"clips": {}, "bytes": {}})
    duration_s = Fraction(str(inputs.record("raw_videos").value["duration_s"]))
    spans = tuple(sliding_windows(duration_s, Fraction(str(settings.length_s)), Fraction(str(settings.overlap_s))))
    out_dir, limits = inputs.scratch(), limits_of(inputs.project)
    cut = partial(_CUTS[settings.mode], spans=spans, out_dir=out_dir, limits=limits)
    work = partial(cut_with_pictures, cut=cut, out_dir=out_dir, limits=limits)
    return Task(inputs.key, work, inputs.video_file())


def _keep(inputs: Inputs, made: tuple[tuple[Clip, ...], tuple[str, ...]]) -> Outcome:
    clips, sheets = made
    mode = inputs.project.recipe.segments.mode
    rows = []
    where, shown = {}, {}
    n_bytes, hashes = {}, {}
    for sheet in map(Path, sheets):
        stored = inputs.project.store.put_file(keys.clip(inputs.key, sheet.name), sheet)
        shown[sheet.stem], n_bytes[stored.key] = stored.key, stored.n_bytes
    for clip in clips:
        path = Path(clip.file)
        stored = inputs.project.store.put_file(keys.clip(inputs.key, path.name), path)
        where[path.stem] = stored.key
        n_bytes[stored.key], hashes[stored.key] = stored.n_bytes, sha256_of_file(path)
        rows.append(
            {
                "key": stored.key,
                "start_s": clip.start_s,
                "end_s": clip.end_s,
                "actual_start_s": clip.actual_start_s,
                "actual_end_s": clip.actual_end_s,
                **({} if mode == "exact" else {"mode": clip.mode}),  # the one really used
            }
        )
    value = {"clips": rows, "mode": mode}
    return Outcome("ok", value=value, where={"clips": where, "sheets": shown, "bytes": n_bytes, "sha256": hashes})
