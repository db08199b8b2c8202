"""Manifests: every record is a row, errors say where, and no path gets out of its folder."""

import json
import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vidpipe.corpus.manifests import read_manifest
from vidpipe.corpus.rows import VideoRow
from vidpipe.errors import RecipeError
from vidpipe.recipe.layouts import parse_layout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "in"
    (inside / "sub").mkdir(parents=True)
    for name in ("a.mp4", "b.mp4", "sub/c.mp4", "a.en.vtt", "sub/c.srt"):
        (inside / name).write_bytes(b"x")
    (tmp_path / "outside.mp4").write_bytes(b"x")
    return inside


def read(folder: Path, content: str | bytes, name: str = "m.csv", *roots: Path) -> tuple[VideoRow, ...]:
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    return read_manifest(folder / name, known={}, roots=roots)


def lines(*records: object) -> str:
    return "\n".join(json.dumps(record) for record in records)


def test_all_columns_become_fields(folder: Path) -> None:
    record = {
        "id": "x", "path": "sub/c.mp4", "title": "T", "description": "D", "channel": "C", "series_name": "S",
        "episode_id": 3, "release_date": "2024-01", "license": "CC-BY", "captions": "Hello there", "language": "en",
        "word_count": 2, "duration_string": "1:05", "view_count": 9, "like_count": "8", "comment_count": 7.0,
        "channel_follower_count": 6, "age_limit": 18, "categories": ["Music"], "tags": ["t"], "upload_date": "20240131",
    }  # fmt: skip
    (row,) = read(folder, lines(record), "m.jsonl")
    assert row == VideoRow(
        video_id="x", path=str(folder / "sub/c.mp4"), title="T", description="D", channel="C", series_name="S",
        episode_id="3", release_date="2024-01", licence="CC-BY", captions_text="Hello there", language="en",
        word_count=2, duration_s=65.0, view_count=9, like_count=8, comment_count=7, channel_follower_count=6,
        age_limit=18, categories=("Music",), tags=("t",), upload_date="20240131",
        captions={"und": str(folder / "sub/c.srt")},
    )  # fmt: skip


def test_csv_jsonl_and_parquet_say_the_same(folder: Path) -> None:
    records = [
        {"id": "x", "path": "a.mp4", "title": "A", "view_count": "5"},
        {"id": "y", "path": "b.mp4", "title": "B", "view_count": ""},
    ]
    pl.DataFrame(records).write_parquet(folder / "m.parquet")
    by_csv = read(folder, "id,path,title,view_count\nx,a.mp4,A,5\ny,b.mp4,B,\n")
    assert by_csv == read(folder, lines(*records), "m.jsonl")
    assert by_csv == read_manifest(folder / "m.parquet", known={})


@pytest.mark.parametrize(
    ("path", "reason", "what"),
    [
        ("../outside.mp4", "path leaves the manifest's folder", "../outside.mp4 leaves the folder"),
        ("../../../../../../etc/passwd", "path leaves the manifest's folder", "leaves the folder"),
        ("/etc/passwd", "path leaves the manifest's folder", "/etc/passwd leaves the folder"),
        ("sub/../../outside.mp4", "path leaves the manifest's folder", "leaves the folder"),
        ("out.mp4", "path leaves the manifest's folder", "out.mp4 leaves the folder"),
        ("../in", "path leaves the manifest's folder", "leaves the folder"),
        ("../in2/a.mp4", "path leaves the manifest's folder", "leaves the folder"),
        ("none.mp4", "no such file", "none.mp4 is no file"),
        ("sub", "no such file", "sub is no file"),
        (".", "path leaves the manifest's folder", "leaves the folder"),
        ("x" * 5000, "no such file", "is no file"),
        ("a\0.mp4", "no such file", "is no file"),
        ("a.mp4/b", "no such file", "is no file"),
        ("~/a.mp4", "no such file", "is no file"),
        ("", "no path", "is empty"),
    ],
)
def test_a_path_that_cannot_be_used_is_a_row_that_says_where(folder: Path, path: str, reason: str, what: str) -> None:
    (folder / "out.mp4").symlink_to(folder.parent / "outside.mp4")
    good, bad = read(folder, f'id,title,path\ng,"two\nlines",a.mp4\nx,T,{path}\n')
    assert good.keep
    assert (bad.video_id, bad.title, bad.keep, bad.path, bad.reason) == ("x", "T", False, None, reason)
    assert bad.detail is not None
    assert bad.detail.startswith("m.csv line 4 column path: ")
    assert what in bad.detail
    assert len(bad.detail) <= 200


