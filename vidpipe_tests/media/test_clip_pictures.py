"""A picture of each clip, from its middle, on sheets of sixteen."""

from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from vidpipe.media.clip_pictures import PER_SHEET, cell_of, write_sheets
from vidpipe.media.cutting import Clip
from vidpipe.media.limits import Limits
from vidpipe.media.pictures import Pixels
from vidpipe_tests.clips import make_clip

LIMITS = Limits()
SIZE = (64, 48)


def clip_at(path: Path, length_s: float) -> Clip:
    return Clip(str(path), 10.0, 10.0 + length_s, 10.0, 10.0 + length_s)


def bright_inside(path: Path, length_s: float = 3.0, **how: object) -> Clip:
    """A clip that is black but for the middle third of its length."""
    shots = [(length_s / 3, "black"), (length_s / 3, "white"), (length_s / 3, "black")]
    make_clip(path, shots, fps=10, size=SIZE, sound=False, **how)  # type: ignore[arg-type]
    return clip_at(path, length_s)


def sheet_at(path: str) -> Pixels:
    frame = av.CodecContext.create("mjpeg", "r").decode(av.Packet(Path(path).read_bytes()))[0]
    assert isinstance(frame, VideoFrame)
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def test_sixteen_pictures_stand_side_by_side_and_what_is_left_on_one_sheet_more(tmp_path: Path) -> None:
    bright = bright_inside(tmp_path / "a.mp4")
    make_clip(tmp_path / "b.mp4", [(1, "black")], fps=10, size=SIZE, sound=False)
    clips = [bright if n % 2 else clip_at(tmp_path / "b.mp4", 1.0) for n in range(PER_SHEET + 2)]
    first, second = map(sheet_at, write_sheets(clips, tmp_path, LIMITS))
    assert (first.shape, second.shape) == ((48, 16 * 64, 3), (48, 2 * 64, 3))
    means = [int(first[:, n * 64 : n * 64 + 64].mean()) for n in range(PER_SHEET)]
    assert [mean > 200 for mean in means] == [False, True] * 8
    assert [cell_of(n, 18) for n in (0, 15, 16, 17)] == [(0, 0, 16), (0, 15, 16), (1, 0, 2), (1, 1, 2)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_middle_is_shown_where_no_key_frame_is_near(tmp_path: Path, suffix: str) -> None:
    only_first = {"g": "1000", "sc_threshold": "0"}
    (sheet,) = write_sheets([bright_inside(tmp_path / f"a{suffix}", options=only_first)], tmp_path, LIMITS)
    assert sheet_at(sheet).mean() > 200


def test_a_picture_is_upright_and_small_and_another_size_stands_in_the_middle_of_its_cell(tmp_path: Path) -> None:
    make_clip(tmp_path / "a.mp4", [(0.5, "white")], size=(640, 360), sound=False, rotation=90)
    wide = bright_inside(tmp_path / "b.mp4")
    (sheet,) = write_sheets([clip_at(tmp_path / "a.mp4", 0.5), wide], tmp_path, LIMITS)
    pixels = sheet_at(sheet)
    assert pixels.shape == (240, 2 * 135, 3)
    assert pixels[110:130, 135 + 45 : 135 + 90].mean() > 200
    assert pixels[:80, 145:].mean() < 40


def test_the_same_clips_give_the_same_bytes_and_one_that_no_decoder_reads_is_black(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video at all" * 100)
    clips = [bright_inside(tmp_path / "a.mp4"), clip_at(tmp_path / "broken.mp4", 1.0)]
    (tmp_path / "again").mkdir()
    (one,), (other,) = (write_sheets(clips, folder, LIMITS) for folder in (tmp_path, tmp_path / "again"))
    assert Path(one).read_bytes() == Path(other).read_bytes()
    assert [sheet_at(one)[:, n * 64 : n * 64 + 64].mean() > 200 for n in (0, 1)] == [True, False]
    assert write_sheets([clips[1]], tmp_path, LIMITS)
    assert write_sheets([], tmp_path, LIMITS) == ()
