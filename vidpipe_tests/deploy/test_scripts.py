"""The scripts in deploy/: what they start, what they tell vidpipe, and that nothing is left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
SCRIPTS = [DEPLOY / "serve.sh", DEPLOY / "categorise.slurm"]
TOLD = 'echo "told $* $TGI_BASE_URL ${#TGI_API_KEY}"'


def program(path: Path, lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/usr/bin/env bash\n{lines}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def job(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a job whose server is ready at once."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = f"{free.getsockname()[1]}"
    (tmp_path / "health").write_text("ok")
    serve = f"echo $$ > {tmp_path}/server.pid; exec {sys.executable} -m http.server {port} -b 127.0.0.1 -d {tmp_path}"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    yield {**plain, "PORT": port, "SERVE": serve, "LOOK_S": "0.05"}
    pid = tmp_path / "server.pid"
    assert not pid.exists() or not Path("/proc", pid.read_text().strip()).exists(), "the server is still there"


def run(job: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(DEPLOY / "categorise.slurm"), *arguments]
    return subprocess.run(command, env=job, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    checker = Path(sys.executable).with_name("shellcheck")
    found = subprocess.run([checker, "--external-sources", script], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")
    assert os.access(script, os.X_OK)


def test_the_job_runs_vidpipe_beside_its_server(job: dict[str, str], tmp_path: Path) -> None:
    job["VIDPIPE"] = str(program(tmp_path / "vidpipe", TOLD))
    done = run(job, "my project")
    told = [line for line in done.stdout.splitlines() if line.startswith("told")]
    assert done.returncode == 0, done.stderr
    assert told == [f"told run -C my project --only taxonomy_categories http://127.0.0.1:{job['PORT']} 48"]
    assert "told run -C p --limit 3 http" in run(job, "p", "--limit", "3").stdout


def test_the_job_ends_as_vidpipe_does(job: dict[str, str], tmp_path: Path) -> None:
    job["VIDPIPE"] = str(program(tmp_path / "vidpipe", "exit 7"))
    assert run(job, "p").returncode == 7


def test_a_server_that_does_not_come_up_ends_the_job(job: dict[str, str], tmp_path: Path) -> None:
    job["VIDPIPE"] = str(program(tmp_path / "vidpipe", TOLD))
    dead = run({**job, "SERVE": "exit 3"}, "p")
    late = run({**job, "SERVE": f"echo $$ > {tmp_path}/server.pid; exec sleep 60", "READY_S": "0"}, "p")
    assert (dead.returncode, late.returncode) == (1, 1)
    assert "ended before it was ready" in dead.stderr
    assert "not ready in time" in late.stderr
    assert "told" not in dead.stdout + late.stdout


def test_near_its_end_vidpipe_is_asked_to_stop_and_waited_for(job: dict[str, str], tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    stub = f"trap 'echo kept; sleep 0.3; exit 130' INT; touch {begun}; while true; do sleep 0.1; done"
    job["VIDPIPE"] = str(program(tmp_path / "vidpipe", stub))
    command = [str(DEPLOY / "categorise.slurm"), "p"]
    with subprocess.Popen(command, env=job, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while not begun.exists() and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "kept" in out
    assert "submit the job again" in err


@pytest.mark.parametrize(
    ("kind", "binary", "words"),
    [
        ("tgi", "apptainer", "--model-id a/model --hostname 127.0.0.1 --port 9 --num-shard 2 --max-input-tokens 3840"),
        ("vllm", "vllm", "serve a/model --host 127.0.0.1 --port 9 --max-model-len 4096 --tensor-parallel-size 2"),
        ("sglang", "python", "--model-path a/model --host 127.0.0.1 --port 9 --context-length 4096 --tp 2"),
    ],
)
def test_each_server_is_started_with_its_own_words(kind: str, binary: str, words: str, tmp_path: Path) -> None:
    program(tmp_path / "bin" / binary, 'echo "$*"; echo "keys ${VLLM_API_KEY:-}${APPTAINERENV_API_KEY:-}"')
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    plain = {"PATH": path, "HOME": str(tmp_path), "MODEL": "a/model", "PORT": "9", "GPUS": "2", "MAX_TOKENS": "4096"}
    for key in ("", "secret-key"):
        env = {**plain, "TGI_API_KEY": key}
        command = [str(DEPLOY / "serve.sh"), kind]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        line, keys = done.stdout.splitlines()
        assert words in line
        assert ("secret-key" in line) == (kind == "sglang" and bool(key))
        assert keys.removeprefix("keys ").strip() == (key if kind != "sglang" else "")


def test_an_unknown_server_is_refused() -> None:
    done = subprocess.run([str(DEPLOY / "serve.sh"), "ollama"], capture_output=True, text=True, check=False)
    assert (done.returncode, "there are tgi, vllm and sglang" in done.stderr) == (2, True)
