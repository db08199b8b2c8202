"""Time is pts: on a variable frame rate every cut keeps its place from shots through alignment to clips."""

from fractions import Fraction
from pathlib import Path

import pytest

from vidpipe.timeline.timecodes import parse_timestamp
from vidpipe_tests.clips import ClipTruth, make_clip, read_times
from vidpipe_tests.e2e.projects import Line

VFR = [(0, 25), (30, 10)]
SHOTS_S = (7.33, 9.71, 6.47, 5.21, 8.63, 7.9, 6.15, 9.4, 5.55)
FRAME_S = Fraction(1, 10)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Line, ClipTruth]:
    """One video of 25 frames a second to 30 s, then 10, through the whole line."""
    folder = tmp_path_factory.mktemp("vfr")
    (folder / "videos").mkdir()
    shots = [(seconds, number + 1) for number, seconds in enumerate(SHOTS_S)]
    truth = make_clip(folder / "videos" / "vfr.mp4", shots, vfr=VFR, size=(128, 96))
    line = Line.at(folder / "project", folder / "videos")
    line.run()
    return line, truth


def frame_at(cut_s: Fraction) -> Fraction:
    """How long the frames around a cut are."""
    return Fraction(1, 25) if cut_s < 30 else FRAME_S


def test_every_known_cut_is_a_shot_to_the_frame(made: tuple[Line, ClipTruth]) -> None:
    line, truth = made
    value = line.record("shots", "vfr")["value"]
    starts = [shot["start_pts"] * Fraction(value["time_base"]) for shot in value["shots"]]
    assert starts[1:] == list(truth.cuts_s)
    assert all(a["end_pts"] == b["start_pts"] for a, b in zip(value["shots"], value["shots"][1:], strict=False))
    assert Fraction(str(value["shots"][-1]["end_s"])) == truth.end_s


def test_every_known_cut_is_a_scene_start_within_one_frame(made: tuple[Line, ClipTruth]) -> None:
    line, truth = made
    value = line.record("aligned_metadata", "vfr")["value"]
    starts = [parse_timestamp(scene["timestamps"]["start_timestamp"]).start_s for scene in value["scenes"][1:]]
    assert len(starts) == len(truth.cuts_s)
    for start_s, cut_s in zip(starts, truth.cuts_s, strict=True):
        assert start_s is not None
        assert abs(start_s - cut_s) <= frame_at(cut_s)
    assert value["alignment"]["n_cuts_missed"] == 0
    assert value["alignment"]["max_move_s"] > 0.1


def test_clips_hold_exactly_the_frames_of_their_windows(made: tuple[Line, ClipTruth]) -> None:
    line, truth = made
    clips = line.record("segment_clips", "vfr")["value"]["clips"]
    assert [(clip["start_s"], clip["end_s"]) for clip in clips] == [(0.0, 60.0), (55.0, float(truth.end_s))]
    for clip in clips:
        start_s, end_s = Fraction(str(clip["start_s"])), Fraction(str(clip["end_s"]))
        expected = [time_s - start_s for time_s in truth.times_s if start_s <= time_s < end_s]
        found = read_times(Path(line.folder / "store" / clip["key"]))
        assert len(found) == len(expected)
        assert max(abs(a - b) for a, b in zip(found, expected, strict=True)) < Fraction(1, 1000)
