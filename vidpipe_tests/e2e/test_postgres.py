"""The line with its ledger in PostgreSQL."""

import json
from pathlib import Path

from vidpipe_tests.e2e.projects import Line, make_small
from vidpipe_tests.servers.postgres import postgres


def test_the_line_runs_with_its_ledger_in_postgresql(tmp_path: Path) -> None:
    make_small(tmp_path / "clip.mp4", 0)
    rows = [{"id": name, "path": "clip.mp4"} for name in ("plain", "n\0l", "🎬 'film';--")]
    (tmp_path / "videos.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    line = Line.at(tmp_path / "project", tmp_path / "videos.jsonl")
    with postgres() as server:
        place = {"VIDPIPE_LEDGER": server.fresh()}
        line.run(env=place)
        document = line.is_whole(env=place)
        assert (document["videos"], document["selected"]) == (3, 3)
        ids = {item["video_id"] for item in line.status("--videos", env=place)["items"]}
        assert ids == {"plain", r"n\x00l", "🎬 'film';--"}
        before = line.stamps(), line.n_runs()
        line.run(env=place)
        assert (line.stamps(), line.n_runs()) == before
        line.record_path("shots", "plain").unlink()
        line.run(env=place)
        assert line.stamps().keys() == before[0].keys()
    assert not (line.folder / "ledger.db").exists()
