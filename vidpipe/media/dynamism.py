"""How much of a video stands still: FineVideo's verdict, exactly, in one decode.

The original runs `ffmpeg -ss START -t 60 -vf freezedetect=n=0.05:d=50` on every 60-s segment and calls a
segment static when a freeze is reported. Here FFmpeg's own filter sees the same frames, one fresh filter per
segment. Two accidents of the original are not repeated: it also calls a video static whose title or file name
contains "freezedetect". What is done with a static video belongs to the recipe.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Literal

import av.filter
from av.video.frame import VideoFrame

from vidpipe.media.container import open_video, video_stream
from vidpipe.media.frames import FrameReader, TimedFrame, read_frames
from vidpipe.media.limits import Limits
from vidpipe.media.packets import packets_end_s

SEGMENT_S = 60  # fineVideo check_static.py
FREEZE_S = 50  # fineVideo check_static.py: freezedetect's d
NOISE = 0.05  # fineVideo check_static.py: freezedetect's n, mean difference of samples; 1 is white against black
_MIN_WIDTH = 256  # FFmpeg 8.1 on AVX-512 counts foreign bytes into planes below 64 px; repeating pixels changes no mean
_HEADER_SLACK_S = 1  # a header may promise this much more than the packets hold before they are believed instead


@dataclass(frozen=True, slots=True)
class SegmentVerdict:
    """Seconds [start_s, end_s) of the video and whether a freeze was seen there."""

    start_s: float
    end_s: float
    static: bool


@dataclass(frozen=True, slots=True)
class Freeze:
    """Seconds [start_s, end_s) in which the picture stands still, within one segment."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Dynamism:
    """The share of static segments, 0..1, with every segment's verdict and every freeze, in order of time."""

    static_share: float
    segments: tuple[SegmentVerdict, ...]
    freezes: tuple[Freeze, ...]
    mode: str


def measure_dynamism(path: Path, limits: Limits, *, mode: Literal["compat"] = "compat") -> Dynamism:
    """FineVideo's static share of `path`: one decode pass through FFmpeg's freezedetect (noise 0.05, 50 s).

    Segments start at 0, 60, … < int(duration); the share is static segments / ceil(duration / 60). A
    segment's filter sees its frames and the first one at or after its end, as `-t 60` lets through. A freeze
    that is still going on when the segment ends counts, and ends with it; one that a border splits counts
    only where 50 s of it lie in one segment. `duration` is the file's, sound included, as ffprobe reports it;
    where the header promises over a second more than the packets hold, the packets count.

    Raises:
        UnreadableVideoError: no video, no video stream, no supported codec, or no frame that decodes.
        LimitExceededError: too many pixels or frames, too long, or too much memory.
        OSError: the file cannot be read.
        ValueError: the mode is unknown.
    """
    if mode != "compat":
        raise ValueError(f"need mode compat, got {mode=}")
    watch = _Watch()
    with open_video(path, limits) as container:
        reader = FrameReader(container, video_stream(container, limits), audio=None, limits=limits)
        for frame in read_frames(reader):
            watch.see(frame)
        stated_us, end_s = container.duration, reader.end_pts * reader.time_base - reader.start_s
    duration_s = _duration_s(path, limits, stated_us=stated_us, video_end_s=end_s)
    starts_s = range(0, int(duration_s), SEGMENT_S)
    watch.close(duration_s)
    static = {int(start_s // SEGMENT_S) for start_s, _ in watch.freezes}
    return Dynamism(
        round(sum(start_s // SEGMENT_S in static for start_s in starts_s) / ceil(duration_s / SEGMENT_S), 6),
        tuple(
            SegmentVerdict(
                float(start_s),
                round(float(min(Fraction(start_s + SEGMENT_S), duration_s)), 6),
                start_s // SEGMENT_S in static,
            )
            for start_s in starts_s
        ),
        tuple(Freeze(round(float(start_s), 6), round(float(end_s), 6)) for start_s, end_s in watch.freezes),
        mode,
    )


def _duration_s(path: Path, limits: Limits, *, stated_us: int | None, video_end_s: Fraction) -> Fraction:
    """The duration of ffprobe where it is believable, else the end of the last packet; positive."""
    stated_s = Fraction(stated_us or 0, 1_000_000)
    if not 0 < stated_s <= video_end_s + _HEADER_SLACK_S:  # the sound may be longer than the picture
        with open_video(path, limits) as container:
            end_s = max(packets_end_s(container), video_end_s)
        stated_s = stated_s if 0 < stated_s <= end_s + _HEADER_SLACK_S else end_s
    return stated_s


class _Watch:
    """The segments as their frames come: one freezedetect at a time, fresh for each segment.

    freezedetect compares with the first frame of a stillness, not with the previous one. It runs here with
    d=0, so that it tells of every frame whether it moved; its rule for d=50 is applied to exact times in
    `_judge`.
    """

    def __init__(self) -> None:
        self.freezes: list[tuple[Fraction, Fraction]] = []
        self._index: int | None = None
        self._moved = _Moved()
        self._reference_s: Fraction | None = None
        self._is_frozen = False

    def see(self, frame: TimedFrame) -> None:
        """The next frame: the last one of its predecessor's segment too, when it is the first of another."""
        index = int(frame.time_s // SEGMENT_S)
        if self._index is not None and index != self._index:
            self._judge(frame)
            self.close(frame.time_s)
        if index != self._index:
            self._index, self._moved, self._reference_s = index, _Moved(), None
        self._judge(frame)

    def close(self, end_s: Fraction) -> None:
        """The segment ends, by itself or with the video at `end_s`; a freeze that goes on ends with it."""
        if self._is_frozen and self._index is not None:
            start_s, _ = self.freezes.pop()
            self.freezes.append((start_s, min(end_s, self._segment_end_s())))
        self._is_frozen = False

    def _segment_end_s(self) -> Fraction:
        return Fraction(((self._index or 0) + 1) * SEGMENT_S)

    def _judge(self, frame: TimedFrame) -> None:
        has_moved = self._moved.by(frame)
        reference_s = self._reference_s
        if has_moved or reference_s is None:
            self._reference_s = frame.time_s
        if reference_s is None or frame.time_s - reference_s < FREEZE_S:
            return
        if not self._is_frozen:
            self.freezes.append((reference_s, self._segment_end_s()))
        if has_moved:
            start_s, _ = self.freezes.pop()
            self.freezes.append((start_s, min(frame.time_s, self._segment_end_s())))
        self._is_frozen = not has_moved


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
