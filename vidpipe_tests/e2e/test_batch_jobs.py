"""Annotations by batch jobs: the same records at half the price, whatever dies, fails or expires on the way."""

import time
from pathlib import Path
from typing import Any

import pytest

from vidpipe.ledger.ledger import open_ledger
from vidpipe_tests.e2e.projects import Line, make_sources
from vidpipe_tests.e2e.services import asks_models, edit, environment_of, serving, told_keys
from vidpipe_tests.servers import gemini_errors as said
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.gemini_batches import Plan

N_VIDEOS = 6
_ITS_OWN = ("run_id", "seconds", "finished", "cost_usd")


def test_batches_give_the_records_of_direct_calls_at_half_the_price_through_kill_error_and_expiry(
    tmp_path: Path,
) -> None:
    videos = make_sources(tmp_path / "videos", N_VIDEOS, broken=False)
    direct = asks_models(Line.at(tmp_path / "direct", videos))
    with serving("calm", sorted(videos.iterdir())) as servers:
        direct.run(env=environment_of(servers))
        full_usd = servers.gemini.usd()
    line = asks_models(Line.at(tmp_path / "project", videos))
    edit(line, {"batch: false": "batch: true"})
    with serving("calm", sorted(videos.iterdir())) as servers:
        env, gemini = environment_of(servers), servers.gemini
        gemini.batches.plan = Plan(0, 0)
        gemini.inject("batch.line", times=1, reply=said.internal())
        run = line.begin("run", env=env)
        _wait_for_job(gemini)
        run.kill()
        assert gemini.bills == []

        gemini.batches.plan = Plan(0, 0, "EXPIRED")
        told = line.run(env=env, code=1)
        assert "1 video in 1 batch job since" in told
        counts = line.counts("video_annotations")
        assert (counts["ok"], counts["pending"]) == (N_VIDEOS - 1, {"in a batch job": 1})
        (job,) = line.status()["jobs"]
        assert (job["calls"], job["service"], len(gemini.bills)) == (1, "gemini", N_VIDEOS - 1)

        gemini.batches.plan = Plan(0, 0)
        line.run(env=env, code=1)
        line.run(env=env)
        assert len(gemini.entries("batch.create")) == 3
        assert len(gemini.bills) == N_VIDEOS
        assert gemini.entries("generate") == []
        assert gemini.usd() == pytest.approx(full_usd / 2, rel=1e-3)
        assert gemini.files.names() == []
        line.is_whole()
    assert _records(line) == _records(direct)
    assert sum(_costs(line)) == pytest.approx(sum(_costs(direct)) / 2, rel=1e-3)
    assert told_keys(line) == []
    ledger = open_ledger(str(line.folder / "ledger.db"))
    assert ledger.calls.reserved() == 0
    assert ledger.calls.spent() / 1e9 == pytest.approx(gemini.usd(), abs=1e-6)
    edit(line, {"batch: true": "batch: false"})
    assert {asset["stale"] for asset in line.status()["assets"]} == {0}


def _wait_for_job(gemini: GeminiServer, *, within_s: float = 240) -> None:
    until = time.monotonic() + within_s
    while not gemini.entries("batch.create"):
        assert time.monotonic() < until, "no job was submitted"
        time.sleep(0.002)


def _records(line: Line) -> dict[str, Any]:
    """What was found about each video, but for what belongs to the way in which it was."""
    found = {}
    for asset in ("video_annotations", "aligned_metadata"):
        for number in range(N_VIDEOS):
            record = line.record(asset, f"v{number}")
            for name in _ITS_OWN:
                del record["provenance"][name]
            found[f"{asset} {number}"] = record
    return found


def _costs(line: Line) -> list[float]:
    return [line.record("video_annotations", f"v{i}")["provenance"]["cost_usd"] for i in range(N_VIDEOS)]
