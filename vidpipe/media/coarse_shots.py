"""Shots alone, as quickly as can be: without sound, thumbnails or measures that the detector does not need.

Here belongs the rough pass that tells where the picture may change by a threshold or more; the frames around are then
decoded once more, exactly. What leaves frames out belongs to `spare_packets`, what a shot is to `timeline.shots`. The
rows that a line of stages shares are made in `signals`.
"""

from bisect import bisect
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from fractions import Fraction
from itertools import pairwise
from math import floor
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame

from vidpipe.errors import LimitExceededError
from vidpipe.media.coarse_frames import CoarseReader, Mode
from vidpipe.media.container import check_pixels, clock_start_s, open_video, video_stream
from vidpipe.media.content_samples import GAP, ContentChanges, Deltas, Sampler, changes, hsv_of_samples, is_sure
from vidpipe.media.frames import FrameReader, nominal_ticks, read_frames, time_base_of
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.packets import known_packets
from vidpipe.media.pictures import Pixels
from vidpipe.media.second_look import SecondLook
from vidpipe.media.spare_packets import Group, Groups
from vidpipe.timeline.frame_table import COLUMNS, FrameTable
from vidpipe.timeline.shots import CONTENT_THRESHOLD, Shot, detect_shots

Detector = Literal["content", "adaptive"]

_RUN = 16  # frames compared at once
_SURE_ROUGHLY = (0.8, 1.5)  # shares of the threshold below and above which a change is sure without the loop filter
_WIDE_GAP = 1.0  # GAP where two pictures and more are left out: none changes as much as all
_LONG = 120  # pictures of a group: over shorter ones errors of the rough pass do not add up to a cut
_N_KEPT = 1  # frame next to a key frame that is never left out
_N_BESIDE = 2  # AdaptiveDetector's neighbours of a change
_MIN_ADAPTIVE = 15.0  # least change of a cut for AdaptiveDetector


def find_shots(
    path: Path,
    limits: Limits,
    *,
    detector: Detector = "content",
    threshold: float | None = None,
    min_length_s: float = 0.6,
    mode: Mode = "coarse",
) -> list[Shot]:
    """The shots of a file, by PySceneDetect's ContentDetector or AdaptiveDetector.

    `coarse` decodes what may hold a cut, and everything where it cannot tell; `full` decodes everything.

    Raises:
        ValueError: the detector is unknown, or a number is negative.
        UnreadableVideoError: no video, no video stream, no supported codec, or no frame that decodes.
        LimitExceededError: too many pixels or frames, too long, or too much memory.
        OSError: the file cannot be read.
    """
    least = CONTENT_THRESHOLD if threshold is None else threshold
    if detector == "adaptive":
        least = _MIN_ADAPTIVE
    table: FrameTable | None = None
    if mode == "coarse":
        with suppress(UncertainError):
            is_rough = detector == "content"
            table = _rough_rows(path, limits, least) if is_rough else _rows(path, limits, least, detector, mode)
    table = _rows(path, limits, least, detector, "full") if table is None else table
    return detect_shots(table, detector=detector, threshold=threshold, min_length_s=min_length_s)


def _rows(path: Path, limits: Limits, threshold: float, detector: Detector, mode: Mode) -> FrameTable:
    """The changes of all frames, or of those that a CoarseReader gives; exact ones for AdaptiveDetector's shares."""
    with open_video(path, limits) as container:
        video = video_stream(container, limits)
        if mode == "coarse":
            change = GAP * threshold
            reader: FrameReader = CoarseReader(
                container, video, audio=None, limits=limits, change=change, n_beside=_N_BESIDE
            )
        else:
            reader = FrameReader(container, video, audio=None, limits=limits)
        content = ContentChanges(None if detector == "adaptive" else threshold)
        rows = _Rows()
        for timed in read_frames(reader):
            rows.add([timed.pts], content.of(timed.frame)[:, None])
        return rows.table(reader.time_base, reader.start_s, reader.end_pts)


def _rough_rows(path: Path, limits: Limits, threshold: float) -> FrameTable:
    with open_video(path, limits) as container:
        rough = _RoughPass(container, limits, threshold)
        rough.run()
        return rough.table()


class _Rows:
    """Times and changes of frames."""

    def __init__(self) -> None:
        self._pts: list[int] = []
        self._deltas: list[Deltas] = []

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self._pts)

    def add(self, pts: Sequence[int], deltas: Deltas) -> None:
        """More frames and how much each differs from the one before, (3, N)."""
        self._pts += pts
        self._deltas.append(deltas)

    def table(self, time_base: Fraction, start_s: Fraction, end_pts: int) -> FrameTable:
        """The rows; columns that were not measured are 0."""
        deltas = np.concatenate(self._deltas, axis=1)
        columns: dict[str, Any] = {name: np.zeros(len(self._pts), kind) for name, kind in COLUMNS.items()}
        columns |= {"pts": np.array(self._pts, np.int64)}
        columns |= {"delta_hue": deltas[0], "delta_sat": deltas[1], "delta_lum": deltas[2]}
        return FrameTable(time_base, start_s, end_pts, **columns)


