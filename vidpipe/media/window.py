"""One span of a source on its way to a clip: which frames and samples it takes, and when it is over.

Here belongs the arithmetic of one window. Reading the source once for all windows belongs to `cutting`,
encoding to `clip_file`.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

from av.video.frame import VideoFrame

from vidpipe.media.clip_file import ClipFile, Samples
from vidpipe.media.encoders import PictureForm, SoundForm
from vidpipe.media.frames import TimedFrame
from vidpipe.timeline.spans import Span


@dataclass(frozen=True, slots=True)
class Forms:
    """What all clips of a video have in common."""

    picture: PictureForm
    sound: SoundForm | None


class Window:
    """One span on its way to a clip."""

    def __init__(self, span: Span, target: Path, *, time_base: Fraction, start_s: Fraction) -> None:
        self.span = span
        self.target = target
        self._time_base, self._start_s = time_base, start_s
        self._zero_pts = floor((span.start_s + start_s) / time_base)
        self._end_pts = ceil((span.end_s + start_s) / time_base)
        self._file: ClipFile | None = None
        self._first_pts: int | None = None
        self._last = (0, 0)  # the last frame's pts and duration
        self.has_ended = False

    def samples(self, rate: int) -> tuple[int, int]:
        """The numbers of the first sample in the window and of the first after it."""
        zero_s = self._zero_pts * self._time_base - self._start_s
        return round(zero_s * rate), round(self.span.end_s * rate)

    def see(self, frame: VideoFrame, timed: TimedFrame, *, ticks: int, forms: Forms) -> None:
        """A frame of the window, made uniform; it lasts `ticks`."""
        if self._first_pts is None:
            self._first_pts = timed.pts
        self._last = (timed.pts, ticks)
        self._opened(forms).add_frame(frame, timed.pts - self._zero_pts)

    def hear(self, first: int, samples: Samples, forms: Forms) -> None:
        """Samples of which some may lie in the window."""
        if forms.sound is None:
            return
        start, end = self.samples(forms.sound.rate)
        low, high = max(first, start), min(first + samples.shape[1], end)
        if low < high:
            self._opened(forms).add_sound(low - start, samples[:, low - first : high - first])

    def end_video(self, next_pts: int) -> None:
        """No more frames: the source goes on at `next_pts`.

        The last one lasts to the end of the window or of its own time, whichever is later.
        """
        self.has_ended = True
        last_pts, ticks = self._last
        self._end_pts = min(next_pts, max(self._end_pts, last_pts + ticks))
        if self._file is not None and self._first_pts is not None:
            self._file.end_video(self._end_pts - self._zero_pts)

    def finish(self, forms: Forms) -> Span | None:
        """Closes the clip; the seconds that its frames cover, None when there were none and so is no clip.

        Raises:
            OSError: the file cannot be written.
        """
        if self._file is None or self._first_pts is None:
            self.discard()
            return None
        rate = 0 if forms.sound is None else forms.sound.rate
        self._file.finish(n_silent=round((self._end_pts - self._zero_pts) * self._time_base * rate))
        self._file = None
        return Span(self._time_s(self._first_pts), self._time_s(self._end_pts))

    def discard(self) -> None:
        """Removes what was begun and not finished."""
        if self._file is not None:
            self._file.discard()

    def _opened(self, forms: Forms) -> ClipFile:
        if self._file is None:
            self._file = ClipFile(self.target, forms.picture, forms.sound)
        return self._file

    def _time_s(self, pts: int) -> Fraction:
        return pts * self._time_base - self._start_s
