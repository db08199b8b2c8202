"""Packets' times and single key frames are those of decoding everything, or are refused."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from vidpipe.media.container import open_video, video_stream
from vidpipe.media.frames import FrameReader, TimedFrame, read_frames
from vidpipe.media.key_frames import KeyRun, PacketScan, UncertainError, decode_key
from vidpipe.media.limits import Limits
from vidpipe_tests.clips import ClipTruth, make_clip
from vidpipe_tests.shared import SHARED

LIMITS = Limits()


@pytest.fixture(scope="session", params=["mp4", "mkv", "ts"])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ClipTruth:
    path = tmp_path_factory.mktemp("keys") / f"a.{request.param}"
    return make_clip(
        path, [(4, 1), (4, 2)], fps=10, size=(64, 48), sound=False, start_s=2, options={"g": "15", "bf": "2"}
    )


def every_frame(path: Path) -> dict[int, tuple[Fraction, np.ndarray]]:
    with open_video(path, LIMITS) as container:
        reader = FrameReader(container, video_stream(container, LIMITS), audio=None, limits=LIMITS)
        return {timed.pts: pixels(timed) for timed in read_frames(reader)}


def pixels(timed: TimedFrame) -> tuple[Fraction, np.ndarray]:
    return timed.time_s, timed.frame.to_ndarray()


def test_packets_have_the_times_of_all_frames(clip: ClipTruth) -> None:
    frames = every_frame(clip.path)
    with open_video(clip.path, LIMITS) as container:
        scan = PacketScan(container, LIMITS)
        n_packets = sum(1 for _ in scan.packets())
    assert n_packets == len(clip.times_s)
    assert sorted(scan.pts) == sorted(frames)
    assert scan.end_s == pytest.approx(float(clip.end_s), abs=0.02)
    assert scan.time_s(min(scan.pts)) == 0


def test_a_key_frame_by_itself_is_the_same_picture(clip: ClipTruth) -> None:
    frames = every_frame(clip.path)
    n_keys = 0
    with open_video(clip.path, LIMITS) as container:
        scan = PacketScan(container, LIMITS)
        for packet in scan.packets():
            if packet.is_keyframe:
                n_keys += 1
                picture = decode_key(scan.video, packet)
                assert picture is not None
                assert np.array_equal(picture.to_ndarray(), frames[packet.pts or 0][1])
    assert n_keys == len(scan.key_pts) >= 6


def test_reading_from_a_time_on_gives_the_same_frames(clip: ClipTruth) -> None:
    frames = every_frame(clip.path)
    with open_video(clip.path, LIMITS) as container:
        scan = PacketScan(container, LIMITS)
        list(scan.packets())
        run = KeyRun(container, scan, LIMITS)
        for wanted_s in (Fraction(0), Fraction("0.35"), Fraction("1.9"), Fraction(2), Fraction("6.1"), Fraction("7.9")):
            for timed, _ in zip(run.frames_from(wanted_s), range(3), strict=False):
                time_s, picture = frames[timed.pts]
                assert timed.time_s == time_s >= wanted_s
                assert np.array_equal(timed.frame.to_ndarray(), picture)


def test_a_time_after_the_last_frame_has_none(clip: ClipTruth) -> None:
    with open_video(clip.path, LIMITS) as container:
        scan = PacketScan(container, LIMITS)
        list(scan.packets())
        assert list(KeyRun(container, scan, LIMITS).frames_from(Fraction(9))) == []


def test_too_many_packets_are_left_to_decoding_everything(clip: ClipTruth) -> None:
    with open_video(clip.path, LIMITS) as container, pytest.raises(UncertainError):
        list(PacketScan(container, Limits(max_frames=5)).packets())


def decode_keys(path: Path) -> None:
    with open_video(path, LIMITS) as container:
        scan = PacketScan(container, LIMITS)
        for packet in scan.packets():
            if packet.is_keyframe:
                decode_key(scan.video, packet)


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["no_timescale.mp4", "trunc60_chrome.mp4", "bitrot_world.mp4", "Megamind.avi"])
def test_odd_files_are_refused_somewhere(name: str) -> None:
    """Packets cut short, damaged key frames, no times where frames are reordered."""
    with pytest.raises((UncertainError, av.FFmpegError)):
        decode_keys(SHARED / "video" / name)


def test_times_that_go_back_are_left_to_decoding_everything(tmp_path: Path) -> None:
    parts = [make_clip(tmp_path / f"{start_s}.ts", [(2, 1)], start_s=start_s, sound=False) for start_s in (3, 4.02)]
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(part.path.read_bytes() for part in parts))
    with open_video(path) as container, pytest.raises(UncertainError):
        list(PacketScan(container, Limits()).packets())
