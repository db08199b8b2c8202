"""A folder as a source: every file is a row, nothing outside is reached, ids stay."""

import os
from pathlib import Path

import pytest

from vidpipe.corpus.folders import read_folder
from vidpipe.corpus.rows import VideoRow
from vidpipe.errors import RecipeError
from vidpipe.recipe.layouts import parse_layout

HOSTILE = ("-rf", "x...y", "a\nb", "<script>alert(1)<", "😀" * 20, "\u202egpj", "n" * 200, " ", "%2e%2e", "con")


def make(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def rows(root: Path, known: dict[str, str] | None = None) -> dict[str, VideoRow]:
    found = read_folder(root, known=known or {})
    assert len({row.video_id for row in found}) == len(found)
    return {row.video_id: row for row in found}


def test_every_regular_file_but_hidden_ones_and_sidecars_is_a_row(tmp_path: Path) -> None:
    make(
        tmp_path, "b.mp4", "a/c.MKV", ".hidden.mp4", ".git/x.mp4", "a/.x/y.mp4", "notes.txt", "b.json", "b.vtt", "noext"
    )
    os.mkfifo(tmp_path / "pipe.mp4")
    found = read_folder(tmp_path, known={})
    assert [row.video_id for row in found] == ["a/c", "b", "noext"]
    assert [row.path for row in found] == [str(tmp_path / name) for name in ("a/c.MKV", "b.mp4", "noext")]
    assert [row.title for row in found] == ["c", "b", "noext"]
    assert all(row.keep for row in found)


def test_sidecars_describe_the_video_beside_them_alone(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "s/a.mp4", "s/a.en.vtt")
    (tmp_path / "a.info.json").write_text('{"title": "Told", "view_count": 3}')
    found = rows(tmp_path)
    assert (found["a"].title, found["a"].view_count, found["a"].captions) == ("Told", 3, {})
    assert found["a"].info_path == str(tmp_path / "a.info.json")
    assert found["s/a"].captions == {"en": str(tmp_path / "s/a.en.vtt")}
    assert found["s/a"].title == "a"


def test_adding_a_mov_beside_an_mp4_renames_nothing(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4")
    known = {row.path: row.video_id for row in read_folder(tmp_path, known={}) if row.path}
    make(tmp_path, "a.mov")
    assert {row.video_id: Path(str(row.path)).name for row in read_folder(tmp_path, known=known)} == {
        "a": "a.mp4",
        "a.mov": "a.mov",
    }


def test_an_id_waits_for_a_file_that_is_gone(tmp_path: Path) -> None:
    make(tmp_path, "a.avi")
    assert list(rows(tmp_path, {str(tmp_path / "a.mp4"): "a"})) == ["a.avi"]


def test_a_folder_that_was_moved_keeps_its_ids(tmp_path: Path) -> None:
    make(tmp_path, "new/a.mp4")
    assert list(rows(tmp_path / "new", {str(tmp_path / "old/a.mp4"): "a"})) == ["a"]


def test_links_are_followed_inside_the_folder_only(tmp_path: Path) -> None:
    outside = make(tmp_path / "outside", "secret.mp4", "secret.vtt")
    root = make(tmp_path / "in", "a.mp4", "sub/b.mp4")
    (root / "same.mp4").symlink_to(root / "a.mp4")
    (root / "out.mp4").symlink_to(outside / "secret.mp4")
    (root / "outdir").symlink_to(outside)
    (root / "broken.mp4").symlink_to(root / "none.mp4")
    (root / "loop.mp4").symlink_to(root / "loop.mp4")
    (root / "sub/up").symlink_to(root)
    (root / "a.vtt").symlink_to(outside / "secret.vtt")
    found = rows(root)
    assert {name: row.reason for name, row in found.items()} == {
        "a": None,
        "same": None,
        "sub/b": None,
        "out": "link leaves the folder",
        "outdir": "link leaves the folder",
        "broken": "link leads nowhere",
        "loop": "link leads nowhere",
    }
    assert found["a"].captions == {}
    assert found["out"].detail == "link leaves the folder: out.mp4"
    assert found["out"].path is None


def test_what_is_left_out_takes_no_short_id(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4")
    (tmp_path / "a.avi").symlink_to(tmp_path / "none")
    assert {row.video_id: row.keep for row in read_folder(tmp_path, known={})} == {"a.avi": False, "a": True}


def test_a_root_that_is_a_link_is_fine(tmp_path: Path) -> None:
    make(tmp_path / "real", "a.mp4")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert rows(tmp_path / "link")["a"].path == str(tmp_path / "link/a.mp4")


def test_hostile_names_are_ids_as_they_are(tmp_path: Path) -> None:
    make(tmp_path, *(f"{name}.mp4" for name in HOSTILE))
    assert set(rows(tmp_path)) == set(HOSTILE)


def test_a_name_that_is_not_utf8_is_a_row_with_a_reason_and_a_safe_id(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.mp4")).write_bytes(b"x")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.vtt")).write_bytes(b"x")
    make(tmp_path, "a.mp4")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/a.\xff.vtt")).write_bytes(b"x")
    found = rows(tmp_path)
    assert found["\\udcff\\udcfe"].reason == "file name is not UTF-8"
    assert found["a"].keep
    for row in found.values():
        f"{row}".encode()


def test_a_folder_that_cannot_be_read_is_a_row(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads every folder")
    make(tmp_path, "a.mp4", "locked/b.mp4")
    (tmp_path / "locked").chmod(0)
    try:
        assert rows(tmp_path)["locked"].reason == "folder cannot be read"
    finally:
        (tmp_path / "locked").chmod(0o755)


def test_a_layout_reads_series_and_episode(tmp_path: Path) -> None:
    make(tmp_path, "Show/01.mp4", "loose.mp4")
    found = {r.video_id: r for r in read_folder(tmp_path, known={}, layout=parse_layout("{series}/{episode}"))}
    assert (found["Show/01"].series_name, found["Show/01"].episode_id) == ("Show", "01")
    assert (found["loose"].series_name, found["loose"].episode_id) == (None, None)


def test_deep_trees_are_walked_without_recursion(tmp_path: Path) -> None:
    make(tmp_path, "/".join(["d"] * 400) + "/a.mp4")
    assert list(rows(tmp_path)) == ["/".join(["d"] * 400) + "/a"]


def test_a_root_that_is_no_folder_is_a_recipe_error(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        read_folder(tmp_path / "none", known={})
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    odd.mkdir()
    with pytest.raises(RecipeError, match="is not UTF-8") as caught:
        read_folder(odd, known={})
    str(caught.value).encode()
