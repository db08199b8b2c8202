"""What a person is told about sources: remarks on rows, and likely mistakes; nothing is refused for them."""

from pathlib import Path

import pytest

from vidpipe.corpus.notices import details, find_notices, notices
from vidpipe.corpus.sources import read_sources
from vidpipe.recipe.layouts import parse_layout
from vidpipe_tests.projects import project_at


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.mp4", "show/b.mp4"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "in" / name).write_bytes(b"x")
    return tmp_path / "in"


def told(folder: Path, *sources: str, layout: str | None = None) -> tuple[str, ...]:
    """The notices on these sources."""
    parsed = parse_layout(layout) if layout else None
    found = read_sources(sources, base=folder, layout=parsed)
    return find_notices(found, base=folder, layout=parsed)


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        ("path,titel", ["list.csv: unknown column 'titel'; did you mean title?"]),
        ("path,titel,colour", ["list.csv: unknown column 'titel'; did you mean title?"]),
        ("path,descripton,langauge", [
            "list.csv: unknown column 'descripton'; did you mean description?",
            "list.csv: unknown column 'langauge'; did you mean language?",
        ]),
        ("ID,Path,Title", []),
        ("path,channel,channel_id", []),
        ("path,colour", []),
        ("path,channel\u202e", ["list.csv: unknown column 'channel\\u202e'; did you mean channel?"]),
        ("path," + "description" * 100, []),
    ],
)  # fmt: skip
def test_a_column_near_a_known_one_is_told(folder: Path, columns: str, lines: list[str]) -> None:
    values = ",".join("a.mp4" if name.lower() == "path" else "x" for name in columns.split(","))
    (folder / "list.csv").write_text(f"{columns}\n{values}\n")
    assert told(folder, "list.csv") == tuple(lines)


def test_columns_of_json_lines_count_wherever_they_stand(folder: Path) -> None:
    (folder / "list.jsonl").write_text('{"path": "a.mp4"}\n{"path": "show/b.mp4", "tilte": "B"}\n')
    assert told(folder, "list.jsonl") == ("list.jsonl: unknown column 'tilte'; did you mean title?",)


def test_a_manifest_that_lies_in_a_folder_and_is_no_source_is_told(folder: Path) -> None:
    (folder / "list.csv").write_text("path,title\na.mp4,A\n")
    (folder / "counts.csv").write_text("day,views\n1,2\n")
    (folder / "broken.jsonl").write_text("{")
    line = "list.csv in . looks like a manifest and was not read; name it as a source to use it"
    assert told(folder, ".") == (line,)
    assert told(folder, ".", "list.csv") == ()


def test_a_source_without_videos_is_told(folder: Path) -> None:
    (folder / "none").mkdir()
    (folder / "none" / "notes.txt").write_text("x")
    (folder / "list.csv").write_text("path\n")
    assert told(folder, ".", "none", "list.csv") == ("no videos found in none", "no videos found in list.csv")


@pytest.mark.parametrize(
    ("layout", "lines"),
    [
        ("{series}/{episode}", []),
        ("{series} - {episode}", ["layout '{series} - {episode}' fits none of 2 files, such as 'a'"]),
    ],
)
@pytest.mark.parametrize("source", [".", "list.csv"])
def test_a_layout_that_fits_nothing_is_told(folder: Path, source: str, layout: str, lines: list[str]) -> None:
    if source != ".":
        (folder / source).write_text("path\na.mp4\nshow/b.mp4\nnone.mp4\n")
    assert told(folder, source, layout=layout) == tuple(lines)


def test_a_layout_counts_from_the_manifests_folder_behind_a_link(folder: Path) -> None:
    (folder / "list.csv").write_text("path\nshow/b.mp4\n")
    (folder.parent / "link").symlink_to(folder)
    assert told(folder.parent, "link/list.csv", layout="{series}/{episode}") == ()


def test_without_a_catalogue_nothing_is_told(tmp_path: Path) -> None:
    project = project_at(tmp_path)
    assert details(project.tables) == {}
    assert notices(project.store) == ()
    for name in ("catalogue.parquet", "catalogue.json"):
        project.store.put(f"tables/{name}", b"garbage")
    assert details(project.tables) == {}
    assert notices(project.store) == ()
