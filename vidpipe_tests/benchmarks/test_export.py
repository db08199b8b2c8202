"""The benchmark of exports at a tiny size: datasets that are whole, and figures that add up."""

from pathlib import Path

import pytest

from benchmarks import export, exporting
from benchmarks.timed import Job
from vidpipe.export.checking import folder_problems
from vidpipe.export.published import FolderFiles


@pytest.mark.parametrize("task", list(exporting.TASKS))
def test_what_is_measured_is_a_whole_dataset(tmp_path: Path, task: str) -> None:
    export.make_files(tmp_path / "clip", tmp_path / "store", 12)
    assert exporting.TASKS[task](Job(str(tmp_path / "store"), str(tmp_path / "out")))() == 12
    assert list(folder_problems(FolderFiles(tmp_path / "store/datasets" / task))) == []
    assert len(list((tmp_path / "store/datasets" / task).rglob("*.mp4"))) == 12


def test_rows_say_how_many_records_a_second(tmp_path: Path) -> None:
    figures = export.records(tmp_path, 3, tasks=("scenes",))
    assert [figure.more["records_per_s"] == pytest.approx(3 / (figure.ours_s or 1)) for figure in figures] == [True]
