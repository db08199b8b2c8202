from fractions import Fraction

import pytest

from vidpipe.timeline.placement import SceneTimes, Timeline, place, placed_scenes

FRAMES = [Fraction(i, 10) for i in range(20)]
TIMELINE = Timeline(FRAMES, [Fraction(1, 2), Fraction(1)], Fraction(2))


def test_a_timeline_needs_frames_that_start_before_its_end() -> None:
    with pytest.raises(ValueError, match="need frames"):
        Timeline([], [], Fraction(1))
    with pytest.raises(ValueError, match="need frames"):
        Timeline(FRAMES, [], Fraction(1))


def test_the_nearest_frame_is_found_at_both_ends_too() -> None:
    times = [Fraction(t) for t in ("-1", "0.14", "0.15", "0.16", "9")]
    assert [TIMELINE.nearest(t) for t in times] == [0, 1, 1, 2, 19]


def test_cuts_are_frames_each_once_and_never_the_first() -> None:
    doubled = Timeline(FRAMES, [Fraction(0), Fraction(1, 2), Fraction(1, 2), Fraction("0.51")], Fraction(2))
    assert doubled.cut_frames() == [5]


def test_scenes_without_a_cut_keep_a_frame_each_between_their_neighbours() -> None:
    at = Fraction(1, 2)
    assert place([at, at, at], [None, 5, None], TIMELINE) == [0, 4, 5, 6]
    assert place([Fraction(0)] * 3, [None] * 3, TIMELINE) == [0, 1, 2, 3]
    assert place([Fraction(9)] * 3, [None] * 3, TIMELINE) == [0, 17, 18, 19]


def test_more_scenes_than_frames_have_no_place() -> None:
    assert place([Fraction(1)] * 3, [5, None, 6], TIMELINE) == []
    assert place([Fraction(1)] * 20, [None] * 20, TIMELINE) == []


def test_an_end_while_the_last_frame_is_shown_is_right() -> None:
    scenes = [SceneTimes(Fraction(0), Fraction(1, 2)), SceneTimes(Fraction(1, 2), Fraction(2))]
    placed = placed_scenes(scenes, [0, 5], TIMELINE, drift_s=Fraction(0))
    ends = [(float(p.start_s), float(p.end_s), float(p.until_s)) for p in placed]
    assert ends == [(0.0, 0.4, 0.5), (0.5, 1.9, 2.0)]
    assert all(p.start_move_s == p.end_move_s == 0 for p in placed)
