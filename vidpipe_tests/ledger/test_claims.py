"""Claims among real processes: one works, the other waits; the dead hold nothing."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from vidpipe.ledger.claims import LEASE_S, is_alive, this_process
from vidpipe.ledger.ledger import Ledger, open_ledger
from vidpipe.ledger.schema import CLAIMS
from vidpipe_tests.ledger.processes import Start, processes

_HOLD = """
import sys, time
from vidpipe.ledger.ledger import open_ledger
claims = open_ledger({path!r}).claims
{body}
sys.stdin.read()
"""


@pytest.fixture
def ledger(place: str) -> Iterator[Ledger]:
    """An empty ledger."""
    opened = open_ledger(place)
    yield opened
    opened.close()


@pytest.fixture
def start(place: str) -> Iterator[Start]:
    """Starts processes that run a piece of code with `claims`, print, and then wait for their end."""
    with processes(lambda body: _HOLD.format(path=place, body=body)) as started:
        yield started


def said(process: "subprocess.Popen[str]") -> str:
    """The next line that a process printed."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_what_another_process_holds_is_not_got(ledger: Ledger, start: Start) -> None:
    other = start("print(claims.take('video', ['a', 'b']), flush=True)")
    assert said(other) == "['a', 'b']"
    assert ledger.claims.take("video", ["c", "b", "a", "d"]) == ["c", "d"]
    assert ledger.claims.of_others() == {("video", "a"), ("video", "b")}
    assert ledger.claims.take("selected", ["a"]) == ["a"], "another scope is other work"


def test_a_killed_process_holds_nothing_at_once(ledger: Ledger, start: Start) -> None:
    other = start("print(claims.take('video', ['a']), flush=True)")
    said(other)
    other.kill()
    other.wait()
    assert ledger.claims.of_others() == set()
    assert ledger.claims.take("video", ["a"]) == ["a"]


def test_a_zombie_holds_nothing(ledger: Ledger, start: Start) -> None:
    other = start("print(claims.take('video', ['a']), flush=True)")
    said(other)
    os.kill(other.pid, signal.SIGKILL)
    stat = Path(f"/proc/{other.pid}/stat")
    while stat.read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    assert ledger.claims.take("video", ["a"]) == ["a"]


def test_a_stopped_process_still_holds(ledger: Ledger, start: Start) -> None:
    other = start("print(claims.take('video', ['a']), flush=True)")
    said(other)
    other.send_signal(signal.SIGSTOP)
    assert ledger.claims.take("video", ["a"]) == []
    other.send_signal(signal.SIGCONT)


def test_what_is_released_is_free(ledger: Ledger, start: Start) -> None:
    other = start(
        "claims.take('video', ['a', 'b']); claims.release('video', ['a']); print('released', flush=True)",
    )
    said(other)
    assert ledger.claims.take("video", ["a", "b"]) == ["a"]


def test_held_gives_back_even_after_an_error(ledger: Ledger, start: Start) -> None:
    other = start(
        "try:\n"
        "    with claims.held('video', ['a']) as got:\n"
        "        print(got, flush=True)\n"
        "        raise RuntimeError\n"
        "except RuntimeError: print('left', flush=True)",
    )
    assert (said(other), said(other)) == ("['a']", "left")
    assert ledger.claims.take("video", ["a"]) == ["a"]


def test_a_claim_within_a_claim_stays_until_the_outer_one_ends(ledger: Ledger) -> None:
    with ledger.claims.held("video", ["a", "b"]):
        with ledger.claims.held("video", ["a", "c"]) as got:
            assert got == ["a", "c"]
        assert _claimed(ledger) == {"a", "b"}
    assert _claimed(ledger) == set()


def test_the_order_is_kept_and_doubles_are_one(ledger: Ledger) -> None:
    assert ledger.claims.take("video", ["b", "a", "b"]) == ["b", "a"]
    assert ledger.claims.take("video", []) == []


def test_processes_that_take_at_once_share_without_overlap(ledger: Ledger, start: Start) -> None:
    body = "print(' '.join(claims.take('video', [str(n) for n in range(200)][{slice}])), flush=True)"
    processes = [start(body.format(slice=part)) for part in ("::1", "::-1", "::2", "1::2")]
    taken = [video_id for process in processes for video_id in said(process).split()]
    assert sorted(taken, key=int) == [str(n) for n in range(200)]
    assert ledger.claims.of_others() == {("video", v) for v in taken}


def test_threads_of_one_process_are_one_owner(ledger: Ledger) -> None:
    got: list[str] = []
    thread = threading.Thread(target=lambda: got.extend(ledger.claims.take("video", ["a"])))
    thread.start()
    thread.join()
    assert got == ["a"] == ledger.claims.take("video", ["a"])


def test_a_forked_child_is_another_owner() -> None:
    code = (
        "import os; from vidpipe.ledger.claims import this_process\n"
        "mine = this_process()\n"
        "child = os.fork()\n"
        "if child == 0: os._exit(int(this_process() == mine))\n"
        "raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_a_process_id_that_was_given_to_another_process_is_not_the_owner() -> None:
    host, boot, pid, started = this_process().split("|")
    assert is_alive(f"{host}|{boot}|{pid}|{started}", 0.0)
    assert not is_alive(f"{host}|{boot}|{pid}|{int(started) - 1}", 0.0)
    assert not is_alive(f"{host}|another boot|{pid}|{started}", time.time() + LEASE_S)


def test_another_host_is_believed_as_long_as_its_lease_lasts(ledger: Ledger) -> None:
    owner = f"not {socket.gethostname()}|boot|1|1"
    _insert(ledger, owner, time.time() + LEASE_S, "a")
    _insert(ledger, owner, time.time() - 1, "b")
    assert ledger.claims.take("video", ["a", "b"]) == ["b"]


def _insert(ledger: Ledger, owner: str, until: float, video_id: str) -> None:
    with ledger._engine.begin() as db:
        db.execute(CLAIMS.insert(), {"scope": "video", "video_id": video_id, "owner": owner, "until": until})


def _claimed(ledger: Ledger) -> set[str]:
    with ledger._engine.connect() as db:
        return set(db.execute(sa.select(CLAIMS.c.video_id)).scalars())
