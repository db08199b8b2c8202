"""Running again: nothing to do, one more video, one write that failed, records lost or altered, work done twice."""

import json
from pathlib import Path

import pytest

from vidpipe_tests.e2e.projects import Line, make_small, make_sources


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A project that has run once; tests work on copies, or change nothing."""
    folder = tmp_path_factory.mktemp("again")
    line = Line.at(folder / "project", make_sources(folder / "videos"))
    line.run()
    return line


def test_a_second_run_does_nothing(finished: Line) -> None:
    before, n_runs = finished.files(), finished.n_runs()
    finished.run()
    assert finished.files() == before
    assert finished.n_runs() == n_runs
    document = finished.is_whole()
    assert (document["videos"], document["selected"]) == (5, 3)


def test_one_more_video_touches_no_other(tmp_path: Path) -> None:
    line = Line.at(tmp_path / "project", make_sources(tmp_path / "videos", 2))
    line.run()
    before = line.stamps()
    make_small(tmp_path / "videos" / "v9.mp4", 9)
    (tmp_path / "videos" / "v0.mov").write_bytes((tmp_path / "videos" / "v1.mp4").read_bytes())
    line.run("--only", "catalogue")
    document = line.status()
    assert all(c["stale"] == 0 for c in document["assets"] if c["unit"] == "video")
    assert line.counts("raw_videos")["pending"] == {"not reached": 2}
    line.run()
    after = line.stamps()
    assert {name: after[name] for name in before} == before
    assert line.record("raw_videos", "v0")["where"]["media"].endswith("v0.mp4")
    assert line.record("shots", "v0.mov")["outcome"] == "ok"
    line.is_whole()


def test_one_write_that_fails_costs_that_video_and_retry_makes_it_good(tmp_path: Path) -> None:
    line = Line.at(tmp_path / "project", make_sources(tmp_path / "videos"))
    blocked = line.record_path("shots", "v1")
    blocked.mkdir(parents=True)
    line.run(code=1)
    assert line.counts("shots")["failed"] == {"store: cannot be written": 1}
    assert line.counts("aligned_metadata")["ok"] == 2
    statuses = {asset: line.statuses(asset) for asset in ("video_signals", "shots", "aligned_metadata")}
    assert statuses["video_signals"] == dict.fromkeys(("v0", "v1", "v2"), "MATERIALIZED")
    for asset in ("shots", "aligned_metadata"):
        assert statuses[asset] == {"v0": "MATERIALIZED", "v1": "FAILED", "v2": "MATERIALIZED"}
    blocked.rmdir()
    before = line.stamps()
    assert line("retry").returncode == 0
    changed = {name for name, stamp in line.stamps().items() if before.get(name) != stamp}
    assert changed == {f"{asset}/v1.json" for asset in ("shots", "video_annotations", "aligned_metadata")}
    line.is_whole()


@pytest.mark.parametrize("harm", ["removed", "one byte of it", "one byte of its provenance"])
def test_a_harmed_record_is_named_and_restored(finished: Line, tmp_path: Path, harm: str) -> None:
    line = finished.copy(tmp_path / "project")
    contents = line.contents()
    path = line.record_path("shots", "v1")
    if harm == "removed":
        path.unlink()
    else:
        old = '"outcome": "o' if harm == "one byte of it" else '"run_id": "'
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, f"{old}x", 1))
    found = line.status("--verify", code=1)["differences"]
    assert [(d["video_id"], d["asset"]) for d in found] == [("v1", "shots")]
    line.run()
    line.is_whole()
    assert line.contents() == contents


def test_a_lost_ledger_and_a_lost_history_cost_no_work(finished: Line, tmp_path: Path) -> None:
    line = finished.copy(tmp_path / "project")
    before = line.stamps()
    for path in line.folder.glob("ledger.db*"):
        path.unlink()
    line.run()
    assert line.stamps() == before
    line.is_whole()
    for path in sorted((line.folder / ".dagster").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    line.run()
    assert line.stamps() == before
    line.is_whole()


def test_two_runs_at_once_share_the_work(tmp_path: Path) -> None:
    line = Line.at(tmp_path / "project", make_sources(tmp_path / "videos", 4))
    runs = [line.start("run"), line.start("run")]
    assert [run.wait(timeout=240) for run in runs] == [0, 0], (line.folder / "said.log").read_text()
    assert set(line.n_events().values()) == {1}
    line.is_whole()


def test_neither_batches_nor_workers_nor_the_environment_change_a_record(finished: Line, tmp_path: Path) -> None:
    source = json.loads(json.dumps(finished.record("raw_videos", "v0")["where"]["media"])).rpartition("/")[0]
    other = Line.at(tmp_path / "project", Path(source))
    recipe = other.folder / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("batch_size: 50", "batch_size: 1"))
    other.run(env={"VIDPIPE_WORKERS": "1", "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"})
    assert other.contents() == finished.contents()
