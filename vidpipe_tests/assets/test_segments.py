"""The stage `segment_clips`: the recipe's way of cutting, and in the record the one really used."""

from pathlib import Path
from typing import Any

import pytest

from assets.segments import _cut, _keep
from vidpipe.batch import Work, run_batch
from vidpipe.inputs import Inputs
from vidpipe.recipe.schema import Recipe
from vidpipe.records import Outcome
from vidpipe.workers.processes import Task
from vidpipe_tests.clips import make_clip
from vidpipe_tests.lines import DEFAULT
from vidpipe_tests.projects import admit, project_at

B_FRAMES = {"preset": "medium", "bf": "3", "g": "25"}


def cut(folder: Path, mode: str, **how: Any) -> dict[str, Any]:
    """The record's value of a clip of two seconds, cut into windows of one."""
    folder.mkdir(exist_ok=True)
    path = make_clip(folder / "a.mp4", [(2, 1)], size=(64, 48), options=B_FRAMES, **how).path
    recipe = Recipe.model_validate({"segments": {"length_s": 1.1, "overlap_s": 0.2, "mode": mode}})
    project = project_at(folder, recipe)
    admit(project, "a")
    project.store.put_file("raw_videos/a/video.mp4", path)
    made = Outcome("ok", value={"duration_s": 2.0}, where={"media": "raw_videos/a/video.mp4"}, parts={"media": "m"})
    list(run_batch(project, "raw_videos", ["a"], Work(lambda _inputs: made), "run"))
    inputs = Inputs(project, DEFAULT["segment_clips"], "a", "a", {})
    task = _cut(inputs)
    assert isinstance(task, Task)
    outcome = _keep(inputs, task.work(task.argument))
    (sheet,) = outcome.where["sheets"].values()
    assert project.store.head(sheet).n_bytes == outcome.where["bytes"][sheet]
    assert all(project.store.head(clip["key"]).n_bytes for clip in outcome.value["clips"])
    return dict(outcome.value)


def test_exact_records_say_it_once(tmp_path: Path) -> None:
    value = cut(tmp_path, "exact")
    assert value["mode"] == "exact"
    assert [sorted(clip) for clip in value["clips"]] == [
        ["actual_end_s", "actual_start_s", "end_s", "key", "start_s"]
    ] * 2


@pytest.mark.parametrize("mode", ["smart", "copy"])
def test_other_ways_are_told_per_clip(mode: str, tmp_path: Path) -> None:
    value = cut(tmp_path, mode)
    assert value["mode"] == mode
    assert [clip["mode"] for clip in value["clips"]] == [mode] * 2


def test_what_cannot_be_cut_so_is_told_as_exact(tmp_path: Path) -> None:
    value = cut(tmp_path, "smart", rotation=90)
    assert value["mode"] == "smart"
    assert [clip["mode"] for clip in value["clips"]] == ["exact"] * 2


def test_smart_clips_hold_the_same_seconds_as_exact_ones(tmp_path: Path) -> None:
    smart, exact = cut(tmp_path / "smart", "smart"), cut(tmp_path / "exact", "exact")
    assert [{**clip, "mode": None} for clip in smart["clips"]] == [{**clip, "mode": None} for clip in exact["clips"]]
