"""The README's commands run as they stand there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from vidpipe_tests.commands import call
from vidpipe_tests.e2e.projects import make_small

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def commands(program: str) -> list[list[str]]:
    """Every command line of the README's code blocks that starts with `program`, without its comment."""
    blocks = re.findall(r"```\n(.*?)```", README, re.DOTALL)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith(program)]


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert commands("make ") == [["make", "demo"], ["make", "test"]]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for _, target in commands("make "))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("readme")
    (made / "path" / "to" / "videos").mkdir(parents=True)
    make_small(made / "path" / "to" / "videos" / "one.mp4", 1)
    return made


def test_ones_own_videos_go_through_the_commands_in_order(folder: Path) -> None:
    ours = [words for words in commands(".venv/bin/vidpipe") if words[1] != "ui"]
    assert [words[1] for words in ours] == ["init", "run", "status", "estimate"]
    for _, *arguments in ours:
        done = call(*arguments, cwd=folder)
        assert done.returncode == 0, done.stderr
    assert (folder / "my-dataset" / "store" / "datasets" / "scenes" / "index.html").is_file()


def test_every_command_and_variable_it_names_exists() -> None:
    named = set(re.findall(r"`vidpipe ([a-z]+)", README)) | {words[1] for words in commands(".venv/bin/vidpipe")}
    program = str(Path(sys.executable).with_name("vidpipe"))
    shown = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout
    assert all(re.search(rf"^  {name} ", shown, re.MULTILINE) for name in named), named
    code = "\n".join(p.read_text("utf-8") for p in (ROOT / "vidpipe").rglob("*.py"))
    assert all(variable in code for variable in re.findall(r"`(VIDPIPE_[A-Z_]+)`", README))


def test_the_librarys_example_runs(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    make_small(tmp_path / "talk.mp4", 1)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert len(done.stdout.splitlines()) == 3
    assert (tmp_path / "proxy.mp4").is_file()
