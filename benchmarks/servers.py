"""The emulated services of this checkout as a process of their own, as a person starts them, and what their log says.

Knows no task: what is asked, and how fast that has to be, stands in the benchmarks.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY = "a-key-of-a-benchmark"
_STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Serving:
    """Where the services are, and the file in which they note every request once it is answered."""

    urls: dict[str, str]
    log: Path

    def environ(self) -> dict[str, str]:
        """What a person sets to have a project ask Gemini here."""
        return {"GOOGLE_GEMINI_BASE_URL": self.urls["gemini"], "GEMINI_API_KEY": KEY}

    def asked(self) -> list[dict[str, Any]]:
        """Every question to Gemini until now, in the order of answers."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [entry for entry in map(json.loads, lines) if entry["op"] == "generate"]


@contextmanager
def serving(folder: Path, *, delay_s: float) -> Iterator[Serving]:
    """Services whose answers take so many seconds, until the context ends; their log lies in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "requests.jsonl"
    command = [sys.executable, "-m", "vidpipe_tests.servers", "--delay", str(delay_s), "--log", str(log)]
    root = Path(__file__).parents[1]
    environ = os.environ | {"PYTHONPATH": str(root)}
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None, "stdin is a pipe"
        assert process.stdout is not None, "stdout is a pipe"
        try:
            yield Serving(json.loads(process.stdout.readline()), log)
        finally:
            process.stdin.close()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
