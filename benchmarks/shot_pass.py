"""What PySceneDetect's cuts cost within a pass that decodes every frame and makes it small in any case.

The pass of `measure_signals` has other measures too; here are the ones that its detector needs, or none of them.
"""

from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from benchmarks.timed import Job, Work


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
    from vidpipe.media.pictures import orientation_of
    from vidpipe.media.signals import Runs
    from vidpipe.timeline.frame_table import COLUMNS, FrameTable
    from vidpipe.timeline.shots import detect_shots

    content, pts, runs = ContentChange(), list[int](), None
    with open_video(Path(job.path), Limits()) as container:
        reader = FrameReader(container, video_stream(container, Limits()), audio=None, limits=Limits())
        for timed in read_frames(reader):
            runs = runs or Runs(orientation_of(timed.frame))
            pts.append(timed.pts)
            run = runs.add(timed.frame)
            if is_measured and run is not None:
                content.update(run)
        run = runs.rest() if runs is not None else None
        if not is_measured:
            return []
        if run is not None:
            content.update(run)
        columns: dict[str, Any] = {name: np.zeros(len(pts), kind) for name, kind in COLUMNS.items()}
        columns |= {"pts": np.array(pts, np.int64), **content.result()}
        table = FrameTable(reader.time_base, reader.start_s, reader.end_pts, **columns)
    return [round(float(s.start_s), 6) for s in detect_shots(table, detector="content", min_length_s=0.6)][1:]


TASKS = MappingProxyType({"without": without})
