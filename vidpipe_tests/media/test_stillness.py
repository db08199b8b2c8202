"""What stands still, by every frame: local motion counts, noise and the next slide do not."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.media.container import open_video, video_stream
from vidpipe.media.frames import FrameReader, read_frames
from vidpipe.media.limits import Limits
from vidpipe.media.stillness import quiet_by_pixels, still_spans

LIMITS = Limits()


def quiet_of(path: Path) -> list[bool]:
    with open_video(path, LIMITS) as container:
        reader = FrameReader(container, video_stream(container, LIMITS), audio=None, limits=LIMITS)
        return list(quiet_by_pixels(read_frames(reader)))


def lossless(path: Path, pictures: list[np.ndarray], *, fps: int = 4) -> Path:
    """One grey picture after the other, every one a key frame."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=fps)
        stream.height, stream.width = pictures[0].shape
        stream.pix_fmt = "gray"
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, "gray")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def block(left: int, level: int) -> np.ndarray:
    """Grey with a block as large as a thousandth of the picture."""
    picture = np.full((180, 320), 100, np.uint8)
    picture[90:100, left : left + 10] = level
    return picture


def test_a_small_thing_that_moves_moves_the_picture(tmp_path: Path) -> None:
    assert quiet_of(lossless(tmp_path / "a.mkv", [block(10 * i, 200) for i in range(12)])) == [False] * 6


def test_a_faint_change_does_not(tmp_path: Path) -> None:
    assert quiet_of(lossless(tmp_path / "a.mkv", [block(10 * i, 103) for i in range(12)])) == [True] * 6


def test_noise_does_not_move_the_picture(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    noisy = [np.clip(random.normal(100, 4, (180, 320)), 0, 255).astype(np.uint8) for _ in range(12)]
    assert quiet_of(lossless(tmp_path / "a.mkv", noisy)) == [True] * 6


@pytest.mark.parametrize(("step", "quiet"), [(3, True), (5, False)])
def test_the_whole_picture_moves_from_4_grey_levels_on(tmp_path: Path, step: int, *, quiet: bool) -> None:
    pictures = [np.full((90, 160), 100 + i // 2 % 2 * step, np.uint8) for i in range(12)]
    assert set(quiet_of(lossless(tmp_path / "a.mkv", pictures))[:5]) == {quiet}


def test_one_picture_is_quiet(tmp_path: Path) -> None:
    assert quiet_of(lossless(tmp_path / "a.mkv", [block(0, 0)])) == [True]


def spans_of(quiet: str, duration_s: float) -> list[tuple[float, float]]:
    """`quiet`: a letter per half second, s for still."""
    spans = still_spans([letter == "s" for letter in quiet], Fraction(str(duration_s)))
    return [(float(one.start_s), float(one.end_s)) for one in spans]


@pytest.mark.parametrize(
    ("quiet", "duration_s", "spans"),
    [
        ("sss", 1.5, [(0, 1.5)]),
        ("ssm", 1.5, []),
        ("sssmmmsss", 4.5, [(0, 4.5)]),
        ("sssmmmmsss", 5, [(0, 1.5), (3.5, 5)]),
        ("mmmmsss", 3.2, [(2, 3.2)]),
        ("mmss", 10, [(1, 10)]),
        ("s", 0.04, [(0, 0.04)]),
        ("ssmm", 0.5, [(0, 0.5)]),
        ("", 3, [(0, 3)]),
    ],
)
def test_stillness_lasts_1_5_s_and_outlives_a_change_of_1_5_s(
    quiet: str, duration_s: float, spans: list[tuple[float, float]]
) -> None:
    assert spans_of(quiet, duration_s) == spans


@given(st.lists(st.booleans(), max_size=80), st.fractions(Fraction(1, 100), 50))
def test_still_spans_are_apart_in_order_and_inside(quiet: list[bool], duration_s: Fraction) -> None:
    spans = still_spans(quiet, duration_s)
    edges = [edge for one in spans for edge in (one.start_s, one.end_s)]
    assert edges == sorted(set(edges))
    assert all(0 <= edge <= duration_s for edge in edges)
