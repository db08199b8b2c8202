"""Two releases of a dataset compared: rows that came, went and changed, in which columns and why."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from vidpipe.errors import RecipeError
from vidpipe.export.chain import MADE_BY, digest, document_of, line_of, sealed
from vidpipe.export.published import FolderFiles
from vidpipe.export.release_diff import ANEW, CAME, ChangedRow, release_diff
from vidpipe.export.release_files import Release
from vidpipe_tests.export.origins import origins_of

Row = dict[str, Any]


def written(folder: Path, rows: list[Row], documents: list[Row], *, without: tuple[Row, ...] = ()) -> Release:
    """A release with these rows, sealed, each with its video's document."""
    (folder / "provenance").mkdir(parents=True)
    by_id = {document["video_id"]: digest(document) for document in documents}
    for name, some in (("metadata.jsonl", rows), ("without_media.jsonl", without)):
        lines = [json.dumps(sealed(row, by_id[row["video_id"]])) for row in some]
        (folder / name).write_text("".join(f"{line}\n" for line in lines))
    (folder / "provenance" / "00000.0123456789ab.jsonl").write_bytes(b"".join(map(line_of, documents)))
    (folder / MADE_BY).write_text(json.dumps({"stages": {"scene_dataset": "1+a"}}))
    (folder / "CHANGELOG.md").write_text("# Changes\n\n## 0123456789ab\n")
    return Release.read(FolderFiles(folder))


def document(video_id: str, **changes: Any) -> Row:
    """A video's document."""
    return {**document_of(origins_of())[0], "video_id": video_id, **changes}


def row(video_id: str, **columns: Any) -> Row:
    """A row with its file."""
    return {
        "file_name": f"videos/{video_id}.mp4",
        "video_id": video_id,
        "title": "t",
        "query": {"plot": ["a"]},
        **columns,
    }


def test_rows_come_go_and_change_and_each_change_has_its_columns_and_causes(tmp_path: Path) -> None:
    videos = ["gone", "same", "said", "told"]
    before = written(tmp_path / "a", [row(v) for v in videos], [document(v) for v in videos])
    said, told = document("said", texts={"title": "u", "tags": ["x"]}), copy.deepcopy(document("told"))
    told["records"][1].update(
        data_version="new", provenance={**told["records"][1]["provenance"], "code_version": "2+abc"}
    )
    rows = [row("new"), row("said", title="u"), row("same"), row("told", query={"plot": ["b"]})]
    after = written(tmp_path / "b", rows, [document("new"), said, document("same"), told])
    found = release_diff(before, after)
    assert (found.added, found.removed, found.n_same) == ((("new", None),), (("gone", None),), 1)
    assert found.changed == (
        ChangedRow(("said", None), "videos/said.mp4", ("title",), ("what the source says: title",)),
        ChangedRow(("told", None), "videos/told.mp4", ("query.plot",), ("shots: version 1 → 2 of the stage",)),
    )
    assert found.causes.total() == found.columns.total() == 2
    assert (before.name, before.dataset) == ("0123456789ab", "scenes")


def test_a_file_that_came_in_is_a_change_though_the_row_is_the_same(tmp_path: Path) -> None:
    one = row("v")
    alone = {name: value for name, value in one.items() if name != "file_name"}
    before = written(tmp_path / "a", [], [document("v")], without=(alone,))
    (changed,) = release_diff(before, written(tmp_path / "b", [one], [document("v")])).changed
    assert changed == ChangedRow(("v", None), "videos/v.mp4", (), (CAME,))


def test_a_row_made_again_with_the_same_values_says_so(tmp_path: Path) -> None:
    before = written(tmp_path / "a", [row("v")], [document("v")])
    later = written(tmp_path / "b", [row("v")], [document("v", files={"path": "moved.mp4"})])
    (changed,) = release_diff(before, later).changed
    assert (changed.columns, changed.why) == ((), (ANEW,))


def test_rows_that_are_written_another_way_say_so(tmp_path: Path) -> None:
    before, after = (written(tmp_path / name, [row("v", title=name)], [document("v")]) for name in "ab")
    before.made_by["recipe"], after.made_by["recipe"] = (
        {"queries": {"language": "English"}},
        {"queries": {"language": "fr"}},
    )
    after.made_by["stages"] = {"scene_dataset": "2+a"}
    (changed,) = release_diff(before, after).changed
    settings = "scene_dataset: queries.language English → fr"
    assert changed.why == ("scene_dataset: version 1 → 2 of the stage", settings)


def test_segments_are_told_apart_by_their_numbers(tmp_path: Path) -> None:
    before = written(tmp_path / "a", [row("v", segment_index=0), row("v", segment_index=1)], [document("v")])
    after = written(tmp_path / "b", [row("v", segment_index=1), row("v", segment_index=2)], [document("v")])
    found = release_diff(before, after)
    assert (found.added, found.removed, found.n_same) == ((("v", 2),), (("v", 0),), 1)


def test_what_earlier_versions_wrote_can_be_compared(tmp_path: Path) -> None:
    for name, title in (("a", "t"), ("b", "u")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metadata.jsonl").write_text(json.dumps(row("v", title=title)) + "\nno row\n")
    before, after = (Release.read(FolderFiles(tmp_path / name)) for name in "ab")
    (changed,) = release_diff(before, after).changed
    assert (changed.columns, before.n_strange, before.name, before.dataset) == (("title",), 1, "", "")
    assert release_diff(before, before).n_same == 1


def test_a_folder_without_rows_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no dataset"):
        Release.read(FolderFiles(tmp_path))
