"""What PySceneDetect's cuts cost within a pass that decodes every frame and makes it small in any case.

The pass of `measure_signals` has other measures too; here are the ones that its detector needs, or none of them.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time
from types import MappingProxyType
from typing import Any, TypeVar

from benchmarks.timed import Job, Work

_Made = TypeVar("_Made")


def with_shots(job: Job) -> Work:
    """The pass with the measure that ContentDetector needs, and its cuts.

    The answer is the seconds of each cut, the CPU seconds of the pass, and those of measuring and finding cuts alone.
    """
    import numpy as np

    from vidpipe.media.measures import ContentChange, SmallPictures
    from vidpipe.timeline.frame_table import COLUMNS, FrameTable
    from vidpipe.timeline.shots import detect_shots

    def work() -> dict[str, Any]:
        content, cost, began_s = ContentChange(), _Cost(), process_time()

        def update(run: SmallPictures) -> None:
            cost.of(partial(content.update, run))

        def cuts_s() -> list[float]:
            columns: dict[str, Any] = {name: np.zeros(len(pts), kind) for name, kind in COLUMNS.items()}
            columns |= {"pts": np.array(pts, np.int64), **content.result()}
            table = FrameTable(reader.time_base, reader.start_s, reader.end_pts, **columns)
            shots = detect_shots(table, detector="content", min_length_s=0.6)
            return [round(float(shot.start_s), 6) for shot in shots][1:]

        pts, reader = passed(update)
        found = cost.of(cuts_s)
        return {"cuts_s": found, "pass_cpu_s": process_time() - began_s, "shots_cpu_s": cost.cpu_s}

    passed = _pass(job)
    return work


def without(job: Job) -> Work:
    """The same pass without: frames decoded and made small; the answer is how many."""
    passed = _pass(job)
    return lambda: len(passed(lambda _: None)[0])


class _Cost:
    """CPU seconds of calls."""

    def __init__(self) -> None:
        self.cpu_s = 0.0

    def of(self, call: Callable[[], _Made]) -> _Made:
        """What the call gives."""
        began_s = process_time()
        made = call()
        self.cpu_s += process_time() - began_s
        return made


def _pass(job: Job) -> Callable[[Callable[[Any], None]], tuple[list[int], Any]]:
    """What reads the file and gives runs of small pictures away: the pts of its frames, and who read them."""
    from vidpipe.media.container import open_video, video_stream
    from vidpipe.media.frames import FrameReader, read_frames
    from vidpipe.media.limits import Limits
    from vidpipe.media.pictures import orientation_of
    from vidpipe.media.signals import Runs

    def passed(update: Callable[[Any], None]) -> tuple[list[int], FrameReader]:
        pts, runs = list[int](), None
        with open_video(Path(job.path), Limits()) as container:
            reader = FrameReader(container, video_stream(container, Limits()), audio=None, limits=Limits())
            for timed in read_frames(reader):
                runs = runs or Runs(orientation_of(timed.frame))
                pts.append(timed.pts)
                if (run := runs.add(timed.frame)) is not None:
                    update(run)
        if runs is not None and (run := runs.rest()) is not None:
            update(run)
        return pts, reader

    return passed


def share_of_pass(ours: dict[str, Any], _: int) -> dict[str, Any]:
    """The ratio that one process tells of itself: what else runs on the machine slows all of it alike."""
    return {"within": round(1 - ours["shots_cpu_s"] / ours["pass_cpu_s"], 4), "shots_cpu_s": ours["shots_cpu_s"]}


TASKS = MappingProxyType({"without": without})
