"""Decoding by a device that a machine may or may not have: the same frames in either case."""

import sys
from pathlib import Path

import numpy as np
import pytest

from vidpipe.media.container import open_video, video_stream
from vidpipe.media.frames import FrameReader, read_frames
from vidpipe.media.hardware import Hardware, is_there
from vidpipe.media.limits import Limits
from vidpipe_tests.clips import make_clip


def luma_of(path: Path, limits: Limits) -> list[bytes]:
    with open_video(path, limits) as container:
        reader = FrameReader(container, video_stream(container, limits), audio=None, limits=limits)
        return [np.asarray(timed.frame.to_ndarray(format="gray")).tobytes() for timed in read_frames(reader)]


@pytest.mark.parametrize("hardware", ["cuda", "qsv", "vaapi", "videotoolbox", "d3d11va"])
def test_frames_are_the_processors_whether_or_not_the_device_is_there(tmp_path: Path, hardware: Hardware) -> None:
    path = make_clip(tmp_path / "a.mp4", [(1, 1)], fps=10, size=(320, 192)).path
    assert luma_of(path, Limits(hardware=hardware)) == luma_of(path, Limits())


@pytest.mark.skipif(sys.platform != "linux", reason="these are other systems' devices on Linux alone")
@pytest.mark.parametrize("hardware", ["videotoolbox", "d3d11va"])
def test_a_device_of_another_system_is_not_there(hardware: Hardware) -> None:
    assert not is_there(hardware)
