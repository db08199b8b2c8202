import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.export.about import LeftOut
from vidpipe.export.along import Item
from vidpipe.export.explorer import FOLDER_PARTS, MAX_IDS, MAX_ITEMS, Explorer
from vidpipe.export.explorer_views import ExplorerVideo
from vidpipe.export.pages import embedded_json
from vidpipe_tests.export.samples import HOSTILE

PART = re.compile(r"part\((.*)\);\n", re.DOTALL)


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


class Written:
    """An explorer's files and its page."""

    def __init__(
        self, videos: Iterable[ExplorerVideo], left_out: Sequence[LeftOut] = (), *, title: str = "Demo", **options: Any
    ) -> None:
        made_by: Mapping[str, str] = options.pop("made_by", {})
        self.files: dict[str, bytes] = {}
        explorer = Explorer(self.files.__setitem__, **options)
        for one in videos:
            explorer.add(one)
        self.text = explorer.page(left_out, title=title, made_by=made_by)
        self.page = Page(self.text)

    def values(self, kind: str) -> list[Any]:
        """What the scripts of a kind (`index`, `details`, `lost`) hold, in order."""
        found = []
        for name, n in self.page.data[kind]:
            match = PART.fullmatch(self.files[name].decode("ascii"))
            assert match is not None
            values = json.loads(match[1])
            assert len(values) == n
            found += values
        return found


def video(name: str = "a", text: str = "", n_items: int = 1) -> ExplorerVideo:
    scenes = [Item(float(i), i + 1.0, text, ((text, text),)) for i in range(n_items)]
    texts = ((text, text),)
    return ExplorerVideo(
        *(name, text or name, f"videos/{name}.mp4"),
        category=text or None,
        moods=(text,),
        duration_s=2.0,
        lanes={"Scenes": scenes},
        queries={text: (text,)},
        facts=texts,
        texts=texts,
        provenance=texts,
    )


def test_the_page_holds_sums_and_names_scripts_that_hold_the_rest() -> None:
    written = Written([video("a"), video("b", "Title")], made_by={"vidpipe": "0.1.0"})
    data = written.page.data
    assert (data["n_videos"], data["n_scenes"], data["duration_s"]) == (2, 2, 4.0)
    assert data["made_by"] == [["vidpipe", "0.1.0"]]
    assert [(row[0], row[1]) for row in written.values("index")] == [("a", ""), ("b", "Title")]
    assert [one["video"] for one in written.values("details")] == ["videos/a.mp4", "videos/b.mp4"]
    assert set(written.files) == {name for kind in ("index", "details", "lost") for name, _ in data[kind]}


def test_a_poster_is_a_file_or_a_place_in_one() -> None:
    whole = ExplorerVideo("a", "a", None, poster="thumbs/a.jpg")
    written = Written([whole, ExplorerVideo("b", "b", None, poster="thumbs/b.jpg", cell=(3, 16))])
    assert [row[7] for row in written.values("index")] == ["thumbs/a.jpg", ["thumbs/b.jpg", 3, 16]]


def test_rows_are_called_by_their_name() -> None:
    text = Explorer(lambda _name, _data: None).page([], title="Demo", noun="segments")
    assert Page(text).data["noun"] == "segment"


def test_scripts_are_named_by_what_they_hold() -> None:
    for name, content in Written([video()]).files.items():
        match = re.fullmatch(r"explorer/(?:index-)?0\.([0-9a-f]{12})\.js", name)
        assert match is not None
        assert hashlib.sha256(content).hexdigest().startswith(match[1])


def test_no_script_grows_with_the_number_of_videos() -> None:
    few, many = (Written((video(f"v{i:05d}") for i in range(n)), part_bytes=4_000) for n in (10, 1_000))
    assert max(map(len, many.files.values())) < 5_000
    assert len(many.files) > 50
    assert len(many.text) - len(few.text) < 10_000
    assert [row[0] for row in many.values("index")] == [f"v{i:05d}" for i in range(1_000)]
    assert [one["id"] for one in many.values("details")] == [f"v{i:05d}" for i in range(1_000)]


