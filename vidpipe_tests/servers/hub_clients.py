"""The real clients of the Hub, beside an emulated one: in this process, and `datasets` in one of its own.

`datasets` and the names of the Hub's settings are read when these are imported: a process serves one Hub.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vidpipe_tests.servers.hub import TOKEN, HubServer

if TYPE_CHECKING:  # loads for a second
    from huggingface_hub import HfApi


def api_of(hub: HubServer, monkeypatch: pytest.MonkeyPatch, token: str = TOKEN) -> "HfApi":
    """The real client, by LFS: what it sends then stands in the hub's log. An empty token is none."""
    from huggingface_hub import HfApi, constants
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    return HfApi(endpoint=hub.url, token=token or False)


def hub_environment(hub: HubServer, home: Path, **more: str) -> dict[str, str]:
    """What a process sees whose Hub this is, with a token and an empty folder for whatever it keeps."""
    return {
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_XET": "1",
        **more,
    }


def with_datasets(hub: HubServer, home: Path, code: str, **more: str) -> str:
    """What Python code prints for which this is the Hub."""
    env = {**os.environ, **hub_environment(hub, home, **more)}
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
