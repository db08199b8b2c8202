"""FineVideo's static share: the table of media research 1.2, on tiny clips."""

from pathlib import Path

import av
import numpy as np
import pytest

from vidpipe.errors import UnreadableVideoError
from vidpipe.media.dynamism import Freeze, measure_dynamism
from vidpipe.media.limits import Limits
from vidpipe_tests.clips import Look, make_clip
from vidpipe_tests.shared import SHARED

STILL: Look = "still"  # motion's last picture goes on; at the start of a clip: grey


def share_of(path: Path) -> float:
    return measure_dynamism(path, Limits()).static_share


def tiny(path: Path, moving_s: float, still_s: float, *, sound_s: float | None = None) -> Path:
    """Flashes for `moving_s`, then stillness, 10 frames a second."""
    flashes = [(0.1, "black" if i % 2 else "white") for i in range(round(moving_s * 10))]
    shots: list[tuple[float, Look]] = [*flashes, *([(still_s, STILL)] if still_s else [])]
    return make_clip(path, shots, fps=10, size=(32, 16), sound=sound_s is not None, sound_s=sound_s).path


@pytest.mark.parametrize(
    ("moving_s", "still_s", "share"),
    [
        (0, 45, 0),
        (0, 49.9, 0),
        (0, 50.0, 0),
        (0, 50.1, 1),
        (0, 59, 1),
        (0, 61, 1 / 2),
        (0, 89, 1 / 2),
        (0, 109, 1 / 2),
        (0, 110, 1 / 2),
        (0, 111, 1),
        (0, 120, 1),
        (20, 25, 0),
        (9, 51, 1),
        (9.9, 50.1, 1),
        (10, 50, 1),
        (10.1, 49.9, 0),
        (10.1, 60, 1 / 2),
        (10.2, 60, 0),
        (20, 100, 1 / 2),
        (30, 90, 1 / 2),
        (60, 60, 1 / 2),
        (70, 50, 1 / 2),
    ],
)
def test_the_share_is_finevideos(tmp_path: Path, moving_s: float, still_s: float, share: float) -> None:
    assert share_of(tiny(tmp_path / "a.mp4", moving_s, still_s)) == share


def test_sound_that_goes_on_lengthens_the_video(tmp_path: Path) -> None:
    result = measure_dynamism(tiny(tmp_path / "a.mp4", 0, 45, sound_s=70), Limits())
    assert result.static_share == 0
    assert [(segment.start_s, segment.static) for segment in result.segments] == [(0, False), (60, False)]
    assert result.segments[1].end_s == pytest.approx(70, abs=0.1)


def test_titles_and_names_that_say_freezedetect_change_nothing(tmp_path: Path) -> None:
    assert share_of(tiny(tmp_path / "freezedetect.mp4", 5, 0)) == 0


def test_a_freeze_ends_where_motion_begins(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    make_clip(path, [(55, "black"), (1, "white")], fps=10, size=(32, 16), sound=False)
    assert measure_dynamism(path, Limits()).freezes == (Freeze(0.0, 55.0),)


def test_a_freeze_that_never_ends_ends_with_its_segment(tmp_path: Path) -> None:
    result = measure_dynamism(tiny(tmp_path / "a.mp4", 0, 111), Limits())
    assert result.freezes == (Freeze(0.0, 60.0), Freeze(60.0, 111.0))


def test_a_gap_of_50_s_between_two_pictures_is_a_freeze(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    make_clip(path, [(55, "black"), (1, "white")], vfr=[(0, 1 / 55), (55, 10)], size=(32, 16), sound=False)
    assert measure_dynamism(path, Limits()).freezes == (Freeze(0.0, 55.0),)


@pytest.mark.parametrize(("step", "share"), [(12, 1), (13, 0)])
def test_the_noise_threshold_is_12_8_grey_levels(tmp_path: Path, step: int, share: float) -> None:
    path = tmp_path / "a.avi"
    make_gray_steps(path, step)
    assert share_of(path) == share


def make_gray_steps(path: Path, step: int) -> None:
    """All planes flat, alternating by `step`, without loss, 55 s."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("rawvideo", rate=2)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        for number in range(110):
            frame = av.VideoFrame.from_ndarray(np.full((24, 16), 100 + number % 2 * step, np.uint8), "yuv420p")
            frame.pts = number
            output.mux(stream.encode(frame))


def test_a_video_shorter_than_a_second_has_no_segment(tmp_path: Path) -> None:
    result = measure_dynamism(tiny(tmp_path / "a.mp4", 0.5, 0), Limits())
    assert (result.static_share, result.segments) == (0, ())


def test_the_start_of_the_clock_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    make_clip(path, [(51, "black")], fps=10, size=(32, 16), sound=False, start_s=33)
    assert measure_dynamism(path, Limits()).freezes == (Freeze(0.0, 51.0),)


def test_no_video_has_no_share(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(UnreadableVideoError, match=r"^empty file$"):
        measure_dynamism(tmp_path / "a.mp4", Limits())


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "share"), [("vtest.avi", 0.5), ("tiny_10x6_64s.mp4", 0), ("bikes.mp4", 0)])
def test_shares_of_the_corpus_are_ffmpegs(name: str, share: float) -> None:
    assert share_of(SHARED / "video" / name) == share


@pytest.mark.corpus
def test_a_lying_header_adds_no_segments() -> None:
    result = measure_dynamism(SHARED / "video" / "fragmented_bad_duration.mp4", Limits())
    assert len(result.segments) == 1
