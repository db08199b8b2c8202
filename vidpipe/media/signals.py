"""The single decode of a video: one row per frame, the loudness beside it, a poster and a strip.

Shots, scores and thresholds are pure functions of these rows, so that changing a threshold never decodes
again. How a measure works belongs to `measures`, `loudness` and `thumbnails`.
"""

from array import array
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame

from vidpipe.media.coarse_frames import CoarseReader, Mode
from vidpipe.media.container import audio_stream, open_video, video_stream
from vidpipe.media.frames import FrameReader, TimedFrame, TimedSound
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.loudness import Loudness, loudness_stats
from vidpipe.media.measures import (
    Bend,
    Blocks,
    Blur,
    ContentChange,
    DifferenceHash,
    LumaAndMotion,
    SmallPictures,
    small_pictures,
)
from vidpipe.media.pictures import Orientation, Shrinker, bgr_planes, orientation_of, sample_aspect
from vidpipe.media.thumbnails import Thumbnails
from vidpipe.timeline.frame_table import FrameTable, save_frame_table, save_loudness

_RUN = 16  # frames measured at once
_SIDE_PX = 128  # half of what PySceneDetect 0.7.2 measures at
_DOUBTFUL = 13.5  # change of hue, saturation, value across a gap that is looked into: 0.9 of PySceneDetect's least
_BLACK_LUMA = 0.04  # mean luma of a black picture, encoder noise included


@dataclass(frozen=True, slots=True)
class Signals:
    """What the decode measured, summed up; `files` are the paths of what it wrote.

    `first_pts` and `end_pts` (the end of the last frame) count `time_base` seconds and are the file's own;
    `start_s` is the presentation time of the clock's zero, as a fraction. `duration_s` is the end of the last
    frame on that clock. Means are over frames: motion and luma 0..1, blur the variance of the Laplacian;
    `share_black` is the share of time whose picture has a mean luma below 0.04. Loudness is in dBFS, None
    without sound. `rows_sha256` is over the columns themselves, not over the parquet file.
    """

    n_frames: int
    first_pts: int
    end_pts: int
    time_base: str
    start_s: str
    duration_s: float
    mean_motion: float
    mean_luma: float
    mean_blur: float
    share_black: float
    mean_loudness_dbfs: float | None
    max_loudness_dbfs: float | None
    n_decode_errors: int
    n_sound_errors: int
    rows_sha256: str
    files: tuple[str, ...]


def measure_signals(path: Path, out_dir: Path, limits: Limits, *, mode: Mode = "full") -> Signals:
    """Decodes `path` once; writes frames.parquet, loudness.parquet (if any), poster.jpg and strip.jpg.

    Frames that do not decode are counted and left out; a sound stream that fails costs the loudness, not the
    video. `coarse` has rows of fewer frames where nothing changes as a cut does (`CoarseReader`): changes are from row
    to row, times stay exact. Where frames cannot be left out it does what `full` does.

    Raises:
        UnreadableVideoError: no video, no video stream, no supported codec, or no frame that decodes.
        LimitExceededError: too many pixels or frames, too long, or too much memory.
        OSError: the file cannot be read, or `out_dir` not written.
    """
    out_dir = Path(out_dir)
    analysis = _analysed(path, limits, mode)
    table, dbfs = analysis.table(), analysis.loudness.result()
    files = [out_dir / "frames.parquet", out_dir / "poster.jpg", out_dir / "strip.jpg"]
    save_frame_table(table, files[0])
    files[1].write_bytes(analysis.thumbnails.poster())
    files[2].write_bytes(analysis.thumbnails.strip())
    mean_dbfs, max_dbfs = None, None
    if dbfs is not None:
        files.append(out_dir / "loudness.parquet")
        save_loudness(dbfs, files[-1])
        mean_dbfs, max_dbfs = loudness_stats(dbfs)
    lengths = table.lengths()
    return Signals(
        n_frames=table.n_frames,
        first_pts=int(table.pts[0]),
        end_pts=table.end_pts,
        time_base=str(table.time_base),
        start_s=str(table.start_s),
        duration_s=round(float(table.time_of(table.end_pts)), 6),
        mean_motion=_mean(table.motion),
        mean_luma=_mean(table.luma),
        mean_blur=_mean(table.blur),
        share_black=round(int(lengths[table.luma < _BLACK_LUMA].sum()) / int(lengths.sum()), 6),
        mean_loudness_dbfs=mean_dbfs,
        max_loudness_dbfs=max_dbfs,
        n_decode_errors=analysis.reader.n_errors,
        n_sound_errors=analysis.reader.n_sound_errors,
        rows_sha256=table.sha256(),
        files=tuple(str(file) for file in files),
    )


