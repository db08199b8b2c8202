"""Rows made from a video's line of provenance alone."""

import json
from typing import Any

import pytest

from vidpipe.export.finevideo import FineVideoRecord
from vidpipe.export.retrieval_shapes import SHAPES
from vidpipe.export.rows import NOT_ABOUT, OTHER_FIELDS, episode_row_of, scene_row_of, segment_row_of
from vidpipe.recipe.query_section import EDITIONS
from vidpipe_tests.export.documents import SHA, document_at, sentences
from vidpipe_tests.export.samples import HOSTILE

SEGMENT, EPISODE = EDITIONS["published"]["segment"], EDITIONS["published"]["episode"]


def segment(document: dict[str, Any], index: int = 0, **how: Any) -> dict[str, Any]:
    return segment_row_of(document, index, **{"sha256": SHA, "layout": "ours", "fields": SEGMENT, **how})


def episode(document: dict[str, Any], **how: Any) -> dict[str, Any]:
    return episode_row_of(document, **{"layout": "ours", "fields": EPISODE, **how})


def test_a_scene_row_is_finevideos_record_with_captions_category_and_source() -> None:
    row: dict[str, Any] = scene_row_of(document_at())
    assert list(row) == list(FineVideoRecord.model_fields)
    assert (row["content_fine_category"], row["content_parent_category"]) == ("Hiking", "Sports")
    assert row["categoriser"] == "offline"
    assert row["timecoded_text_to_speech"] == [{"start": "00:00:00.000", "end": "00:00:02.000", "text": "Hello there."}]
    assert row["source_url"] == "https://example.com/1"
    assert {"name": "source", "version": SHA} in list(row["provenance"])


def test_segment_rows_are_those_of_animation_retrieval_and_more() -> None:
    row = segment(document_at(), 1)
    assert (row["series_name"], row["episode_id"], row["segment_index"]) == ("S", "1", 1)
    assert (row["start_s"], row["end_s"], row["duration"]) == (55.0, 115.0, 60.0)
    assert row["query"] == sentences("segment")
    assert (row["annotator"], row["query_language"], row["query_reason"]) == ("offline", "English", None)
    assert SHAPES["segment"].model_validate({"file_name": "videos/S/x.mp4", **row})


def test_episode_rows_are_those_of_animation_retrieval_and_more() -> None:
    row = episode(document_at())
    assert (row["release_date"], row["duration"], row["sha256"]) == ("2024-01-05", 115.0, SHA)
    assert row["query"] == sentences("episode")
    assert SHAPES["episode"].model_validate({"file_name": "videos/S/x.mp4", **row})


PUBLISHED = {
    "segment": ["series_name", "episode_id", "segment_index", "release_date", "query"],
    "episode": ["series_name", "episode_id", "release_date", "query"],
}


def test_the_published_layout_has_the_published_columns_first_and_dates_that_end_with_the_month() -> None:
    rows = {
        "segment": segment(document_at(), layout="takalawang"),
        "episode": episode(document_at(), layout="takalawang"),
    }
    for level, row in rows.items():
        assert list(row)[: len(PUBLISHED[level])] == PUBLISHED[level]
        assert row["release_date"] == "2024-01"
        assert not {"start_s", "duration", "title"} & row.keys()
        assert row["sha256"] == SHA


@pytest.mark.parametrize(
    ("told", "ours", "theirs"),
    [
        ("2024-01-05", "2024-01-05", "2024-01"),
        ("20240105", "2024-01-05", "2024-01"),
        ("2024-01", "2024-01", "2024-01"),
        ("2024", "2024", "2024"),
        ("2024-01-05T10:00:00Z", "2024-01-05", "2024-01"),
        ("soon", "soon", "soon"),
        ("2024-1-5", "2024-1-5", "2024-1-5"),
        ("20240105123", "20240105123", "20240105123"),
        (None, None, None),
    ],
)
def test_dates_are_as_whole_as_they_are_known(told: str | None, ours: str | None, theirs: str | None) -> None:
    document = document_at(texts={"release_date": told})
    assert episode(document)["release_date"] == ours
    assert episode(document, layout="takalawang")["release_date"] == theirs


def test_a_segment_that_a_model_refused_stands_without_queries_and_says_why() -> None:
    refused = {"outcome": "blocked", "reason": "SAFETY", "queries": None}
    row = segment(document_at(n_segments=1, queries=[refused]))
    assert (row["query"], row["query_reason"]) == (None, "SAFETY")


def test_queries_about_other_segments_or_fields_are_not_given_as_those_of_this_one() -> None:
    document = document_at(n_segments=1, queries=[{"reason": None, "queries": sentences("segment"), "end_s": 30.0}])
    assert segment(document)["query_reason"] == NOT_ABOUT
    assert segment(document_at(), fields=("a", "b", "c", "d", "e"))["query_reason"] == OTHER_FIELDS


def test_without_queries_a_segment_has_the_same_columns() -> None:
    document = document_at()
    document["records"] = [one for one in document["records"] if one["asset"] != "segment_queries"]
    row = segment(document)
    assert list(row) == list(segment(document_at()))
    assert (row["query"], row["query_reason"], row["annotator"]) == (None, None, None)


def test_a_row_of_a_video_without_a_file_names_its_page_alone() -> None:
    page = "https://www.youtube.com/watch?v=aaaaaaaaaaa"
    document = document_at(facts={"sha256": None, "page": page}, n_segments=0, queries=[])
    for row in (scene_row_of(document), episode(document)):
        assert (row["sha256"], row["source_url"]) == (None, page)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_texts(text: str) -> None:
    document = document_at(texts={"series_name": text, "episode_id": text, "title": text, "release_date": text})
    for row in (segment(document), episode(document), scene_row_of(document)):
        assert json.loads(json.dumps(row, ensure_ascii=False, allow_nan=False).encode()) == row


def test_exactly_three_sentences_are_in_each_field() -> None:
    four = {**sentences("segment"), "dialogue": ["1", "2", "3", "4"]}
    with pytest.raises(ValueError, match="dialogue"):
        segment(document_at(n_segments=1, queries=[{"reason": None, "queries": four}]))


def test_what_binds_a_row_comes_last() -> None:
    for layout in ("ours", "takalawang"):
        assert list(segment(document_at(), layout=layout))[-2:] == ["provenance_sha256", "row_sha256"]
