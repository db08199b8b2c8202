"""Animation-Retrieval's rows: its published files, its documented examples, and hostile ones."""

import json
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from vidpipe.export.retrieval_shapes import SHAPES, EpisodeShape, SegmentShape, SeriesShape
from vidpipe.recipe.query_section import EDITIONS, LEVELS, Level
from vidpipe_tests.shared import SHARED

# (level, line from 1) of what is truly malformed in ../shared/data/animation_retrieval: of its 490 rows, none.
MALFORMED: dict[tuple[str, int], str] = {}
THREE = ["query1", "query2", "query3"]


def sentences(level: Level, edition: str = "published") -> dict[str, list[str]]:
    return dict.fromkeys(EDITIONS[edition][level], THREE)


DOCUMENTED: dict[Level, dict[str, Any]] = {
    "episode": {
        "file_name": "videos/series_name/episode_01.mp4",
        "series_name": "series_name",
        "episode_id": "01",
        "release_date": "2024-01-01",
        "duration": 1200.5,
        "model_response": sentences("episode"),
    },
    "segment": {
        "file_name": "videos/segment_episode01_seg0.mp4",
        "series_name": "series_name",
        "episode_id": "01",
        "segment_index": 0,
        "release_date": "2024-01-01",
        "queries": sentences("segment"),
    },
    "series": {
        "file_name": "videos/series_series_name.mp4",
        "series_name": "series_name",
        "episode_count": 3,
        "release_dates": ["2024-01-01", "2024-01-08", "2024-01-15"],
        "model_response": sentences("series", "earlier"),
    },
}


@pytest.mark.corpus
@pytest.mark.parametrize("level", LEVELS)
def test_published_rows_are_read_but_for_the_malformed_ones(level: Level) -> None:
    text = (SHARED / f"data/animation_retrieval/{level}_metadata.jsonl").read_text("utf-8")
    refused = {}
    for number, line in enumerate(text.splitlines(), 1):
        try:
            row = SHAPES[level].model_validate(json.loads(line))
        except ValidationError as error:
            refused[level, number] = str(error.errors()[0]["msg"])
            continue
        assert row.query == {name: tuple(told) for name, told in json.loads(line)["query"].items()}
        assert set(row.query) == set(EDITIONS["published"][level])
    assert refused == {place: why for place, why in MALFORMED.items() if place[0] == level}


@pytest.mark.parametrize("level", get_args(Level))
def test_documented_rows_are_read(level: Level) -> None:
    row = SHAPES[level].model_validate(DOCUMENTED[level])
    assert all(told == tuple(THREE) for told in row.query.values())


def test_a_segment_that_does_not_say_which_is_told_by_its_file() -> None:
    raw = {name: value for name, value in DOCUMENTED["segment"].items() if name != "segment_index"}
    row = SegmentShape.model_validate({**raw, "file_name": "videos/S/segment_S_01_seg12.mp4"})
    assert row.segment_index == 12


def test_what_may_be_missing_may_be_missing() -> None:
    raw = {name: DOCUMENTED["series"][name] for name in ("file_name", "series_name", "model_response")}
    row = SeriesShape.model_validate(raw)
    assert (row.episode_count, row.release_dates, row.duration) == (None, (), None)


BROKEN: dict[str, dict[str, Any]] = {
    "two sentences": {"query": {**sentences("episode"), "main_plot": ["a", "b"]}},
    "four sentences": {"query": {**sentences("episode"), "main_plot": ["a", "b", "c", "d"]}},
    "an empty sentence": {"query": {**sentences("episode"), "main_plot": ["a", "b", " "]}},
    "a number for a sentence": {"query": {**sentences("episode"), "main_plot": ["a", "b", 3]}},
    "four fields": {"query": dict(list(sentences("episode").items())[1:])},
    "no queries": {"query": None},
    "a path that leads out": {"file_name": "../x.mp4"},
    "an absolute path": {"file_name": "/x.mp4"},
    "no such month": {"release_date": "2024-13"},
    "a negative duration": {"duration": -1.0},
    "a text for a duration": {"duration": "long"},
    "no series": {"series_name": ""},
    "no episode": {"episode_id": None},
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_malformed_rows_are_refused(change: dict[str, Any]) -> None:
    raw = {name: value for name, value in DOCUMENTED["episode"].items() if name != "model_response"}
    whole = {**raw, "query": sentences("episode")}
    assert EpisodeShape.model_validate(whole)
    with pytest.raises(ValidationError):
        EpisodeShape.model_validate({**whole, **change})
