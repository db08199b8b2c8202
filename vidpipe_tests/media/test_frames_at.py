"""Pictures at given times: the right ones, in the order asked, upright, whatever the file."""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import decord
import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vidpipe.errors import UnreadableVideoError
from vidpipe.media.container import open_video, video_stream
from vidpipe.media.frames import FrameReader, read_frames
from vidpipe.media.frames_at import Shown, frames_at
from vidpipe.media.limits import Limits
from vidpipe.media.pictures import Pixels
from vidpipe_tests.clips import ClipTruth, make_clip, read_number
from vidpipe_tests.shared import SHARED

VIDEO = SHARED / "video"
LIMITS = Limits()
GROUPS = {"g": "25", "keyint_min": "25", "sc_threshold": "0", "bf": "3", "preset": "medium"}


def asked(path: Path, times_s: Sequence[Fraction | float]) -> list[Shown]:
    return list(frames_at(path, times_s, LIMITS))


def number_of(pixels: Pixels) -> int:
    return read_number(VideoFrame.from_ndarray(pixels, "rgb24"))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> ClipTruth:
    """Twelve seconds of numbered frames at changing rates, that start at 5 s by the file's own clock."""
    path = tmp_path_factory.mktemp("film") / "a.mkv"
    return make_clip(path, [(12, 1)], vfr=[(0, 25), (4, 10), (8, 30)], start_s=5, sound=False, options=GROUPS)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times_s=st.lists(st.fractions(-2, 15, max_denominator=1000), max_size=6))
def test_the_frame_that_is_shown_is_found_in_any_order(film: ClipTruth, times_s: list[Fraction]) -> None:
    numbers = [max(0, bisect_right(film.times_s, time_s + Fraction(1, 1000)) - 1) for time_s in times_s]
    found = asked(film.path, [time_s + Fraction(1, 1000) for time_s in times_s])  # Matroska counts milliseconds
    assert [number_of(shown.pixels) for shown in found] == numbers
    assert all(abs(shown.time_s - film.times_s[n]) < Fraction(1, 1000) for shown, n in zip(found, numbers, strict=True))


def test_a_frame_is_found_by_its_own_rounded_time_and_not_before(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(3, 1)], fps=30, sound=False)
    rounded = [round(float(time_s), 6) for time_s in truth.times_s]
    assert [number_of(shown.pixels) for shown in asked(truth.path, rounded)] == list(range(90))
    just_before = [time_s - Fraction(1, 10_000_000) for time_s in truth.times_s[1:5]]
    assert [number_of(shown.pixels) for shown in asked(truth.path, just_before)] == [0, 1, 2, 3]


def test_the_same_time_twice_gives_the_same_picture_twice(film: ClipTruth) -> None:
    first, _, third = asked(film.path, [3.0, 1.0, 3.0])
    assert first.time_s == third.time_s == 3
    assert (first.pixels == third.pixels).all()


def test_no_times_give_no_pictures(film: ClipTruth) -> None:
    assert asked(film.path, []) == []


@pytest.mark.parametrize(("rotation", "shape"), [(0, (180, 320, 3)), (90, (320, 180, 3))])
def test_pictures_are_upright_and_fit_their_box(tmp_path: Path, rotation: int, shape: tuple[int, ...]) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)], rotation=rotation, sound=False)
    assert asked(truth.path, [0.5])[0].pixels.shape == shape
    (small,) = frames_at(truth.path, [0.5], LIMITS, box=(64, 64))
    assert max(small.pixels.shape[:2]) == 64


def test_a_damaged_packet_costs_its_frame_alone(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(4, 1)], sound=False, options={**GROUPS, "bf": "0"})
    data = bytearray(truth.path.read_bytes())
    with av.open(str(truth.path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][30]
        assert packet.pos is not None
        data[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    truth.path.write_bytes(data)
    found = asked(truth.path, [3.0, 0.5, 1.0, 2.5])
    assert [shown.time_s for shown in found] == [3, Fraction(12, 25), 1, Fraction(62, 25)]
    assert [number_of(shown.pixels) for shown in found] == [75, 12, 25, 62]


def test_times_that_are_none_are_refused(film: ClipTruth) -> None:
    with pytest.raises(ValueError, match="finite"):
        asked(film.path, [float("nan")])


def test_what_is_no_video_has_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"ffconcat version 1.0\nfile other.mp4\n")
    with pytest.raises(UnreadableVideoError, match="playlist"):
        asked(path, [0.0])


def like(one: Pixels, other: Pixels) -> float:
    """Mean difference in grey of two pictures, 32 x 18."""
    grey = [
        VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24").reformat(32, 18, "gray").to_ndarray().astype(int)
        for pixels in (one, other)
    ]
    return float(abs(grey[0] - grey[1]).mean())


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["bikes.mp4", "awesome movie.mov", "bbb_vp9_10s.webm", "hevc_small.mp4"])
def test_decord_gives_the_same_frames_where_it_gives_the_right_ones(name: str) -> None:
    path = VIDEO / name
    reader = decord.VideoReader(str(path))
    starts_s = [float(reader.get_frame_timestamp(i)[0]) for i in range(len(reader))]
    times_s = [starts_s[len(starts_s) * k // 5] + 1e-4 for k in range(5)]
    for time_s, shown in zip(times_s, asked(path, times_s), strict=True):
        number = bisect_right(starts_s, time_s) - 1
        assert float(shown.time_s) == pytest.approx(starts_s[number], abs=1e-3)
        assert like(shown.pixels, reader[number].asnumpy()) < 2


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["googlework_short.mp4", "hevc.ts", "Megamind.avi"])
def test_frames_are_those_of_decoding_everything_where_decord_gives_others(name: str) -> None:
    path = VIDEO / name
    pictures: dict[float, Pixels] = {}
    with open_video(path, LIMITS) as container:
        reader = FrameReader(container, video_stream(container, LIMITS), audio=None, limits=LIMITS)
        for timed in islice(read_frames(reader), 100):
            pictures[float(timed.time_s)] = np.asarray(timed.frame.to_rgb().to_ndarray(), np.uint8)
    times_s = list(pictures)[10::30]
    for time_s, shown in zip(times_s, asked(path, [time_s + 1e-4 for time_s in times_s]), strict=True):
        assert float(shown.time_s) == pytest.approx(time_s, abs=1e-4)
        assert like(shown.pixels, pictures[time_s]) < 2


def test_colours_that_cannot_be_converted_are_a_reason(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)], sound=False, options={"x264-params": "colormatrix=YCgCo"})
    with pytest.raises(UnreadableVideoError, match="picture cannot be converted"):
        asked(truth.path, [0.5])
