"""Few frames and the packets' bytes tell what stands still nearly as well as all frames."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
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


def noisy_room(path: Path, options: dict[str, str], *, scale: int = 1) -> Path:
    """What moves for 18 s, stands still under a camera's noise for 22 s, and moves for 10 s; 10 frames a second."""
    random = np.random.default_rng(5)
    room = random.integers(60, 190, (6, 10), np.uint8).repeat(16, axis=0).repeat(16, axis=1).astype(np.int16)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=10, options=options)
        stream.width, stream.height, stream.pix_fmt = 160 // scale, 96 // scale, "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(500):
            picture = np.roll(room, 0 if 180 <= number < 400 else 3 * number, axis=1) + random.normal(0, 3, room.shape)
            frame = av.VideoFrame.from_ndarray(np.clip(picture, 0, 255).astype(np.uint8), "gray")
            frame = frame.reformat(160 // scale, 96 // scale, "yuv420p", interpolation="AREA")
            frame.pts = number
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("options", "scale"),
    [
        ({"preset": "ultrafast", "crf": "23"}, 1),
        ({"preset": "medium", "crf": "20", "g": "50"}, 1),
        ({"preset": "veryfast", "crf": "26", "g": "100"}, 2),
    ],
)
def test_where_noise_takes_bytes_the_share_is_right_too(tmp_path: Path, options: dict[str, str], scale: int) -> None:
    found = measure_dynamism(noisy_room(tmp_path / "a.mp4", options, scale=scale), LIMITS)
    assert found.static_share == pytest.approx(22 / 50, abs=0.025)


def test_a_flicker_is_motion_though_every_key_frame_is_the_same(tmp_path: Path) -> None:
    flashes: list[tuple[float, Look]] = [(0.1, "black" if i % 2 else "white") for i in range(300)]
    clip = make_clip(tmp_path / "a.mp4", flashes, fps=10, size=(64, 32), sound=False, options={"g": "40"})
    assert measure_dynamism(clip.path, LIMITS).static_share == 0
