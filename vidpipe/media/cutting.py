"""Many clips from one decode: exact to the frame, re-encoded, in sync.

Here belongs which frames and samples go into which clip. Writing one clip belongs to `clip_file`; planning
the windows to `vidpipe.timeline.spans`.
"""

import gc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from av.video.stream import VideoStream

from vidpipe.media.container import audio_stream, open_video, video_stream
from vidpipe.media.frames import FrameReader, TimedFrame, TimedSound, nominal_ticks
from vidpipe.media.limits import Limits
from vidpipe.media.normalising import EvenSound, UprightFrames
from vidpipe.media.window import Forms, Window
from vidpipe.timeline.spans import Span

_OPEN_PIXELS = 7680 * 4320  # encoders open at once take pictures of so many pixels: one of 8K, four of 4K
_MAX_OPEN = 16
Target = tuple[Span, Path]
Mode = Literal["copy", "exact", "smart"]
_DECODING = 0.17  # seconds of encoding that decoding one second costs, measured at 720p and 1080p
_EARLY_SOUND_S = 60  # sound that the file holds before its first frame is kept this long
_LATE_SOUND_S = 60  # sound that the file holds this long after its picture is given up


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip: the path of its file, the seconds asked for and the seconds it holds, on the source's clock.

    `actual_start_s` is its first frame's time, `actual_end_s` the end of its last; `mode` is how it was cut,
    which may be `exact` where another one was asked for.
    """

    file: str
    start_s: float
    end_s: float
    actual_start_s: float
    actual_end_s: float
    mode: Mode = "exact"


def clip_of(target: Target, held: Span, mode: Mode) -> Clip:
    """The clip of `target` whose frames cover `held`."""
    span, file = target
    start_s, end_s, actual_start_s, actual_end_s = (
        round(float(time_s), 6) for time_s in (span.start_s, span.end_s, held.start_s, held.end_s)
    )
    return Clip(str(file), start_s, end_s, actual_start_s, actual_end_s, mode)


def cut_exact(
    path: Path, spans: Sequence[Span], out_dir: Path, limits: Limits, *, n_threads: int = 1
) -> tuple[Clip, ...]:
    """Cuts each span of `path` into `out_dir`/clip_0000.mp4, …, numbered as the spans are.

    One decode pass, but where windows of large pictures overlap so much that memory asks for more. With `n_threads` of
    2 and more so many passes run side by side, each for clips that follow each other: the same bytes, sooner where
    cores are idle, for the memory of so many passes and some more decoding.
    A frame belongs to a clip when start_s <= its time < end_s; spans may overlap. A clip's own zero is the
    source's last tick (of the video's time base) at or before start_s, and every frame keeps its exact
    distance from it, as sound does. The last frame lasts as long as in the source, but not beyond the span
    where the source has a gap. H.264 (x264 veryfast, crf 23; from 4K up ultrafast), rotation applied, size
    kept but for odd sides; AAC where the source has sound. The same input gives the same bytes. A span
    without any frame yields no clip; the others stand.

    Raises:
        UnreadableVideoError: no video, no video stream, no supported codec, no frame that decodes, or none
            that can be
            encoded.
        LimitExceededError: too many pixels or frames, too long, or too much memory.
        OSError: the file cannot be read, or `out_dir` not written.
    """
    return cut_targets(path, targets_of(spans, out_dir), limits, n_threads=n_threads)


def targets_of(spans: Sequence[Span], out_dir: Path) -> list[Target]:
    """The spans with the files that become their clips, numbered as they are."""
    return [(span, Path(out_dir) / f"clip_{i:04d}.mp4") for i, span in enumerate(spans)]


def cut_targets(path: Path, targets: Sequence[Target], limits: Limits, *, n_threads: int = 1) -> tuple[Clip, ...]:
    """What `cut_exact` does, into files of any names; the clips in the order of these.

    Raises:
        UnreadableVideoError, LimitExceededError, OSError: as `cut_exact`.
    """
    with open_video(path, limits) as container:
        video = video_stream(container, limits)
        n_at_once = min(_MAX_OPEN, max(1, _OPEN_PIXELS // max(1, video.width * video.height)))
    n_threads = min(n_threads, n_at_once)
    groups = [group for part in parts_of(targets, n_threads) for group in groups_of(part, n_at_once // n_threads)]
    with ThreadPoolExecutor(n_threads) as executor:
        done = list(executor.map(lambda group: _cut(path, group, limits), groups))
    return tuple(sorted((clip for clips in done for clip in clips), key=lambda clip: clip.file))


def parts_of(targets: Sequence[Target], n_parts: int) -> list[list[Target]]:
    """Targets in at most so many parts, in order of time, that take about as long each to decode up to and encode."""
    ordered = sorted(targets, key=lambda target: target[0])
    last_s = max((float(span.end_s) for span, _ in ordered), default=0.0)
    most_s = max(sum(float(span.end_s - span.start_s) for span, _ in ordered) / n_parts, _DECODING * last_s)
    while len(parts := _filled(ordered, most_s)) > n_parts:
        most_s *= 1.02
    return parts


def _filled(ordered: Sequence[Target], most_s: float) -> list[list[Target]]:
    parts: list[list[Target]] = []
    took_s = 0.0
    for target in ordered:
        span = target[0]
        took_s += float(span.end_s - span.start_s)
        if not parts or took_s + _DECODING * float(span.end_s) > most_s:
            parts.append([])
            took_s = float(span.end_s - span.start_s)
        parts[-1].append(target)
    return parts


def groups_of(targets: Sequence[Target], n_at_once: int) -> list[list[Target]]:
    """Targets in groups of which at most `n_at_once` overlap anywhere: usually one, a decode pass each."""
    groups: list[list[Target]] = []
    for target in sorted(targets, key=lambda target: target[0]):
        for group in groups:
            if sum(span.end_s > target[0].start_s for span, _ in group) < n_at_once:
                group.append(target)
                break
        else:
            groups.append([target])
    return groups


def _cut(path: Path, targets: Sequence[Target], limits: Limits) -> list[Clip]:
    with open_video(path, limits) as container:
        video, audio = video_stream(container, limits), audio_stream(container)
        reader = FrameReader(container, video, audio=audio, limits=limits)
        sound = None if audio is None else EvenSound(audio.rate, audio.codec_context.layout.nb_channels)
        cutter = _Cutter(targets, reader, video=video, sound=sound)
        cutter.run()
    return cutter.clips


class _Cutter:
    """Hands frames and sound to the windows that want them; few are open at a time."""

    def __init__(
        self, targets: Sequence[Target], reader: FrameReader, *, video: VideoStream, sound: EvenSound | None
    ) -> None:
        windows = [Window(span, file, time_base=reader.time_base, start_s=reader.start_s) for span, file in targets]
        self.clips: list[Clip] = []
        self._waiting = sorted(windows, key=lambda window: window.span.start_s, reverse=True)  # next one last
        self._open: list[Window] = []
        self._reader, self._video, self._sound = reader, video, sound
        self._early: list[TimedSound] = []
        self._upright: UprightFrames | None = None
        self._forms: Forms | None = None
        self._heard_s = Fraction(0)

    def run(self) -> None:
        """Reads to the end; removes what is unfinished when anything fails."""
        try:
            for item in self._reader.read():
                if isinstance(item, TimedSound):
                    self._hear(item)
                else:
                    self._see(item)
                if not self._waiting and not self._open:
                    return
            self._heard_s = self._reader.end_pts * self._reader.time_base + _LATE_SOUND_S  # none will come
            self._end(self._reader.end_pts, None)
        finally:
            for window in self._open:
                window.discard()

    def _see(self, timed: TimedFrame) -> None:
        if self._upright is None or self._forms is None:
            self._upright = UprightFrames(timed.frame, self._video)
            self._forms = Forms(self._upright.form, None if self._sound is None else self._sound.form)
            early, self._early = self._early, []
            for sound in early:
                self._hear(sound)
        self._open_until(timed.time_s)
        self._end(timed.pts, timed.time_s)
        wanting = [window for window in self._open if window.span.contains(timed.time_s)]
        if not wanting:
            return
        frame = self._upright.of(timed.frame)
        ticks = timed.frame.duration or nominal_ticks(self._video)
        for window in wanting:
            window.see(frame, timed, ticks=ticks, forms=self._forms)

    def _hear(self, sound: TimedSound) -> None:
        if self._sound is None:
            return
        if self._forms is None:
            self._early.append(sound)
            while self._early[0].time_s < sound.time_s - _EARLY_SOUND_S:
                self._early.pop(0)
            return
        for first, samples in self._sound.of(sound):
            self._heard_s = Fraction(first + samples.shape[1], self._sound.form.rate)
            self._open_until(self._heard_s)
            for window in self._open:
                window.hear(first, samples, self._forms)
        self._close()

    def _open_until(self, time_s: Fraction) -> None:
        while self._waiting and self._waiting[-1].span.start_s <= time_s:
            self._open.append(self._waiting.pop())

    def _end(self, next_pts: int, time_s: Fraction | None) -> None:
        """Ends the picture of the windows that end at or before `time_s` (None: of all)."""
        for window in self._open:
            if not window.has_ended and (time_s is None or window.span.end_s <= time_s):
                window.end_video(next_pts)
        if time_s is not None:
            self._heard_s = max(self._heard_s, time_s - _LATE_SOUND_S)
        self._close()

    def _close(self) -> None:
        """Finishes the windows whose picture has ended and whose sound is complete, or given up."""
        if self._forms is None:
            return
        done = [
            window
            for window in self._open
            if window.has_ended and (self._sound is None or window.span.end_s <= self._heard_s)
        ]
        for window in done:
            held = window.finish(self._forms)
            self._open.remove(window)
            if held is not None:
                self.clips.append(clip_of((window.span, window.target), held, "exact"))
        if done:
            gc.collect()  # encoders hang in PyAV's reference cycles and would pile up, window by window
