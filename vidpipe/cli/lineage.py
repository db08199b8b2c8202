"""`vidpipe lineage`: a video from its source to published rows, or back from a row, a prompt or a call.

What belongs here: the documents, and what people read of them in a terminal. Not here: where what they say is found
(`lineage_artifacts`, `lineage_rows`, `lineage_uses`), nor the page (`vidpipe.export.lineage`).
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from vidpipe.cli.lineage_artifacts import Trace
from vidpipe.cli.lineage_rows import Datasets
from vidpipe.cli.naming import UI, named_videos
from vidpipe.cli.words import counted, shown
from vidpipe.errors import RecipeError, StoreError
from vidpipe.keys import segment
from vidpipe.ledger.snapshot import input_name
from vidpipe.ports import Project
from vidpipe.recipe.stages import Line

_OF_SOURCE = ("title", "channel", "series_name", "episode_id", "release_date", "url", "path", "licence")
_SHOWN_DIGITS, _MOST_LINES = 16, 400


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
    document = {
        "video_id": video_id,
        "key": segment(video_id),
        "removed": row.reason if row.outcome == "dropped" else None,
        "source": _source(project, trace),
        "artifacts": artifacts,
        "unsettled": list(trace.unsettled(line)),
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


def lineage_text(found: Mapping[str, Any]) -> str:
    """The lineage of a video for people: its source, one block per artifact, where it is published."""
    return "\n".join(_text(found))


def uses_text(found: Mapping[str, Any]) -> str:
    """What came of a prompt or a call, for people."""
    records, published = found["records"], found["published"]
    name, kind = (found["prompt"], "prompt") if "prompt" in found else (found["address"], "call")
    lines = [f"{kind} {name}{', as its file has it' if found.get('template') else ''}"]
    lines.append(f"named by {counted(len(records), 'call')} in records; {counted(len(published), 'published row')}")
    lines += [f"  {shown(_row(row))}" for row in published[:_MOST_LINES]]
    published_ids = {row["video_id"] for row in published}
    rest = [one for one in records if one["video_id"] not in published_ids]
    lines += [f"  not published: {shown(one['video_id'])} ({one['asset']})" for one in rest[:_MOST_LINES]]
    n_more = max(0, len(published) - _MOST_LINES) + max(0, len(rest) - _MOST_LINES)
    if n_more:
        lines.append(f"  and {n_more} more; --json has all")
    if found.get("text"):
        lines += ["", *(f"  | {shown(part)}" for part in found["text"].split("\n"))]
    return "\n".join(lines)


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


def _text(found: Mapping[str, Any]) -> Iterator[str]:
    source = found["source"]
    title = f": {shown(source['title'])}" if source["title"] else ""
    yield f"{shown(found['video_id'])}{title}"
    if found["removed"]:
        yield f"  removed: {shown(found['removed'])}; what was made of it is told all the same"
    yield f"  from {shown(source['url'] or source['path'] or 'nowhere known')}"
    yield f"  licence {shown(source['licence'] or 'unknown')}, sha256 {source['sha256'] or 'unknown'}"
    for artifact in found["artifacts"]:
        yield from _artifact_text(artifact, found["prompts"])
    for one in found["unsettled"]:
        yield f"{one['asset']}: {one['state']} ({shown(one['reason'])})"
    for row in found["published"]:
        yield f"published in {shown(_row(row))}"
    for problem in found["problems"]:
        yield f"problem: {shown(problem)}"


def _artifact_text(artifact: Mapping[str, Any], prompts: Mapping[str, Any]) -> Iterator[str]:
    reason = f" ({shown(artifact['reason'])})" if artifact["reason"] else ""
    yield f"{artifact['asset']}: {artifact['outcome'] or 'unknown'}{reason}"
    if artifact["problem"]:
        yield f"  {shown(artifact['problem'])}"
    if artifact["stale_because"]:
        yield f"  stale: {shown(artifact['stale_because'])}"
    yield f"  version {artifact['data_version'][:_SHOWN_DIGITS]}, code {artifact['code_version']}"
    yield f"  run {artifact['run_id']}, {artifact['finished']}, {artifact['cost_usd']:.4f} US$"
    if artifact["settings"]:
        yield f"  read of the recipe: {', '.join(sorted(artifact['settings']))}"
    for call in artifact["calls"]:
        yield from _call_text(call, prompts)
    yield from (f"  accepted {one['at']}: {shown(one['reason'])}" for one in artifact["accepted"])
    yield from (f"  from {name} {version[:_SHOWN_DIGITS]}" for name, version in artifact["inputs"].items())


def _call_text(call: Mapping[str, Any], prompts: Mapping[str, Any]) -> Iterator[str]:
    name = f"{call['name']}, " if call.get("name") else ""
    cost = f", {call['cost_usd']:.4f} US$" if call.get("cost_usd") is not None else ""
    yield f"  by {shown(str(call.get('model')))}: {shown(name)}{call.get('request_id')}{cost}"
    for kind in ("template", "prompt"):
        if fingerprint := call.get(kind):
            is_kept = prompts.get(fingerprint, {}).get("text") is not None
            yield f"    {kind} {fingerprint[:_SHOWN_DIGITS]}{'' if is_kept else ' (its text is not kept)'}"
    if call["problem"]:
        yield f"    its answer is {shown(call['problem'])}"


def _row(row: Mapping[str, Any]) -> str:
    """A published row in one line."""
    file = f", {row['file_name']}" if row["file_name"] else ""
    place = f", {row['repo']} at {row['revision']}" if row.get("repo") else ""
    older = "" if row["is_current"] else "; made from older records"
    number = f"row {row['row']} of {row['file']}"
    return f"{row['dataset']} {row['release']}, {number}{file}: {row['video_id']}{place}{older}"
