"""New videos are produced while the next are curated; what is known goes through one part after the other."""

import sqlite3
from pathlib import Path

import pytest

from vidpipe_tests.e2e.projects import Line, make_sources
from vidpipe_tests.e2e.test_killed import wait_for, wait_for_end_of_workers

N_VIDEOS = 18
FIRST_S, LAST_S = "min(start_time)", "max(end_time)"


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    folder = tmp_path_factory.mktemp("flow")
    line = Line.at(folder / "project", make_sources(folder / "videos", N_VIDEOS, broken=False))
    line.run()
    return line


def when(line: Line, moment: str, asset: str, *, since: float = 0.0) -> float:
    """The moment of the Dagster runs of an asset; a time in seconds."""
    (path,) = (line.folder / ".dagster").rglob("runs.db")
    query = f"select {moment} from runs where run_body like ? and start_time > ?"
    with sqlite3.connect(path) as db:
        (found,) = db.execute(query, (f'%"path": ["{asset}"]%', since)).fetchone()
    return float(found)


def n_runs(line: Line, asset: str, *, since: float = 0.0) -> int:
    return round(when(line, "count(*)", asset, since=since))


def test_the_first_videos_are_produced_before_the_last_are_curated(line: Line) -> None:
    assert when(line, FIRST_S, "video_signals") < when(line, LAST_S, "selected_videos")
    assert n_runs(line, "raw_videos") == n_runs(line, "selection") == 4, "4, 4, 8, and what is left"
    counts = {asset["asset"]: asset["ok"] for asset in line.status()["assets"]}
    assert {counts[name] for name in ("raw_videos", "selected_videos", "aligned_metadata")} == {N_VIDEOS}
    assert "Nothing to do" in line.run()


def test_a_flow_that_was_killed_and_shared_by_two_runs_gives_what_an_undisturbed_one_does(
    line: Line, tmp_path: Path
) -> None:
    other = Line.at(tmp_path / "project", line.videos)
    for asset, video in (("raw_videos", "v1"), ("selected_videos", "v5"), ("video_signals", "v9")):  # of three groups
        moment = other.record_path(asset, video)
        assert not moment.exists(), "no run before has come so far"
        run = other.begin("run")
        wait_for(moment)
        run.kill()
        wait_for_end_of_workers(other.folder)
    both = [other.begin("run"), other.begin("run")]
    assert [run.wait() for run in both] == [0, 0]
    other.is_whole()
    assert other.contents() == line.contents()
    assert set(other.n_events().values()) == {1}


def test_videos_of_which_something_was_produced_are_curated_before_anything_is_produced(line: Line) -> None:
    began = when(line, LAST_S, "scene_dataset")
    recipe = line.folder / "recipe.yaml"
    text = recipe.read_text(encoding="utf-8")
    assert text.count("drop_from_static_share: 0.4") == 1
    recipe.write_text(text.replace("drop_from_static_share: 0.4", "drop_from_static_share: 0.45"), encoding="utf-8")
    line.run()
    assert n_runs(line, "dynamic_videos", since=began) == 1