def test_a_path_may_lie_in_another_root(folder: Path) -> None:
    text = f"id,path\nx,../outside.mp4\ny,{folder.parent}/outside.mp4\n"
    assert [row.keep for row in read(folder, text)] == [False, False]
    found = read(folder, text, "m.csv", folder.parent)
    assert [row.path for row in found] == [str(folder.parent / "outside.mp4")] * 2


@pytest.mark.parametrize("value", [None, "", "   ", [], {}, True, 1.5])
def test_an_empty_or_odd_id_is_an_error_row(folder: Path, value: object) -> None:
    bad, good = read(folder, lines({"id": value, "path": "a.mp4"}, {"id": "a", "path": "a.mp4"}), "m.jsonl")
    assert (bad.video_id, bad.reason) == ("line-1", "empty id")
    assert str(bad.detail).startswith("m.jsonl line 1 column id: ")
    assert good.keep


@pytest.mark.parametrize(
    "video_id",
    ["../../x", "a/b", "-rf", "n" * 300, "😀", "\u202eabc", "<script>", "a\nb", "x...y", " a", "line-1"],
)
def test_hostile_ids_are_kept_as_they_are(folder: Path, video_id: str) -> None:
    (row,) = read(folder, lines({"id": video_id, "path": "a.mp4"}), "m.jsonl")
    assert (row.video_id, row.keep) == (video_id, True)


def test_a_nul_in_an_id_is_spelt_out(folder: Path) -> None:
    (row,) = read(folder, lines({"id": "a\0b", "path": "a.mp4"}), "m.jsonl")
    assert (row.video_id, row.keep) == (r"a\x00b", True)


def test_a_number_is_an_id(folder: Path) -> None:
    assert [row.video_id for row in read(folder, lines({"id": 7, "path": "a.mp4"}), "m.jsonl")] == ["7"]


def test_an_id_that_stands_already_is_named_with_both_lines(folder: Path) -> None:
    found = read(folder, "id,path\nx,a.mp4\nx,none.mp4\nx,b.mp4\n")
    assert [row.reason for row in found] == [None, "no such file", "duplicate id"]
    assert found[2].detail == "m.csv line 4 column id: x stands already in line 2"


def test_without_ids_files_are_named_as_in_a_folder(folder: Path) -> None:
    (folder / "a.mov").write_bytes(b"x")
    found = read(folder, "path\nsub/c.mp4\na.mov\na.mp4\na.mp4\n")
    assert [row.video_id for row in found] == ["sub/c", "a", "a.mp4", "a.mp4"]
    assert [row.keep for row in found] == [True, True, True, False]
    assert found[0].title == "c"


def test_a_known_file_keeps_its_id(folder: Path) -> None:
    (folder / "a.mov").write_bytes(b"x")
    (folder / "m.csv").write_text("path\na.mov\na.mp4\n")
    found = read_manifest(folder / "m.csv", known={str(folder / "a.mp4"): "a"})
    assert [row.video_id for row in found] == ["a.mov", "a"]


def test_ids_stay_in_a_folder_behind_a_link(folder: Path) -> None:
    (folder / "a.mov").write_bytes(b"x")
    (folder / "m.csv").write_text("path\na.mov\n")
    (folder.parent / "link").symlink_to(folder)
    manifest = folder.parent / "link/m.csv"
    known = {str(folder / "a.mp4"): "a", str(folder / "gone.mov"): "a.mov"}
    (row,) = read_manifest(manifest, known=known)
    assert (row.video_id, row.path) == ("a.mov~2", str(folder / "a.mov"))


def test_a_sidecar_that_links_out_of_the_folder_is_passed_over(folder: Path) -> None:
    (folder.parent / "secret.vtt").write_bytes(b"x")
    (folder / "b.en.vtt").symlink_to(folder.parent / "secret.vtt")
    (folder / "b.de.vtt").symlink_to(folder / "a.en.vtt")
    (row,) = read(folder, "id,path\nx,b.mp4\n")
    assert row.captions == {"de": str(folder / "b.de.vtt")}


