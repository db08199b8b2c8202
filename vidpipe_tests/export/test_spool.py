import hashlib
import json
from dataclasses import replace

import pytest

from vidpipe.export.along import NO_SEGMENTS, Segment, Segments
from vidpipe.export.chain import row_digest
from vidpipe.export.spool import RowSpool, json_line
from vidpipe.export.target import DatasetItem, Media

MEDIA = Media("raw_videos/a/video.mp4", "0" * 64, 1)


def item(video_id: str, **values: object) -> DatasetItem:
    key = f"key-{video_id}"
    return DatasetItem({"video_id": video_id, **values}, key, key, b"{}\n", MEDIA, (video_id,))


def test_rows_come_back_sorted_and_whole() -> None:
    with RowSpool([item("b", n=1), item("a", n=2), item("B", n=None)]) as spool:
        rows = [json.loads(spool.line(row)) for row in spool.rows]
    assert [(row["video_id"], row["n"]) for row in rows] == [("B", None), ("a", 2), ("b", 1)]


def test_rows_are_sealed_by_their_own_digest_and_their_origins() -> None:
    with RowSpool([item("a", n=1)]) as spool:
        (spooled,) = spool.rows
        row = json.loads(spool.line(spooled))
    assert list(row) == ["video_id", "n", "provenance_sha256", "row_sha256"]
    assert row["provenance_sha256"] == hashlib.sha256(b"{}").hexdigest()
    assert row["row_sha256"] == row_digest(row) == spooled.digest


def test_rows_of_one_video_share_its_line_of_provenance() -> None:
    one, two = item("a"), replace(item("b"), video_key="key-a")
    with RowSpool([two, one]) as spool:
        assert list(spool.origins()) == [b"{}\n"]


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


def test_segments_come_back_as_they_went_and_none_are_none() -> None:
    found = Segments([Segment(0.0, 60.0, {"dialogue": ["one\u2028two", "half \ud83c"]})], [("segment_clips", "v")])
    with RowSpool([replace(item("a"), segments=found), item("b")]) as spool:
        with_some, without = map(spool.segments, spool.rows)
    assert with_some == Segments(
        [Segment(0.0, 60.0, {"dialogue": ["one\u2028two", "half \N{REPLACEMENT CHARACTER}"]})], [("segment_clips", "v")]
    )
    assert without == NO_SEGMENTS
