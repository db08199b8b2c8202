"""Commands as a person types them, and mistypes them: one line that says what to do, and the exit code."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from vidpipe_tests.clips import make_clip
from vidpipe_tests.commands import VIDPIPE, call
from vidpipe_tests.servers.llm import MODEL, LlmServer


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project over one video, catalogued."""
    folder = tmp_path_factory.mktemp("main")
    (folder / "videos").mkdir()
    make_clip(folder / "videos" / "a.mp4", [(1, 1)], fps=10, size=(96, 64))
    assert call("init", str(folder / "project"), "--source", str(folder / "videos")).returncode == 0
    assert call("run", "-C", str(folder / "project"), "--only", "catalogue").returncode == 0
    return folder / "project"


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Usage or configuration: 2, nothing on stdout, one line that says these words."""
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("vidpipe: ")
    assert all(word in done.stderr for word in words), done.stderr


def test_no_command_gives_the_help_as_it_is_laid_out() -> None:
    done = subprocess.run([VIDPIPE], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "\nCommands:\n" in done.stderr


def test_what_a_run_loads_is_no_garbage_to_look_through(project: Path) -> None:
    code = "import atexit, gc; from vidpipe.cli.main import main; "
    code += "atexit.register(lambda: print(gc.isenabled(), gc.get_freeze_count())); main()"
    command = [sys.executable, "-c", code, "run", "-C", str(project), "--only", "shotz"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr.startswith("vidpipe: --only")) == (2, True)
    is_on, n_frozen = done.stdout.split()
    assert is_on == "True"
    assert int(n_frozen) > 100_000


def test_a_port_that_cannot_be_is_refused(project: Path) -> None:
    refused(call("ui", "-C", str(project), "--port", "99999999"), "--port", "65535")


def test_what_the_system_refuses_is_one_line(project: Path) -> None:
    long = "n" * 5000
    for args in (
        ("status", "-C", long),
        ("init", str(project.parent / long), "--source", str(project)),
        ("verify", long),
    ):
        done = call(*args)
        assert (done.returncode, done.stdout) == (1, ""), args
        assert done.stderr.startswith("vidpipe: "), args
        assert done.stderr.endswith(": File name too long\n"), args
        assert done.stderr.count("\n") == 1, args
    refused(call("bench", "media", "--footage", str(project / "recipe.yaml")), "--footage", "is a file")


def test_what_is_said_about_dagster_and_is_no_yaml_is_one_line(project: Path, tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("storage: [")
    refused(call("status", "-C", str(project), env={"DAGSTER_HOME": str(tmp_path)}), "dagster.yaml", "not valid YAML")


def test_no_ids_are_not_all_ids(project: Path) -> None:
    refused(call("run", "-C", str(project), "--ids", ""), "--ids", "names no video")


@pytest.mark.parametrize(("command", "limit"), [("run", "nan"), ("run", "-1"), ("retry", "inf")])
def test_a_limit_that_is_no_sum_is_refused(project: Path, command: str, limit: str) -> None:
    refused(call(command, "-C", str(project), "--max-usd", limit), f"--max-usd: need US$ of at least 0, got {limit}")


def test_a_limit_where_nobody_is_paid_limits_nothing(project: Path) -> None:
    done = call("run", "-C", str(project), "--only", "catalogue", "--max-usd", "0")
    assert (done.returncode, "--max-usd" in done.stderr) == (0, False), done.stderr


def test_a_demo_leaves_other_folders_alone(project: Path) -> None:
    before = sorted(project.rglob("*"))
    refused(call("demo", str(project)), "no demo")
    refused(call("demo", str(project.parent)), "something else is there")
    assert sorted(project.rglob("*")) == before


def test_a_demo_that_is_paid_needs_a_key_and_a_folder_of_its_own(tmp_path: Path) -> None:
    refused(call("demo", str(tmp_path / "d"), "--annotator", "gemini"), "GEMINI_API_KEY", "is not set")
    assert not (tmp_path / "d").exists()
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "recipe.yaml").write_text("name: demo\n")
    env = {"GEMINI_API_KEY": "key"}
    refused(call("demo", str(tmp_path / "d"), "--annotator", "gemini", env=env), "annotator offline")
    refused(call("demo", str(tmp_path / "d"), "--annotator", "llm", env=env), "--annotator")


def test_a_broken_line_of_env_is_named(project: Path) -> None:
    (project / ".env").write_text("# fine\nVIDPIPE_WORKERS=1\nnot an assignment\n")
    refused(call("status", "-C", str(project)), ".env line 3")
    (project / ".env").write_text("")


def test_doctor_names_settings_that_are_none_and_projects_that_are_not_there(project: Path) -> None:
    done = call("doctor", "-C", str(project), env={"VIDPIPE_WORKER": "3"})
    assert done.returncode == 1
    assert "did you mean VIDPIPE_WORKERS?" in done.stdout
    assert call("doctor", "-C", str(project / "none")).returncode == 1
    assert call("doctor", cwd=project.parent).returncode == 0


def test_doctor_looks_for_sources_as_a_run_does(project: Path) -> None:
    before = (project / "recipe.yaml").read_text()
    uris = ["~", "n" * 300, "s3://bucket", "notes.txt", "two\\nlines"]
    (project / "notes.txt").write_text("no manifest")
    (project / "recipe.yaml").write_text(f"sources: {json.dumps(uris)}\n")
    done = call("doctor", "-C", str(project))
    (project / "recipe.yaml").write_text(before)
    assert (done.returncode, done.stderr) == (1, "")
    told = [line for line in done.stdout.splitlines() if "  source " in line]
    assert [line.split()[0] for line in told] == ["ok", "BAD", "BAD", "BAD", "BAD"]
    for why in ("no such folder or file: nnn", "s3 sources are not available", "a source is a folder, or a .csv"):
        assert why in done.stdout


def test_doctor_tries_the_device_that_decodes(project: Path) -> None:
    before = (project / "recipe.yaml").read_text()
    (project / "recipe.yaml").write_text(before.replace("hardware: null", "hardware: d3d11va"))
    done = call("doctor", "-C", str(project))
    (project / "recipe.yaml").write_text(before)
    assert done.returncode == 1
    assert "BAD  decoding by d3d11va" in done.stdout


def test_doctor_tells_whether_services_can_be_asked_and_never_with_what(project: Path) -> None:
    before = (project / "recipe.yaml").read_text()
    done = call("doctor", "-C", str(project))
    assert done.returncode == 0, done.stdout
    assert "ok   GEMINI_API_KEY is not set" in done.stdout
    assert "ok   TGI_BASE_URL is not set" in done.stdout
    asking = before.replace("annotator: offline", "annotator: gemini").replace(
        "categoriser: offline", "categoriser: llm"
    )
    (project / "recipe.yaml").write_text(asking.replace("budget_usd: null", "budget_usd: 1"))
    done = call("doctor", "-C", str(project))
    assert done.returncode == 1
    assert {line for line in done.stdout.splitlines() if line.startswith("BAD")} == {
        "BAD  GEMINI_API_KEY is not set",
        "BAD  TGI_BASE_URL is not set",
    }
    env = {"GEMINI_API_KEY": "secret-1,secret-2", "TGI_API_KEY": "secret-3", "GOOGLE_GEMINI_BASE_URL": "http://secret"}
    with LlmServer("openai", api_key="secret-3") as server:
        done = call("doctor", "-C", str(project), env={**env, "TGI_BASE_URL": server.url})
        refused_key = call("doctor", "-C", str(project), env={"TGI_BASE_URL": server.url})
    gone = call("doctor", "-C", str(project), env={**env, "TGI_BASE_URL": server.url, "GOOGLE_GEMINI_BASE_URL": "x"})
    (project / "recipe.yaml").write_text(before)
    assert done.returncode == 0, done.stdout
    assert "ok   GEMINI_API_KEY is set: 2 keys" in done.stdout
    assert "ok   price of gemini-3.8-flash is known" in done.stdout
    assert f"ok   the LLM server at TGI_BASE_URL answers: openai, {MODEL}" in done.stdout
    for other in (refused_key, gone):
        assert "BAD  the LLM server at TGI_BASE_URL" in other.stdout
    assert "ok   GOOGLE_GEMINI_BASE_URL is set" in done.stdout
    assert "BAD  GOOGLE_GEMINI_BASE_URL\n" in gone.stdout
    assert not any(word in one.stdout for one in (done, refused_key, gone) for word in ("secret", server.url))


def test_another_store_is_noticed(project: Path, tmp_path: Path) -> None:
    assert "the store is" not in call("status", "-C", str(project)).stderr
    done = call("status", "-C", str(project), env={"VIDPIPE_STORE": str(tmp_path)})
    assert f"the store is {tmp_path} now" in done.stderr


def test_a_video_is_shown_alone_by_id_or_key(project: Path) -> None:
    shown = call("status", "a", "-C", str(project)).stdout
    assert shown.startswith("a  catalogue  ok\n")
    assert all(line.startswith("a  ") for line in shown.splitlines())
    refused(call("status", "nobody", "-C", str(project)), "no such video")


def test_a_run_says_where_the_dataset_lies_and_whether_there_was_anything_to_do(project: Path) -> None:
    page = project / "store" / "datasets" / "scenes" / "index.html"
    first, second = call("run", "-C", str(project)), call("run", "-C", str(project))
    assert (first.returncode, second.returncode) == (0, 0)
    assert page.as_uri() in first.stderr
    assert page.as_uri() in second.stderr
    assert "Nothing to do." not in first.stderr
    assert "Nothing to do." in second.stderr
    assert re.search(r"raw_videos \d of 1\b", first.stderr), first.stderr
    assert "raw_videos" not in second.stderr.partition(" asset ")[0]


def test_what_a_manifest_gets_wrong_is_said_where_a_person_looks(tmp_path: Path) -> None:
    make_clip(tmp_path / "a.mp4", [(1, 1)], fps=10, size=(96, 64))
    (tmp_path / "list.csv").write_text("id,path,titel\na,a.mp4,A\nb,nowhere.mp4,B\n")
    assert call("init", str(tmp_path / "p"), "--source", str(tmp_path / "list.csv")).returncode == 0
    ran = call("run", "-C", str(tmp_path / "p"), "--only", "catalogue")
    assert "vidpipe: list.csv: unknown column 'titel'; did you mean title?" in ran.stderr
    shown = call("status", "b", "-C", str(tmp_path / "p")).stdout
    assert shown.startswith("b  catalogue  dropped: no such file: list.csv line 3 column path:")
    document = json.loads(call("status", "b", "--json", "-C", str(tmp_path / "p")).stdout)
    assert document["items"][0]["detail"].startswith("list.csv line 3 column path:")


def test_a_reason_that_its_detail_repeats_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "away.mp4").symlink_to("/etc/hostname")
    call("init", str(tmp_path / "project"), "--source", str(tmp_path / "videos"))
    call("run", "-C", str(tmp_path / "project"), "--only", "catalogue")
    told = call("status", "-C", str(tmp_path / "project"), "--videos").stdout
    assert "  catalogue  dropped: link leaves the folder: away.mp4\n" in told, told


def test_a_truncated_video_is_used_as_far_as_it_goes_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    whole = make_clip(tmp_path / "a.mkv", [(8, 1)], fps=10, size=(96, 64)).path.read_bytes()
    (tmp_path / "videos" / "a.mkv").write_bytes(whole[: len(whole) // 2])
    project = tmp_path / "p"
    assert call("init", str(project), "--source", str(tmp_path / "videos")).returncode == 0
    assert call("run", "-C", str(project), "--only", "raw_videos").returncode == 0
    shown = call("status", "a", "-C", str(project)).stdout
    assert re.search(r"^a  raw_videos  ok: truncated: the last [345]\.\d s are missing$", shown, re.MULTILINE), shown
    recipe = (project / "recipe.yaml").read_text()
    (project / "recipe.yaml").write_text(recipe.replace("truncated: keep", "truncated: refuse"))
    assert call("run", "-C", str(project), "--only", "raw_videos").returncode == 0
    shown = call("status", "a", "-C", str(project)).stdout
    assert "a  raw_videos  unusable: truncated: its end is missing" in shown
