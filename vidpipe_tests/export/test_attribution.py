import json

from vidpipe.export.attribution import Source, source_cells, source_line, source_of
from vidpipe_tests.export.samples import HOSTILE


def test_a_source_is_read_from_rows_of_any_dataset() -> None:
    scene = {
        "video_id": "a",
        "youtube_title": "T",
        "youtube_channel": "C",
        "licence": "CC0",
        "source_url": "https://x.example/",
    }
    segment = {"video_id": "a", "title": "T", "channel": "C", "licence": "CC0", "source_url": "https://x.example/"}
    assert source_of(scene) == source_of(segment) == Source("a", "T", "C", "CC0", "https://x.example/")


def test_a_source_that_says_nothing_is_its_id() -> None:
    assert source_of({"video_id": "a", "licence": "", "title": 3}) == Source("a")
    assert source_of({"series_name": "S", "episode_id": "2"}).video_id == "S/2"
    assert source_cells(Source("a_b")) == ["a\\_b", "not said", "unknown", "not said"]


def test_the_line_has_the_licence_in_both_words() -> None:
    line = source_line(Source("a", licence="CC BY 4.0"))
    assert line["licence"] == "cc-by-4.0"
    assert line["licence_url"] == "https://creativecommons.org/licenses/by/4.0/"
    assert line["licence_as_stated"] == "CC BY 4.0"


def test_an_address_that_is_none_is_not_given() -> None:
    for text in (*HOSTILE, "javascript:alert(1)", "file:///etc/passwd"):
        assert source_of({"video_id": "a", "source_url": text}).page is None
        assert json.loads(json.dumps(source_line(source_of({"video_id": text, "title": text}))))["source"] is None
