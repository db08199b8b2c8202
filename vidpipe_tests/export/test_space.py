import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from vidpipe.export.explorer import Explorer
from vidpipe.export.explorer_views import ExplorerVideo
from vidpipe.export.space import DATA, space_of
from vidpipe_tests.browser import browser
from vidpipe_tests.clips import make_clip
from vidpipe_tests.export.samples import HOSTILE


def index_of(files: dict[str, bytes], *, title: str = "Demo") -> str:
    explorer = Explorer(files.__setitem__)
    explorer.add(ExplorerVideo("a", "A", "videos/ä %.mp4", duration_s=1.0))
    return explorer.page([], title=title)


def test_a_space_is_static_and_names_its_dataset() -> None:
    files: dict[str, bytes] = {}
    space = space_of(index_of(files), repo="user/name", revision="v1/2")
    front = yaml.safe_load(space.written["README.md"].decode().split("---\n")[1])
    assert (front["sdk"], front["app_file"], front["datasets"]) == ("static", "index.html", ["user/name"])
    assert set(space.copied) == set(files)
    found = DATA.search(space.written["index.html"].decode())
    assert found is not None
    assert json.loads(found[1])["media"] == "https://huggingface.co/datasets/user/name/resolve/v1%2F2/"


@pytest.mark.parametrize("title", HOSTILE)
def test_a_title_is_a_text_in_the_front_matter(title: str) -> None:
    space = space_of(index_of({}, title=title), repo="user/name")
    front = yaml.safe_load(space.written["README.md"].decode().split("---\n")[1])
    assert set(front) == {"title", "emoji", "sdk", "app_file", "datasets"}
    assert isinstance(front["title"], str)


def test_media_may_come_from_the_hub_alone() -> None:
    for endpoint, hosts in (
        ("https://huggingface.co/", "https://huggingface.co https://*.huggingface.co https://*.hf.co"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ):
        text = space_of(index_of({}), repo="user/name", endpoint=endpoint).written["index.html"].decode()
        assert f"img-src {hosts}; media-src {hosts};" in text


def test_of_a_private_dataset_it_says_that_pictures_need_a_login() -> None:
    told = [space_of(index_of({}), repo="user/name", is_private=is_so).written["README.md"] for is_so in (False, True)]
    assert [b"private" in text for text in told] == [False, True]
    assert told[1].startswith(told[0])


@pytest.mark.parametrize("text", ["", "<html></html>", '<script type="application/json" id="data">{}</script>'])
def test_another_page_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"need the index\.html of a dataset"):
        space_of(text, repo="user/name")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a server that gives the files of a folder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "hub")))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_browser_plays_the_datasets_videos_in_the_space(tmp_path: Path, served: str) -> None:
    files: dict[str, bytes] = {}
    space = space_of(index_of(files), repo="user/name", endpoint=served)
    clip = make_clip(tmp_path / "clip.mp4", [(1, 1)], fps=10, size=(96, 64)).path
    video = tmp_path / "hub" / "datasets" / "user" / "name" / "resolve" / "main" / "videos" / "ä %.mp4"
    video.parent.mkdir(parents=True)
    shutil.copy(clip, video)
    for name, content in {**space.written, **{name: files[name] for name in space.copied}}.items():
        path = tmp_path / "hub" / "space" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "hub" / "favicon.ico").touch()
    with browser(tmp_path / "profile") as tab:
        tab.open(f"{served}/space/index.html")
        tab.click("a.tile")
        tab.wait_for("document.querySelector('video')?.readyState > 0")
        assert tab.said == []