def test_urls_are_rows_with_a_reason(folder: Path) -> None:
    (row,) = read(folder, "id,url\nx,https://example.org/v.mp4\n")
    assert (row.keep, row.url) == (False, "https://example.org/v.mp4")
    assert row.reason == "url sources are not available in this version"


def test_a_url_beside_a_path_is_kept_and_so_is_the_page_of_an_info_file(folder: Path) -> None:
    (folder / "b.info.json").write_text('{"webpage_url": "https://example.org/b", "url": "https://cdn.example.org/1"}')
    one, two = read(folder, "id,path,url\nx,a.mp4,https://example.org/a\ny,b.mp4,\n")
    assert (one.keep, one.url) == (True, "https://example.org/a")
    assert (two.keep, two.url) == (True, "https://example.org/b")


def test_sidecars_fill_what_the_manifest_leaves_open(folder: Path) -> None:
    (folder / "a.info.json").write_text('{"title": "Info", "view_count": 4, "like_count": 3, "language": "de"}')
    one, two = read(folder, "id,path,title,view_count\nx,a.mp4,Mine,\ny,b.mp4,,\n")
    assert (one.title, one.view_count, one.like_count, one.language) == ("Mine", 4, 3, "de")
    assert one.captions == {"en": str(folder / "a.en.vtt")}
    assert (two.title, two.view_count, two.captions) == ("b", None, {})


@pytest.mark.parametrize(
    ("value", "files", "text", "remark"),
    [
        ("sub/c.srt", {"und": "sub/c.srt"}, None, False),
        ("a.en.vtt", {"en": "a.en.vtt"}, None, False),
        ({"en": "a.en.vtt", "de": "sub/c.srt"}, {"de": "sub/c.srt", "en": "a.en.vtt"}, None, False),
        ({"en": "a.en.vtt", "de": "../x.vtt"}, {"en": "a.en.vtt"}, None, True),
        ("Hello world", {}, "Hello world", False),
        ("I saw it in a.vtt", {}, "I saw it in a.vtt", False),
        ("../outside.vtt", {}, None, True),
        ("/etc/passwd", {}, "/etc/passwd", False),
        ("none.srt", {}, None, True),
        ("", {}, None, False),
        (None, {}, None, False),
        ([1, 2], {}, None, False),
        ("x" * 100_000 + ".vtt", {}, None, True),
    ],
)
def test_captions_are_a_file_in_the_folder_or_plain_text(
    folder: Path, value: object, files: dict[str, str], text: str | None, *, remark: bool
) -> None:
    (row,) = read(folder, lines({"id": "x", "path": "b.mp4", "captions": value}), "m.jsonl")
    assert row.captions == {tag: str(folder / name) for tag, name in files.items()}
    assert (row.captions_text, row.keep, row.detail is not None) == (text, True, remark)


def test_the_language_of_the_row_names_captions_without_one(folder: Path) -> None:
    (row,) = read(folder, lines({"path": "b.mp4", "captions": "sub/c.srt", "language": "fr"}), "m.jsonl")
    assert row.captions == {"fr": str(folder / "sub/c.srt")}


def test_a_count_that_is_no_number_is_a_remark(folder: Path) -> None:
    (row,) = read(folder, "id,path,view_count,like_count\nx,a.mp4,many,2\n")
    assert (row.keep, row.reason, row.view_count, row.like_count) == (True, None, None, 2)
    assert row.detail == "m.csv line 2 column view_count: many is no whole number"


def test_a_layout_fills_series_where_the_manifest_states_none(folder: Path) -> None:
    (folder / "m.csv").write_text("id,path,series_name\nx,sub/c.mp4,\ny,sub/c.mp4,Own\n")
    found = read_manifest(folder / "m.csv", known={}, layout=parse_layout("{series}/{episode}"))
    assert [(row.series_name, row.episode_id) for row in found] == [("sub", "c"), ("Own", "c")]


def test_broken_lines_are_rows_and_not_the_end(folder: Path) -> None:
    text = '{"id": "x", "path": "a.mp4"}\n{"id": \n[1]\n\n\xff\n{"id": "y", "path": "b.mp4"}\n' + "[" * 9999
    found = read(folder, text.encode("latin-1"), "m.jsonl")
    assert [row.video_id for row in found] == ["x", "line-2", "line-3", "line-5", "y", "line-7"]
    assert [row.reason for row in found] == [None, *["broken line"] * 3, None, "broken line"]
    assert str(found[1].detail).startswith("m.jsonl line 2: no JSON: ")


