"""The profiles do what they are named for, and the command serves them."""

import json
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.llm import LlmServer
from vidpipe_tests.servers.profiles import Servers, storm

ASK = "/v1/models/gemini-3.8-flash:generateContent"
ROOT = Path(__file__).parents[2]


def bodies(n: int) -> list[bytes]:
    return [json.dumps({"contents": [{"parts": [{"text": f"say {i}"}]}]}).encode() for i in range(n)]


def stormy(seed: int) -> Servers:
    servers = Servers(GeminiServer(), LlmServer("tgi"), LlmServer("openai"))
    storm(servers, seed, [])
    return servers


def stormed(seed: int, order: int, n: int) -> dict[bytes, tuple[int, str]]:
    """Status and fate of each body's first request."""
    found = {}
    with stormy(seed) as servers, httpx2.Client(base_url=servers.gemini.url, headers={"x-goog-api-key": "k"}) as client:
        for body in bodies(n)[::order]:
            try:
                status = client.post(ASK, content=body).status_code
            except httpx2.TransportError as error:
                found[body] = (0, type(error).__name__)
            else:
                found[body] = (status, servers.gemini.log[-1].fault)
    return found


def test_a_storm_strikes_as_often_as_it_says_and_the_same_requests_in_any_order() -> None:
    found = stormed(1, 1, 400)
    share = {fate: count / 400 for fate, count in Counter(found.values()).items()}
    assert share[429, "429"] == pytest.approx(0.20, abs=0.05)
    assert share[503, "503"] == pytest.approx(0.05, abs=0.03)
    assert share[0, "ReadError"] == pytest.approx(0.03, abs=0.02)
    assert share[0, "RemoteProtocolError"] == pytest.approx(0.02, abs=0.02)
    assert share[200, "malformed"] == pytest.approx(0.05, abs=0.03)
    assert share[200, ""] == pytest.approx(0.65, abs=0.06)
    assert stormed(1, -1, 40) == {body: found[body] for body in bodies(40)}
    assert stormed(2, 1, 40) != {body: found[body] for body in bodies(40)}


def test_in_a_storm_the_second_key_is_dead_and_the_third_has_used_up_its_day() -> None:
    with stormy(0) as servers:
        server = servers.gemini
        for key in "abc":
            with suppress(httpx2.TransportError):
                httpx2.get(server.url + "/v1/models/gemini-3.8-flash", headers={"x-goog-api-key": key})
        for key in "bc":
            httpx2.post(server.url + ASK, content=bodies(1)[0], headers={"x-goog-api-key": key})
        assert [(entry.status, entry.fault) for entry in server.log[-2:]] == [(400, "dead key"), (429, "day's quota")]


def test_a_storm_over_an_open_server_strikes_what_asks_the_model() -> None:
    body = {"inputs": "which?", "parameters": {"details": True}}
    with stormy(3) as servers, httpx2.Client() as client:
        assert client.get(servers.tgi.url + "/info").status_code == 200
        for i in range(100):
            with suppress(httpx2.TransportError):
                client.post(servers.tgi.url + "/generate", json=body | {"inputs": f"which {i}?"})
        fates = Counter(entry.fault for entry in servers.tgi.entries("ask.generate"))
    assert set(fates) >= {"", "overloaded", "gateway", "malformed"}


def test_the_command_prints_urls_logs_requests_with_bills_and_ends_with_its_input(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "vidpipe_tests.servers", "--profile", "calm", "--log", str(log)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        urls = json.loads(process.stdout.readline())
        assert set(urls) >= {"gemini", "tgi", "openai"}
        answer = httpx2.post(urls["gemini"] + ASK, content=bodies(1)[0], headers={"x-goog-api-key": "secret"})
        assert answer.status_code == 200
        assert httpx2.get(urls["tgi"] + "/info").status_code == 200
        process.stdin.close()
        assert process.wait(timeout=60) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["service"], line["op"], line["status"]) for line in lines] == [
        ("gemini", "generate", 200),
        ("tgi", "info", 200),
    ]
    assert lines[0]["bill"]["usd"] > 0
    assert "secret" not in log.read_text()