def test_no_folder_gets_more_scripts_than_the_hub_takes() -> None:
    bare = (ExplorerVideo(str(i), "", None) for i in range(FOLDER_PARTS + 1))
    names = list(Written(bare, part_bytes=1).files)
    assert [name.rpartition(".")[0].rpartition(".")[0] for name in names[-2:]] == [
        f"explorer/1/index-{FOLDER_PARTS}",
        f"explorer/1/{FOLDER_PARTS}",
    ]


def test_scripts_are_put_away_as_they_fill() -> None:
    files: dict[str, bytes] = {}
    explorer = Explorer(files.__setitem__, part_bytes=1_000)
    for i in range(100):
        explorer.add(video(str(i)))
    assert len(files) > 20


def test_a_new_video_changes_no_script_before_it() -> None:
    names = [f"v{i:03d}" for i in range(200)]
    before, after = (Written(map(video, some), part_bytes=2_000).files for some in (names, [*names, "w"]))
    assert len(before.keys() - after.keys()) <= 2


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_tag_and_breaks_no_script(text: str) -> None:
    plain = Written([video()])
    hostile = Written([video(text, text)], [LeftOut(text, text, text, text)], title=text, made_by={text: text})
    without_policy = [tag for tag in hostile.page.tags if tag[1].get("http-equiv") is None]
    assert without_policy == [tag for tag in plain.page.tags if tag[1].get("http-equiv") is None]
    assert hostile.page.texts["script"][1] == plain.page.texts["script"][1]
    assert hostile.values("details")[0]["facts"] == [[text, text]]
    assert all(content.isascii() and not set(b"<>&") & set(content) for content in hostile.files.values())


@given(st.text(st.characters(exclude_categories=())))
def test_embedded_json_has_no_character_that_html_reads(text: str) -> None:
    block = embedded_json({"text": text})
    assert block.isascii()
    assert not set("<>&") & set(block)
    assert json.loads(block) == {"text": text}


def test_the_policy_allows_this_style_this_script_and_what_it_asks_for() -> None:
    page = Written([]).page
    (policy,) = [attrs["content"] or "" for _, attrs in page.tags if attrs.get("http-equiv")]
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    found = [page.texts["script"][1], page.texts["style"][0]]
    assert allowed == [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in found]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy


def test_nothing_is_loaded_from_elsewhere() -> None:
    page = Written([]).page
    assert not [attrs for _, attrs in page.tags if {"src", "href", "style"} & attrs.keys()]
    script = page.texts["script"][1]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|https?:/|fetch\(|XMLHttp", script)


def test_what_was_left_out_is_grouped_and_counted_in_full() -> None:
    left_out = [LeftOut("raw_videos", "unusable", "empty file", f"v{i:05d}") for i in range(MAX_IDS + 5)]
    left_out.append(LeftOut("raw_videos", "unusable", "not a video", "x"))
    written = Written([], left_out)
    assert written.page.data["left_out"] == [
        ["raw_videos", "unusable", "empty file", MAX_IDS + 5],
        ["raw_videos", "unusable", "not a video", 1],
    ]
    named = written.values("lost")
    assert (len(named), named[0], named[-1]) == (MAX_IDS + 1, ["v00000", 0], ["x", 1])


def test_a_lane_is_cut_and_counted_in_full() -> None:
    ((name, n, shown),) = Written([video("a", "", MAX_ITEMS + 5)]).values("details")[0]["lanes"]
    assert (name, n, len(shown)) == ("Scenes", MAX_ITEMS + 5, MAX_ITEMS)


def test_the_same_videos_give_the_same_files() -> None:
    one, other = (Written([video()], made_by=made) for made in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}))
    assert (one.files, one.text) == (other.files, other.text)
