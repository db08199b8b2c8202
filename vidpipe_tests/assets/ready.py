"""Videos that are ready to be annotated: catalogued, and all settled that questions about them are made of."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from vidpipe.ledger.snapshot import Row, as_text
from vidpipe.ports import Project
from vidpipe.records import Outcome, Provenance, Record
from vidpipe.store.documents import write_record
from vidpipe.tables import Made, settle_table


def ready(project: Project, path: Path, video_ids: Sequence[str], *, ends_s: Sequence[float] = (2.0,)) -> None:
    """Videos of one file without sound, whose shots end at these times; each is taken for another."""
    texts = {"title": "A film", "description": None, "channel": None, "language": "en", "path": str(path), "keep": True}
    rows = pl.DataFrame([{"video_id": v, **texts} for v in video_ids], schema_overrides={"description": pl.String})
    index = {v: Row("ok", None, as_text({"files": "f", "texts": "t"}), "") for v in video_ids}
    project.ledger.register({v: v for v in video_ids})
    settle_table(project, "catalogue", Made(rows, index, {"n_rows": len(rows)}), run_id="run", seconds=0.0)
    facts: dict[str, Any] = {"container": "mov,mp4", "duration_s": ends_s[-1], "has_audio": False, "frame_rate": "5"}
    facts["bytes"] = path.stat().st_size
    shots = [{"start_s": a, "end_s": b} for a, b in zip((0.0, *ends_s), ends_s, strict=False)]
    for number, video_id in enumerate(video_ids):
        raw = Outcome(
            "ok",
            value={**facts, "sha256": f"{number:064}"},
            where={"media": str(path), "captions": {}},
            parts={"media": video_id, "captions": "c"},
        )
        settle(project, "raw_videos", video_id, raw)
        settle(project, "video_signals", video_id, Outcome("ok"))
        settle(project, "shots", video_id, Outcome("ok", value={"shots": shots}))


def settle(project: Project, asset: str, video_id: str, outcome: Outcome) -> None:
    """Write a record as if its stage had run."""
    provenance = Provenance(None, {}, "1", "", {}, "run", 0.0, 0.0, "2026-01-01T00:00:00Z")
    record = Record.of(video_id, asset, outcome, provenance)
    stored, sha256 = write_record(project.store, record)
    project.ledger.settle(record, video_id=video_id, sha256=sha256, etag=stored.etag)
