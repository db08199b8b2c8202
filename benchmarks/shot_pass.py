"""What PySceneDetect's cuts cost within a pass that decodes every frame and makes it small in any case.

The pass of `measure_signals` has other measures too; here are the ones that its detector needs, or none of them.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from benchmarks.timed import Job, Work

_RUN, _SIDE_PX = 8, 128  # as `vidpipe.media.signals` has them


def with_shots(job: Job) -> Work:
    """The pass with the measure that ContentDetector needs, and its cuts; the answer is the seconds of each cut."""
    return lambda: _passed(job, is_measured=True)


def without(job: Job) -> Work:
    """The same pass without: frames decoded and made small."""
    return lambda: _passed(job, is_measured=False)


def _passed(job: Job, *, is_measured: bool) -> list[float]:
    from vidpipe.media.container import open_video, video_stream
    from vidpipe.media.frames import FrameReader, read_frames
    from vidpipe.media.limits import Limits
    from vidpipe.media.measures import ContentChange
    from vidpipe.timeline.frame_table import COLUMNS, FrameTable
    from vidpipe.timeline.shots import detect_shots

    content, pts = ContentChange(), list[int]()
    with open_video(Path(job.path), Limits()) as container:
        reader = FrameReader(container, video_stream(container, Limits()), audio=None, limits=Limits())
        for times, run in _runs(read_frames(reader)):
            pts += times
            if is_measured:
                content.update(run)
        if not is_measured:
            return []
        columns: dict[str, Any] = {name: np.zeros(len(pts), kind) for name, kind in COLUMNS.items()}
        columns |= {"pts": np.array(pts, np.int64), **content.result()}
        table = FrameTable(reader.time_base, reader.start_s, reader.end_pts, **columns)
    return [round(float(s.start_s), 6) for s in detect_shots(table, detector="content", min_length_s=0.6)][1:]


def _runs(frames: Iterator[Any]) -> Iterator[tuple[list[int], Any]]:
    """Frames made small, some at a time, and their times."""
    from vidpipe.media.measures import small_pictures
    from vidpipe.media.pictures import Shrinker, bgr_planes, orientation_of

    shrink = Shrinker(_SIDE_PX, "gbrp")
    while some := list(islice(frames, _RUN)):
        pictures = np.stack([np.stack(bgr_planes(shrink(timed.frame))) for timed in some], axis=1)
        yield [timed.pts for timed in some], small_pictures(pictures, orientation_of(some[0].frame))


TASKS = MappingProxyType({"without": without})
