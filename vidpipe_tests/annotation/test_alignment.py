from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.annotation.alignment import align_annotation
from vidpipe.annotation.schema import Annotation, ContentMetadata
from vidpipe.timeline.spans import Span
from vidpipe.timeline.timecodes import parse_timestamp

FRAMES = [Fraction(i, 25) for i in range(1500)]
CUTS = [Fraction("7.48"), Fraction("16"), Fraction("32.04"), Fraction("48.4")]
SHOTS = [Span(a, b) for a, b in pairwise([Fraction(0), *CUTS, Fraction(60)])]


def times(start: object, end: object) -> dict[str, object]:
    return {"start_timestamp": start, "end_timestamp": end}


def annotation(*edges: object, **more: Any) -> Annotation:
    scenes = [{"sceneId": i, "timestamps": times(a, b)} for i, (a, b) in enumerate(pairwise(edges), start=1)]
    return Annotation.model_validate({"annotator": "test", "scenes": scenes} | more)


def told(content: ContentMetadata) -> list[tuple[str | None, str | None]]:
    return [(s.timestamps.start_timestamp, s.timestamps.end_timestamp) for s in content.scenes]


def test_every_scene_starts_on_its_cut_and_ends_on_the_frame_before_the_next() -> None:
    aligned = align_annotation(annotation("0:00", "0:08", "0:16", "0:33", "0:49", "1:00"), SHOTS, FRAMES)
    assert aligned.content is not None
    assert told(aligned.content) == [
        ("00:00:00.000", "00:00:07.440"),
        ("00:00:07.480", "00:00:15.960"),
        ("00:00:16.000", "00:00:32.000"),
        ("00:00:32.040", "00:00:48.360"),
        ("00:00:48.400", "00:00:59.960"),
    ]
    assert aligned.content.annotator == "test"


def test_the_report_names_what_moved() -> None:
    report = align_annotation(annotation("0:00", "0:08", "1:00"), SHOTS, FRAMES).report
    assert [c.what for c in report.corrections] == [
        "scenes[0].timestamps.end_timestamp",
        "scenes[1].timestamps.start_timestamp",
        "scenes[1].timestamps.end_timestamp",
    ]
    assert report.corrections[1].value() == {
        "what": "scenes[1].timestamps.start_timestamp",
        "from_s": 8.0,
        "to_s": 7.48,
    }
    assert (report.max_move_s, report.residual_frames, report.drift_s) == (0.52, 0, 0.0)
    assert (report.n_cuts_matched, report.n_cuts_missed, report.n_boundaries_without_cut) == (1, 3, 0)


def test_every_other_time_is_written_out_and_clamped_into_its_scene() -> None:
    scene = {
        "sceneId": 1,
        "timestamps": times("0:00", "0:08"),
        "activities": [{"description": "a", "timestamp": times("0:02-0:30", None)}],
        "props": [{"name": "p", "timestamp": times("throughout the scene", "n/a")}],
        "videoEditingDetails": [{"description": "v", "timestamps": times("start", "end")}],
        "mood": {"description": None, "keyMoments": [{"timestamp": "whenever", "changeDescription": "k"}]},
        "narrativeProgression": [{"description": "n", "timestamp": 3.25}],
    }
    rest = {"sceneId": 2, "timestamps": times("0:08", "end")}
    content = ContentMetadata.model_validate(
        {
            "scenes": [scene, rest],
            "storylines": {"climax": {"description": "c", "timestamp": "~0:40"}},
            "trimmingSuggestions": [{"description": "t", "timestamps": times("0:50", "2:00")}],
        }
    )
    aligned = align_annotation(content, SHOTS, FRAMES)
    assert aligned.content is not None
    value = aligned.content.value()
    first = value["scenes"][0]
    assert first["activities"][0]["timestamp"] == times("00:00:02.000", "00:00:07.440")
    assert first["props"][0]["timestamp"] == times(None, None)
    assert first["videoEditingDetails"][0]["timestamps"] == times("00:00:00.000", "00:00:07.440")
    assert first["mood"]["keyMoments"][0]["timestamp"] is None
    assert first["narrativeProgression"][0]["timestamp"] == "00:00:03.250"
    assert value["storylines"]["climax"]["timestamp"] == "00:00:40.000"
    assert value["trimmingSuggestions"][0]["timestamps"] == times("00:00:50.000", "00:00:59.960")
    assert aligned.report.n_unreadable == 1
    assert "scenes[0].activities[0].timestamp.end_timestamp" in [c.what for c in aligned.report.corrections]


def test_an_annotation_that_does_not_fit_has_no_content_but_a_report() -> None:
    aligned = align_annotation(annotation("0:00", "0:08", "2:00"), SHOTS, FRAMES)
    assert aligned.content is None
    assert aligned.misfit == "correction too large"
    assert aligned.report.max_move_s == 60.0


def test_an_annotation_without_scenes_does_not_fit() -> None:
    assert align_annotation(ContentMetadata(), SHOTS, FRAMES).misfit == "no scenes"


def test_a_video_without_frames_is_a_bug() -> None:
    with pytest.raises(ValueError, match="need shots and frames"):
        align_annotation(ContentMetadata(), SHOTS, [])


@settings(max_examples=40)
@given(
    st.sets(st.integers(2, 1498), max_size=10),
    st.sampled_from([Fraction(1001, 30000), Fraction(1, 25), Fraction(1, 60)]),
)
def test_aligning_twice_changes_nothing_at_any_frame_rate(cuts: set[int], frame_s: Fraction) -> None:
    frames = [i * frame_s for i in range(1500)]
    edges = [frames[0], *(frames[i] for i in sorted(cuts)), 1500 * frame_s]
    shots = [Span(a, b) for a, b in pairwise(edges)]
    once = align_annotation(annotation(*map(float, edges)), shots, frames)
    assert once.content is not None
    twice = align_annotation(once.content, shots, frames)
    assert twice.content == once.content
    assert twice.report.corrections == ()
    assert (twice.report.drift_s, twice.report.n_cuts_missed) == (0.0, 0)


@settings(max_examples=60)
@given(st.lists(st.text(max_size=8) | st.floats(0, 70) | st.none(), min_size=2, max_size=8))
def test_any_annotation_is_aligned_or_rejected_never_a_crash(edges: list[object]) -> None:
    aligned = align_annotation(annotation(*edges), SHOTS, FRAMES)
    assert (aligned.content is None) == (aligned.misfit is not None)
    if aligned.content is not None:
        read = [parse_timestamp(text).start_s for pair in told(aligned.content) for text in pair]
        assert read == sorted(t for t in read if t is not None)
