import random
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.annotation.alignment import align_annotation
from vidpipe.annotation.measures import Measured
from vidpipe.annotation.offline import Cue, Texts, annotate_offline, seen_scenes
from vidpipe.annotation.schema import Annotation
from vidpipe.media.coarse_frames import Mode
from vidpipe.media.limits import Limits
from vidpipe.media.signals import measure_signals
from vidpipe.timeline.frame_table import load_frame_table
from vidpipe.timeline.frame_times import FrameTimes
from vidpipe.timeline.shots import detect_shots
from vidpipe.timeline.spans import Span
from vidpipe_tests.shared import SHARED

NOTHING = Texts()


def shots(*edges: float | str) -> list[Span]:
    return [Span(Fraction(a), Fraction(b)) for a, b in pairwise(map(str, edges))]


def measured(n_s: int = 10, loudness: float | None = None) -> Measured:
    times_s = np.arange(n_s * 25) / 25
    sound = None if loudness is None else np.full(n_s * 10, loudness, np.float32)
    return Measured(times_s, np.full(len(times_s), 0.02, np.float32), sound)


def told(annotation: Annotation) -> list[tuple[str | None, str | None]]:
    return [(s.timestamps.start_timestamp, s.timestamps.end_timestamp) for s in annotation.scenes]


def cue(start: str, end: str, text: str) -> Cue:
    return Fraction(start), Fraction(end), text


def test_a_scene_is_told_from_the_first_sample_that_shows_it() -> None:
    annotation = annotate_offline(shots(0, "7.48", "8", "9.96"), measured(), NOTHING)
    assert told(annotation) == [("00:00", "00:08"), ("00:08", "00:10")]
    assert [s.sceneId for s in annotation.scenes] == [1, 2]


def test_a_shot_that_no_sample_hits_belongs_to_the_scene_before() -> None:
    seen = seen_scenes(shots(0, "7.1", "7.9", "9.5"))
    assert [(s.first_s, s.until_s) for s in seen] == [(0, 8), (8, 10)]
    assert seen[0].cuts_s == (Fraction(0), Fraction("7.1"))
    assert seen[0].span == Span(Fraction(0), Fraction("7.9"))


def test_a_video_shorter_than_a_second_is_one_scene() -> None:
    assert told(annotate_offline(shots("0.2", "0.4", "0.6"), measured(1), NOTHING)) == [("00:00", "00:01")]


def test_hours_are_told_from_an_hour_on() -> None:
    annotation = annotate_offline(shots(0, 3599, 3661), measured(), NOTHING)
    assert told(annotation) == [("00:00", "59:59"), ("59:59", "01:01:01")]


def test_what_was_not_measured_is_empty_or_null() -> None:
    value = annotate_offline(shots(0, 10), measured(), NOTHING).value()
    assert value == {
        "title": None,
        "description": None,
        "fps": None,
        "characterList": [],
        "scenes": [
            {
                "sceneId": 1,
                "title": None,
                "timestamps": {"start_timestamp": "00:00", "end_timestamp": "00:10"},
                "cast": [],
                "activities": [],
                "props": [],
                "videoEditingDetails": [],
                "mood": {"description": None, "keyMoments": []},
                "narrativeProgression": [],
                "characterInteraction": [],
                "thematicElements": None,
                "contextualRelevance": None,
                "dynamismScore": 0.333333,
                "audioVisualCorrelation": None,
            }
        ],
        "storylines": {"description": None, "scenes": [], "climax": None},
        "qAndA": [],
        "trimmingSuggestions": [],
        "annotator": "offline",
    }


def test_captions_are_told_word_for_word_in_the_scene_they_start_in() -> None:
    captions = [
        cue("8.2", "9", "third"),
        cue("1", "2.5", " one\ntwo "),
        cue("2.5", "4", "three"),
        cue("99", "100", "x"),
    ]
    captions += [cue("6.5", "7", "after a pause"), cue("3", "4", " \n ")]
    annotation = annotate_offline(shots(0, "7.48", 10), measured(), Texts(captions=captions))
    assert [[a.description for a in s.activities] for s in annotation.scenes] == [
        ["one two three", "after a pause"],
        ["third"],
    ]
    assert annotation.scenes[0].activities[0].timestamp.value() == {
        "start_timestamp": "00:01",
        "end_timestamp": "00:04",
    }


def test_long_talk_is_told_in_pieces_and_nothing_is_lost() -> None:
    captions = [cue(str(i / 10), str(i / 10 + 0.1), f"word{i}") for i in range(90)]
    annotation = annotate_offline(shots(0, 10), measured(), Texts(captions=captions))
    texts = [a.description for a in annotation.scenes[0].activities]
    assert " ".join(texts) == " ".join(f"word{i}" for i in range(90))
    assert max(map(len, texts)) <= 200


