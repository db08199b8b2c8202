"""A mirror of a dataset folder in another folder: complete, in an order that readers can bear, and nothing twice."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from vidpipe.errors import RecipeError
from vidpipe.export.mirror import Mirror, turn_of
from vidpipe.export.release_plan import ReleaseFolder
from vidpipe.store.objects import open_store


def rows(*names: str) -> bytes:
    """Lines that name videos."""
    return "".join(f'{{"file_name":"videos/{name}.mp4","video_id":"{name}"}}\n' for name in names).encode()


FIRST = {
    "README.md": b"1",
    "data/README.md": b"1",
    "metadata.jsonl": rows("a"),
    "index.html": b"1",
    "provenance/made_by.json": b"{}",
    "videos/a.mp4": b"a",
}
SECOND = {**FIRST, "README.md": b"2", "metadata.jsonl": rows("a", "b"), "videos/b.mp4": b"b"}


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
    (target / "provenance").mkdir()
    (target / "provenance/made_by.json").write_bytes(b"")
    (target / "videos/b.mp4.vidpipe-part").write_bytes(b"hal")
    Mirror(folder_of(tmp_path, SECOND), target).write()
    assert files_in(target) == SECOND
    assert sorted(SECOND, key=turn_of) == [
        "provenance/made_by.json",
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


def test_what_others_put_into_folders_of_ours_stays(tmp_path: Path) -> None:
    target = tmp_path / "mirror"
    digits = sha256(b"old").hexdigest()[:12]
    Mirror(folder_of(tmp_path, FIRST | {f"thumbs/old.{digits}.jpg": b"old"}), target).write()
    theirs = {"videos/theirs.mp4": b"t", "data/train.parquet": b"t", f"thumbs/x.{digits}.jpg": b"t", ".git/HEAD": b"t"}
    for name, data in theirs.items():
        (target / name).parent.mkdir(exist_ok=True)
        (target / name).write_bytes(data)
    mirror = Mirror(folder_of(tmp_path, {**FIRST, "metadata.jsonl": b""} | {"videos/b.mp4": b"b"}), target)
    assert mirror.write().gone == (f"thumbs/old.{digits}.jpg",)
    assert {name: data for name, data in files_in(target).items() if name in theirs} == theirs


@pytest.mark.parametrize("name", ["README.md", "videos/a.mp4", "data/train.parquet"])
def test_a_folder_of_other_things_is_refused(tmp_path: Path, name: str) -> None:
    target = tmp_path / "mirror"
    (target / name).parent.mkdir(parents=True)
    (target / name).write_bytes(b"theirs")
    for work in (
        Mirror(folder_of(tmp_path, FIRST), target).difference,
        Mirror(folder_of(tmp_path, FIRST), target).write,
    ):
        with pytest.raises(RecipeError, match=f"holds something else .{name}."):
            work()
    assert files_in(target) == {name: b"theirs"}


@pytest.mark.parametrize("link", ["", "videos", "README.md", "videos/a.mp4"])
def test_nothing_is_written_or_deleted_through_a_link(tmp_path: Path, link: str) -> None:
    target, other = tmp_path / "mirror", tmp_path / "other"
    Mirror(folder_of(tmp_path, FIRST), target).write()
    (target / link).rename(other)
    (target / link).symlink_to(other)
    before = files_in(other) if other.is_dir() else other.read_bytes()
    with pytest.raises(RecipeError, match=r"is no folder|is a symbolic link"):
        Mirror(folder_of(tmp_path, SECOND), target).write()
    assert before == (files_in(other) if other.is_dir() else other.read_bytes())


def test_a_damaged_file_of_the_mirror_is_mended_and_one_of_the_folder_refused(tmp_path: Path) -> None:
    target, name = tmp_path / "mirror", f"videos/c.{sha256(b'c').hexdigest()[:12]}.mp4"
    Mirror(folder_of(tmp_path, FIRST | {name: b"c"}), target).write()
    (target / name).write_bytes(b"d")
    assert Mirror(folder_of(tmp_path, FIRST | {name: b"c"}), target).write().changed == (name,)
    assert (target / name).read_bytes() == b"c"
    with pytest.raises(RecipeError, match="is damaged"):
        Mirror(folder_of(tmp_path, FIRST | {name: b"d"}), tmp_path / "new").write()
    assert not [path for path in files_in(tmp_path / "new") if "/c." in path]
    listed = f"{sha256(b'x').hexdigest()}  videos/a.mp4\n".encode()
    with pytest.raises(RecipeError, match=r"videos/a.mp4: this file is damaged"):
        Mirror(folder_of(tmp_path, FIRST | {"provenance/files.sha256": listed}), tmp_path / "listed").write()


def damaged(files: Mapping[str, bytes], name: str) -> dict[str, bytes]:
    """The same files, of which one is not the one that was written: bringing it here ends with an error."""
    listed = f"{sha256(b'other').hexdigest()}  {name}\n".encode()
    return {**files, "provenance/files.sha256": listed}


def test_what_a_change_that_broke_off_left_goes_with_the_next(tmp_path: Path) -> None:
    target = tmp_path / "mirror"
    first = {**FIRST, "metadata.jsonl": rows("a", "gone/b"), "videos/gone/b.mp4": b"b"}
    Mirror(folder_of(tmp_path, first), target).write()
    (target / "videos/theirs.mp4").write_bytes(b"t")
    with pytest.raises(RecipeError, match=r"index\.html: this file is damaged"):
        Mirror(folder_of(tmp_path, damaged(FIRST | {"index.html": b"2"}, "index.html")), target).write()
    assert b"gone/b" not in (target / "metadata.jsonl").read_bytes(), "no row names it any more"
    other = {**SECOND, "metadata.jsonl": rows("b", "c"), "videos/c.mp4": b"c"}
    with pytest.raises(
        RecipeError, match=r"videos/b\.mp4: this file, .* is damaged|videos/c\.mp4: this file is damaged"
    ):
        Mirror(folder_of(tmp_path, damaged(other, "videos/c.mp4")), target).write()
    assert (target / "videos/b.mp4").is_file(), "of a release that nobody has seen"
    assert Mirror(folder_of(tmp_path, FIRST), target).difference().gone == (
        "provenance/files.sha256",
        "videos/b.mp4",
        "videos/gone/b.mp4",
    )
    Mirror(folder_of(tmp_path, FIRST), target).write()
    assert files_in(target) == FIRST | {"videos/theirs.mp4": b"t"}
    assert not (target / "videos/gone").exists()


@pytest.mark.parametrize("note", [b"", b"{", b'{"videos/a.mp4": 1}', b"[1, null]", b"[" * 100_000, b"\xff"])
def test_a_note_that_cannot_be_read_is_none(tmp_path: Path, note: bytes) -> None:
    target = tmp_path / "mirror"
    Mirror(folder_of(tmp_path, FIRST), target).write()
    (target / ".vidpipe-mirror").write_bytes(note)
    (target / "videos/theirs.mp4").write_bytes(b"t")
    assert not Mirror(folder_of(tmp_path, FIRST), target).write()
    assert files_in(target) == FIRST | {"videos/theirs.mp4": b"t"}
