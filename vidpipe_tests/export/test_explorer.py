import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.export.about import LeftOut
from vidpipe.export.explorer import MAX_IDS, ExplorerVideo, explorer_page, explorer_video
from vidpipe.export.pages import embedded_json
from vidpipe.export.target import Media
from vidpipe_tests.browser import browser
from vidpipe_tests.clips import make_clip
from vidpipe_tests.export.samples import HOSTILE, row_of

MEDIA = Media("raw_videos/a/video.mp4", "0" * 64, 1)


class Page(HTMLParser):
    """What a browser finds in the page: tags with attributes, the text of scripts, styles and title."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"script": [], "style": [], "title": []}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        last = self.tags[-1][0] if self.tags else ""
        if last in self.texts and data.strip():
            self.texts[last].append(data)

    @property
    def data(self) -> dict[str, Any]:
        value = json.loads(self.texts["script"][0])
        assert isinstance(value, dict)
        return value


def test_the_page_holds_what_it_was_given() -> None:
    video = explorer_video(row_of("a", MEDIA), file_name="videos/a.mp4", poster=None, shots=((0.0, 1.0),))
    data = Page(explorer_page([video], [], title="Demo", made_by={"vidpipe": "0.1.0"})).data
    (shown,) = data["videos"]
    assert (shown["title"], shown["video"], shown["is_playable"]) == ("Title of a", "videos/a.mp4", True)
    assert shown["scenes"] == [[0.0, 0.96, "Opening"], [1.0, 2.0, ""]]
    assert shown["shots"] == [[0.0, 1.0]]
    assert shown["category"] == "Sports / Hiking"
    assert data["made_by"] == [["vidpipe", "0.1.0"]]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_tag_and_breaks_no_block(text: str) -> None:
    video = ExplorerVideo(text, text, "videos/a.mp4", category=text, scenes=((0.0, 1.0, text),), facts=((text, text),))
    plain_page = Page(explorer_page([ExplorerVideo("a", "a", "videos/a.mp4")], [], title="a"))
    page = Page(explorer_page([video], [LeftOut(text, text, text, text)], title=text, made_by={text: text}))
    without_policy = [tag for tag in page.tags if tag[1].get("http-equiv") is None]
    assert without_policy == [tag for tag in plain_page.tags if tag[1].get("http-equiv") is None]
    assert page.texts["script"][1] == plain_page.texts["script"][1]
    assert page.data["videos"][0]["facts"] == [[text, text]]


@given(st.text(st.characters(exclude_categories=())))
def test_embedded_json_has_no_character_that_html_reads(text: str) -> None:
    block = embedded_json({"text": text})
    assert block.isascii()
    assert not set("<>&") & set(block)
    assert json.loads(block) == {"text": text}


def test_titles_cannot_turn_the_text_beside_them_round() -> None:
    row = {**row_of("a", MEDIA), "youtube_title": "\u202eevil\u2066 one\ntwo"}
    assert explorer_video(row, file_name="videos/a.mp4", poster=None, shots=()).title == "evil one two"


def test_the_policy_allows_this_script_and_this_style_and_no_other() -> None:
    page = Page(explorer_page([], [], title="Demo"))
    (policy,) = [attrs["content"] or "" for _, attrs in page.tags if attrs.get("http-equiv")]
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    found = [page.texts["script"][1], page.texts["style"][0]]
    assert allowed == [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in found]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_nothing_is_loaded_from_elsewhere() -> None:
    page = Page(explorer_page([], [], title="Demo"))
    assert not [attrs for _, attrs in page.tags if {"src", "href", "style"} & attrs.keys()]
    script = page.texts["script"][1]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|https?:|fetch\(", script)


def test_a_file_that_browsers_do_not_play_is_linked() -> None:
    assert not ExplorerVideo("a", "a", "videos/a.avi").is_playable
    assert ExplorerVideo("a", "a", "videos/a.webm").is_playable


def test_what_was_left_out_is_grouped_and_counted_in_full() -> None:
    left_out = [LeftOut("raw_videos", "unusable", "empty file", f"v{i:05d}") for i in range(MAX_IDS + 5)]
    left_out.append(LeftOut("raw_videos", "unusable", "not a video", "x"))
    first, second = Page(explorer_page([], left_out, title="Demo")).data["left_out"]
    assert (first["n"], len(first["ids"]), first["ids"][0]) == (MAX_IDS + 5, MAX_IDS, "v00000")
    assert (second["reason"], second["n"], second["ids"]) == ("not a video", 1, ["x"])


def test_a_row_without_content_is_shown_without_scenes() -> None:
    row = {**row_of("a", MEDIA), "content_metadata": None}
    assert explorer_video(row, file_name="videos/a.mp4", poster=None, shots=()).scenes == ()


@pytest.mark.parametrize("stamp", [None, "", "soon", "1:2", "00:00:61", 3])
def test_a_scene_without_a_readable_time_is_not_on_the_time_line(stamp: object) -> None:
    scenes = [{"timestamps": {"start_timestamp": stamp, "end_timestamp": "00:00:70"}}, {"timestamps": None}]
    row = {**row_of("a", MEDIA), "content_metadata": {"scenes": scenes}}
    shown = explorer_video(row, file_name="videos/a.mp4", poster=None, shots=()).scenes
    assert all(start_s <= end_s for start_s, end_s, _ in shown)


def test_the_same_videos_give_the_same_page() -> None:
    videos = [ExplorerVideo("a", "a", "videos/a.mp4")]
    pages = {
        explorer_page(videos, [], title="Demo", made_by=made) for made in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"})
    }
    assert len(pages) == 1


def test_a_browser_shows_a_video_seeks_by_click_and_says_no_error(tmp_path: Path) -> None:
    make_clip(tmp_path / "a.mp4", [(1, 1), (1, 2)], fps=10, size=(96, 64))
    title = "</script><img src=x onerror='window.evil = 1'>"
    video = ExplorerVideo(
        "a", title, "a.mp4", duration_s=2.0, shots=((0, 1), (1, 2)), scenes=((0.0, 1.0, title), (1.0, 2.0, "two"))
    )
    page = tmp_path / "index.html"
    page.write_text(explorer_page([video], [], title=title), "utf-8")
    with browser(tmp_path / "profile") as tab:
        tab.open(page.as_uri())
        tab.click(".tile")
        tab.wait_for("document.querySelector('video')?.readyState > 0")
        assert tab.value("document.querySelector('.heading').textContent") == title
        tab.click(".time-line .track", across=0.25)
        tab.wait_for("Math.abs(document.querySelector('video').currentTime - 0.5) < 0.05")
        tab.click(".scenes li:nth-child(2) button")
        tab.wait_for("Math.abs(document.querySelector('video').currentTime - 1) < 0.05")
        assert tab.value("document.querySelectorAll('.block').length") == 4
        assert (tab.value("window.evil ?? null"), tab.said) == (None, [])
