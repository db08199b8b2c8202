"""Shots alone, as quickly as can be: without sound, thumbnails or measures that the detector does not need.

Here belongs the rough pass that tells where the picture may change by a threshold or more; the frames around are then
decoded once more, exactly. What leaves frames out belongs to `spare_packets`, what a shot is to `timeline.shots`. The
rows that a line of stages shares are made in `signals`.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from av.container import InputContainer

from vidpipe.errors import LimitExceededError
from vidpipe.media.ahead import ahead
from vidpipe.media.coarse_frames import CoarseReader, Mode
from vidpipe.media.container import open_video, video_stream
from vidpipe.media.content_samples import GAP, ContentChanges, Deltas, changes, hsv_of_samples, is_sure
from vidpipe.media.frames import FrameReader, read_frames
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.rough_frames import RoughFrame, RoughFrames
from vidpipe.media.second_look import SecondLook
from vidpipe.media.spare_packets import Group
from vidpipe.timeline.frame_table import COLUMNS, FrameTable
from vidpipe.timeline.shots import CONTENT_THRESHOLD, Shot, detect_shots

Detector = Literal["content", "adaptive"]

_RUN = 16  # frames compared at once
_SURE_ROUGHLY = (0.8, 1.5)  # shares of the threshold below and above which a change is sure without the loop filter
_WIDE_GAP = 1.0  # GAP where two pictures and more are left out: none changes as much as all
_N_AHEAD = 256  # small frames, and groups of packets, that one thread reads ahead of another
_N_BESIDE = 2  # AdaptiveDetector's neighbours of a change
_MIN_ADAPTIVE = 15.0  # least change of a cut for AdaptiveDetector


def find_shots(  # noqa: PLR0913 - each is a plain choice of the caller
    path: Path,
    limits: Limits,
    *,
    detector: Detector = "content",
    threshold: float | None = None,
    min_length_s: float = 0.6,
    mode: Mode = "coarse",
    n_threads: int = 1,
) -> list[Shot]:
    """The shots of a file, by PySceneDetect's ContentDetector or AdaptiveDetector.

    `coarse` decodes what may hold a cut, and everything where it cannot tell; `full` decodes everything. With
    `n_threads` of 2 and more the ContentDetector looks a second time while it reads on: the same shots, sooner.

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
            if detector == "content":
                table = _rough_rows(path, limits, least, n_threads=n_threads)
            else:
                table = _rows(path, limits, least, detector, mode)
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


def _rough_rows(path: Path, limits: Limits, threshold: float, *, n_threads: int) -> FrameTable:
    with open_video(path, limits) as container:
        rough = _RoughPass(container, limits, threshold, n_threads=n_threads)
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

    With `n_threads` beyond 1 the first look runs ahead of the second one in a thread of its own.

    Raises:
        UncertainError: frames cannot be left out of such a file.
    """

    def __init__(self, container: InputContainer, limits: Limits, threshold: float, *, n_threads: int) -> None:
        self._container, self._limits, self._threshold = container, limits, threshold
        self._n_threads = n_threads
        self._rough = RoughFrames(container, limits)
        self._content = ContentChanges(threshold)
        self._rows = _Rows()
        self._run: list[RoughFrame] = []
        self._last_exact: int | None = None
        self._left_out: list[int] = []

    def run(self) -> None:
        """Reads to the end.

        Raises:
            UncertainError: something is odd; read everything instead.
            LimitExceededError: too many pixels or frames, too long, or FFmpeg ran out of memory.
        """
        with ExitStack() as stack:
            self._second = SecondLook(stack, self._container, self._limits)
            items: Iterator[Group | RoughFrame] = self._rough.read()
            if self._n_threads > 1:
                items = stack.enter_context(closing(ahead(items, most=_N_AHEAD)))
            try:
                for item in items:
                    self._take(item)
                self._second.is_complete = True
                self._judge()
            except av.FFmpegError as error:
                if isinstance(error, MemoryError):
                    raise LimitExceededError("needs too much memory") from error
                raise UncertainError("damage") from error

    def table(self) -> FrameTable:
        """The rows."""
        return self._rows.table(self._rough.time_base, self._rough.start_s, self._rough.end_pts)

    def _take(self, item: Group | RoughFrame) -> None:
        if isinstance(item, Group):
            self._second.add(item)
            self._left_out = sorted((*self._left_out, *item.left_out))
            return
        self._run.append(item)
        if len(self._run) > _RUN:
            self._judge()

    def _judge(self) -> None:
        """Compares the frames of a run with each other; the last stays as the first of the next."""
        pts = [frame.pts for frame in self._run]
        pictures = hsv_of_samples(np.stack([frame.samples for frame in self._run], axis=1))
        deltas = changes(pictures)
        if not self._rows.n:
            self._rows.add(pts[:1], np.zeros((3, 1), np.float32))
        n_between = np.diff([bisect(self._left_out, frame_pts) for frame_pts in pts])
        low = np.select([n_between == 0, n_between == 1], [_SURE_ROUGHLY[0], GAP], _WIDE_GAP)
        is_drift = np.array([frame.is_regular for frame in self._run[1:]], np.bool_)  # errors have added up there
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
