"""Shots from rows: PySceneDetect's rules, in time instead of frames, and a cover without gap or overlap."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.timeline.frame_table import COLUMNS, FrameTable
from vidpipe.timeline.shots import Detector, detect_shots


def table_of(scores: list[float], pts: list[int] | None = None, *, start_s: Fraction = Fraction(0)) -> FrameTable:
    """25 frames a second unless `pts` (hundredths of a second) say otherwise."""
    times = [4 * i for i in range(len(scores))] if pts is None else pts
    columns: dict[str, Any] = {name: np.zeros(len(scores), kind) for name, kind in COLUMNS.items() if name != "pts"}
    for name in ("delta_hue", "delta_sat", "delta_lum"):
        columns[name] = np.array(scores, np.float32)
    return FrameTable(Fraction(1, 100), start_s, times[-1] + 4, pts=np.array(times, np.int64), **columns)


def starts(table: FrameTable, detector: Detector = "content", threshold: float = 27.0) -> list[int]:
    """The index of each shot's first frame but the first shot's."""
    shots = detect_shots(table, detector=detector, threshold=threshold, min_length_s=0.6)
    return [table.pts.tolist().index(shot.start_pts) for shot in shots[1:]]


def with_peaks(n_frames: int, *peaks: int, height: float = 60.0) -> list[float]:
    return [height if i in peaks else 1.0 for i in range(n_frames)]


def test_a_still_picture_is_one_shot() -> None:
    (shot,) = detect_shots(table_of([0.0] * 50), detector="content", threshold=27.0, min_length_s=0.6)
    assert (shot.start_pts, shot.end_pts, shot.start_s, shot.end_s) == (0, 200, Fraction(0), Fraction(2))


def test_a_change_at_the_threshold_is_a_cut_and_below_it_is_none() -> None:
    assert starts(table_of(with_peaks(80, 40, height=27.0))) == [40]
    assert starts(table_of(with_peaks(80, 40, height=26.9))) == []


def test_a_change_right_after_the_start_is_no_cut() -> None:
    assert starts(table_of(with_peaks(80, 14))) == []
    assert starts(table_of(with_peaks(80, 15))) == [15]


def test_flashes_after_a_cut_become_one_cut_when_they_have_ended() -> None:
    assert starts(table_of(with_peaks(120, 30, 35))) == [30]
    assert starts(table_of(with_peaks(120, 30, 35, 45, 55))) == [30, 55]


def test_adaptive_needs_a_peak_above_its_neighbours() -> None:
    assert starts(table_of(with_peaks(80, 40)), "adaptive", 3.0) == [40]
    assert starts(table_of([30.0] * 80), "adaptive", 3.0) == []
    assert starts(table_of([0.0] * 40 + [14.0] + [0.0] * 39), "adaptive", 3.0) == []
    assert starts(table_of([0.0] * 40 + [15.0] + [0.0] * 39), "adaptive", 3.0) == [40]


def test_adaptive_never_cuts_in_the_last_two_frames() -> None:
    assert starts(table_of(with_peaks(80, 78)), "adaptive", 3.0) == []
    assert starts(table_of(with_peaks(80, 77)), "adaptive", 3.0) == [77]


def test_the_shortest_shot_is_measured_in_time() -> None:
    pts = [4 * i for i in range(25)] + [100 + 10 * i for i in range(25)]
    scores = with_peaks(50, 25, 31)
    assert starts(table_of(scores, pts)) == [25, 31]
    assert starts(table_of(scores)) == [25]


def test_times_count_from_the_clocks_zero() -> None:
    table = table_of([0.0] * 10, [1000 + 4 * i for i in range(10)], start_s=Fraction(10))
    (shot,) = detect_shots(table, detector="content", threshold=27.0, min_length_s=0.6)
    assert (shot.start_pts, shot.start_s, shot.end_s) == (1000, Fraction(0), Fraction(2, 5))


@given(
    st.lists(st.tuples(st.integers(1, 50), st.floats(0, 255, width=32)), min_size=1, max_size=200),
    st.sampled_from(["default", "content", "adaptive"]),
    st.floats(0, 60),
    st.floats(0, 3),
)
def test_shots_cover_the_video_without_gap_or_overlap(
    frames: list[tuple[int, float]], detector: Detector, threshold: float, min_length_s: float
) -> None:
    pts = np.cumsum([step for step, _ in frames]).tolist()
    table = table_of([score for _, score in frames], pts)
    seed = sum(pts) % 2**32
    upper, lower = np.random.default_rng(seed).integers(0, 2**63, (2, len(pts)), np.uint64)
    table = replace(table, motion=table.delta_lum / np.float32(255), blocks_upper=upper, blocks_lower=lower)
    shots = detect_shots(table, detector=detector, threshold=threshold, min_length_s=min_length_s)
    assert (shots[0].start_pts, shots[-1].end_pts) == (pts[0], table.end_pts)
    assert all(a.end_pts == b.start_pts and a.end_s == b.start_s for a, b in pairwise(shots))
    assert all(shot.start_pts < shot.end_pts for shot in shots)
    assert {shot.start_pts for shot in shots} <= set(pts)


def test_without_a_threshold_the_detectors_own_holds() -> None:
    table = table_of(with_peaks(80, 30, height=27.0))
    assert len(detect_shots(table, detector="content", min_length_s=0.6)) == 2
    table = table_of(with_peaks(80, 30, height=26.9))
    assert len(detect_shots(table, detector="content", min_length_s=0.6)) == 1
    assert len(detect_shots(table, detector="adaptive", min_length_s=0.6)) == 2


def test_nonsense_is_refused() -> None:
    table = table_of([0.0])
    with pytest.raises(ValueError, match="not negative"):
        detect_shots(table, detector="content", threshold=-1, min_length_s=0.6)
    with pytest.raises(ValueError, match="content or adaptive"):
        detect_shots(table, detector="magic", threshold=1, min_length_s=0.6)  # type: ignore[arg-type]
