"""FFmpeg's freezedetect on 60-s segments, as FineVideo ran it, frame by frame.

Here belong the filter, its rule for times, and one pass over all frames. Answers that need fewer frames belong to
`freeze_shortcuts`; what is made of freezes, to `dynamism`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import av.filter
from av.video.frame import VideoFrame

from vidpipe.media.frames import TimedFrame

SEGMENT_S = 60  # fineVideo check_static.py
FREEZE_S = 50  # fineVideo check_static.py: freezedetect's d
NOISE = 0.05  # fineVideo check_static.py: freezedetect's n, mean difference of samples; 1 is white against black
_MIN_WIDTH = 256  # FFmpeg 8.1 on AVX-512 counts foreign bytes into planes below 64 px; repeating pixels changes no mean


@dataclass(frozen=True, slots=True)
class Stillness:
    """Exact seconds [start_s, end_s) in which the picture stands still."""

    start_s: Fraction
    end_s: Fraction


class SegmentWatch:
    """One segment's freezedetect: it sees the segment's frames and the first one at or after its end.

    freezedetect compares with the first frame of a stillness, not with the previous one. It runs here with
    d=0, so that it tells of every frame whether it moved; its rule for d=50 is applied to exact times.
    """

    def __init__(self, index: int) -> None:
        self.start_s = Fraction(index * SEGMENT_S)
        self.end_s = self.start_s + SEGMENT_S
        self._freezes: list[Stillness] = []
        self._moved = _Moved()
        self._reference_s: Fraction | None = None
        self._frozen_from_s: Fraction | None = None

    def see(self, frame: TimedFrame) -> bool:
        """The next frame; whether it differs from its reference and so becomes the next one's."""
        has_moved = self._moved.by(frame)
        reference_s = self._reference_s
        if has_moved or reference_s is None:
            self._reference_s = frame.time_s
        if reference_s is None or frame.time_s - reference_s < FREEZE_S:
            return has_moved
        if self._frozen_from_s is None:
            self._frozen_from_s = reference_s
        if has_moved:
            self._end_freeze(frame.time_s)
        return has_moved

    def is_settled(self, last_s: Fraction) -> bool:
        """Whether no frame up to `last_s`, the latest there is, can begin or end a freeze."""
        return self._frozen_from_s is None and self._reference_s is not None and last_s - self._reference_s < FREEZE_S

    def close(self, end_s: Fraction) -> list[Stillness]:
        """The freezes, when frames end at `end_s`; one that goes on ends there, or with the segment."""
        self._end_freeze(end_s)
        return self._freezes

    def _end_freeze(self, end_s: Fraction) -> None:
        if self._frozen_from_s is not None:
            self._freezes.append(Stillness(self._frozen_from_s, min(end_s, self.end_s)))
        self._frozen_from_s = None


def segment_of(time_s: Fraction) -> int:
    """The number of the segment in which a frame at `time_s` lies."""
    return int(time_s // SEGMENT_S)


class FrozenSegments:
    """All segments as their frames come, fresh for each; a segment's end is told by the first frame after it."""

    def __init__(self) -> None:
        self._freezes: list[Stillness] = []
        self._watch: SegmentWatch | None = None

    def see_all(self, frames: Iterable[TimedFrame]) -> None:
        """Every frame of the video in order of time."""
        for frame in frames:
            watch = self._watch
            if watch is not None and frame.time_s >= watch.end_s:
                watch.see(frame)
                self._freezes += watch.close(frame.time_s)
                watch = None
            self._watch = watch or SegmentWatch(segment_of(frame.time_s))
            self._watch.see(frame)

    def close(self, duration_s: Fraction) -> list[Stillness]:
        """The freezes of all segments, where the video ends after `duration_s`."""
        return self._freezes + ([] if self._watch is None else self._watch.close(duration_s))


class _Moved:
    """FFmpeg's freezedetect on consecutive frames; another size or format counts as motion."""

    def __init__(self) -> None:
        self._form: tuple[int, int, str] | None = None
        self._graph = av.filter.Graph()

    def by(self, timed: TimedFrame) -> bool:
        """Whether the frame differs from its reference; it is the next one's reference then."""
        frame = timed.frame
        form = (frame.width, frame.height, frame.format.name)
        if form != self._form:
            is_first, self._form, self._graph = self._form is None, form, _freeze_graph(frame)
            self._push(timed)
            return not is_first
        return "lavfi.freezedetect.freeze_end" in self._push(timed)

    def _push(self, timed: TimedFrame) -> dict[str, str]:
        timed.frame.pts = timed.pts
        self._graph.push(timed.frame)
        return self._graph.vpull().metadata


def _freeze_graph(frame: VideoFrame) -> av.filter.Graph:
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    detector = graph.add("freezedetect", f"n={NOISE}:d=0")
    repeats = -(-_MIN_WIDTH // frame.width)
    repeat = [graph.add("scale", f"iw*{repeats}:ih:flags=neighbor+bitexact+accurate_rnd")] if repeats > 1 else []
    graph.link_nodes(source, *repeat, detector, graph.add("buffersink")).configure()
    return graph
