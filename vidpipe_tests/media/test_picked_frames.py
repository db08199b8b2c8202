"""Single frames, the same as when everything is decoded."""

from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame

from vidpipe.media.container import open_video, video_stream
from vidpipe.media.frames import FrameReader, read_frames
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.picked_frames import picked_frames, scan_packets
from vidpipe_tests.clips import make_clip
from vidpipe_tests.shared import SHARED

VIDEO = SHARED / "video"
LIMITS = Limits()
GROUPS = {"g": "25", "keyint_min": "25", "sc_threshold": "0", "bf": "3", "preset": "medium"}


def bytes_of(frame: VideoFrame) -> bytes:
    return b"".join(np.asarray(plane).tobytes() for plane in frame.planes)


def all_frames(path: Path) -> dict[int, bytes]:
    """Every frame's bytes by its pts."""
    with open_video(path, LIMITS) as container:
        reader = FrameReader(container, video_stream(container, LIMITS), audio=None, limits=LIMITS)
        return {timed.pts: bytes_of(timed.frame) for timed in read_frames(reader)}


def picked(path: Path, places: list[int]) -> tuple[list[int], dict[int, bytes]]:
    """The pts of the frames at these places in the film, and what was picked for them, in order."""
    with open_video(path, LIMITS) as container:
        scan = scan_packets(container, LIMITS)
        wanted = sorted(scan.pts)
        chosen = [wanted[place] for place in places]
        return chosen, {t.pts: bytes_of(t.frame) for t in picked_frames(container, scan, chosen, LIMITS)}


@pytest.mark.parametrize("x264", ["", "bframes=5:b-pyramid=none:open-gop=1"])
def test_any_frame_is_the_same_as_when_all_are_decoded(tmp_path: Path, x264: str) -> None:
    path = make_clip(tmp_path / "a.mp4", [(4, 1)], sound=False, options={**GROUPS, "x264-params": x264}).path
    everything = all_frames(path)
    for places in ([0], [99], [3, 4, 5], [24, 25, 26], [2, 60], [0, 51, 98, 99], list(range(100))):
        chosen, got = picked(path, places)
        assert list(got) == chosen
        assert all(pixels == everything[pts] for pts, pixels in got.items())


def test_far_groups_are_sought_and_give_the_same(tmp_path: Path) -> None:
    for suffix in ("mp4", "mkv", "ts"):
        path = make_clip(tmp_path / f"a.{suffix}", [(12, 1)], size=(64, 48), sound=False, options=GROUPS).path
        chosen, got = picked(path, [10, 280])
        assert list(got) == chosen
        everything = all_frames(path)
        assert all(pixels == everything[pts] for pts, pixels in got.items())


def test_a_file_that_has_no_key_frame_before_is_left_to_others(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(2, 1)], sound=False).path
    with open_video(path, LIMITS) as container:
        scan = scan_packets(container, LIMITS)
        scan.key_pts[0] += 1
        with pytest.raises(UncertainError):
            list(picked_frames(container, scan, [scan.pts[0]], LIMITS))


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name",
    [
        *("awesome movie.mov", "bbb_vp9_10s.webm", "bpyramid.mp4", "edts.mp4", "hevc_small.mp4", "no_duration.webm"),
        *("odd_dims_vp9.webm", "rotated_90.mp4", "tree.avi", "weird_aspect.mpg", "av1_video.mkv", "yuv422p.mp4"),
    ],
)
def test_frames_of_real_files_are_the_same(name: str) -> None:
    everything = all_frames(VIDEO / name)
    places = [place for place in range(len(everything)) if place % 7 in (2, 3) or place in (0, len(everything) - 1)]
    chosen, got = picked(VIDEO / name, places)
    assert list(got) == chosen
    assert all(pixels == everything[pts] for pts, pixels in got.items())
