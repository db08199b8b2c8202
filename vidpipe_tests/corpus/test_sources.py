"""Which source a URI means."""

from pathlib import Path

import pytest

from vidpipe.corpus.sources import check_source, read_sources
from vidpipe.errors import RecipeError
from vidpipe_tests.shared import SHARED


def test_sources_are_read_in_their_order_from_the_base(tmp_path: Path) -> None:
    for name in ("one/b.mp4", "two/a.mp4"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "two/m.csv").write_text("path,title\na.mp4,Told\n")
    found = read_sources(["one", "two/m.csv", str(tmp_path / "two")], base=tmp_path)
    titles = {uri: [(row.video_id, row.title) for row in rows] for uri, rows in found.items()}
    assert titles == {"one": [("b", "b")], "two/m.csv": [("a", "Told")], str(tmp_path / "two"): [("a", "a")]}


@pytest.mark.parametrize(
    "uri",
    ["youtube:ids.txt", "youtube:@channel", "https://x.org/v.mp4", "s3://b/p", "gs://b/p", "hf://datasets/u/n",
     "youtube-commons:*.parquet", "action100m:*.parquet", "HTTPS://x.org"],
)  # fmt: skip
def test_remote_sources_are_refused_in_this_version(tmp_path: Path, uri: str) -> None:
    with pytest.raises(RecipeError, match="not available in this version"):
        read_sources([uri], base=tmp_path)


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("ftp://x", "no kind of source"),
        ("none", "no such folder or file: none"),
        ("~nobody-here/x", "no such folder or file"),
        ("x" * 5000, "no such folder or file"),
        ("", "is empty"),
        ("a\0b", "holds a NUL"),
        ("a.mp4", "a source is a folder, or a .csv"),
        ("a\udcff", "no such folder or file"),
    ],
)
def test_what_is_no_source_is_a_recipe_error(tmp_path: Path, uri: str, why: str) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    with pytest.raises(RecipeError, match=why) as caught:
        check_source(uri, tmp_path)
    str(caught.value).encode()


def test_a_folder_with_a_colon_in_its_name_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "season:1").mkdir()
    assert check_source("season:1", tmp_path) == tmp_path / "season:1"


@pytest.mark.corpus
def test_the_shared_videos_are_76_rows() -> None:
    (found,) = read_sources([str(SHARED / "video")], base=Path("/")).values()
    assert len(found) == len({row.video_id for row in found})
    assert all(row.keep for row in found)
    assert len(found) == 76
