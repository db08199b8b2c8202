"""What is measured on a picture, against slow and plain formulas."""

import numpy as np
import pytest

from vidpipe.media.measures import (
    Bend,
    Blocks,
    Blur,
    ContentChange,
    DifferenceHash,
    LumaAndMotion,
    SmallPictures,
    small_pictures,
)
from vidpipe.media.pictures import Orientation, Pixels

UPRIGHT = Orientation()


def flat(level: int, height: int = 12, width: int = 18) -> SmallPictures:
    return small_pictures(np.full((3, 1, height, width), level, np.uint8), UPRIGHT)


def of_gray(gray: Pixels, orientation: Orientation = UPRIGHT) -> SmallPictures:
    return small_pictures(np.repeat(gray[None, None], 3, axis=0), orientation)


def test_content_change_is_zero_at_first_and_the_difference_then() -> None:
    measure = ContentChange()
    for level in (10, 10, 110):
        measure.update(flat(level))
    assert measure.result()["delta_lum"].tolist() == [0, 0, 100]
    assert measure.result()["delta_hue"].tolist() == [0, 0, 0]


def test_motion_and_luma_are_shares_of_white() -> None:
    measure = LumaAndMotion()
    for level in (0, 255, 255):
        measure.update(flat(level))
    assert measure.result()["luma"].tolist() == [0, 1, 1]
    assert measure.result()["motion"].tolist() == [0, 1, 0]


def test_a_change_of_size_is_no_motion() -> None:
    motion, change = LumaAndMotion(), ContentChange()
    for picture in (flat(0), flat(255, 6, 9)):
        motion.update(picture)
        change.update(picture)
    assert motion.result()["motion"].tolist() == [0, 0]
    assert change.result()["delta_lum"].tolist() == [0, 0]


def test_blur_is_the_variance_of_the_laplacian() -> None:
    gray = np.random.default_rng(1).integers(0, 256, (20, 30), dtype=np.uint8)
    wide = gray.astype(float)
    laplacian = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:] - 4 * wide[1:-1, 1:-1]
    measure = Blur()
    measure.update(of_gray(gray))
    measure.update(flat(9, 1, 1))
    assert measure.result()["blur"][0] == pytest.approx(laplacian.var(), rel=1e-6)
    assert measure.result()["blur"][1] == 0


def hashed(picture: SmallPictures) -> int:
    measure = DifferenceHash()
    measure.update(picture)
    return int(measure.result()["dhash"][0])


def test_the_hash_compares_blocks_from_left_to_right() -> None:
    falling = np.tile(np.arange(90, 0, -1, dtype=np.uint8), (16, 1))
    assert hashed(of_gray(falling)) == 2**64 - 1
    assert hashed(of_gray(np.ascontiguousarray(falling[:, ::-1]))) == 0
    assert hashed(flat(80)) == 0


def test_the_hash_is_the_upright_pictures() -> None:
    gray = np.random.default_rng(2).integers(0, 256, (60, 80), dtype=np.uint8)
    turned = np.ascontiguousarray(np.rot90(gray))  # coded a quarter to the left, to be shown a quarter to the right
    clockwise = Orientation(is_transposed=True, is_mirrored_x=True)
    assert hashed(of_gray(turned, clockwise)) == hashed(of_gray(gray))


@pytest.mark.parametrize("size", [(144, 256), (13, 22), (4, 4)])
def test_blocks_are_mean_luma_row_by_row(size: tuple[int, int]) -> None:
    gray = np.random.default_rng(4).integers(0, 256, size, dtype=np.uint8)
    measure = Blocks()
    measure.update(of_gray(gray))
    columns = measure.result()
    halves = (int(columns["blocks_upper"][0]), int(columns["blocks_lower"][0]))
    tops, lefts = (np.arange(5) * side // 4 for side in size)
    means = [gray[tops[y] : tops[y + 1], lefts[x] : lefts[x + 1]].mean() for y in range(4) for x in range(4)]
    assert list(b"".join(half.to_bytes(8, "big") for half in halves)) == pytest.approx(means, abs=0.51)


def test_bend_is_zero_where_pictures_mix_and_high_where_they_swing() -> None:
    mixing, swinging = Bend(), Bend()
    for i in range(13):
        mixing.update(flat(10 * i))
        swinging.update(flat(100 if i % 6 == 3 else 0))
    assert mixing.result()["swing"].tolist()[6:] == [60 * 256] * 7
    assert mixing.result()["bend"].tolist()[6:] == [0] * 7
    assert swinging.result()["swing"].tolist()[6::6] == [0, 0]
    assert swinging.result()["bend"].tolist()[6::6] == [100 * 256] * 2


def test_a_change_of_size_is_no_bend() -> None:
    measure = Bend()
    for picture in (flat(0), flat(255, 6, 9)):
        measure.update(picture)
    assert measure.result()["swing"].tolist() == measure.result()["bend"].tolist() == [0, 0]


MEASURES = (ContentChange, LumaAndMotion, Blur, DifferenceHash, Blocks, Bend)


@pytest.mark.parametrize("lengths", [(1,) * 12, (12,), (5, 7), (1, 9, 2)])
def test_how_frames_are_divided_into_runs_changes_nothing(lengths: tuple[int, ...]) -> None:
    frames = np.random.default_rng(5).integers(0, 256, (3, 12, 10, 16), dtype=np.uint8)
    for made in MEASURES:
        whole, divided = made(), made()
        whole.update(small_pictures(frames, UPRIGHT))
        for end, length in zip(np.cumsum(lengths), lengths, strict=True):
            divided.update(small_pictures(frames[:, end - length : end], UPRIGHT))
        columns = divided.result()
        for name, column in whole.result().items():
            assert column.tobytes() == columns[name].tobytes(), name


def test_luma_weighs_colours_as_the_eye_does() -> None:
    pure = np.zeros((3, 4, 2, 2), np.uint8)
    for colour in range(3):
        pure[colour, colour] = 255
    pure[:, 3] = 255
    assert small_pictures(pure, UPRIGHT).gray[:, 0, 0].tolist() == [29, 149, 77, 255]


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (6, 10), (2, 2)])
def test_the_smallest_pictures_are_measured_too(size: tuple[int, int]) -> None:
    gray = np.random.default_rng(3).integers(0, 256, size, dtype=np.uint8)
    for made in MEASURES:
        measure = made()
        measure.update(of_gray(gray))
        assert all(len(column) == 1 for column in measure.result().values())
