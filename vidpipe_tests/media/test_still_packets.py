"""Few frames and the packets' bytes tell what stands still nearly as well as all frames."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from vidpipe.media.container import open_video, video_stream
from vidpipe.media.dynamism import measure_dynamism
from vidpipe.media.frames import FrameReader, read_frames
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.still_packets import quiet_by_packets
from vidpipe.media.stillness import quiet_by_pixels
from vidpipe_tests.clips import Look, make_clip

LIMITS = Limits()
SHOTS: list[tuple[float, Look]] = [(9, 1), (15, "still 2"), (6, 3), (0.6, 4), (12, "still 5"), (7.4, 6)]
STILL_S = 26  # a half second at an edge is not still
SIZE = (160, 96)


def by_packets(path: Path) -> list[bool]:
    with open_video(path, LIMITS) as container:
        return quiet_by_packets(container, LIMITS)[0]


def by_pixels(path: Path) -> list[bool]:
    with open_video(path, LIMITS) as container:
        reader = FrameReader(container, video_stream(container, LIMITS), audio=None, limits=LIMITS)
        return list(quiet_by_pixels(read_frames(reader)))


@dataclass(frozen=True)
class Encoding:
    """One way to encode the same pictures."""

    options: dict[str, str]
    size: tuple[int, int] = SIZE
    suffix: str = "mp4"
    codec: str = "libx264"


ENCODINGS = {
    "ultrafast": Encoding({}),
    "medium": Encoding({"preset": "medium", "crf": "23", "bf": "3"}),
    "long groups": Encoding({"preset": "veryfast", "crf": "28", "bf": "3", "g": "600", "sc_threshold": "0"}),
    "short groups": Encoding({"preset": "veryfast", "crf": "23", "g": "30"}),
    "half size": Encoding({"preset": "veryfast", "crf": "23"}, size=(80, 48)),
    "mkv": Encoding({"preset": "fast", "crf": "18", "g": "75"}, suffix="mkv"),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_share_hardly_depends_on_the_encoder(tmp_path: Path, name: str) -> None:
    how = ENCODINGS[name]
    clip = make_clip(tmp_path / f"a.{how.suffix}", SHOTS, fps=15, size=how.size, sound=False, options=how.options)
    by_packets(clip.path)  # is not left to decoding everything
    found = measure_dynamism(clip.path, LIMITS)
    assert found.static_share == pytest.approx(STILL_S / 50, abs=0.025)
    quiet = by_pixels(clip.path)
    agreed = [one == other for one, other in zip(by_packets(clip.path), quiet, strict=False)]
    assert sum(agreed) >= 0.9 * len(quiet)


def test_of_short_videos_bytes_tell_nothing(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", [(19, "still 1")], fps=5, size=SIZE, sound=False)
    with pytest.raises(UncertainError):
        by_packets(clip.path)


def test_of_key_frames_bytes_tell_nothing(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", [(25, 1)], fps=5, size=SIZE, sound=False, options={"g": "1"})
    with pytest.raises(UncertainError):
        by_packets(clip.path)
    assert measure_dynamism(clip.path, LIMITS).static_share == 0


@pytest.mark.parametrize(("look", "quiet"), [("still 1", True), (1, False)])
def test_where_all_is_alike_it_is_so_throughout(tmp_path: Path, look: Look, *, quiet: bool) -> None:
    clip = make_clip(tmp_path / "a.mp4", [(30, look)], fps=10, size=SIZE, sound=False)
    assert set(by_packets(clip.path)) == {quiet}


def test_the_end_of_the_picture_is_told(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", [(30, 1)], fps=10, size=SIZE, sound=False)
    with open_video(clip.path, LIMITS) as container:
        quiet, end_s = quiet_by_packets(container, LIMITS)
    assert (len(quiet), end_s) == (60, Fraction(30))
