"""Clips are read and written the way the demo needs: exact places, same bytes, whole files."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from vidpipe.cli import demo_film


def _grey(level: int) -> av.VideoFrame:
    pixels = np.full((demo_film.HEIGHT_PX, demo_film.WIDTH_PX, 3), level, np.uint8)
    return av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")


def _take(places: list[int], level: float = 0.1) -> demo_film.Take:
    n_frames = places[-1] + 1 - places[0]
    frames = [(place, _grey(place % 200)) for place in places]
    return demo_film.Take(frames, demo_film.tone(n_frames, 440, level))


def test_frames_lie_exactly_at_their_places_even_where_places_are_left_out(tmp_path: Path) -> None:
    places = [*range(30), 30, 33, 35, 38, 40]
    demo_film.write_video(tmp_path / "a.mp4", [_take(places[:30]), _take(places[30:])])
    with av.open(str(tmp_path / "a.mp4")) as container:
        times_s = [Fraction(frame.pts or 0) * (frame.time_base or 0) for frame in container.decode(video=0)]
    assert times_s == [Fraction(place, demo_film.FRAME_RATE) for place in places]


def test_the_sound_lasts_as_long_as_the_picture(tmp_path: Path) -> None:
    demo_film.write_video(tmp_path / "a.mp4", [_take(list(range(50)))])
    with av.open(str(tmp_path / "a.mp4")) as container:
        n_samples = sum(frame.samples for frame in container.decode(audio=0))
    assert n_samples == pytest.approx(2 * demo_film.SAMPLE_RATE, abs=1024)


def test_a_file_with_the_same_bytes_is_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.mp4"
    demo_film.write_video(path, [_take(list(range(10)))])
    before = path.stat()
    demo_film.write_video(path, [_take(list(range(10)))])
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    demo_film.write_video(path, [_take(list(range(10)), level=0.4)])
    assert path.stat().st_ino != before.st_ino
    assert [file.name for file in path.parent.iterdir()] == ["a.mp4"]


def test_other_bytes_replace_a_file(tmp_path: Path) -> None:
    for content in (b"one", b"two", b"two"):
        demo_film.write_bytes(tmp_path / "a.txt", content)
        assert (tmp_path / "a.txt").read_bytes() == content


def test_filters_give_new_frames_and_leave_the_given_ones() -> None:
    pixels = np.zeros((demo_film.HEIGHT_PX, demo_film.WIDTH_PX, 3), np.uint8)
    pixels[:, : demo_film.WIDTH_PX // 2] = 255
    given = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    given.pts, given.time_base = 0, Fraction(1, demo_film.FRAME_RATE)
    (mirrored,) = demo_film.filtered([given], (("hflip", ""),))
    assert np.array_equal(mirrored.to_ndarray(format="rgb24"), pixels[:, ::-1])
    assert np.array_equal(given.to_ndarray(format="rgb24"), pixels)


def test_a_clip_is_loaded_in_the_demos_shape_and_rate(tmp_path: Path) -> None:
    demo_film.write_video(tmp_path / "a.mp4", [_take(list(range(0, 40, 4)))])
    frames = demo_film.load(tmp_path / "a.mp4")
    assert {(frame.width, frame.height, frame.format.name) for frame in frames} == {(480, 272, "yuv420p")}
    assert [frame.pts for frame in frames] == list(range(len(frames)))
    assert len(frames) >= 37


def test_a_tone_is_as_loud_as_asked_and_the_same_each_time() -> None:
    loud, soft = demo_film.tone(25, 440, 0.5), demo_film.tone(25, 440, 0.1)
    assert loud.shape == (demo_film.SAMPLE_RATE,)
    assert 0.4 < np.abs(loud).max() <= 0.5
    assert np.allclose(loud, soft * 5, atol=1e-6)
    assert np.array_equal(loud, demo_film.tone(25, 440, 0.5))
