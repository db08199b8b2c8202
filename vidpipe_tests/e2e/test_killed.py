"""Killed runs: the next one goes on, and nothing tells of the first."""

import signal
import time
from pathlib import Path

from vidpipe.ledger.ledger import open_ledger
from vidpipe_tests.e2e.projects import Line, processes_of
from vidpipe_tests.lines import DEFAULT

MOMENTS = (
    "store/tables/catalogue.parquet",
    "store/raw_videos/v0.json",
    "store/segment_clips/v1",
    "store/datasets/scenes/videos",
)
WORKERS = {"VIDPIPE_WORKERS": "2"}


def wait_for(found: Path, *, within_s: float = 240) -> None:
    """Return as soon as a path is there."""
    until = time.monotonic() + within_s
    while not found.exists():
        assert time.monotonic() < until, f"{found} never came"
        time.sleep(0.005)


def wait_for_end_of_workers(folder: Path, *, within_s: float = 240) -> None:
    until = time.monotonic() + within_s
    while rest := processes_of(folder):
        assert time.monotonic() < until, rest
        time.sleep(0.1)


def test_after_kill_9_at_any_moment_the_next_run_goes_on_to_what_an_undisturbed_one_gives(
    finished: Line, tmp_path: Path
) -> None:
    line = Line.at(tmp_path / "project", finished.videos)
    for moment in MOMENTS:
        assert not (line.folder / moment).exists(), "no run before has come so far"
        run = line.begin("run", env=WORKERS)
        wait_for(line.folder / moment)
        assert run.kill() == -signal.SIGKILL
        wait_for_end_of_workers(line.folder)
        assert line.contents().items() <= finished.contents().items(), "what a killed run leaves is whole and right"
    line.run()
    line.is_whole()
    assert line.contents() == finished.contents()
    for stage in DEFAULT.per_video:
        assert set(line.statuses(stage.name).values()) == {"MATERIALIZED"}


def test_an_event_that_a_killed_run_could_not_note_is_not_told_twice(finished: Line, tmp_path: Path) -> None:
    line = finished.copy(tmp_path / "project")
    open_ledger(str(line.folder / "ledger.db")).mark_all_unreported()
    line.run()
    line.is_whole()
    assert set(line.n_events().values()) == {1}
