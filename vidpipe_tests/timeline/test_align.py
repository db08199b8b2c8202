from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidpipe.timeline.align import Alignment, align
from vidpipe.timeline.placement import SceneTimes, Timeline

FRAMES = [Fraction(i, 25) for i in range(1500)]
CUTS = [Fraction(n, 25) for n in (187, 400, 801, 1210)]  # 7.48, 16, 32.04, 48.4 s
TIMELINE = Timeline(FRAMES, CUTS, Fraction(60))


def scenes(*edges: float | str | Fraction) -> list[SceneTimes]:
    return [SceneTimes(Fraction(a), Fraction(b)) for a, b in pairwise(map(str, edges))]


def told_again(found: Alignment) -> list[SceneTimes]:
    return [SceneTimes(scene.start_s, scene.end_s) for scene in found.scenes]


def starts(found: Alignment) -> list[Fraction]:
    return [scene.start_s for scene in found.scenes]


def test_whole_seconds_move_to_their_cuts() -> None:
    found = align(scenes(0, 8, 16, 33, 49, 60), TIMELINE)
    assert starts(found) == [0, *CUTS]
    assert found.misfit is None
    assert (found.n_cuts_matched, found.n_cuts_missed, found.n_boundaries_without_cut) == (4, 0, 0)
    assert found.residual_frames == 0
    assert found.max_move_s == Fraction("0.96")


def test_a_scene_ends_on_the_frame_before_the_next_one_starts() -> None:
    found = align(scenes(0, 8, 16, 33, 49, 60), TIMELINE)
    assert [b.first - a.last for a, b in pairwise(found.scenes)] == [1] * 4
    assert found.scenes[0].end_s == CUTS[0] - Fraction(1, 25)
    assert found.scenes[-1].end_s == FRAMES[-1]


def test_a_missed_cut_and_a_boundary_without_one_are_counted() -> None:
    found = align(scenes(0, 8, 24, 33, 49, 60), TIMELINE)
    assert (found.n_cuts_matched, found.n_cuts_missed, found.n_boundaries_without_cut) == (3, 1, 1)
    assert starts(found)[2] in FRAMES
    assert abs(starts(found)[2] - 24) < 1


@pytest.mark.parametrize("drift_s", ["-3.1", "1.32", "4.4"])
def test_a_constant_drift_is_reported_and_removed(drift_s: str) -> None:
    drift = Fraction(drift_s)
    late = scenes(0, *(cut + drift for cut in CUTS), 60)
    found = align(late, TIMELINE)
    assert found.misfit is None
    assert found.drift_s == drift
    assert starts(found) == [0, *CUTS]


@pytest.mark.parametrize("fps", [24, 60, 240])
def test_one_sample_a_second_is_enough_at_any_frame_rate(fps: int) -> None:
    frames = [Fraction(i, fps) for i in range(60 * fps)]
    told = [SceneTimes(Fraction(a), Fraction(b)) for a, b in [(0, 7), (8, 15), (16, 32), (33, 48), (49, 59)]]
    assert align(told, Timeline(frames, CUTS, Fraction(60))).misfit is None


def test_a_start_after_a_gap_follows_the_end_before_it() -> None:
    told = [SceneTimes(Fraction(0), Fraction(8)), SceneTimes(Fraction(11), Fraction(60))]
    found = align(told, TIMELINE)
    assert starts(found) == [0, CUTS[0]]
    assert found.misfit is None
    assert found.n_far_starts == 1


@pytest.mark.parametrize(
    ("told", "misfit"),
    [
        ([], "no scenes"),
        ([(0, None), (None, 60)], "scene without a readable time"),
        ([(0, 8), (8, 54)], "correction too large"),
        ([(0, 8), (8, 66)], "correction too large"),
        ([(5, 8), (8, 60)], "correction too large"),
        ([(0, 30), (10, 60)], "correction too large"),
        ([(30, 60), (0, 30)], "correction too large"),
        ([(0, 8), (20, 60)], "correction too large"),
        ([(0, 8)] * 1600, "more scenes than frames"),
    ],
)
def test_what_does_not_fit_is_told(told: list[tuple[int | None, int | None]], misfit: str) -> None:
    times = [SceneTimes(*(None if t is None else Fraction(t) for t in pair)) for pair in told]
    assert align(times, TIMELINE).misfit == misfit


