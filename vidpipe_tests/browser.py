"""Pages in a real browser: headless Chromium, driven over its own DevTools protocol. Tests skip where there is none."""

import base64
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_START_S, _ANSWER_S = 120.0, 60.0
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--mute-audio",
    "--remote-debugging-port=0",
    "--window-size=1400,1000",
)
_BAD = ("error", "assert", "warning")


class Tab:
    """One page. `said` holds the errors and warnings of its console; `requests` every address it asked for."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._n = socket, 0
        self.said: list[str] = []
        self.requests: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol; its result."""
        self._n += 1
        self._socket.send(json.dumps({"id": self._n, "method": method, "params": params}))
        while True:
            told = json.loads(self._socket.recv(timeout=_ANSWER_S))
            if told.get("id") == self._n:
                assert "error" not in told, told
                result: dict[str, Any] = told["result"]
                return result
            self._hear(told)

    def open(self, address: str) -> None:
        """Load a page to its end."""
        self.do("Page.navigate", url=address)
        self.wait_for("document.readyState === 'complete'")

    def value(self, script: str) -> Any:
        """What a script's last expression gives, as JSON."""
        found = self.do("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Look until an expression holds."""
        until = time.monotonic() + _ANSWER_S
        while not self.value(f"Boolean({script})"):
            assert time.monotonic() < until, f"never: {script}"
            time.sleep(0.02)

    def click(self, selector: str, across: float = 0.5) -> None:
        """Press and release the mouse on an element, `across` of its width from the left."""
        quoted = json.dumps(selector)
        box = self.value(
            f"(() => {{ const node = document.querySelector({quoted}); node.scrollIntoView({{block: 'center'}});"
            " const b = node.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()"
        )
        x, y = box[0] + across * box[2], box[1] + box[3] / 2
        for kind in ("mousePressed", "mouseReleased"):
            self.do("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, path: Path) -> None:
        """What the page looks like, all of it, as PNG."""
        found = self.do("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(found["data"]))

    def _hear(self, told: dict[str, Any]) -> None:
        method, params = told.get("method"), told.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.said.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in _BAD:
            self.said.append(str(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in _BAD:
            self.said.append(params["entry"]["text"])


@contextmanager
def browser(folder: Path) -> Iterator[Tab]:
    """An empty page in Chromium, whose profile lies in `folder`; skips where there is no Chromium."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no Chromium on this machine")
    client = pytest.importorskip("websockets.sync.client", reason="no websockets to drive Chromium with")
    command = [program, *_OPTIONS, f"--user-data-dir={folder}", "about:blank"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        with client.connect(_address(folder, process), max_size=None, compression=None) as socket:
            yield Tab(socket)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _address(folder: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the first page listens."""
    from urllib.request import urlopen

    told, until = folder / "DevToolsActivePort", time.monotonic() + _START_S
    while not (told.is_file() and told.read_text().count("\n")):
        assert process.poll() is None, "Chromium did not start"
        assert time.monotonic() < until, "Chromium takes too long to start"
        time.sleep(0.05)
    port = int(told.read_text().split("\n")[0])
    with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=_ANSWER_S) as answer:
        pages = json.load(answer)
    return str(next(one["webSocketDebuggerUrl"] for one in pages if one["type"] == "page"))
