import json

import pytest

from vidpipe.export.spool import RowSpool, json_line
from vidpipe.export.target import Media, SceneItem

MEDIA = Media("raw_videos/a/video.mp4", "0" * 64, 1)


def item(video_id: str, **values: object) -> SceneItem:
    return SceneItem({"video_id": video_id, **values}, f"key-{video_id}", MEDIA)


def test_rows_come_back_sorted_and_whole() -> None:
    with RowSpool([item("b", n=1), item("a", n=2), item("B", n=None)]) as spool:
        assert [spool.read(row) for row in spool.rows] == [
            {"video_id": "B", "n": None},
            {"video_id": "a", "n": 2},
            {"video_id": "b", "n": 1},
        ]


def test_the_order_of_arrival_changes_no_digest() -> None:
    items = [item("b"), item("a")]
    with RowSpool(items) as one, RowSpool(reversed(items)) as two:
        assert [row.digest for row in one.rows] == [row.digest for row in two.rows]


def test_a_key_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="one item per key"):
        RowSpool([item("a"), item("a")])


def test_a_number_that_json_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        RowSpool([item("a", n=float("nan"))])


def test_a_line_is_one_line_for_every_reader() -> None:
    value = {"text": "a\nb\r\x85\u2028\u2029\x0b\x0c\x1c\x1d\x1e🎬"}
    line = json_line(value)
    assert line.endswith(b"\n")
    assert len(line.decode().splitlines()) == 1
    assert json.loads(line) == value
