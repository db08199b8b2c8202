"""Sizes that encoders take, and sound that no damage breaks."""

from fractions import Fraction

import pytest
from av.audio.frame import AudioFrame
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.media.frames import TimedSound
from vidpipe.media.normalising import EvenSound, SquareSize

SIDES = st.integers(1, 9000)
BOUNDS = st.none() | st.integers(2, 5000)


@given(SIDES, SIDES, BOUNDS, BOUNDS)
def test_a_size_is_even_and_within_its_bounds(width: int, height: int, side: int | None, high: int | None) -> None:
    got = SquareSize(max_side_px=side, max_height_px=high).of(width, height)
    assert all(n >= 2 and n % 2 == 0 for n in got)
    assert max(got) <= (side or max(width, height, 2))
    assert got[1] <= (high or max(height, 2))
    assert got[0] <= max(width, 2)
    assert got[1] <= max(height, 2)


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(2, 720))
def test_small_pictures_grow_to_the_shorter_side_and_others_stay(width: int, height: int, least: int) -> None:
    got = SquareSize(min_side_px=least).of(width, height)
    if min(width, height) >= least + least % 2:
        assert got == (width // 2 * 2, height // 2 * 2)
    else:
        assert min(got) == least + least % 2
    factor = max(1, min(got) / min(width, height))
    assert abs(max(got) - max(width, height) * factor) <= 1 + factor


@pytest.mark.parametrize(
    ("size", "bounds", "expected"),
    [
        ((1920, 1080), {"max_height_px": 480}, (854, 480)),
        ((1080, 1920), {"max_side_px": 360}, (202, 360)),
        ((320, 240), {"min_side_px": 360}, (480, 360)),
        ((176, 144), {"min_side_px": 360}, (440, 360)),
        ((640, 360), {"min_side_px": 360}, (640, 360)),
        ((100, 4000), {"min_side_px": 360, "max_side_px": 4000}, (100, 4000)),
        ((161, 121), {}, (160, 120)),
    ],
)
def test_sizes_of_usual_pictures(size: tuple[int, int], bounds: dict[str, int], expected: tuple[int, int]) -> None:
    assert SquareSize(**bounds).of(*size) == expected


def test_a_bound_below_two_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="2 px"):
        SquareSize(max_height_px=1)


def piece(layout: str, time_s: Fraction) -> TimedSound:
    frame = AudioFrame("fltp", layout, 1024)
    for plane in frame.planes:
        plane.update(bytes(4096))
    frame.sample_rate = 48_000
    return TimedSound(time_s, frame)


def test_sound_in_channels_that_no_one_can_mix_is_left_out() -> None:
    sound = EvenSound(48_000, 2)
    assert sound.of(piece("ambisonic 1", Fraction(0))) == []
    ((first, samples),) = sound.of(piece("stereo", Fraction(1)))
    assert (first, samples.shape) == (48_000, (2, 1024))


def test_no_sample_is_held_back_at_the_end() -> None:
    sound = EvenSound(16_000, 1)
    pieces = [one for n in range(20) for one in sound.of(piece("mono", Fraction(n * 1024, 48_000)))]
    assert sum(samples.shape[1] for _, samples in pieces) < 20 * 1024 // 3
    pieces += sound.rest()
    assert abs(sum(samples.shape[1] for _, samples in pieces) - 20 * 1024 / 3) <= 1