def _analysed(path: Path, limits: Limits, mode: Mode) -> "_Analysis":
    """All measures over a file; where it cannot be read coarsely, from its beginning again."""
    if mode == "coarse":
        with suppress(UncertainError):
            return _whole(path, limits, mode)
    return _whole(path, limits, "full")


def _whole(path: Path, limits: Limits, mode: Mode) -> "_Analysis":
    with open_video(path, limits) as container:
        analysis = _Analysis(container, limits, mode)
        analysis.run()
    return analysis


class _Analysis:
    """All measures over one container.

    Raises:
        UncertainError: it cannot be read coarsely.
    """

    def __init__(self, container: InputContainer, limits: Limits, mode: Mode) -> None:
        video, audio = video_stream(container, limits), audio_stream(container)
        if mode == "coarse":
            self.reader: FrameReader = CoarseReader(
                container, video, audio=audio, limits=limits, change=_DOUBTFUL, n_beside=0
            )
        else:
            self.reader = FrameReader(container, video, audio=audio, limits=limits)
        self.loudness = Loudness(limits.max_duration_s)
        self.thumbnails = Thumbnails(sample_aspect(video))
        self._measures = (ContentChange(), LumaAndMotion(), Blur(), DifferenceHash(), Blocks(), Bend())
        self._runs: Runs | None = None
        self._pts = array("q")
        self._is_key = array("b")

    def run(self) -> None:
        """Reads to the end."""
        for item in self.reader.read():
            if isinstance(item, TimedSound):
                self.loudness.update(item)
            else:
                self._see(item)
        if self._runs is not None:
            self._measure(self._runs.rest())

    def table(self) -> FrameTable:
        """The rows of all frames seen."""
        columns = {name: column for measure in self._measures for name, column in measure.result().items()}
        return FrameTable(
            self.reader.time_base,
            self.reader.start_s,
            self.reader.end_pts,
            pts=np.array(self._pts, np.int64),
            is_key=np.array(self._is_key, np.bool_),
            **columns,
        )

    def _see(self, timed: TimedFrame) -> None:
        self._pts.append(timed.pts)
        self._is_key.append(timed.is_key)
        if self._runs is None:
            self._runs = Runs(orientation_of(timed.frame))  # the first frame's orientation holds for all
        self._measure(self._runs.add(timed.frame))
        self.thumbnails.update(timed, self._runs.orientation)

    def _measure(self, run: SmallPictures | None) -> None:
        if run is not None:
            for measure in self._measures:
                measure.update(run)


class Runs:
    """Frames made small once for all measures, in runs of one size."""

    def __init__(self, orientation: Orientation) -> None:
        self.orientation = orientation
        self._shrink = Shrinker(_SIDE_PX, "gbrp")
        self._bgr = np.empty((3, _RUN, 0, 0), np.uint8)
        self._n = 0

    def add(self, frame: VideoFrame) -> SmallPictures | None:
        """The next frame; the run that is complete, if one is. It holds until the next frame."""
        small = self._shrink(frame)
        shape = (3, _RUN, small.height, small.width)
        ended = None
        if self._bgr.shape != shape:
            ended, self._bgr = self.rest(), np.empty(shape, np.uint8)
        for channel, plane in enumerate(bgr_planes(small)):
            self._bgr[channel, self._n] = plane
        self._n += 1
        return ended if self._n < _RUN else self.rest()

    def rest(self) -> SmallPictures | None:
        """The run that was begun, if one was."""
        n, self._n = self._n, 0
        return small_pictures(self._bgr[:, :n], self.orientation) if n else None


def _mean(column: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> float:
    return round(float(column.astype(np.float64).mean()), 6)
