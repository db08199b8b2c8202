"""FineVideo's static share: the table of media research 1.2, on tiny clips; and ours, where that one is wrong."""

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
    return measure_dynamism(path, Limits(), mode="compat").static_share


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
    result = measure_dynamism(tiny(tmp_path / "a.mp4", 0, 45, sound_s=70), Limits(), mode="compat")
    assert result.static_share == 0
    assert [(segment.start_s, segment.static) for segment in result.segments] == [(0, False), (60, False)]
    assert result.segments[1].end_s == pytest.approx(70, abs=0.1)


def test_titles_and_names_that_say_freezedetect_change_nothing(tmp_path: Path) -> None:
    assert share_of(tiny(tmp_path / "freezedetect.mp4", 5, 0)) == 0


def test_a_freeze_ends_where_motion_begins(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    make_clip(path, [(55, "black"), (1, "white")], fps=10, size=(32, 16), sound=False)
    assert measure_dynamism(path, Limits(), mode="compat").freezes == (Freeze(0.0, 55.0),)


def test_a_freeze_that_never_ends_ends_with_its_segment(tmp_path: Path) -> None:
    result = measure_dynamism(tiny(tmp_path / "a.mp4", 0, 111), Limits(), mode="compat")
    assert result.freezes == (Freeze(0.0, 60.0), Freeze(60.0, 111.0))


def test_a_gap_of_50_s_between_two_pictures_is_a_freeze(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    make_clip(path, [(55, "black"), (1, "white")], vfr=[(0, 1 / 55), (55, 10)], size=(32, 16), sound=False)
    assert measure_dynamism(path, Limits(), mode="compat").freezes == (Freeze(0.0, 55.0),)


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
    result = measure_dynamism(tiny(tmp_path / "a.mp4", 0.5, 0), Limits(), mode="compat")
    assert (result.static_share, result.segments) == (0, ())


def test_the_start_of_the_clock_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    make_clip(path, [(51, "black")], fps=10, size=(32, 16), sound=False, start_s=33)
    assert measure_dynamism(path, Limits(), mode="compat").freezes == (Freeze(0.0, 51.0),)


def test_no_video_has_no_share(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(UnreadableVideoError, match=r"^empty file$"):
        measure_dynamism(tmp_path / "a.mp4", Limits(), mode="compat")


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "share"), [("vtest.avi", 0.5), ("tiny_10x6_64s.mp4", 0), ("bikes.mp4", 0)])
def test_shares_of_the_corpus_are_ffmpegs(name: str, share: float) -> None:
    assert share_of(SHARED / "video" / name) == share


@pytest.mark.corpus
def test_a_lying_header_adds_no_segments() -> None:
    result = measure_dynamism(SHARED / "video" / "fragmented_bad_duration.mp4", Limits(), mode="compat")
    assert len(result.segments) == 1


def spans_of(path: Path) -> list[tuple[float, float, bool]]:
    """Ours: seconds, and whether the picture stands still."""
    result = measure_dynamism(path, Limits())
    assert result.mode == "default"
    assert [(one.start_s, one.end_s) for one in result.segments if one.static] == [
        (one.start_s, one.end_s) for one in result.freezes
    ]
    return [(one.start_s, one.end_s, one.static) for one in result.segments]


@pytest.mark.parametrize("still_s", [3, 45, 50])
def test_a_short_still_video_stands_still(tmp_path: Path, still_s: float) -> None:
    assert spans_of(tiny(tmp_path / "a.mp4", 0, still_s)) == [(0, still_s, True)]


def test_a_still_tail_counts_wherever_segments_would_split_it(tmp_path: Path) -> None:
    result = measure_dynamism(tiny(tmp_path / "a.mp4", 20, 90), Limits())
    assert result.static_share == pytest.approx(90 / 110, abs=0.01)


def locked_camera(path: Path) -> Path:
    """A grey room in which something small and white goes to and fro, 62 s."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=5, options={"preset": "ultrafast", "g": "50"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(310):
            picture = np.full((270, 320), 128, np.uint8)
            picture[60:120, 10 * (number % 28) : 10 * (number % 28) + 30] = 250
            frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def test_a_locked_camera_in_front_of_something_that_moves_does_not_stand_still(tmp_path: Path) -> None:
    path = locked_camera(tmp_path / "a.mp4")
    assert measure_dynamism(path, Limits()).static_share == 0
    assert measure_dynamism(path, Limits(), mode="compat").static_share == 0.5


def test_slides_stand_still(tmp_path: Path) -> None:
    slides: list[tuple[float, Look]] = [(20, f"still {number}") for number in range(4)]
    path = make_clip(tmp_path / "a.mp4", slides, fps=5, size=(64, 48), sound=False).path
    assert measure_dynamism(path, Limits()).static_share == 1


def test_the_last_picture_stands_still_while_the_sound_goes_on(tmp_path: Path) -> None:
    path = tiny(tmp_path / "a.mp4", 30, 0, sound_s=40)
    assert measure_dynamism(path, Limits()).static_share == pytest.approx(0.25, abs=0.02)


def test_segments_cover_the_video(tmp_path: Path) -> None:
    spans = spans_of(tiny(tmp_path / "a.mp4", 5, 4))
    assert [static for _, _, static in spans] == [False, True]
    assert (spans[0][0], spans[0][1], spans[-1][1]) == (0, spans[1][0], 9)


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "share"),
    [("vtest.avi", 0), ("talk_slides_speech.mp4", 1), ("silent_black_25s.mp4", 1), ("bikes.mp4", 0)],
)
def test_people_walking_move_and_slides_stand_still(name: str, share: float) -> None:
    result = measure_dynamism(SHARED / "video" / name, Limits())
    assert result.static_share == pytest.approx(share, abs=0.03)


@pytest.mark.corpus
def test_a_lying_header_adds_no_stillness() -> None:
    result = measure_dynamism(SHARED / "video" / "fragmented_bad_duration.mp4", Limits())
    assert result.segments[-1].end_s < 2


def test_an_unknown_mode_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mode"):
        measure_dynamism(tmp_path / "a.mp4", Limits(), mode="other")  # type: ignore[arg-type]
