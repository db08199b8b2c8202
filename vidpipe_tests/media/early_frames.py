"""A clip whose first frames lie before the clock's zero, as cutting at a key frame without decoding leaves it."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

_X265 = "radl=2:bframes=3:keyint=20:min-keyint=20:open-gop=0:scenecut=0:log-level=none"


def make_early_frames(path: Path) -> list[Fraction]:
    """Writes 42 frames of 1/25 s, two of them shown before the first key frame, whose time is the file's start.

    The times of all of them, the negative ones included.
    """
    whole = path.with_name("whole.mkv")
    with av.open(str(whole), "w") as output:
        made = output.add_stream("libx265", rate=25, options={"x265-params": _X265, "preset": "ultrafast"})
        made.width, made.height, made.pix_fmt = 320, 192, "yuv420p"
        for number in range(60):
            frame = VideoFrame.from_ndarray(np.full((288, 320), 16 + 3 * number, np.uint8), "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(made.encode(frame))
        output.mux(made.encode(None))
    with av.open(str(whole)) as source, av.open(str(path), "w") as output:
        video = output.add_stream_from_template(source.streams.video[0])
        n_keys = 0
        for packet in source.demux(video=0):
            n_keys += packet.is_keyframe
            if n_keys > 1 and packet.size:
                packet.stream = video
                output.mux(packet)
    return [Fraction(n, 25) for n in range(-2, 40)]
