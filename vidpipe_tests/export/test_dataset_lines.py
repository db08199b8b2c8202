"""Lines of others are read one by one: what is no object is told by its number, and by what it says of itself."""

from pathlib import Path

import pytest

from vidpipe.errors import MissingObjectError, RecipeError
from vidpipe.export.dataset_lines import line_at, lines_of
from vidpipe.export.published import FolderFiles


def test_a_line_that_is_no_object_still_names_its_row(tmp_path: Path) -> None:
    path = tmp_path / "metadata.jsonl"
    path.write_bytes(b'{"a":1}\n[1]\n{"file_name": "v\\"1.mp4", "video_id":"x\xff", "a": \n' + b"[" * 10_000 + b"\n{}")
    first, second, third, fourth, fifth = lines_of(path)
    assert (first.value, first.number, first.start_bytes) == ({"a": 1}, 1, 0)
    assert (second.value, second.told) == (None, {})
    assert (third.value, third.told) == (None, {"file_name": 'v\\"1.mp4', "video_id": "x\N{REPLACEMENT CHARACTER}"})
    assert (fourth.value, fifth.value) == (None, {})
    assert line_at(path, first.start_bytes) == {"a": 1}
    assert line_at(path, second.start_bytes) == {}


def test_files_are_those_that_are_not_hidden(tmp_path: Path) -> None:
    for name in ("metadata.jsonl", "videos/a/v.mp4", ".git/config", ".cache/huggingface/x", "videos/.DS_Store"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"12")
    files = FolderFiles(tmp_path)
    assert files.files() == {"metadata.jsonl": 2, "videos/a/v.mp4": 2}
    with files.local("metadata.jsonl") as path:
        assert path.read_bytes() == b"12"
    with pytest.raises(MissingObjectError), files.local("none"):
        pass
    with pytest.raises(RecipeError, match="no such folder"):
        FolderFiles(tmp_path / "none").files()