def test_title_and_description_are_the_videos_own_and_can_be_written() -> None:
    annotation = annotate_offline(shots(0, 10), measured(), Texts(title=" T\ud800 ", description="  "), fps=29.97002997)
    assert (annotation.title, annotation.description, annotation.fps) == ("T?", None, 29.97003)


def test_jumps_are_key_moments_in_order_of_time() -> None:
    motion = np.full(250, 0.01, np.float32)
    motion[120] = 0.6  # 4.8 s
    loudness = np.full(100, -55.0, np.float32)
    loudness[21:] = -10
    found = annotate_offline(shots(0, 10), Measured(np.arange(250) / 25, motion, loudness), NOTHING)
    assert [(k.timestamp, k.changeDescription) for k in found.scenes[0].mood.keyMoments] == [
        ("00:03", "the sound jumps"),
        ("00:05", "the picture changes abruptly"),
    ]


def test_the_motion_of_a_cut_counts_in_no_score_and_is_no_key_moment() -> None:
    motion = np.full(250, 0.02, np.float32)
    motion[187] = 0.9
    found = annotate_offline(shots(0, "7.48", 10), Measured(np.arange(250) / 25, motion), NOTHING)
    assert [s.dynamismScore for s in found.scenes] == [0.333333, 0.333333]
    assert all(not s.mood.keyMoments for s in found.scenes)


def test_a_frame_rate_of_zero_is_unknown() -> None:
    assert annotate_offline(shots(0, 10), measured(), NOTHING, fps=0.0).fps is None


@pytest.mark.corpus
@pytest.mark.parametrize(("mode", "is_whole"), [("full", True), ("coarse", False)])
def test_real_footage_is_told_in_seconds_and_comes_back_to_its_frames(
    tmp_path: Path, mode: Mode, *, is_whole: bool
) -> None:
    signals = measure_signals(SHARED / "video" / "bikes.mp4", tmp_path, Limits(), mode=mode)
    assert (signals.n_frames == 250) is is_whole
    table = load_frame_table(tmp_path / "frames.parquet")
    found = detect_shots(table, detector="content", threshold=27.0, min_length_s=0.6)
    annotation = annotate_offline(found, Measured(table.times_s(), table.motion), NOTHING)
    aligned = align_annotation(annotation, found, FrameTimes(table.pts, table.time_base, table.start_s))
    assert [start for start, _ in told(annotation)] == ["00:00", "00:02", "00:04", "00:06", "00:08"]
    assert aligned.content is not None
    starts = [scene.timestamps.start_timestamp for scene in aligned.content.scenes]
    assert starts == ["00:00:00.000", "00:00:01.200", "00:00:03.040", "00:00:05.480", "00:00:07.480"]
    assert (aligned.report.n_cuts_matched, aligned.report.n_cuts_missed) == (4, 1)  # 9.68-10 s holds no sample


def test_no_shots_are_a_bug() -> None:
    with pytest.raises(ValueError, match="need shots"):
        annotate_offline([], measured(), NOTHING)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([24, 25, 30, 60]))
def test_alignment_finds_every_cut_of_shots_a_second_long_or_longer(seed: int, fps: int) -> None:
    rng, frames = random.Random(seed), [Fraction(i, fps) for i in range(75 * fps)]
    edges = [0]
    while edges[-1] < len(frames) - 2 * fps:
        edges.append(edges[-1] + rng.randint(fps, 6 * fps))
    cuts = [frames[i] for i in edges[1:-1]]
    cut_shots = [Span(a, b) for a, b in pairwise([Fraction(0), *cuts, Fraction(75)])]
    aligned = align_annotation(annotate_offline(cut_shots, measured(75), NOTHING), cut_shots, frames)
    assert aligned.misfit is None
    assert aligned.report.n_cuts_matched == len(cuts)
    assert aligned.report.n_cuts_missed == aligned.report.n_boundaries_without_cut == 0


@settings(max_examples=60)
@given(st.sets(st.integers(1, 2999), max_size=40))
def test_told_scenes_differ_and_fit_whatever_the_cuts(cut_frames: set[int]) -> None:
    frames = [Fraction(i, 100) for i in range(3000)]
    edges = [Fraction(0), *(frames[i] for i in sorted(cut_frames)), Fraction(30)]
    cut_shots = [Span(a, b) for a, b in pairwise(edges)]
    annotation = annotate_offline(cut_shots, measured(30), NOTHING)
    starts = [start for start, _ in told(annotation)]
    assert len(set(starts)) == len(starts)
    aligned = align_annotation(annotation, cut_shots, frames)
    assert aligned.misfit is None
    assert aligned.report.n_cuts_matched + aligned.report.n_cuts_missed == len(cut_frames)
