"""Frames left out where nothing changes: the others are the full decode's, and no change is missed."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from vidpipe.errors import LimitExceededError
from vidpipe.media.coarse_frames import CoarseReader
from vidpipe.media.container import audio_stream, open_video, video_stream
from vidpipe.media.frames import FrameReader, TimedSound, read_frames
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.pictures import Pixels, pixels_of
from vidpipe.media.signals import measure_signals
from vidpipe.timeline.frame_table import load_frame_table
from vidpipe.timeline.shots import detect_shots
from vidpipe_tests.clips import make_clip

B_FRAMES = {"preset": "veryfast", "crf": "23", "bf": "3", "b-pyramid": "normal", "g": "60", "sc_threshold": "0"}
Shots = list[tuple[float, str | int]]
QUIET: Shots = [(2, 1), (2, 2), (2, "still 3")]
CODECS = [("libx264", {}), ("libx264", {"x264-params": "open-gop=1"}), ("libx265", {"x265-params": "log-level=none"})]


def decoded(path: Path, change: float | None = None, limits: Limits = Limits()) -> dict[int, Pixels]:  # noqa: B008
    """Frames by their pts; of a coarse reader where a change is given."""
    with open_video(path, limits) as container:
        video = video_stream(container, limits)
        if change is None:
            reader = FrameReader(container, video, audio=None, limits=limits)
        else:
            reader = CoarseReader(container, video, audio=None, limits=limits, change=change, n_beside=2)
        return {timed.pts: pixels_of(timed.frame) for timed in read_frames(reader)}


@pytest.mark.parametrize(("codec", "options"), CODECS)
def test_frames_have_the_pixels_of_the_full_decode(tmp_path: Path, codec: str, options: dict[str, str]) -> None:
    clip = make_clip(tmp_path / "a.mp4", QUIET, codec=codec, sound=False, options={**B_FRAMES, **options})
    full, coarse = decoded(clip.path), decoded(clip.path, 8.0)
    assert len(coarse) < 0.9 * len(full)
    assert list(coarse) == sorted(coarse)
    assert all(np.array_equal(coarse[pts], full[pts]) for pts in coarse)
    assert {min(full), max(full)} <= coarse.keys()


@pytest.mark.parametrize("look", ["white", "black", 7])
@pytest.mark.parametrize("frame", range(40, 48))
def test_one_other_picture_within_a_gap_is_seen(tmp_path: Path, look: str | int, frame: int) -> None:
    shots: Shots = [(frame / 25, "still 1"), (1 / 25, look), (2, "still 1")]
    clip = make_clip(tmp_path / "a.mp4", shots, sound=False, size=(160, 90), options=B_FRAMES)
    with av.open(str(clip.path)) as container:
        time_base = container.streams.video[0].time_base
    assert time_base is not None
    assert {int(Fraction(frame + i, 25) / time_base) for i in (0, 1)} <= decoded(clip.path, 8.0).keys()


def test_sound_is_read_as_ever(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", QUIET, options=B_FRAMES)
    found = []
    for is_coarse in (False, True):
        with open_video(clip.path) as container:
            video, audio = video_stream(container, Limits()), audio_stream(container)
            reader = (
                CoarseReader(container, video, audio=audio, limits=Limits(), change=8.0, n_beside=2)
                if is_coarse
                else FrameReader(container, video, audio=audio, limits=Limits())
            )
            found.append([item.time_s for item in reader.read() if isinstance(item, TimedSound)])
    assert found[0] == found[1] != []


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "libvpx-vp9"), ("a.avi", "mpeg4"), ("a.mp4", "mpeg4")])
def test_no_frame_is_left_out_of_what_is_not_known_well(tmp_path: Path, name: str, codec: str) -> None:
    clip = make_clip(tmp_path / name, [(1, 1)], codec=codec, sound=False)
    with pytest.raises(UncertainError):
        decoded(clip.path, 8.0)
    rows = []
    for mode in ("full", "coarse"):
        measure_signals(clip.path, tmp_path, Limits(), mode=mode)
        rows.append(load_frame_table(tmp_path / "frames.parquet").sha256())
    assert rows[0] == rows[1]


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_what_is_damaged_is_measured_as_ever(tmp_path: Path, share: float) -> None:
    path = make_clip(tmp_path / "a.mkv", QUIET, options=B_FRAMES).path
    data = bytearray(path.read_bytes())
    place = int(len(data) * share)
    data[place : place + 400] = bytes(byte ^ 85 for byte in data[place : place + 400])
    path.write_bytes(data)
    rows = []
    for mode in ("full", "coarse"):
        signals = measure_signals(path, tmp_path, Limits(), mode=mode)
        rows.append((signals.n_decode_errors, set(load_frame_table(tmp_path / "frames.parquet").pts.tolist())))
    assert rows[1][1] <= rows[0][1]
    assert not rows[0][0] or rows[0] == rows[1]


def test_limits_hold(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", QUIET, sound=False, options=B_FRAMES).path
    for limits in (Limits(max_frames=20), Limits(max_duration_s=1), Limits(max_pixels=100)):
        with pytest.raises(LimitExceededError):
            decoded(path, 8.0, limits)


def test_coarse_rows_are_fewer_and_show_the_same_cuts(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", [(2, 1), (1.48, 2), (2.04, 3), (2, 4)], options=B_FRAMES)
    signals = measure_signals(clip.path, tmp_path, Limits(), mode="coarse")
    table = load_frame_table(tmp_path / "frames.parquet")
    assert signals.n_frames < len(clip.times_s)
    assert signals.duration_s == float(clip.end_s)
    for detector in ("default", "content", "adaptive"):
        shots = detect_shots(table, detector=detector, min_length_s=0.6)
        assert [shot.start_s for shot in shots[1:]] == list(clip.cuts_s), detector
