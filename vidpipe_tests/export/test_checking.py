"""The check of a dataset's folder, on folders that the writer made and somebody then harmed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidpipe.export.about import DatasetAbout
from vidpipe.export.checking import folder_problems
from vidpipe.export.folder import write_dataset
from vidpipe.export.kinds import SCENES
from vidpipe.export.published import FolderFiles, StoreFiles
from vidpipe_tests.export.samples import SCENES_PREFIX, items_of, store_at, target_at

Harm = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A dataset of three videos."""
    items = items_of(tmp_path, {"a": 10, "b": 20, "c": 30})
    write_dataset(items, target_at(tmp_path / "store"), kind=SCENES, about=DatasetAbout("Demo"))
    return tmp_path / "store" / SCENES_PREFIX


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text("utf-8").splitlines()]


def _write(folder: Path, rows: list[dict[str, Any]]) -> None:
    (folder / "metadata.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")


def _changed(**values: Any) -> Harm:
    def harm(folder: Path) -> None:
        first, *rest = _rows(folder)
        _write(folder, [{**first, **values}, *rest])

    return harm


def _named_twice(folder: Path) -> None:
    first, second, third = _rows(folder)
    _write(folder, [first, {**second, "file_name": first["file_name"]}, third])


def test_what_the_writer_made_is_whole(folder: Path) -> None:
    assert list(folder_problems(FolderFiles(folder))) == []
    assert list(folder_problems(StoreFiles(store_at(folder.parents[1]), SCENES_PREFIX))) == []


HARMS: dict[str, tuple[Harm, str]] = {
    "a file is gone": (lambda folder: next((folder / "videos").iterdir()).unlink(), "names what is not there"),
    "a file too many": (lambda folder: (folder / "videos/x.mp4").write_bytes(b""), "no row names videos/x.mp4"),
    "named twice": (_named_twice, "named by 2 rows"),
    "no name": (_changed(file_name=None), "file_name that cannot be"),
    "a name that leads out": (_changed(file_name="../x.mp4"), "file_name that cannot be"),
    "another type": (_changed(duration_s="long"), "row.duration_s is "),
    "another column": (_changed(more=1), "row is an object of"),
    "no object": (lambda folder: (folder / "metadata.jsonl").write_bytes(b"[]\n{\xff"), "is no JSON object"),
    "no metadata": (lambda folder: (folder / "metadata.jsonl").unlink(), "there is no metadata.jsonl"),
    "a shard is gone": (lambda folder: next((folder / "data").glob("*.parquet")).unlink(), "names what is not there"),
    "a shard too many": (lambda folder: (folder / "data/x.parquet").write_bytes(b""), "does not name data/x.parquet"),
    "half a file": (lambda folder: (folder / "thumbs.tmp").write_bytes(b""), "that nobody finished"),
}


@pytest.mark.parametrize(("harm", "told"), HARMS.values(), ids=HARMS)
def test_a_folder_that_is_not_whole_is_told(folder: Path, harm: Harm, told: str) -> None:
    harm(folder)
    assert any(told in problem for problem in folder_problems(FolderFiles(folder)))


def test_a_full_folder_is_told(folder: Path) -> None:
    problems = list(folder_problems(FolderFiles(folder), folder_entries=2))
    assert "3 entries in videos" in problems
