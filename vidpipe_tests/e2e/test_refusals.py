"""What cannot be done is refused in one line on stderr, by exit code; JSON stands alone on stdout."""

import json
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from vidpipe_tests.commands import call
from vidpipe_tests.e2e.projects import Line, make_sources


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A project that was never run; no test here changes it."""
    folder = tmp_path_factory.mktemp("refused")
    return Line.at(folder / "project", make_sources(folder / "videos", 1))


def is_one_line(done: CompletedProcess[str], why: str, code: int = 2) -> None:
    """The command ended with `code`, and one line that says `why`."""
    assert (done.returncode, done.stdout) == (code, ""), done
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("vidpipe: ")
    assert why in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("batch_size:", "batchsize:", "batchsize: unknown key; did you mean batch_size?"),
        ("batch_size: 50", "batch_size: 0", "batch_size: "),
        ("sources:", "sources: [", "not valid YAML"),
        ("videos", "nowhere", "no such folder or file"),
    ],
)
def test_a_recipe_that_cannot_be_used(line: Line, tmp_path: Path, old: str, new: str, why: str) -> None:
    harmed = line.copy(tmp_path / "project")
    recipe = harmed.folder / "recipe.yaml"
    text = recipe.read_text("utf-8")
    assert old in text
    recipe.write_text(text.replace(old, new, 1) if old != "videos" else text.replace("/videos", "/nowhere"), "utf-8")
    is_one_line(harmed("run"), why)


def test_a_source_that_is_away_drops_nothing(tmp_path: Path) -> None:
    source = make_sources(tmp_path / "videos", 1, broken=False)
    line = Line.at(tmp_path / "project", source)
    line.run("--only", "catalogue")
    source.rename(tmp_path / "away")
    is_one_line(line("run"), "no such folder or file")
    assert line.counts("catalogue")["ok"] == 1
    (tmp_path / "away").rename(source)
    assert line.counts("raw_videos")["pending"] == {"not reached": 1}


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("bogus",), "No such command 'bogus'"),
        (("run", "--only", "shotz"), "no asset 'shotz'"),
        (("run", "--only", ""), "names no asset"),
        (("run", "--limit", "0"), "--limit"),
        (("run", "--bogus"), "--bogus"),
        (("status", "nobody"), "no such video"),
        (("lineage", "nobody", "--json"), "no such video"),
    ],
)
def test_arguments_that_name_nothing(line: Line, args: tuple[str, ...], why: str) -> None:
    is_one_line(line(*args) if args[0] != "bogus" else call(*args), why)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VIDPIPE_WORKERS", "many"),
        ("VIDPIPE_WORKERS", "0"),
        ("VIDPIPE_WORKERS", "1e9"),
        ("VIDPIPE_TASK_MEMORY_GIB", "1e12"),
        ("VIDPIPE_TASK_TIMEOUT_S", "1e300"),
        ("VIDPIPE_STORE", "ftp://host/path"),
        ("VIDPIPE_STORE", "s3://"),
        ("VIDPIPE_STORE", "/proc/nowhere"),
        ("VIDPIPE_LEDGER", "/proc/nowhere/ledger.db"),
        ("VIDPIPE_LEDGER", "nosuch://host/db"),
    ],
)
def test_variables_that_cannot_be_used(line: Line, name: str, value: str) -> None:
    is_one_line(line("status", env={name: value}), f"vidpipe: {name}: ")


@pytest.mark.parametrize("command", ["run", "estimate"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VIDPIPE_CALLS", "0"),
        ("VIDPIPE_REQUESTS_PER_MINUTE", "many"),
        ("VIDPIPE_TOKENS_PER_MINUTE", "0"),
        ("VIDPIPE_TOKENS_PER_MINUTE", "inf"),
    ],
)
def test_variables_of_services_that_cannot_be_used_are_refused_before_anything_begins(
    line: Line, command: str, name: str, value: str
) -> None:
    is_one_line(line(command, env={name: value}), f"vidpipe: {name}: wants a number of at least 1, got '{value}'")
    assert list((line.folder / "store").rglob("*.json")) == []


def test_no_project_no_source_no_recipe(tmp_path: Path) -> None:
    is_one_line(call("run", "-C", str(tmp_path)), "no project here")
    is_one_line(call("init", str(tmp_path / "p"), "--source", str(tmp_path / "nowhere")), "no such folder or file")
    is_one_line(call("init", str(tmp_path / "p"), "--source", str(tmp_path), "--recipe", "finevido"), "finevideo")
    is_one_line(call("init", str(tmp_path / "p")), "--source")
    assert list(tmp_path.iterdir()) == []


def test_a_project_is_named_before_or_after_the_command_or_by_a_variable(line: Line) -> None:
    folder = str(line.folder)
    told = [
        call("-C", folder, "status", "--json"),
        call("status", "-C", folder, "--json"),
        call("status", "--json", env={"VIDPIPE_PROJECT": folder}),
    ]
    assert {done.returncode for done in told} == {0}
    assert len({done.stdout for done in told}) == 1
    assert json.loads(told[0].stdout)["videos"] == 0


def test_empty_variables_count_as_unset(line: Line) -> None:
    names = (
        "VIDPIPE_PROJECT",
        "VIDPIPE_STORE",
        "VIDPIPE_LEDGER",
        "VIDPIPE_WORKERS",
        "DAGSTER_HOME",
        "AWS_ENDPOINT_URL",
    )
    done = line("status", "--json", env=dict.fromkeys(names, ""))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_catalogue_or_table_that_cannot_be_written_is_a_failure_that_shows(finished: Line, tmp_path: Path) -> None:
    line = finished.copy(tmp_path / "project")
    for asset in ("catalogue", "scene_dataset"):
        blocked = line.folder / "store" / "tables" / f"{asset}.json"
        blocked.unlink()
        assert line.status("--verify", code=1)["differences"]
        blocked.mkdir()
        line.run(code=1)
        assert sum(line.counts(asset)["failed"].values()) == 1
        shutil.rmtree(blocked)
    assert line("retry").returncode == 0
    line.is_whole()
