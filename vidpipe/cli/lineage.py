"""`vidpipe lineage`: every artifact of one video and what it was made from."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidpipe.cli.naming import named_videos
from vidpipe.cli.projects import open_instance
from vidpipe.cli.words import shown
from vidpipe.errors import StoreError
from vidpipe.ports import Project
from vidpipe.records import Record
from vidpipe.store.documents import read_record, read_table_record


def lineage_of(folder: Path, video_id: str) -> dict[str, Any]:
    """The document of `lineage --json`: artifacts in line order, and where the video is published.

    A partition key does for the id.

    Raises:
        RecipeError: the recipe cannot be used, or there is no such video.
    """
    project, _ = open_instance(folder)
    (video_id,) = named_videos(project, [video_id])
    snapshot = project.ledger.snapshot([video_id])
    row = snapshot.rows["catalogue"][video_id]
    artifacts = [_catalogue(project, row.outcome, row.reason)]
    for stage in project.line().per_video:
        entry = snapshot.entry(stage.name, video_id)
        if entry is not None and not entry.damaged:
            artifacts.append(_artifact(read_record(project.store, stage.name, video_id)))
    return {"video_id": video_id, "artifacts": artifacts, "published": _published(project, video_id)}


def lineage_text(found: dict[str, Any]) -> str:
    """The same for people: one block per artifact."""
    lines = []
    for artifact in found["artifacts"]:
        reason = f" ({artifact['reason']})" if artifact["reason"] else ""
        lines.append(f"{artifact['asset']}: {artifact['outcome']}{reason}")
        lines.append(f"  version {artifact['data_version'][:16]}, code {artifact['code_version']}")
        lines.append(f"  run {artifact['run_id']}, {artifact['finished']}, {artifact['cost_usd']:.4f} US$")
        if artifact["model"]:
            lines.append(f"  by {shown(artifact['model'])}, prompt {artifact['prompt'][:16]}")
        lines += [f"  accepted {one['at']}: {shown(one['reason'])}" for one in artifact["accepted"]]
        lines += [f"  from {name} {version[:16]}" for name, version in artifact["inputs"].items()]
    lines += [f"published in {item['dataset']} {item['release']}, row {item['row']}" for item in found["published"]]
    return "\n".join(lines)


def _catalogue(project: Project, outcome: str, reason: str | None) -> dict[str, Any]:
    return _artifact(read_table_record(project.store, "catalogue")) | {"outcome": outcome, "reason": reason}


def _artifact(record: Record) -> dict[str, Any]:
    provenance = record.provenance
    return {
        "asset": record.asset,
        "outcome": record.outcome,
        "reason": record.reason,
        "data_version": record.data_version,
        "code_version": provenance.code_version,
        "inputs": dict(provenance.inputs),
        "source_sha256": provenance.source_sha256,
        "software": dict(provenance.software),
        "model": provenance.asked.get("model"),
        "prompt": provenance.asked.get("prompt"),
        "calls": list(provenance.asked.get("calls", ())),
        "accepted": [asdict(one) for one in provenance.accepted],
        "run_id": provenance.run_id,
        "cost_usd": provenance.cost_usd,
        "finished": provenance.finished,
    }


def _published(project: Project, video_id: str) -> list[dict[str, Any]]:
    found = []
    for stage in project.line().tables:
        if not stage.name.endswith("_dataset"):
            continue
        try:
            rows = project.tables.rows(stage.name)["video_id"].to_list()
            release = read_table_record(project.store, stage.name).value["release"]
        except StoreError:
            continue
        if video_id in rows:
            found.append({"dataset": stage.name, "row": rows.index(video_id), "release": release})
    return found
