"""`vidpipe lineage`: a video from its source to published rows, or back from a row, a prompt or a call.

What belongs here: the document. Not here: where what it says is found (`lineage_artifacts`, `lineage_rows`,
`lineage_uses`), nor what people read of it, in a terminal (`lineage_text`) or as a page (`vidpipe.export.lineage`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from vidpipe.cli.lineage_artifacts import Trace
from vidpipe.cli.lineage_rows import Datasets
from vidpipe.cli.naming import UI, named_videos
from vidpipe.errors import RecipeError, StoreError
from vidpipe.keys import segment
from vidpipe.ledger.snapshot import input_name
from vidpipe.ports import Project
from vidpipe.recipe.stages import Line

_OF_SOURCE = ("title", "channel", "series_name", "episode_id", "release_date", "url", "path", "licence")


def lineage_of(project: Project, name: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The document of `lineage --json`, and the raw answers that its calls name, by address.

    `name` is a video's id, its partition key, or a row of a dataset, where that is not a video's id too.

    Raises:
        RecipeError: there is no such video or row, or the name may mean both.
    """
    line = project.line()
    datasets = Datasets(project, line)
    video_id = _video_of(project, datasets, name)
    snapshot = project.ledger.snapshot([video_id])
    trace = Trace(project, snapshot, video_id)
    published = datasets.published([video_id], snapshot)
    artifacts = [*trace.artifacts(line), *trace.upload(line, published)]
    row = snapshot.rows["catalogue"][video_id]
    removed = row.reason if row.outcome == "dropped" else None
    if removed:  # nothing of it is made again
        artifacts = [one | {"stale_because": None} for one in artifacts]
    document = {
        "video_id": video_id,
        "key": segment(video_id),
        "removed": removed,
        "may_hold": datasets.may_hold(artifacts) if removed else [],
        "source": _source(project, trace),
        "cost_usd": round(sum(one["cost_usd"] for one in artifacts if one["unit"] == "video"), 9),
        "artifacts": artifacts,
        "unsettled": [] if removed else list(trace.unsettled(line)),
        "published": published,
        "line": _line(line, artifacts),
        "prompts": trace.prompts,
        "runs": f"{ui}/runs/" if (ui := project.ledger.fact(UI)) else None,
        "problems": trace.problems,
    }
    return document, trace.raws


def lineage_of_row(project: Project, name: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The same of the video that a dataset's row tells of.

    Raises:
        RecipeError: there is no such row.
    """
    datasets = Datasets(project, project.line())
    video_id = datasets.video_of(name)
    if video_id is None:
        known = ", ".join(datasets.names) or "none that is written yet"
        raise RecipeError(f"--row {name}", f"need DATASET:ROW or DATASET:FILE; datasets: {known}")
    return lineage_of(project, segment(video_id))


def write_page(project: Project, found: Mapping[str, Any], raws: Mapping[str, str], path: Path | None) -> Path:
    """Write the lineage of a video as one page; where it lies.

    Raises:
        RecipeError: it cannot be written there.
    """
    from vidpipe.export.lineage import lineage_page

    place = path or project.folder / "lineage" / f"{found['key']}.html"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(lineage_page(found, raws, runs=found["runs"] or ""), "utf-8")
    except OSError as error:
        raise RecipeError(f"--html {place}", f"cannot be written ({error.strerror})") from error
    return place


def _video_of(project: Project, datasets: Datasets, name: str) -> str:
    """The video that is meant.

    Raises:
        RecipeError: there is no such video or row, or the name may mean both.
    """
    try:
        (video_id,) = named_videos(project, [name])
    except RecipeError:
        found = datasets.video_of(name) if ":" in name else None
        if found is None:
            raise
        return found
    if ":" in name and name != segment(video_id):
        try:
            row = datasets.video_of(name)
        except RecipeError:
            row = None
        if row is not None:
            why = f"a video and a row of a dataset; write {segment(video_id)} for the video, --row for the row"
            raise RecipeError(name, why)
    return video_id


def _source(project: Project, trace: Trace) -> dict[str, Any]:
    """What the catalogue says of where the video comes from, and what its file was found to be."""
    told: dict[str, Any] = dict.fromkeys(_OF_SOURCE)
    try:
        rows = project.tables.rows("catalogue").filter(pl.col("video_id") == trace.video_id)
        rows = rows.sort("keep", descending=True) if "keep" in rows.columns else rows
        if rows.height:
            row = rows.row(0, named=True)
            told = {name: row.get(name) for name in _OF_SOURCE}
    except StoreError as error:
        trace.problems.append(f"catalogue: {error.why}")
    told["licence"] = trace.licence or told["licence"]
    return told | {"sha256": trace.media.get("sha256"), "bytes": trace.media.get("bytes")}


def _line(line: Line, artifacts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every stage with what it reads of which others; of one that has a record, what that was made from."""
    made = {one["asset"]: one["inputs"] for one in artifacts}
    found = []
    for stage in line.stages:
        reads: dict[str, list[str]] = {}
        for read in stage.reads:
            name = input_name(stage, read)
            if name in made.get(stage.name, {}) or stage.name not in made or stage.unit != "video":
                reads.setdefault(read.asset, []).append(read.part)
        if not stage.reads:
            reads = {name: ["value"] for name in stage.after}
        found.append({"asset": stage.name, "reads": [{"asset": name, "parts": parts} for name, parts in reads.items()]})
    return found
