"""The pictures of README.md: `python -m vidpipe_tests.screenshots PROJECT`, for a project that `vidpipe demo` made.

Writes docs/ui.jpg, Dagster's UI on the project, and docs/explorer.jpg, a video in the explorer of its scenes. Needs
Chromium.
"""

import base64
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from vidpipe_tests.browser import Tab, browser
from vidpipe_tests.commands import VIDPIPE

DOCS = Path(__file__).parents[1] / "docs"
SIZE, GRAPH_SIZE = (1280, 900), (1700, 900)
MAX_BYTES = 300_000
START_S, SETTLE_S = 90.0, 8
GRAPH = "/locations/vidpipe.definitions/asset-groups/production/lineage"


def picture(tab: Tab, name: str) -> None:
    """What the page shows now, in docs/."""
    for quality in (88, 80, 70, 60):
        found = tab.do("Page.captureScreenshot", format="jpeg", quality=quality)
        data = base64.b64decode(found["data"])
        if len(data) < MAX_BYTES:
            break
    DOCS.mkdir(exist_ok=True)
    (DOCS / name).write_bytes(data)
    sys.stdout.write(f"{DOCS / name}: {len(data):,} bytes\n")


def screen(tab: Tab, size: tuple[int, int]) -> None:
    """Make the page's screen of this size in pixels."""
    width, height = size
    tab.do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)


def explorer(tab: Tab, project: Path) -> None:
    """A video of the scenes, somewhere in its middle."""
    tab.open((project / "store" / "datasets" / "scenes" / "index.html").as_uri())
    tab.wait_for("document.body.dataset.state === 'ready'")
    tab.click("a.tile")
    tab.wait_for("document.querySelector('video')?.readyState > 0")
    tab.click(".time-line .track", across=0.42)
    tab.value("scrollTo(0, 0)")
    tab.wait_for("!document.querySelector('video').seeking && document.querySelector('video').readyState > 1")
    time.sleep(1)
    picture(tab, "explorer.jpg")


def graph(tab: Tab, address: str) -> None:
    """The graph of the assets that are made of selected videos."""
    tab.open(f"{address}{GRAPH}")
    tab.wait_for("document.body.innerText.includes('aligned_metadata')")
    hide = "(node) => !node.children.length && node.textContent === 'Hide navigation'"
    tab.value(f"[...document.querySelectorAll('*')].find({hide})?.click()")
    for _ in range(SETTLE_S):  # the graph is laid out, and what is known of partitions arrives
        time.sleep(1)
        tab.value("1")
    picture(tab, "ui.jpg")


@contextmanager
def ui(project: Path) -> Iterator[str]:
    """The address of `vidpipe ui` on the project."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    command = [VIDPIPE, "ui", "-C", str(project), "--port", str(port)]
    environment = {**os.environ, "DAGSTER_DISABLE_TELEMETRY": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address, until = f"http://127.0.0.1:{port}", time.monotonic() + START_S
        while not _answers(address):
            assert process.poll() is None, "the UI did not start"
            assert time.monotonic() < until, "the UI takes too long to start"
            time.sleep(0.5)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/server_info", timeout=5):
            return True
    except (URLError, OSError):
        return False


def main(project: Path) -> None:
    """Take both pictures."""
    with tempfile.TemporaryDirectory() as profile, browser(Path(profile)) as tab:
        screen(tab, SIZE)
        explorer(tab, project)
        with ui(project) as address:
            screen(tab, GRAPH_SIZE)
            graph(tab, address)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
