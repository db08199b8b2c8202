from fractions import Fraction

import numpy as np
import pytest

from vidpipe.annotation.measures import (
    Measured,
    audio_visual_correlation,
    dynamism_score,
    picture_jumps,
    sound_jumps,
)
from vidpipe.timeline.spans import Span

TIMES = np.arange(250) / 25
WAVE = (0.05 + 0.04 * np.sin(TIMES * 2)).astype(np.float32)
ALL = Span(Fraction(0), Fraction(10))


def still(motion: float = 0.0, sound: float | None = None) -> Measured:
    loudness = None if sound is None else np.full(100, sound, np.float32)
    return Measured(TIMES, np.full(250, motion, np.float32), loudness)


def with_sound(loudness: np.ndarray) -> Measured:
    return Measured(TIMES, WAVE, loudness.astype(np.float32))


def wave_loudness() -> np.ndarray:
    return -40 + 20 * np.sin((np.arange(100) + 0.5) / 10 * 2)


def test_motion_and_times_must_agree() -> None:
    with pytest.raises(ValueError, match="one motion per time"):
        Measured(TIMES, WAVE[:-1])


def test_dynamism_is_zero_for_a_still_half_for_a_pan_and_below_one() -> None:
    assert dynamism_score(still()) == 0.0
    assert dynamism_score(still(0.04)) == 0.5
    assert dynamism_score(still(1.0)) == pytest.approx(0.961538)
    assert dynamism_score(Measured(TIMES[:0], WAVE[:0])) is None


def test_a_span_is_half_open_and_leaves_out_the_frames_on_its_cuts() -> None:
    inside = still().within(Span(Fraction(2), Fraction(4)), [Fraction(2), Fraction(3), Fraction("3.999")])
    assert len(inside.times_s) == 48
    assert inside.times_s[0] == pytest.approx(2.04)
    assert inside.times_s[-1] == pytest.approx(3.96)


def test_sound_in_step_with_the_picture_correlates_and_against_it_too() -> None:
    in_step = audio_visual_correlation(with_sound(wave_loudness()))
    against = audio_visual_correlation(with_sound(-80 - wave_loudness()))
    assert in_step is not None
    assert in_step > 0.95
    assert against == pytest.approx(in_step, abs=1e-4)


@pytest.mark.parametrize(
    "measured",
    [
        Measured(TIMES, WAVE),
        still(0.1, -20.0),
        with_sound(np.full(100, -np.inf)),
        with_sound(np.full(100, np.nan)),
        Measured(TIMES[:20], WAVE[:20], np.arange(-100, 0, dtype=np.float32)),
        Measured(TIMES, WAVE, np.zeros(0, np.float32)),
    ],
)
def test_correlation_is_null_where_it_cannot_be_measured(measured: Measured) -> None:
    assert audio_visual_correlation(measured) is None


def test_a_flash_is_a_jump_of_the_picture() -> None:
    motion = np.full(250, 0.01, np.float32)
    motion[[100, 101, 200]] = [0.5, 0.4, 0.3]
    assert [jump.time_s for jump in picture_jumps(Measured(TIMES, motion))] == [4.0, 8.0]


def test_steady_strong_motion_is_no_jump() -> None:
    assert picture_jumps(still(0.3)) == []
    assert picture_jumps(Measured(TIMES[:0], WAVE[:0])) == []


def test_a_bang_is_a_jump_of_the_sound_at_its_time() -> None:
    loudness = np.full(100, -50.0, np.float32)
    loudness[43:] = -10
    assert [round(jump.time_s, 3) for jump in sound_jumps(Measured(TIMES, WAVE, loudness), ALL)] == [4.3]


def test_a_jump_on_the_edge_of_the_span_is_not_in_it() -> None:
    loudness = np.full(100, -50.0, np.float32)
    loudness[43:] = -10
    measured = Measured(TIMES, WAVE, loudness)
    assert sound_jumps(measured, Span(Fraction("4.3"), Fraction(10))) == []
    assert sound_jumps(measured, Span(Fraction(4), Fraction("4.5"))) == []
    assert sound_jumps(Measured(TIMES, WAVE), ALL) == []


def test_a_noisy_stretch_names_its_strongest_jumps_only() -> None:
    motion = np.full(2500, 0.01, np.float32)
    motion[::50] = 0.5
    assert len(picture_jumps(Measured(np.arange(2500) / 25, motion))) == 10
