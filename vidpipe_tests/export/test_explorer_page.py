"""The explorer in a real browser, from `file://`. Skips where there is no Chromium."""

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from vidpipe.export.about import LeftOut
from vidpipe.export.along import Item
from vidpipe.export.explorer import Explorer
from vidpipe.export.explorer_views import ExplorerVideo
from vidpipe.media.pictures import encode_jpeg
from vidpipe_tests.browser import Tab, browser
from vidpipe_tests.clips import make_clip

EVIL = "</script><img src=x onerror='window.evil = 1'> <b>bold</b>"
N_MORE = 600
CARDS = "document.querySelectorAll('#grid .tile').length"
NAMES = "[...document.querySelectorAll('#grid .name')].map((node) => node.textContent)"
PLAYED = "document.querySelector('video')?.currentTime"


def videos() -> Iterator[ExplorerVideo]:
    scenes = [Item(0.0, 1.0, EVIL, (("cast", EVIL),)), Item(1.0, 2.0, "Second", (("dynamism", "0.5"),))]
    lanes = {
        "Scenes": scenes,
        "Captions": [Item(0.2, 0.8, f"hello there {EVIL}")],
        "Shots": [Item(0.0, 1.0), Item(1.0, 2.0)],
    }
    facts = [(EVIL, EVIL), ("sha256", "0" * 64)]
    yield ExplorerVideo(
        *("0 evil", EVIL, "a.mp4"),
        category="Sports / Hiking",
        moods=("Happy",),
        duration_s=2.0,
        lanes=lanes,
        queries={"main_plot": [EVIL, "two friends"]},
        facts=facts,
        texts=facts,
        provenance=facts,
    )
    yield ExplorerVideo(
        "1 gone", "Café without media", None, source="https://example.org/gone?a=1&b=2", duration_s=90.0
    )
    yield ExplorerVideo("2 sly", "Sly", None, source="javascript:window.evil=1")
    yield ExplorerVideo("3 old", "Old format", "old.avi", category="Sports / Chess", duration_s=400.0)
    for seen in ("The same id", "The same id to the eye"):
        yield ExplorerVideo("3 same", seen, None)
    yield ExplorerVideo("4 short", "Of unknown length", "a.mp4")
    for i in range(N_MORE):
        yield ExplorerVideo(f"v{i:04d}", f"Film number {i}", "a.mp4", category="News / Local", duration_s=30.0 + i)


def parts() -> Iterator[ExplorerVideo]:
    """An episode with what was cut from it, and two segments, whose pictures stand in one file."""
    told = [("dialogue", EVIL), ("dialogue", "somebody sings"), ("<b>setting</b>", "a harbour")]
    segments = [Item(0.0, 1.2, EVIL, told), Item(1.0, 2.0, "second", [("dialogue", "second")])]
    lanes = {"Segments": segments, "Shots": [Item(0.0, 1.0), Item(1.0, 2.0)], "Queries": [Item(0.0, 2.0, "whole")]}
    yield ExplorerVideo("e", "Episode", "a.mp4", duration_s=2.0, lanes=lanes, queries={"main_plot": ["whole"]})
    for place in (0, 1):
        yield ExplorerVideo(f"e #{place}", f"Segment {place}", "a.mp4", poster="sheet #1.jpg", cell=(place, 2))


