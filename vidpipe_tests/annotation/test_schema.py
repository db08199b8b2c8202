from typing import Any

import pytest
from pydantic import ValidationError

from vidpipe.annotation.schema import (
    AlignedAnnotation,
    AlignmentReport,
    Annotation,
    ContentMetadata,
    Correction,
    Scene,
    Timestamps,
)

SPANNED: dict[str, Any] = {"start_timestamp": "0:10", "end_timestamp": None}
FULL: dict[str, Any] = {
    "title": "t",
    "description": None,
    "fps": 25.0,
    "characterList": [{"characterId": "c1", "name": "A", "description": None}],
    "scenes": [
        {
            "sceneId": 1,
            "title": None,
            "timestamps": SPANNED,
            "cast": ["c1"],
            "activities": [{"description": "walks", "timestamp": SPANNED}],
            "props": [{"name": "hat", "timestamp": SPANNED}],
            "videoEditingDetails": [{"description": "pan", "timestamps": SPANNED}],
            "mood": {"description": "Calm", "keyMoments": [{"timestamp": "0:12", "changeDescription": "rain"}]},
            "narrativeProgression": [{"description": "it begins", "timestamp": "0:11"}],
            "characterInteraction": [{"characters": ["c1"], "description": "waves"}],
            "thematicElements": None,
            "contextualRelevance": None,
            "dynamismScore": 0.5,
            "audioVisualCorrelation": None,
        }
    ],
    "storylines": {"description": "s", "scenes": [1], "climax": {"description": "d", "timestamp": "0:30"}},
    "qAndA": [{"question": "q", "answer": "a"}],
    "trimmingSuggestions": [{"description": "cut", "timestamps": SPANNED}],
}


def test_a_full_record_comes_back_unchanged_and_in_order() -> None:
    value = ContentMetadata.model_validate(FULL).value()
    assert value == FULL
    assert list(value) == list(FULL)
    assert list(value["scenes"][0]) == list(FULL["scenes"][0])


def test_what_nobody_said_is_null_or_empty() -> None:
    value = ContentMetadata().value()
    assert value["storylines"] == {"description": None, "scenes": [], "climax": None}
    assert [value[name] for name in ("title", "fps", "scenes", "qAndA")] == [None, None, [], []]
    assert Scene(sceneId=1).value()["mood"] == {"description": None, "keyMoments": []}


def test_a_time_given_as_a_number_is_kept_as_text() -> None:
    times = Timestamps.model_validate({"start_timestamp": 83, "end_timestamp": 84.5})
    assert times.value() == {"start_timestamp": "83", "end_timestamp": "84.5"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"mood": "Calm"},
        {"fps": float("nan")},
        {"fps": 0},
        {"scenes": [{"sceneId": 1, "dynamismScore": 1.2}]},
        {"scenes": [{"sceneId": 1, "timestamps": {"start_timestamp": True}}]},
        {"scenes": [{"title": "without an id"}]},
    ],
)
def test_what_is_not_in_the_schema_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ContentMetadata.model_validate(wrong)


def test_an_annotation_is_the_content_and_its_annotator() -> None:
    annotation = Annotation.model_validate(FULL | {"annotator": "offline"})
    assert annotation.value() == FULL | {"annotator": "offline"}


def test_an_aligned_annotation_gives_its_content_alone() -> None:
    annotation = Annotation.model_validate(FULL | {"annotator": "offline"})
    report = AlignmentReport(corrections=(Correction(what="scenes[0]", from_s=None, to_s=1.0),), drift_s=0.5)
    aligned = AlignedAnnotation.of(annotation, report)
    assert aligned.value() == annotation.value() | {"alignment": report.value()}
    assert aligned.content().value() == FULL
    assert AlignedAnnotation.model_validate(aligned.value()) == aligned


def test_the_report_has_every_field_of_the_contract() -> None:
    contract = "corrections max_move_s residual_frames n_cuts_matched n_cuts_missed n_boundaries_without_cut drift_s"
    assert list(AlignmentReport().value())[:7] == contract.split()
