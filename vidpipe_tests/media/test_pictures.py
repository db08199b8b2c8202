"""Orientation, sizes, small pictures, JPEG."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.media.container import open_video, video_stream
from vidpipe.media.limits import Limits
from vidpipe.media.pictures import (
    Orientation,
    Pixels,
    Shrinker,
    displayed_size,
    encode_jpeg,
    fitted_size,
    orientation_of,
    pixels_of,
    sample_aspect,
    upright_rgb,
)
from vidpipe_tests.clips import make_clip
from vidpipe_tests.shared import SHARED


def first_frame(path: Path) -> tuple[VideoFrame, Fraction]:
    with open_video(path, Limits()) as container:
        video = video_stream(container, Limits())
        return next(container.decode(video)), sample_aspect(video)


def decoded(jpeg: bytes) -> Pixels:
    with av.open(io.BytesIO(jpeg), "r") as container:
        return np.asarray(next(container.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)


CORNER = np.array([[1, 2], [3, 4], [5, 6]], np.uint8)


@pytest.mark.parametrize(
    ("rotation", "shown"),
    [
        (0, CORNER),
        (90, np.rot90(CORNER, -1)),
        (180, np.rot90(CORNER, 2)),
        (270, np.rot90(CORNER, 1)),
    ],
)
def test_a_rotation_is_the_turn_clockwise(tmp_path: Path, rotation: int, shown: Pixels) -> None:
    frame, _ = first_frame(make_clip(tmp_path / "a.mp4", [(0.2, 1)], rotation=rotation, sound=False).path)
    orientation = orientation_of(frame)
    assert orientation.rotation == rotation
    assert np.array_equal(orientation.upright(CORNER), shown)
    assert orientation.size(2, 3) == shown.shape[::-1]


def test_a_mirror_is_no_turn() -> None:
    mirrored = Orientation(is_mirrored_x=True)
    assert mirrored.rotation == 0
    assert np.array_equal(mirrored.upright(CORNER), CORNER[:, ::-1])


@pytest.mark.corpus
def test_a_turned_and_mirrored_video_is_shown_as_ffmpeg_shows_it() -> None:
    frame, _ = first_frame(SHARED / "video" / "rotate_reflect.mp4")
    orientation = orientation_of(frame)
    assert orientation == Orientation(is_transposed=True)
    assert np.array_equal(orientation.upright(CORNER), CORNER.T)


def test_the_sample_aspect_stretches_the_width() -> None:
    upright, turned = Orientation(), Orientation(is_transposed=True)
    assert displayed_size(1280, 1080, aspect=Fraction(3, 2), orientation=upright) == (1920, 1080)
    assert displayed_size(1280, 1080, aspect=Fraction(3, 2), orientation=turned) == (1080, 1920)


@given(st.integers(1, 70_000), st.integers(1, 70_000), st.integers(1, 500), st.integers(1, 500))
def test_fitted_pictures_fit_and_are_never_enlarged(width: int, height: int, box_w: int, box_h: int) -> None:
    fitted = fitted_size(width, height, max_width=box_w, max_height=box_h)
    assert 1 <= fitted[0] <= min(width, box_w)
    assert 1 <= fitted[1] <= min(height, box_h)


@pytest.mark.parametrize("size", [(1920, 1080), (10, 6), (2, 2), (4000, 2), (2, 4000)])
def test_any_size_is_made_small(size: tuple[int, int]) -> None:
    frame = VideoFrame.from_ndarray(np.full((size[1], size[0], 3), 200, np.uint8), "rgb24").reformat(format="yuv420p")
    small = pixels_of(Shrinker(256, "bgr24")(frame))
    assert max(small.shape[:2]) <= 256
    assert abs(int(small.mean()) - 200) <= 3


def test_thumbnails_are_upright_with_square_pixels(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(0.2, 1)], rotation=90, sound=False).path
    frame, aspect = first_frame(path)
    picture = upright_rgb(frame, aspect=aspect, orientation=orientation_of(frame), box=(100, 160))
    assert picture.shape == (160, 90, 3)


def test_a_jpeg_shows_the_picture_and_is_the_same_every_time() -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, 30:] = (255, 128, 0)
    made = encode_jpeg(pixels, 2)
    assert made == encode_jpeg(pixels, 2)
    assert made.startswith(b"\xff\xd8")
    assert made.endswith(b"\xff\xd9")
    assert np.abs(decoded(made).astype(int) - pixels).mean() < 3


def test_a_lower_quality_is_smaller() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert len(encode_jpeg(pixels, 31)) < len(encode_jpeg(pixels, 2))


@pytest.mark.parametrize("quality", [1, 32])
def test_a_quality_out_of_range_is_refused(quality: int) -> None:
    with pytest.raises(ValueError, match=r"2\.\.31"):
        encode_jpeg(np.zeros((2, 2, 3), np.uint8), quality)


@pytest.mark.parametrize("size", [(1, 1), (1, 3), (7, 5)])
def test_the_smallest_jpegs_can_be_made(size: tuple[int, int]) -> None:
    assert decoded(encode_jpeg(np.full((*size, 3), 90, np.uint8), 2)).shape == (*size, 3)
