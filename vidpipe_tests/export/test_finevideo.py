import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.annotation.schema import AlignedAnnotation, AlignmentReport, Annotation, ContentMetadata
from vidpipe.export.finevideo import SceneInputs, scene_row

# ../shared/spec/finevideo.md §9, in its order
FINEVIDEO_FIELDS = [
    "content_fine_category",
    "content_parent_category",
    "content_metadata",
    "duration_seconds",
    "resolution",
    "original_video_filename",
    "original_json_filename",
    "text_to_speech",
    "text_to_speech_word_count",
    "timecoded_text_to_speech",
    "youtube_title",
    "youtube_description",
    "youtube_channel",
    "youtube_channel_follower_count",
    "youtube_view_count",
    "youtube_like_count",
    "youtube_comment_count",
    "youtube_categories",
    "youtube_tags",
    "youtube_upload_date",
    "youtube_age_limit",
]
FACTS = {"duration_s": 61.4, "width": 640, "height": 360, "sha256": "0" * 64}


def row(**inputs: Any) -> dict[str, Any]:
    return scene_row(SceneInputs(**{"video_id": "v", "texts": {}, "facts": FACTS, **inputs}))


def test_a_row_starts_with_the_fields_of_finevideo_in_their_order() -> None:
    assert list(row())[: len(FINEVIDEO_FIELDS)] == FINEVIDEO_FIELDS


def test_what_nobody_knows_is_null_and_never_zero() -> None:
    unknown = row(facts={"sha256": "0" * 64})
    lists = {"timecoded_text_to_speech", "youtube_categories", "youtube_tags", "provenance"}
    assert {name for name, value in unknown.items() if value == []} == lists
    known = {"video_id", "sha256"} | lists
    assert all(value is None for name, value in unknown.items() if name not in known)


@pytest.mark.parametrize("value", [None, -1, 2**63, 1.5, "7", True])
def test_a_count_that_is_none_is_unknown(value: object) -> None:
    assert row(texts={"view_count": value})["youtube_view_count"] is None


def test_a_count_of_zero_stays_zero() -> None:
    assert row(texts={"view_count": 0})["youtube_view_count"] == 0


def test_durations_and_sizes_follow_the_facts() -> None:
    known = row()
    assert (known["duration_seconds"], known["duration_s"], known["resolution"]) == (61, 61.4, "640x360")


def test_captions_keep_their_times_to_the_millisecond() -> None:
    known = row(cues=[(Fraction(0), 1.5, "Hello\nyou"), (Fraction(7322, 3), Fraction(3600), "Bye")])
    assert known["text_to_speech"] == "Hello you Bye"
    assert known["text_to_speech_word_count"] == 3
    assert known["timecoded_text_to_speech"] == [
        {"start": "00:00:00.000", "end": "00:00:01.500", "text": "Hello\nyou"},
        {"start": "00:40:40.667", "end": "01:00:00.000", "text": "Bye"},
    ]


def test_empty_captions_are_a_count_of_zero_and_no_captions_are_null() -> None:
    assert row(cues=[])["text_to_speech_word_count"] == 0
    assert row(cues=None)["text_to_speech_word_count"] is None


@pytest.mark.parametrize(
    ("text", "date"), [("20240131", "20240131"), ("2024-01-31", "20240131"), ("2024", None), ("soon", None)]
)
def test_an_upload_date_is_eight_digits_or_null(text: str, date: str | None) -> None:
    assert row(texts={"upload_date": text})["youtube_upload_date"] == date


def test_the_annotator_is_lifted_out_of_the_content_and_the_alignment_left_out() -> None:
    known = row(content={"scenes": [], "annotator": "offline", "alignment": {"drift_s": 0.0}})
    assert known["annotator"] == "offline"
    assert not {"annotator", "alignment"} & known["content_metadata"].keys()


@pytest.mark.parametrize(("leaf", "told"), [("Hiking", "offline"), (None, None)])
def test_who_chose_a_category_is_told_where_there_is_one(leaf: str | None, told: str | None) -> None:
    assert row(category={"leaf": leaf, "parent": None, "by": "offline"})["categoriser"] == told


def test_the_value_of_an_aligned_record_is_taken_as_it_is() -> None:
    value = AlignedAnnotation.of(Annotation(annotator="offline"), AlignmentReport()).value()
    known = row(content=value)
    assert ContentMetadata.model_validate(known["content_metadata"]) == ContentMetadata()


def test_a_field_that_finevideo_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="feelings"):
        row(content={"scenes": [{"sceneId": 1, "feelings": "many"}]})


def test_a_row_without_sha256_is_refused() -> None:
    with pytest.raises(ValueError, match="sha256"):
        row(facts={})


def test_the_inputs_are_not_changed() -> None:
    content = {"scenes": [], "annotator": "offline"}
    row(content=content)
    assert content == {"scenes": [], "annotator": "offline"}


def test_only_the_name_of_a_source_file_is_published() -> None:
    known = row(files={"path": "/home/me/secret/a b.mp4", "info_path": "/home/me/a b.info.json"})
    assert (known["original_video_filename"], known["original_json_filename"]) == ("a b.mp4", "a b.info.json")


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_any_id_and_title_can_be_written_as_utf8_json(video_id: str, title: str) -> None:
    known = row(video_id=video_id, texts={"title": title, "tags": [title]}, cues=[(0, 1, title)])
    assert json.loads(json.dumps(known, ensure_ascii=False).encode()) == known


def test_provenance_is_sorted_by_name() -> None:
    known = row(provenance={"shots": "b", "av": "18.1.0"})
    assert known["provenance"] == [{"name": "av", "version": "18.1.0"}, {"name": "shots", "version": "b"}]
