"""Running again: nothing to do, records lost or altered, ledger or history lost, work done by two at once."""

from pathlib import Path

import pytest

from vidpipe_tests.e2e.projects import Line


@pytest.fixture(scope="module")
def twice(finished: Line, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A project over the same videos that two runs have worked on at once, one by one and another environment."""
    line = Line.at(tmp_path_factory.mktemp("again") / "project", finished.videos)
    recipe = line.folder / "recipe.yaml"
    assert "batch_size: 50" in recipe.read_text()
    recipe.write_text(recipe.read_text().replace("batch_size: 50", "batch_size: 2"))
    other = {"VIDPIPE_WORKERS": "1", "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    runs = [line.start("run", env=other), line.start("run", env=other)]
    assert [run.wait(timeout=240) for run in runs] == [0, 0], (line.folder / "said.log").read_text()
    return line


def test_a_second_run_does_nothing(finished: Line, tmp_path: Path) -> None:
    line = finished.copy(tmp_path / "project")
    before, n_runs = line.files(), line.n_runs()
    line.run()
    assert line.files() == before
    assert line.n_runs() == n_runs
    document = line.is_whole()
    assert (document["videos"], document["selected"]) == (6, 4)


def test_harmed_records_are_named_and_restored(finished: Line, tmp_path: Path) -> None:
    line = finished.copy(tmp_path / "project")
    contents = line.contents()
    line.record_path("shots", "v0").unlink()
    for video_id, old in (("v1", '"outcome": "o'), ("v2", '"run_id": "')):  # a byte of it; one of its provenance
        path = line.record_path("shots", video_id)
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, f"{old}x", 1))
    found = line.status("--verify", code=1)["differences"]
    assert sorted((d["video_id"], d["asset"]) for d in found) == [("v0", "shots"), ("v1", "shots"), ("v2", "shots")]
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


def test_two_runs_at_once_share_the_work(twice: Line) -> None:
    assert set(twice.n_events().values()) == {1}
    twice.is_whole()


def test_neither_batches_nor_workers_nor_the_environment_change_a_record(finished: Line, twice: Line) -> None:
    assert twice.contents() == finished.contents()
