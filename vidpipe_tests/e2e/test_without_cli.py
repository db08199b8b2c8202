"""Dagster's own commands do the line too: the same records, and `vidpipe run` finds nothing left to measure."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from vidpipe_tests.commands import TIMEOUT_S, environment
from vidpipe_tests.e2e.projects import Line, make_sources
from vidpipe_tests.lines import DEFAULT

DAGSTER = str(Path(sys.executable).with_name("dagster"))
ONE_BY_ONE = """
import json, sys
from dagster._cli import cli
for words in json.loads(sys.argv[1]):
    cli(["asset", "materialize", "-m", "vidpipe.definitions", *words], standalone_mode=False)
"""  # `dagster asset materialize` over and over, in one process: most of what it takes is starting
IN_PROJECT = ("VIDPIPE_PROJECT", "DAGSTER_HOME")


def dagster(*args: str, env: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """`dagster asset materialize` on our code location."""
    command = [DAGSTER, "asset", "materialize", "-m", "vidpipe.definitions", *args]
    return subprocess.run(
        command, env=dict(env), cwd=cwd, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


def test_asset_by_asset_gives_the_records_of_vidpipe_run(finished: Line, tmp_path: Path) -> None:
    line = Line.at(tmp_path / "project", finished.videos)
    env = environment(VIDPIPE_PROJECT=str(line.folder), DAGSTER_HOME=str(line.folder / ".dagster"))
    members = {"video": ("empty", "v0"), "selected": ("v0",)}
    partitions = {
        stage.name: [("--partition", key) for key in members[stage.over]] if stage.unit == "video" else [()]
        for stage in DEFAULT.stages
    }
    wanted = [["--select", name, *partition] for name, found in partitions.items() for partition in found]
    command = [sys.executable, "-c", ONE_BY_ONE, json.dumps(wanted)]
    done = subprocess.run(
        command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    expected = {f"{stage.name}/{key}.json" for stage in DEFAULT.per_video for key in members[stage.over]}
    assert line.contents() == {name: text for name, text in finished.contents().items() if name in expected}
    line.is_whole()
    before = line.stamps()
    line.run("--ids", "empty,v0")
    assert line.stamps() == before
    told = line.n_events()
    assert {f"{asset}/{key}.json" for (asset, key), n in told.items() if n} == expected
    assert set(told.values()) == {0, 1}


def test_without_a_project_definitions_load_and_runs_fail_with_one_clear_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    env = {name: value for name, value in environment().items() if name not in IN_PROJECT}
    done = dagster("--select", "catalogue", env={**env, "DAGSTER_HOME": str(home)}, cwd=tmp_path)
    assert done.returncode != 0
    assert "vidpipe: VIDPIPE_PROJECT: names no project; set it to a folder that `vidpipe init` made" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_loading_writes_nothing(tmp_path: Path) -> None:
    line = Line.at(tmp_path / "project", make_sources(tmp_path / "videos", 1))
    before = sorted(str(path) for path in line.folder.rglob("*"))
    code = "from vidpipe.definitions import defs; defs.resolve_all_job_defs()"
    env = environment(VIDPIPE_PROJECT=str(line.folder))
    subprocess.run([sys.executable, "-c", code], env=env, cwd=tmp_path, timeout=TIMEOUT_S, check=True)
    assert sorted(str(path) for path in line.folder.rglob("*")) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["project", "videos"]
