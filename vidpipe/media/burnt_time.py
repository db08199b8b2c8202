"""The time written into a picture.

Here belongs drawing. Which pictures get it is decided in `proxy`.
"""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from vidpipe.media.dot_letters import dots_of

_DOTS_LONG = 180  # a dot is a 180th of the picture's longer side, where its width allows
_BLACK, _WHITE, _NEUTRAL = 16, 235, 128  # limited range


def clock_text(time_s: Fraction) -> str:
    """HH:MM:SS.mmm, cut to the millisecond; zero for what lies before it."""
    total_ms = max(0, int(time_s * 1000))
    seconds, ms = divmod(total_ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{ms:03d}"


def burn_time(frame: VideoFrame, time_s: Fraction) -> None:
    """Writes the time into the upper left corner of a yuv420p frame of limited range, white on black.

    A digit is 14 px high where the longer side has 360 px, 21 px at 640 px. What a very small picture has no
    room for is cut off. The frame's rows are stored from the top, as `UprightFrames` gives them.
    """
    dots = dots_of(clock_text(time_s))
    scale = max(1, min(max(frame.width, frame.height) // _DOTS_LONG, frame.width // dots.shape[1]))
    box = np.where(np.kron(dots, np.ones((scale, scale), np.uint8)), _WHITE, _BLACK).astype(np.uint8)
    frame.make_writable()
    _paste(frame, 0, box)
    for plane in (1, 2):
        _paste(frame, plane, np.full(((box.shape[0] + 1) // 2, (box.shape[1] + 1) // 2), _NEUTRAL, np.uint8))


def _paste(frame: VideoFrame, plane: int, box: npt.NDArray[np.uint8]) -> None:
    target = frame.planes[plane]
    rows = np.frombuffer(memoryview(target), np.uint8).reshape(-1, target.line_size)[: target.height, : target.width]
    height, width = min(box.shape[0], target.height), min(box.shape[1], target.width)
    rows[:height, :width] = box[:height, :width]
