"""A mirror of a dataset folder in another folder: complete, in an order that readers can bear, and nothing twice."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from vidpipe.errors import RecipeError
from vidpipe.export.mirror import Mirror, turn_of
from vidpipe.export.release_plan import ReleaseFolder
from vidpipe.store.objects import open_store

FIRST = {"README.md": b"1", "data/README.md": b"1", "metadata.jsonl": b"1\n", "index.html": b"1", "videos/a.mp4": b"a"}
SECOND = {**FIRST, "README.md": b"2", "metadata.jsonl": b"2\n", "videos/b.mp4": b"b"}


def folder_of(tmp_path: Path, files: Mapping[str, bytes]) -> ReleaseFolder:
    store = open_store(str(tmp_path / "store"), scratch=tmp_path / "scratch")
    for one in list(store.list("datasets/scenes")):
        store.delete(one.key)
    for name, data in files.items():
        store.put(f"datasets/scenes/{name}", data)
    return ReleaseFolder(store, "datasets/scenes")


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_mirror_holds_what_the_folder_holds_and_what_is_not_ours(tmp_path: Path) -> None:
    target = tmp_path / "mirror"
    assert Mirror(folder_of(tmp_path, FIRST), target).write().added == tuple(sorted(FIRST))
    (target / "NOTES").write_bytes(b"mine")
    changed = Mirror(folder_of(tmp_path, {k: v for k, v in SECOND.items() if k != "videos/a.mp4"}), target).write()
    assert (changed.added, changed.gone) == (("videos/b.mp4",), ("videos/a.mp4",))
    assert files_in(target) == {k: v for k, v in SECOND.items() if k != "videos/a.mp4"} | {"NOTES": b"mine"}
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*") if path.is_file()}
    assert not Mirror(folder_of(tmp_path, {k: v for k, v in SECOND.items() if k != "videos/a.mp4"}), target).write()
    assert before == {path: path.stat().st_mtime_ns for path in target.rglob("*") if path.is_file()}


def test_videos_come_before_the_texts_that_name_them_and_rests_of_a_kill_go(tmp_path: Path) -> None:
    target = tmp_path / "mirror"
    (target / "videos").mkdir(parents=True)
    (target / "videos/b.mp4.vidpipe-part").write_bytes(b"hal")
    Mirror(folder_of(tmp_path, SECOND), target).write()
    assert files_in(target) == SECOND
    assert sorted(SECOND, key=turn_of) == [
        "videos/a.mp4",
        "videos/b.mp4",
        "data/README.md",
        "README.md",
        "metadata.jsonl",
        "index.html",
    ]


def test_a_target_that_is_no_folder_or_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RecipeError, match="is no folder"):
        Mirror(folder_of(tmp_path, FIRST), tmp_path / "file")
    with pytest.raises(RecipeError, match="--to"):
        Mirror(folder_of(tmp_path, FIRST), tmp_path / "file" / "below").write()
    (tmp_path / "link").symlink_to("/etc")
    assert "link" not in dict(Mirror(folder_of(tmp_path, FIRST), tmp_path)._there())