def test_at_sixty_frames_a_second_a_start_125_frames_off_does_not_fit() -> None:
    frames = [Fraction(i, 60) for i in range(3600)]
    told = [SceneTimes(Fraction(0), Fraction(8)), SceneTimes(Fraction(10), Fraction(60))]
    assert align(told, Timeline(frames, CUTS, Fraction(60))).misfit == "scene start too far off"
    assert align(told, TIMELINE).misfit is None


def test_one_readable_side_of_a_boundary_is_enough() -> None:
    told = [SceneTimes(None, None), SceneTimes(Fraction(8), Fraction(16)), SceneTimes(None, None)]
    found = align(told, TIMELINE)
    assert found.misfit is None
    assert starts(found) == [0, CUTS[0], CUTS[1]]


def test_a_slow_clip_keeps_its_scenes() -> None:
    frames = [Fraction(t) for t in (0, 10, 20, 30)]
    timeline = Timeline(frames, [Fraction(20)], Fraction(60))
    found = align(scenes(0, 20, 60), timeline)
    assert found.misfit is None
    assert [(float(s.start_s), float(s.end_s)) for s in found.scenes] == [(0.0, 10.0), (20.0, 30.0)]
    assert align(told_again(found), timeline) == found


def test_a_delayed_picture_is_no_correction() -> None:
    frames = [Fraction(10) + Fraction(i, 25) for i in range(500)]
    found = align(scenes(0, 20, 30), Timeline(frames, [Fraction(20)], Fraction(30)))
    assert found.misfit is None
    assert found.max_move_s == 0


def test_a_changing_frame_rate_keeps_every_cut() -> None:
    frames = [Fraction(i, 25) for i in range(750)] + [30 + Fraction(i, 10) for i in range(300)]
    cuts = [Fraction("7.48"), Fraction("29.96"), Fraction("35.1"), Fraction("44.7")]
    found = align(scenes(0, 8, 30, 36, 45, 60), Timeline(frames, cuts, Fraction(60)))
    assert starts(found) == [0, *cuts]


def test_settings_out_of_range_are_a_bug() -> None:
    with pytest.raises(ValueError, match="reject_s"):
        align(scenes(0, 60), TIMELINE, reject_s=Fraction(0))


EDGES = st.lists(st.integers(0, 120).map(lambda t: Fraction(t, 2)), max_size=12)
CUT_FRAMES = st.sets(st.integers(1, 1499), max_size=12).map(lambda cuts: [FRAMES[i] for i in sorted(cuts)])


@settings(max_examples=80)
@given(EDGES, CUT_FRAMES, st.booleans())
def test_scenes_tile_the_video_in_order_and_matched_ones_start_on_cuts(
    edges: list[Fraction], cuts: list[Fraction], is_sorted: object
) -> None:
    inner = sorted(edges) if is_sorted else edges
    told = [SceneTimes(a, b) for a, b in pairwise([Fraction(0), *inner, Fraction(60)])]
    found = align(told, Timeline(FRAMES, cuts, Fraction(60)))
    if found.misfit == "more scenes than frames":
        return
    assert len(found.scenes) == len(told)
    assert (found.scenes[0].first, found.scenes[-1].last) == (0, len(FRAMES) - 1)
    assert all(b.first == a.last + 1 for a, b in pairwise(found.scenes))
    assert all(scene.first <= scene.last for scene in found.scenes)
    assert sum(scene.start_s in set(cuts) for scene in found.scenes[1:]) >= found.n_cuts_matched
    assert found.n_cuts_matched + found.n_cuts_missed == len(cuts)
    assert found.n_cuts_matched + found.n_boundaries_without_cut == len(told) - 1
    assert found.residual_frames == 0


@settings(max_examples=80)
@given(CUT_FRAMES)
def test_what_is_aligned_stays(cuts: list[Fraction]) -> None:
    timeline = Timeline(FRAMES, cuts, Fraction(60))
    found = align(scenes(0, *cuts, 60), timeline)
    again = align(told_again(found), timeline)
    assert again.scenes == align(told_again(again), timeline).scenes
    assert starts(again) == starts(found) == [0, *cuts]
    assert again.misfit is None
    assert again.drift_s == again.max_move_s == again.n_cuts_missed == 0
