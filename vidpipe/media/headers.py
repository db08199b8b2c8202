"""What a container's header claims, without reading the file: for filters before any video is opened.

A claim may be wrong: what a video really is comes from `probe`.
"""

from fractions import Fraction
from pathlib import Path

import av

from vidpipe.errors import VideoError
from vidpipe.media.container import open_video
from vidpipe.media.limits import Limits


def header_duration_s(path: str) -> float | None:
    """Seconds that the header claims; None where it claims none or there is no video."""
    try:
        with open_video(Path(path), Limits()) as container:
            duration = container.duration
    except (VideoError, OSError):
        return None
    return None if not duration or duration < 0 else float(Fraction(duration, av.time_base))