def test_csv_lines_with_too_few_or_too_many_fields_are_rows(folder: Path) -> None:
    found = read(folder, 'id,path,title\nx,a.mp4\ny,b.mp4,T,more\n"z"z,a.mp4,T\n\nw,a.mp4,"q, ""q"""\n')
    assert [(row.video_id, row.reason) for row in found] == [
        ("x", "broken line"),
        ("y", "broken line"),
        ("line-4", "broken line"),
        ("w", None),
    ]
    assert found[0].detail == "m.csv line 2: 2 fields instead of 3"
    assert found[3].title == 'q, "q"'


def test_marks_line_ends_and_case_of_columns_do_not_matter(folder: Path) -> None:
    assert [row.title for row in read(folder, "\ufeffID, Path ,Title\r\nx,a.mp4,Ä\r\n")] == ["Ä"]
    assert [row.video_id for row in read(folder, "\ufeff" + lines({"ID": "x", "path": "a.mp4"}), "m.jsonl")] == ["x"]


def test_long_captions_fit_in_a_field(folder: Path) -> None:
    (row,) = read(folder, f'id,path,captions\nx,a.mp4,"{"word " * 100_000}"\n')
    assert len(str(row.captions_text)) == 500_000


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("m.csv", b"", "the file is empty"),
        ("m.csv", b"name,title\nx,y\n", "line 1: no column id, path or url"),
        (
            "m.csv",
            b"id;path\nx;a.mp4\n",
            "line 1: no column id, path or url (columns: id;path); part columns by commas",
        ),
        ("m.csv", b"id,path,path\n", "line 1: column path stands twice"),
        ("m.csv", b'id,path\nx,a.mp4\ny,"b.mp4\n', "line 3: no CSV"),
        ("m.csv", b"id,path\nx,caf\xe9\n", "line 2: not UTF-8 at byte 6"),
        ("m.csv", "id,path\n".encode("utf-16"), "line 1: not UTF-8"),
        ("m.jsonl", b'[{"id": "x"}]', "line 1: no JSON object"),
        ("m.jsonl", b"PAR1\x00\x00", "line 1: no JSON"),
        ("m.parquet", b"", "no parquet"),
        ("m.parquet", b"PAR1 garbage PAR1", "no parquet"),
        ("m.parquet", b"id,path\n", "no parquet"),
    ],
)
def test_a_file_that_is_unusable_as_a_whole_is_one_clear_line(
    folder: Path, name: str, content: bytes, why: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        read(folder, content, name)
    assert why in str(caught.value)
    assert str(folder / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_parquet_without_a_usable_column_is_refused(folder: Path) -> None:
    pl.DataFrame({"title": ["x"]}).write_parquet(folder / "m.parquet")
    with pytest.raises(RecipeError, match="no column id, path or url"):
        read_manifest(folder / "m.parquet", known={})


def test_parquet_types_are_read(folder: Path) -> None:
    frame = pl.DataFrame(
        {
            "id": [1, None],
            "path": ["a.mp4", "b.mp4"],
            "duration": [61.5, None],
            "tags": [["x"], None],
            "view_count": [3, None],
        }
    )
    frame.write_parquet(folder / "m.parquet")
    one, two = read_manifest(folder / "m.parquet", known={})
    assert (one.video_id, one.duration_s, one.tags, one.view_count) == ("1", 61.5, ("x",), 3)
    assert (two.video_id, two.reason) == ("line-2", "empty id")


def test_names_that_are_not_utf8_are_rows_with_a_reason(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.mp4")).write_bytes(b"x")
    (row,) = read(folder, '{"path": "\\udcff.mp4"}', "m.jsonl")
    assert not row.keep
    f"{row}".encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    st.text(st.sampled_from("id,path\n\r\"'\0\u2028\ufeff.a/;{}[]:"), max_size=60),
    st.sampled_from(["m.csv", "m.jsonl"]),
)
def test_no_manifest_raises_anything_but_recipe_errors(folder: Path, text: str, name: str) -> None:
    head = "id,path\n" if name == "m.csv" else '{"id": "g", "path": "a.mp4"}\n'
    for content in (text, head + text):
        try:
            found = read(folder, content, name)
        except RecipeError:
            continue
        assert all(row.keep == (row.reason is None) for row in found)
        assert all(str(row.path).startswith(str(folder)) for row in found if row.keep)
