"""The base of all emulated services does to real clients what it is told to do."""

import json
import threading
import time

import httpx2
import pytest

from vidpipe_tests.servers.base import LoopbackServer
from vidpipe_tests.servers.wire import Bill, BodyError, Entry, Reply, Request

LONG = "x" * 1000


class Echo(LoopbackServer):
    """Says again what it is told, for a price."""

    def op_of(self, method: str, path: str) -> str:
        return path.strip("/") or "root"

    def reply(self, request: Request) -> Reply:
        said = request.json()["say"]
        return Reply({"said": said}, bill=Bill("echo", {"out": len(said)}, 0.5, "STOP"))

    def note_of(self, request: Request) -> str:
        return request.headers.get("user-agent", "")[:6]


def say(server: Echo, word: str = LONG, key: str = "k", client: httpx2.Client | None = None) -> httpx2.Response:
    send = (client or httpx2).post
    return send(server.url + "/echo?a=1", json={"say": word}, headers={"x-goog-api-key": key})


def test_faults_strike_as_often_as_they_are_told_and_nobody_else() -> None:
    with Echo() as server:
        server.inject("echo", times=2, skip=1, key="a", status=503, body="overloaded", headers={"X-Why": "load"})
        statuses = [say(server, key=key).status_code for key in "abaaab"]
        assert statuses == [200, 200, 503, 503, 200, 200]
        assert [entry.status for entry in server.log] == statuses
        assert [entry.credential for entry in server.log] == list("abaaab")
        assert (server.n("echo"), len(server.bills), server.usd()) == (6, 4, 2.0)


def test_a_fault_chooses_by_what_is_asked_and_may_edit_the_answer() -> None:
    with Echo() as server:
        server.inject("e*", when=lambda request: b"bad" in request.body, change=lambda *_: Reply({"said": "else"}))
        assert [say(server, word).json()["said"] for word in ("good", "bad")] == ["good", "else"]


def test_a_reset_and_a_cut_body_are_billed_and_marked() -> None:
    with Echo() as server, httpx2.Client() as client:
        server.inject("echo", times=1, reset=True)
        server.inject("echo", times=1, truncate=10)
        with pytest.raises(httpx2.ReadError):
            say(server, client=client)
        with pytest.raises(httpx2.RemoteProtocolError):
            say(server, client=client)
        assert say(server, client=client).json() == {"said": LONG}
        assert [delivered for _, delivered in server.bills] == ["reset", "cut", "whole"]
        assert (server.usd(whole_only=True), server.usd()) == (0.5, 1.5)


def test_who_gave_up_waiting_is_marked_gone_though_billed() -> None:
    given_up = threading.Event()

    def late(_: Request, reply: Reply) -> Reply:
        assert given_up.wait(60)
        return reply

    with Echo() as server:
        server.inject("echo", times=1, change=late)
        with pytest.raises(httpx2.ReadTimeout):
            httpx2.post(server.url + "/echo", json={"say": "hi"}, timeout=httpx2.Timeout(60, read=0.05))
        given_up.set()
        say(server)
    assert sorted(delivered for _, delivered in server.bills) == ["gone", "whole"]


def test_a_delay_leaves_room_for_another_fault() -> None:
    with Echo() as server:
        server.inject("*", delay=0.01)
        server.inject("echo", times=1, status=500, name="outage")
        assert [say(server).status_code, say(server).status_code] == [500, 200]
        assert [entry.fault for entry in server.log] == ["*+outage", "*"]
        assert min(entry.seconds for entry in server.log) >= 0.01


def test_many_at_once_are_counted_and_stopping_does_not_wait_for_delays() -> None:
    with Echo() as server:
        server.inject("echo", delay=60)
        threads = [threading.Thread(target=_try, args=(server,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        while server.peak["echo"] < 8:
            time.sleep(0.005)
    for thread in threads:
        thread.join()


def _try(server: Echo) -> None:
    try:
        say(server)
    except httpx2.HTTPError:
        return


def test_a_cut_answer_lacks_something_however_short_it_is() -> None:
    with Echo() as server:
        server.inject("echo", times=1, truncate=10_000)
        with pytest.raises(httpx2.RemoteProtocolError):
            say(server, "")


def test_a_body_that_is_no_object_is_told_apart_from_a_bug() -> None:
    for body in (b"[1]", b"{", b"\xff"):
        with pytest.raises(BodyError):
            Request("op", "POST", "/", {}, {}, body).json()


def test_a_line_of_the_log_holds_the_bill_and_no_key() -> None:
    lines: list[Entry] = []
    with Echo(on_entry=lines.append) as server:
        say(server, key="secret-key")
    line = lines[0].line()
    assert "secret-key" not in line
    facts = json.loads(line)
    assert facts["bill"] == {"model": "echo", "tokens": {"out": 1000}, "usd": 0.5, "finish": "STOP"}
    assert (facts["op"], facts["delivered"], facts["status"], facts["note"]) == ("echo", "whole", 200, "python")


def test_a_bug_of_the_emulator_fails_the_test_that_uses_it() -> None:
    with pytest.raises(KeyError), Echo() as server:
        assert httpx2.post(server.url + "/echo", json={}).status_code == 500
