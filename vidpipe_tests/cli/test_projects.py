"""Making a project: what `run` would refuse is refused here, and nothing is made."""

from pathlib import Path

import pytest

from vidpipe.cli.projects import init_project
from vidpipe.errors import RecipeError
from vidpipe.recipe.loading import read_recipe


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a video, and what is called a manifest beside it."""
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(*sources: str, recipe: str = "default", layout: str | None = None) -> str:
    """Why `init` refuses these; it has made nothing."""
    with pytest.raises(RecipeError) as caught:
        init_project(Path("project"), recipe=recipe, sources=sources, layout=layout)
    assert not Path("project").exists()
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("list.csv", b"", "list.csv: the file is empty"),
        ("list.csv", b"id;path\nx;a.mp4\n", "list.csv line 1: no column id, path or url (columns: id;path)"),
        ("list.csv", b"id,path\nx,caf\xe9\n", "list.csv line 2: not UTF-8"),
        ("list.jsonl", b"[1]\n", "list.jsonl line 1: no JSON object"),
        ("list.parquet", b"id,path\n", "list.parquet: no parquet"),
    ],
)
def test_a_manifest_that_run_refuses_is_refused(here: Path, name: str, content: bytes, why: str) -> None:
    (here / name).write_bytes(content)
    assert why in refused("videos", name)


@pytest.mark.parametrize("layout", ["{show}/{episode}", "{series", "plain", ""])
def test_a_layout_that_run_refuses_is_refused(here: Path, layout: str) -> None:
    assert "layout: " in refused("videos", layout=layout)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"name: \xff", "mine.yaml line 1: is not UTF-8"),
        (b"shots: {}\nshots: {}\n", "mine.yaml line 2: not valid YAML: shots stands twice"),
        (b"layout: '{show}'", "layout: unknown field {show}"),
    ],
)
def test_a_recipe_that_run_refuses_is_refused(here: Path, content: bytes, why: str) -> None:
    (here / "mine.yaml").write_bytes(content)
    assert why in refused("videos", recipe="mine.yaml")


def test_a_manifest_with_broken_rows_makes_a_project(here: Path) -> None:
    (here / "list.csv").write_text("path,titel\nnone.mp4\nvideos/a.mp4,A\n")
    init_project(Path("project"), recipe="default", sources=("list.csv",), layout="{series}/{episode}")
    recipe = read_recipe(Path("project/recipe.yaml"))
    assert (recipe.sources, recipe.layout) == ((str(here / "list.csv"),), "{series}/{episode}")
