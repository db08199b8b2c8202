import json
from dataclasses import replace

import pytest

from vidpipe.export.chain import line_of
from vidpipe.export.said import SaidAlong
from vidpipe.export.spool import RowSpool
from vidpipe.export.target import DatasetItem

VTT = "WEBVTT\n\n00:01.000 --> 00:03.000\nfirst\n\n00:04.000 --> 00:06.000\nsecond\n"
CAPTIONED = DatasetItem({"video_id": "a"}, "a", "a", line_of({"video_id": "a", "captions": {"en": VTT}}), None)
SILENT = DatasetItem({"video_id": "b"}, "b", "b", line_of({"video_id": "b", "captions": {}}), None, ("b",))


def said(item: DatasetItem, **values: object) -> list[tuple[float, float, str]]:
    with RowSpool([item]) as spool:
        (row,) = spool.rows
        return SaidAlong(spool).of(row, {**json.loads(spool.line(row)), **values})


def test_a_whole_video_has_all_of_its_captions() -> None:
    assert said(CAPTIONED) == [(1.0, 3.0, "first"), (4.0, 6.0, "second")]


def test_a_segment_has_its_part_of_them_on_its_own_clock() -> None:
    assert said(CAPTIONED, segment_index=1, start_s=2.0, end_s=5.0) == [(0.0, 1.0, "first"), (2.0, 3.0, "second")]
    assert said(CAPTIONED, segment_index=2, start_s=3.0, end_s=4.0) == []


@pytest.mark.parametrize("values", [{"segment_index": 1}, {"timecoded_text_to_speech": []}])
def test_nothing_is_said_twice_or_at_a_time_that_nobody_knows(values: dict[str, object]) -> None:
    assert said(CAPTIONED, **values) == []


def test_each_video_has_its_own() -> None:
    items = [CAPTIONED, replace(CAPTIONED, key="a.1"), SILENT]
    with RowSpool(items) as spool:
        along = SaidAlong(spool)
        assert [len(along.of(row, json.loads(spool.line(row)))) for row in spool.rows] == [2, 2, 0]