class _RoughPass:
    """Changes of the frames that are not left out, without loop filter; exact ones, and of all frames, where in doubt.

    Raises:
        UncertainError: frames cannot be left out of such a file.
    """

    def __init__(self, container: InputContainer, limits: Limits, threshold: float) -> None:
        self._container, self._limits, self._threshold = container, limits, threshold
        self._video = video_stream(container, limits)
        context = self._video.codec_context
        if limits.hardware is not None or (container.format.name == "avi" and context.has_b_frames):
            raise UncertainError("decoding order for time")
        context.options = {**context.options, "skip_loop_filter": "all"}
        self._groups = Groups(self._video, limits)
        self._max_pts = floor((Fraction(limits.max_duration_s) + clock_start_s(container)) / time_base_of(self._video))
        self._sample = Sampler()
        self._content = ContentChanges(threshold)
        self._rows = _Rows()
        self._expected: deque[int] = deque()
        self._run: list[tuple[int, Pixels]] = []
        self._last_exact: int | None = None
        self._left_out: list[int] = []
        self._n_longest, self._n_last = _LONG, 0  # pictures of groups
        self._regular_keys: set[int] = set()
        self._end_pts = 0

    def run(self) -> None:
        """Reads to the end.

        Raises:
            UncertainError: something is odd; read everything instead.
            LimitExceededError: too many pixels or frames, too long, or FFmpeg ran out of memory.
        """
        with ExitStack() as stack:
            self._second = SecondLook(stack, self._container, self._limits)
            try:
                self._read()
            except av.FFmpegError as error:
                if isinstance(error, MemoryError):
                    raise LimitExceededError("needs too much memory") from error
                raise UncertainError("damage") from error

    def table(self) -> FrameTable:
        """The rows."""
        return self._rows.table(time_base_of(self._video), clock_start_s(self._container), self._end_pts)

    def _read(self) -> None:
        for packet in known_packets(self._container, [self._video]):
            if packet.size and (group := self._groups.add(packet)) is not None:
                self._decode(group)
        if (last := self._groups.rest()) is not None:
            self._decode(last)
        for frame in self._video.codec_context.decode(None):
            self._see(frame)
        self._second.is_complete = True
        self._judge()
        if self._expected or not self._end_pts:
            raise UncertainError("missing frames")

    def _decode(self, group: Group) -> None:
        group.leave_out(_N_KEPT, is_rough=True)
        if self._n_longest <= self._n_last:  # as long as can be: the key frame may be there for no cut
            self._regular_keys.add(group.key_pts)
        self._n_longest, self._n_last = max(self._n_longest, self._n_last), len(group.packets)
        self._second.add(group)
        self._left_out = sorted((*self._left_out, *group.left_out))
        self._expected = deque(sorted((*self._expected, *(group.shown - group.left_out))))
        for packet in group.packets:
            if packet.pts not in group.left_out:
                for frame in self._video.codec_context.decode(packet):
                    self._see(frame)

    def _see(self, frame: VideoFrame) -> None:
        if not self._expected or frame.pts != self._expected.popleft() or frame.is_corrupt:
            raise UncertainError("frames differ from packets")
        if self._run and frame.pts <= self._run[-1][0]:
            raise UncertainError("odd times")
        check_pixels(frame.width, frame.height, self._limits)
        if frame.pts > self._max_pts:
            raise LimitExceededError("too long")
        samples = self._sample(frame)
        if self._run and self._run[0][1].shape != samples.shape:
            raise UncertainError("pictures of several sizes")
        self._end_pts = frame.pts + (frame.duration or nominal_ticks(self._video))
        self._run.append((frame.pts, samples))
        if len(self._run) > _RUN:
            self._judge()

    def _judge(self) -> None:
        """Compares the frames of a run with each other; the last stays as the first of the next."""
        if not self._run:
            return
        pts = [frame_pts for frame_pts, _ in self._run]
        pictures = hsv_of_samples(np.stack([samples for _, samples in self._run], axis=1))
        deltas = changes(pictures)
        if not self._rows.n:
            self._rows.add(pts[:1], np.zeros((3, 1), np.float32))
        n_between = np.diff([bisect(self._left_out, frame_pts) for frame_pts in pts])
        low = np.select([n_between == 0, n_between == 1], [_SURE_ROUGHLY[0], GAP], _WIDE_GAP)
        is_drift = np.array([now in self._regular_keys for now in pts[1:]], np.bool_)  # errors have added up there
        high = np.where((n_between > 0) | is_drift, np.inf, _SURE_ROUGHLY[1])
        are_sure = is_sure(pictures, deltas, low * self._threshold, high * self._threshold)
        for i, (first, now) in enumerate(pairwise(pts)):
            if are_sure[i]:
                self._rows.add([now], deltas[:, i : i + 1])
            else:
                self._look(first, now)
        self._second.forget(pts[-1])
        self._left_out = self._left_out[bisect(self._left_out, pts[-1]) :]
        del self._run[:-1]

    def _look(self, first: int, now: int) -> None:
        """Measures the frames after `first` up to `now` exactly."""
        if self._last_exact != first:
            self._content.of(next(self._second.frames(first, first + 1)))
        for frame in self._second.frames(first + 1, now + 1):
            assert frame.pts is not None
            self._rows.add([frame.pts], self._content.of(frame)[:, None])
        self._last_exact = now
