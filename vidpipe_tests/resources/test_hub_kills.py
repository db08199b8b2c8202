"""A publication that is killed at any request: nothing is seen by halves, and what arrived is not sent again."""

import copy
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from vidpipe.export.release_plan import ReleaseFolder
from vidpipe.store.objects import ObjectStore, open_store
from vidpipe_tests.resources.test_hub import ATTRS, FIRST, REPO, SECOND, folder_of, published, requests_of
from vidpipe_tests.servers.hub import TOKEN, HubServer
from vidpipe_tests.servers.wire import Reply, Request

STEPS = (
    *(("tree", 0), ("discussion.open", 0), ("preupload", 0), ("lfs.put", 0), ("lfs.verify", 0), ("commit", 0)),
    *(("commit", 1), ("discussion.change", 0), ("merge", 0), ("tag", 0)),
)
"""An operation, and how many of its kind come before the one at which it is killed."""


@dataclass
class Publishers:
    """Processes that publish a store's folder, one after the other."""

    process: "subprocess.Popen[str]"
    hub: HubServer
    store: ObjectStore
    pid: int = 0
    known: threading.Event = field(default_factory=threading.Event)

    def publish(self, release: str) -> int:
        """Publish to the end; how that ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.known.clear()
        asked = {"store": self.store.url, "url": self.hub.url, "token": TOKEN, "repo": REPO, "release": release}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        self.pid = int(self.process.stdout.readline())
        self.known.set()
        return int(self.process.stdout.readline())

    def kill(self, request: Request, reply: Reply) -> Reply:
        """As a fault: the work is done, and who asked for it never hears of it."""
        del request
        assert self.known.wait(60)
        os.kill(self.pid, signal.SIGKILL)
        return reply


@pytest.fixture
def publishers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publishers]:
    """With a Hub where the first release is, and a folder that holds the second one."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    store = open_store(str(tmp_path / "store"), scratch=tmp_path / "scratch")
    command = [sys.executable, "-W", "ignore", "-m", "vidpipe_tests.resources.publishing_process"]
    with (
        HubServer() as hub,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        ) as process,
    ):
        publishers = Publishers(process, hub, store)
        folder_of(store, FIRST)
        assert publishers.publish("r1") == 0
        folder_of(store, SECOND)
        yield publishers
        assert process.stdin is not None
        process.stdin.close()


def test_after_a_kill_at_any_step_a_release_is_whole_and_comes_once(publishers: Publishers) -> None:
    """At each request that changes something, and at some that only look; at all of them it was tried by hand."""
    hub = publishers.hub
    first = copy.deepcopy((hub.repos, hub._contents, hub.large.objects))
    for op, n_before in STEPS:
        hub.repos, hub._contents, hub.large.objects = copy.deepcopy(first)
        hub.log.clear()
        hub.inject(op, skip=n_before, times=1, change=publishers.kill)
        assert publishers.publish("r2") == -signal.SIGKILL, op
        hub.clear()
        _is_resumed(hub, publishers.store, f"killed at {op} {n_before}")


def _is_resumed(hub: HubServer, store: ObjectStore, told: str) -> None:
    assert hub.files(REPO) in (FIRST | ATTRS, SECOND | ATTRS), f"half a release is seen, {told}"
    published(hub, ReleaseFolder(store, "datasets/scenes"), "r2")
    assert hub.files(REPO) == hub.files(REPO, "r2") == SECOND | ATTRS, told
    assert hub.files(REPO, "r1") == FIRST | ATTRS, told
    assert requests_of(hub) == ["merged", "merged"], f"a second pull request, {told}"
    assert [entry.n_bytes for entry in hub.entries("lfs.put")] == [3000], f"sent again, {told}"
    sent = [dict(part.split(":") for part in entry.note.split()) for entry in hub.entries("commit")]
    assert sum(int(one["file"]) for one in sent) == 3, f"committed again, {told}"