def write_page(home: Path, name: str, rows: Iterator[ExplorerVideo], left_out: Sequence[LeftOut] = ()) -> None:
    def put(name: str, data: bytes) -> None:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(data)

    explorer = Explorer(put, part_bytes=20_000)
    for video in rows:
        explorer.add(video)
    (home / name).write_text(explorer.page(left_out, title=EVIL, made_by={EVIL: EVIL}), "utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("explorer")
    make_clip(home / "a.mp4", [(1, 1), (1, 2)], fps=10, size=(96, 64))
    left_out = [LeftOut("raw_videos", "unusable", "empty file", "lost <i>1</i>"), LeftOut("shots", "dropped", "", "x")]
    write_page(home, "index.html", videos(), left_out)
    red, green = ([200, 0, 0], [0, 200, 0])
    pixels = np.repeat(np.array([red, green], np.uint8), 60, axis=0)[None].repeat(120, axis=0)
    (home / "sheet #1.jpg").write_bytes(encode_jpeg(pixels, 2))
    write_page(home, "parts.html", parts())
    return home


@pytest.fixture(scope="module")
def shared_tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def tab(shared_tab: Tab, folder: Path) -> Iterator[Tab]:
    """All videos of the page; after the test nothing has been said to the console and nothing evil was done."""
    shared_tab.open("about:blank")
    shared_tab.open((folder / "index.html").as_uri())
    shared_tab.wait_for("document.body.dataset.state === 'ready'")
    yield shared_tab
    assert (shared_tab.value("window.evil ?? null"), shared_tab.said) == (None, [])
    assert not [address for address in shared_tab.requests if not address.startswith(("file:", "data:", "about:"))]


def press(tab: Tab, key: str, *, text: str | None = None) -> None:
    """One key, pressed and released; `text` where it writes something."""
    more = {"text": text} if text else {}
    code = 27 if key == "Escape" else 0  # a dialog closes by the number of the key
    tab.do("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **more)
    tab.do("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)


def stands_at(tab: Tab, seconds: float) -> None:
    """Wait until the player and the time line both stand there."""
    tab.wait_for(f"Math.abs({PLAYED} - {seconds}) < 0.05")
    line = "Number(document.querySelector('.time-line').getAttribute('aria-valuenow'))"
    tab.wait_for(f"Math.abs({line} - {seconds}) < 0.05")


def open_first(tab: Tab) -> None:
    tab.click("a.tile")
    tab.wait_for("document.querySelector('video')?.readyState > 0")


def choose(tab: Tab, name: str, value: str) -> None:
    tab.value(
        f"(() => {{ const box = document.getElementById('{name}'); box.value = '{value}';"
        " box.dispatchEvent(new Event('change')); return box.value; })()"
    )


def test_only_tiles_that_can_be_seen_are_in_the_page(tab: Tab) -> None:
    assert 4 < tab.value(CARDS) < 100
    assert tab.value("document.getElementById('summary').textContent").startswith(f"{N_MORE + 7} videos")
    tab.value("scrollTo(0, document.body.scrollHeight)")
    tab.wait_for(f"{NAMES}.at(-1) === 'Film number {N_MORE - 1}'")
    assert tab.value(CARDS) < 100
    assert tab.value(
        "new Set([...document.querySelectorAll('#grid li')].map((node) => node.dataset.i)).size"
    ) == tab.value(CARDS)


def test_search_finds_all_words_whatever_their_accents(tab: Tab) -> None:
    press(tab, "/")
    assert tab.value("document.activeElement.id") == "q"
    tab.do("Input.insertText", text="media cafe")
    assert tab.value(NAMES) == ["Café without media"]
    assert tab.value("document.getElementById('found').textContent") == f"1 of {N_MORE + 7} videos"
    tab.click("#clear")
    tab.wait_for(f"{CARDS} > 4")


def test_an_address_says_what_was_searched_for(tab: Tab) -> None:
    tab.value("location.hash = 'q=number+17&sort=longest'")
    tab.wait_for(f"{CARDS} < 30")
    assert tab.value(NAMES)[:2] == ["Film number 517", "Film number 417"]
    assert tab.value("document.getElementById('q').value") == "number 17"


def test_filters_narrow_by_category_mood_and_length(tab: Tab) -> None:
    choose(tab, "category", "Sports")
    tab.wait_for(f"{CARDS} === 2")
    choose(tab, "mood", "Happy")
    tab.wait_for(f"{CARDS} === 1")
    tab.value("history.back()")
    tab.wait_for(f"{CARDS} === 2")
    choose(tab, "length", "5 to 20 min")
    tab.wait_for(f"{CARDS} === 1")
    assert tab.value(NAMES) == ["Old format"]


def test_what_was_left_out_is_shown_with_its_reason(tab: Tab) -> None:
    tab.click("#summary a")
    tab.wait_for(f"{NAMES}.includes('lost <i>1</i>')")
    assert tab.value("document.querySelector('#grid .soft').textContent") == "raw_videos: empty file"
    choose(tab, "outcome", "dropped: shots")
    tab.wait_for(f"{CARDS} === 1")
    assert tab.value(NAMES) == ["x"]


def test_a_video_is_opened_and_seeks_by_click(tab: Tab) -> None:
    open_first(tab)
    assert tab.value("document.querySelector('.heading').textContent") == EVIL
    tab.click(".time-line .track", across=0.25)
    stands_at(tab, 0.5)
    tab.click("#tab-1")
    tab.click("#panel-1 li:nth-child(2) button")
    stands_at(tab, 1.0)
    assert tab.value("document.querySelector('#panel-1 [aria-current]').textContent").startswith("0:01.0Second")
    assert tab.value("document.querySelectorAll('.block').length") == 5


def test_a_video_is_moved_through_by_keys(tab: Tab) -> None:
    open_first(tab)
    for key, seconds in (("]", 1.0), (".", 1.04), ("[", 1.0), ("End", 2.0), ("ArrowLeft", 0.0), ("ArrowRight", 2.0)):
        press(tab, key)
        stands_at(tab, seconds)
    press(tab, "Home")
    tab.value("document.querySelector('.time-line').focus()")
    press(tab, "PageDown")
    stands_at(tab, 1.0)
    press(tab, "k")
    tab.wait_for("!document.querySelector('video').paused")
    press(tab, "k")
    tab.wait_for("document.querySelector('video').paused")
    tab.value("document.querySelector('video').focus()")  # whose own keys are the same ones
    press(tab, "Home")
    press(tab, " ", text=" ")
    tab.wait_for("!document.querySelector('video').paused")
    press(tab, " ", text=" ")
    tab.wait_for("document.querySelector('video').paused")
    press(tab, "Escape")
    tab.wait_for(f"{CARDS} > 4 && document.activeElement.matches('.tile')")


def test_captions_are_shown_as_they_stand(tab: Tab) -> None:
    open_first(tab)
    press(tab, "c")
    track = "document.querySelector('video').textTracks[0]"
    tab.value("here.to(0.5)")
    tab.wait_for(f"{track}.mode === 'showing' && {track}.activeCues.length === 1")
    shown = f"{track}.activeCues[0].getCueAsHTML()"
    assert tab.value(f"{shown}.textContent") == f"hello there {EVIL}"
    assert tab.value(f"{shown}.children.length") == 0


def test_a_dataset_without_rows_says_so(tab: Tab, folder: Path) -> None:
    (folder / "empty.html").write_text(Explorer(lambda _name, _data: None).page([], title="Empty"), "utf-8")
    tab.open((folder / "empty.html").as_uri())
    tab.wait_for("document.body.dataset.state === 'ready'")
    assert tab.value("document.getElementById('nothing').textContent") == "This dataset has no videos."


def test_keys_go_from_video_to_video(tab: Tab) -> None:
    tab.value("document.querySelector('.tile').focus()")
    press(tab, "ArrowRight")
    assert tab.value("document.activeElement.querySelector('.name').textContent") == "Café without media"
    press(tab, "ArrowLeft")
    press(tab, "Enter", text="\r")
    tab.wait_for("document.querySelector('.heading')")
    press(tab, "n")
    tab.wait_for("document.querySelector('.heading')?.textContent === 'Café without media'")
    press(tab, "p")
    tab.wait_for("document.querySelector('.heading')?.textContent.startsWith('</script>')")


def test_every_key_stands_in_the_help(tab: Tab) -> None:
    press(tab, "?")
    tab.wait_for("document.getElementById('help').open")
    told = tab.value("document.getElementById('help').textContent")
    assert all(words in told for words in ("search", "play or pause", "next scene", "next video", "full screen"))
    press(tab, "Escape")
    tab.wait_for("!document.getElementById('help').open")


def test_a_row_without_media_links_to_a_page_of_the_web_and_to_nothing_else(tab: Tab) -> None:
    tab.value("location.hash = 'v=1+gone'")
    tab.wait_for("document.querySelector('.screen a')")
    link = "document.querySelector('.screen a')"
    assert tab.value(f"[{link}.href, {link}.rel]") == [
        "https://example.org/gone?a=1&b=2",
        "noopener noreferrer nofollow",
    ]
    tab.value("location.hash = 'v=2+sly'")
    tab.wait_for("document.querySelector('.heading')?.textContent === 'Sly'")
    assert tab.value("document.querySelectorAll('#detail a:not([href^=\"#\"])').length") == 0


def test_a_file_that_browsers_do_not_play_is_linked(tab: Tab) -> None:
    tab.value("location.hash = 'v=3+old'")
    tab.wait_for("document.querySelector('.note a')?.textContent === 'open the file'")


def test_a_player_says_how_long_a_video_is_if_nobody_else_does(tab: Tab) -> None:
    tab.value("location.hash = 'v=4+short'")
    tab.wait_for("document.querySelector('.time-line')?.getAttribute('aria-valuemax').startsWith('2')")
    press(tab, "End")
    stands_at(tab, 2.0)


def test_an_address_opens_a_video_at_its_time(tab: Tab, folder: Path) -> None:
    tab.open("about:blank")
    tab.open(f"{(folder / 'index.html').as_uri()}#v=v0599&t=1.5")
    stands_at(tab, 1.5)
    assert tab.value("document.querySelector('.heading').textContent") == "Film number 599"
    assert tab.value("document.title").startswith("Film number 599 · ")
    press(tab, "p")
    tab.wait_for("document.querySelector('.heading')?.textContent === 'Film number 598'")


def test_ids_that_cannot_be_told_apart_open_their_own_rows(tab: Tab) -> None:
    tab.value("location.hash = 'q=to+the+eye'")
    tab.wait_for(f"{CARDS} === 1")
    tab.click("a.tile")
    tab.wait_for("document.querySelector('.heading')?.textContent === 'The same id to the eye'")


def test_unknown_videos_and_strange_addresses_are_told_of(tab: Tab) -> None:
    for address in ("v=nobody", "v=__proto__", "v=%E0%A4%A", "sort=constructor&length=x&outcome=x"):
        tab.value(f"location.hash = '{address}'")
        tab.wait_for("document.querySelector('#detail .note') || !document.getElementById('nothing').hidden")


def test_no_script_of_others_is_loaded(tab: Tab) -> None:
    refused = "load('../evil.js').catch((error) => error.message)"
    assert tab.value(refused) == "../evil.js is no part of this page"


def test_a_folder_that_lacks_a_script_says_so(tab: Tab, folder: Path) -> None:
    for path in (folder / "explorer").glob("[0-9]*.js"):
        path.rename(path.with_suffix(".away"))
    tab.value("location.hash = 'v=v0300'")  # in a script that no test has read
    tab.wait_for("document.querySelector('#detail .note')?.textContent.includes('Is the folder complete?')")
    for path in (folder / "explorer").glob("*.away"):
        path.rename(path.with_suffix(".js"))
    assert all("ERR_FILE_NOT_FOUND" in line for line in tab.said)
    tab.said.clear()


@pytest.mark.parametrize("width", [360, 1920])
def test_no_page_is_wider_than_its_screen(tab: Tab, width: int) -> None:
    tab.do("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500)
    try:
        for address in ("", "v=0+evil"):
            tab.value(f"location.hash = '{address}'")
            tab.wait_for("document.querySelector('.tile, .heading')")
            assert tab.value("document.documentElement.scrollWidth") <= width
    finally:
        tab.do("Emulation.clearDeviceMetricsOverride")


def test_a_picture_can_be_taken(tab: Tab, tmp_path: Path) -> None:
    tab.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(base64.b64decode("iVBORw0KGgo="))


def open_parts(tab: Tab, folder: Path, address: str = "") -> None:
    tab.open("about:blank")
    tab.open(f"{(folder / 'parts.html').as_uri()}{address}")
    tab.wait_for("document.body.dataset.state === 'ready'")


def test_segments_lie_along_an_episode_with_the_queries_of_the_one_that_is_played(tab: Tab, folder: Path) -> None:
    open_parts(tab, folder)
    open_first(tab)
    assert tab.value("[...document.querySelectorAll('.lane')].map((n) => n.dataset.name).join()") == (
        "Segments,Shots,Queries"
    )
    chosen = "[...document.querySelectorAll('[aria-label=Segments] details')].map((n) => n.open)"
    tab.click(".lane[data-name=Segments] .odd")
    stands_at(tab, 1.5)
    assert tab.value("document.querySelector('[aria-selected=true]').textContent") == "Segments 2"
    assert tab.value(chosen) == [False, True]
    for key, seconds, is_open in (("[", 1.0, [False, True]), ("[", 0.0, [True, False]), ("]", 1.0, [False, True])):
        press(tab, key)
        stands_at(tab, seconds)
        assert tab.value(chosen) == is_open
    tab.click("[aria-label=Segments] li button")
    stands_at(tab, 0.0)
    assert tab.value("document.querySelector('details[open] h3 + ul').innerText") == f"{EVIL}\nsomebody sings"
    assert tab.value("document.querySelector('details[open] section:last-child h3').textContent") == "<b>setting</b>"


def test_an_address_opens_an_episode_at_its_segment(tab: Tab, folder: Path) -> None:
    open_parts(tab, folder, "#v=e&t=1.5")
    stands_at(tab, 1.5)
    tab.wait_for("document.querySelectorAll('[aria-label=Segments] details')[1].open")


def test_a_segment_shows_its_own_picture_of_those_that_stand_in_one_file(tab: Tab, folder: Path) -> None:
    open_parts(tab, folder)
    cells = "[...document.querySelectorAll('.cell')]"
    tab.wait_for(f"{cells}.length === 2 && {cells}.every((node) => node.clientWidth > 0)")
    boxes = f"{cells}.map((node) => node.getBoundingClientRect()).map((b) => [b.left, b.top, b.width, b.height])"
    colours = []
    for left, top, width, height in tab.value(boxes):
        assert abs(2 * width - height) < 2, "as high as the frame, and half as wide"
        clip = {"x": left + 2, "y": top + 2, "width": width - 4, "height": height - 4, "scale": 1}
        data = base64.b64decode(tab.do("Page.captureScreenshot", clip=clip)["data"])
        frame = av.CodecContext.create("png", "r").decode(av.Packet(data))[0]
        assert isinstance(frame, VideoFrame)
        colours.append((frame.to_ndarray(format="rgb24").reshape(-1, 3) > 100).mean(axis=0).round().tolist())
    assert colours == [[1, 0, 0], [0, 1, 0]], "one is red, and the other one green"


def test_what_no_row_has_is_no_filter(tab: Tab, folder: Path) -> None:
    open_parts(tab, folder)
    hidden = "['series', 'category', 'mood', 'length', 'outcome'].filter((id) => document.getElementById(id).hidden)"
    assert tab.value(hidden) == ["series", "category", "mood", "outcome"]
