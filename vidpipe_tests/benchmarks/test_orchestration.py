"""The orchestration benchmark at tiny sizes: real projects, real commands, figures that add up."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.figures import Figure, Usage, machine, measure, middle
from benchmarks.orchestration import TASKS, batch, index
from benchmarks.projects import environ_of
from benchmarks.sampling import share_of
from vidpipe.cli.bench import BenchOptions, run_bench
from vidpipe.errors import RecipeError
from vidpipe_tests.commands import call

N_VIDEOS = 3
NAMES = {"task", "input", "ours_s", "peer", "peer_s", "ratio", "ours_rss_mb", "peer_rss_mb", "note"}


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Figure], dict[str, str]]:
    """What the index task measured, and the environment of its recorded project."""
    folder = tmp_path_factory.mktemp("recorded")
    return index(folder, N_VIDEOS, n_times=1), environ_of(folder / "project")


@pytest.fixture(scope="module")
def recorded(indexed: tuple[list[Figure], dict[str, str]]) -> dict[str, str]:
    return indexed[1]


def test_a_recorded_project_is_done_and_conserved(recorded: dict[str, str]) -> None:
    state = json.loads(call("status", "--json", env=recorded).stdout)
    assert (state["videos"], state["selected"], state["conserved"]) == (N_VIDEOS, N_VIDEOS, True)
    assets = state["assets"]
    assert isinstance(assets, list)
    assert all(asset["ok"] == asset["in"] and not asset["stale"] for asset in assets)


def test_a_run_on_a_recorded_project_finds_nothing_to_do(recorded: dict[str, str]) -> None:
    history = Path(recorded["DAGSTER_HOME"], "history", "runs")
    before = {path.name for path in history.iterdir() if path.suffix == ".db"}
    assert call("run", env=recorded).returncode == 0
    assert {path.name for path in history.iterdir() if path.suffix == ".db"} == before


def test_a_batch_accounts_for_the_whole_run(tmp_path: Path) -> None:
    (figure,) = batch(tmp_path, n_videos=N_VIDEOS)
    more = figure.more
    shares_s = more["dagster_s"] + more["vidpipe_s"] + more["waiting_s"] + more["around_s"]
    assert shares_s == pytest.approx(figure.ours_s, rel=1e-6)
    assert more["dagster_s"] > 0
    assert more["media_s"] > 0
    assert more["dagster_bytes_per_asset_and_video"] > 0


def test_the_index_task_measures_both_commands(indexed: tuple[list[Figure], dict[str, str]]) -> None:
    found, _ = indexed
    assert [figure.input.partition(":")[0] for figure in found] == ["status --json", "run, nothing to do"]
    assert all(min(figure.ours_s or 0, figure.ours_cpu_s or 0, figure.ours_rss_mb or 0) > 0 for figure in found)


def test_a_row_has_what_the_contract_names() -> None:
    row = Figure("single", "1 video", 1.23456, 1.0, 100.0, "note", {"best_s": 1.0}).as_json()
    assert row.keys() >= NAMES | {"ours_cpu_s", "peer_cpu_s", "ratio_cpu", "best_s"}
    assert (row["ours_s"], row["peer"], row["ratio"]) == (1.2346, None, None)


def test_the_machine_is_told_without_its_name() -> None:
    import socket

    assert machine()["n_cores"] >= 1
    assert socket.gethostname() not in json.dumps(machine())


def test_medians_are_taken_of_each_figure() -> None:
    assert middle([Usage(1, 9, 5), Usage(2, 7, 6), Usage(9, 8, 4)]) == Usage(2, 8, 6)


def test_a_command_that_fails_says_its_last_words() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('so it ends')"]
    with pytest.raises(subprocess.CalledProcessError, match="exit status 1") as failed:
        measure(command, environ={})
    assert "so it ends" in failed.value.stderr


def test_a_moment_belongs_to_the_innermost_of_ours_and_dagster() -> None:
    assert share_of(sys._getframe()) == "other"
    assert share_of(None) == "other"
    seen: list[str] = []
    outer = {"__name__": "dagster._core", "look": lambda: seen.append(share_of(sys._getframe()))}
    exec("def call(inner): inner()", outer)
    inner = {"__name__": "vidpipe.batch", "call": outer["call"], "look": outer["look"]}
    exec("def step(): call(look)\ndef _pool(): look()\ndef write(): look()\ndef outside(): call(write)", inner)
    for name in ("step", "_pool", "outside"):
        inner[name]()  # type: ignore[operator]  # just made
    assert seen == ["dagster", "workers", "vidpipe"]


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(RecipeError, match="no task 'speed'; there are batch_50, single, index_20k, overlap"):
        run_bench("orchestration", BenchOptions(tasks=["speed"]))
    assert set(TASKS) == {"batch_50", "single", "index_20k", "overlap"}
