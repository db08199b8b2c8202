"""Making a project: what `run` would refuse is refused here, and nothing is made."""

from pathlib import Path

import pytest

from vidpipe.annotation.prompting import load_prompt
from vidpipe.cli.projects import init_project
from vidpipe.cli.services_found import asked_of, with_services
from vidpipe.errors import RecipeError
from vidpipe.recipe.calls import TWO_PASS
from vidpipe.recipe.loading import builtin, check_recipe, read_recipe
from vidpipe.recipe.schema import Recipe


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


def made(monkeypatch: pytest.MonkeyPatch, content: str = "name: mine", **environ: str) -> Recipe:
    """The recipe of a project that `init` makes of a file with these variables set."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    Path("mine.yaml").write_text(content)
    init_project(Path("project"), recipe="mine.yaml", sources=("videos",), layout=None)
    return read_recipe(Path("project/recipe.yaml"))


@pytest.mark.usefixtures("here")
def test_without_keys_a_project_is_offline_and_has_no_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = made(monkeypatch, GEMINI_API_KEY=" , ", TGI_BASE_URL="")
    assert (recipe.annotation.annotator, recipe.taxonomy.categoriser, recipe.budget_usd) == ("offline", "offline", None)
    assert list(Path("project/prompts").iterdir()) == []
    assert asked_of(recipe) == ""


@pytest.mark.usefixtures("here")
def test_what_can_be_asked_is_written_down_with_a_budget_and_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = made(monkeypatch, GEMINI_API_KEY="secret-1,secret-2", TGI_BASE_URL="http://localhost:1")
    assert (recipe.annotation.annotator, recipe.taxonomy.categoriser, recipe.budget_usd) == ("gemini", "llm", 5.0)
    assert {path.name for path in Path("project/prompts").iterdir()} == {"annotation.md", "categorise.md"}
    assert "at most 5.00 US$" in asked_of(recipe)
    assert not any("secret" in path.read_text() for path in Path("project").rglob("*") if path.is_file())
    own, built_in = load_prompt("annotation", Path("project/prompts")), load_prompt("annotation")
    assert own.text == built_in.text  # so the same question: what was paid before it was written down stays paid


@pytest.mark.usefixtures("here")
def test_a_key_in_the_projects_own_env_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("project/prompts").mkdir(parents=True)
    Path("project/.env").write_text("GEMINI_API_KEY=secret\n")
    Path("project/prompts/overview.md").write_text("My own words about {narrative}\n")
    recipe = made(monkeypatch, "annotation: {mode: two_pass}")
    assert recipe.annotation.annotator == "gemini"
    assert {f"{call.name}.md" for call in TWO_PASS} == {path.name for path in Path("project/prompts").iterdir()}
    assert Path("project/prompts/overview.md").read_text() == "My own words about {narrative}\n"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("content", "annotator", "budget"),
    [
        ("annotation: {annotator: offline}", "offline", None),
        ("annotation: {annotator: gemini}\nbudget_usd: unlimited", "gemini", "unlimited"),
        ("annotation: {fps: 2}\nbudget_usd: 0.5", "gemini", 0.5),
        ("annotation:", "gemini", 5.0),
    ],
)
def test_what_a_recipe_says_itself_stays(
    monkeypatch: pytest.MonkeyPatch, content: str, annotator: str, budget: object
) -> None:
    recipe = made(monkeypatch, content, GEMINI_API_KEY="secret")
    assert (recipe.annotation.annotator, recipe.budget_usd) == (annotator, budget)


@pytest.mark.usefixtures("here")
def test_no_budget_for_what_is_paid_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecipeError, match="needs budget_usd"):
        made(monkeypatch, "budget_usd: null", GEMINI_API_KEY="secret")


def test_the_demo_is_offline_whatever_the_environment_holds() -> None:
    environ = {"GEMINI_API_KEY": "k", "TGI_BASE_URL": "http://localhost:1"}
    recipe = check_recipe("demo", with_services({"name": "demo", **builtin("demo")}, environ))
    assert (recipe.annotation.annotator, recipe.taxonomy.categoriser, recipe.budget_usd) == ("offline", "offline", None)


def test_a_folder_called_as_an_unknown_user_would_be_is_a_source(here: Path) -> None:
    (here / "~nobody-of-that-name").mkdir()
    init_project(Path("project"), recipe="default", sources=("~nobody-of-that-name",), layout=None)
    assert read_recipe(Path("project/recipe.yaml")).sources == (str(here / "~nobody-of-that-name"),)
