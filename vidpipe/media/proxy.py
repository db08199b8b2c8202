"""A small stand-in for a video: few of its frames, each at its own time, for models that look at few anyway.

Here belongs what a proxy is made of. Which frame stands for which step belongs to `sampling`, decoding as little as
those need to `picked_frames`.
"""

from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidpipe.errors import UnreadableVideoError
from vidpipe.media.burnt_time import burn_time
from vidpipe.media.clip_file import ClipFile
from vidpipe.media.container import NO_FRAME, audio_stream, check_pixels, open_video, refusing, video_stream
from vidpipe.media.encoders import SoundForm
from vidpipe.media.feeds import Feed, Taken, encoded_picture, frames_from_zero, write, zero_pts_of
from vidpipe.media.frames import FrameReader, TimedFrame
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe.media.normalising import EvenSound, SquareSize, UprightFrames
from vidpipe.media.picked_frames import picked_frames, scan_packets
from vidpipe.media.sampling import Steps, one_per_step
from vidpipe.media.sound_feeds import copied_sound, encoded_sound

_SOUND_RATE = 16_000  # what speech models hear
_SOUND_BITS = 32_000  # a second
_COPIED_BITS = 64_000  # a second; AAC of so few is taken as it is
_SILENT: tuple[Taken, None, Feed] = ("none", None, iter(()))


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """What a proxy shows: frames a second, the longer side in pixels (None: as it is), sound, the time burnt in.

    Raises:
        ValueError: the rate is not positive, or the side below 2 px.
    """

    fps: Fraction
    max_side_px: int | None = None
    has_sound: bool = False
    burns_time: bool = False

    def __post_init__(self) -> None:
        if self.fps <= 0:
            raise ValueError(f"need a positive rate, got {self}")
        SquareSize(max_side_px=self.max_side_px)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy: its file, its frames' times and its end on the source's clock, and how its sound was made.

    `times_s` are as many as the file has frames, none negative: what lies before the clock's zero is in neither.
    """

    file: str
    times_s: tuple[float, ...]
    duration_s: float
    width: int
    height: int
    bytes: int
    sound: Taken


def make_proxy(path: Path, target: Path, limits: Limits, settings: ProxySettings) -> Proxy:
    """Writes a proxy of `path` to `target`, an MP4 (H.264, AAC) with its index in front.

    Time t in the proxy is time t in the source: each frame keeps its own pts on the source's clock, counted from the
    last tick of the picture's time base at or before the clock's zero, and sound starts where it does. One frame
    stands for each step of 1 / fps: the one that the source shows when the step begins; where steps last two
    seconds or more, the first key frame in the step if there is one, since it costs least. No frame comes twice, so a
    source with fewer frames gives fewer. Frames before the zero, which no player shows, are left out. Upright, square
    pixels, even sides, 8 bits. Sound is mono, 16 kHz, 32 kb/s, or the source's own AAC where that is small already.
    Only what the chosen frames are coded from is decoded, everything where the file is odd or damaged; the answer is
    the same. The same input gives the same bytes.

    Raises:
        UnreadableVideoError: no video, no video stream, no supported codec, or no frame that decodes.
        LimitExceededError: too many pixels or frames, too long, or too much memory.
        OSError: the file cannot be read, or `target` not written.
    """
    try:
        return _made(path, target, limits, settings, _sparing)
    except (UncertainError, UnreadableVideoError, av.FFmpegError):
        with refusing(path):
            return _made(path, target, limits, settings, _thorough)


@dataclass(frozen=True, slots=True)
class _Source:
    """The chosen frames of a picture as they are read, and what tells when its last one ends."""

    video: VideoStream
    start_s: Fraction
    frames: Iterator[TimedFrame]
    end_pts: Callable[[], int]


_Reading = Callable[[InputContainer, Limits, Fraction], _Source]


def _sparing(container: InputContainer, limits: Limits, rate: Fraction) -> _Source:
    """Decodes the chosen frames and what they need; UncertainError where that may not be the same."""
    scan = scan_packets(container, limits)
    end = int((scan.end_s + scan.start_s) / scan.time_base)
    keys = frozenset(scan.key_pts)
    shown = ((pts, pts in keys, None) for pts in sorted(scan.pts))
    steps = Steps(rate, time_base=scan.time_base, start_s=scan.start_s)
    chosen = array("q", (pts for pts, _ in one_per_step(shown, steps, end_pts=lambda: end)))
    return _Source(scan.video, scan.start_s, picked_frames(container, scan, chosen, limits), lambda: end)


def _thorough(container: InputContainer, limits: Limits, rate: Fraction) -> _Source:
    """Decodes every frame."""
    video = video_stream(container, limits)
    reader = FrameReader(container, video, audio=None, limits=limits)
    steps = Steps(rate, time_base=reader.time_base, start_s=reader.start_s)
    shown = ((timed.pts, timed.is_key, timed) for timed in frames_from_zero(reader))
    chosen = (timed for _, timed in one_per_step(shown, steps, end_pts=lambda: reader.end_pts))
    return _Source(video, reader.start_s, chosen, lambda: reader.end_pts)


class _Picture:
    """The proxy's pictures: upright, small, with the time on them where it is wanted; and what they were."""

    def __init__(self, first: TimedFrame, source: _Source, settings: ProxySettings) -> None:
        self._upright = UprightFrames(first.frame, source.video, SquareSize(max_side_px=settings.max_side_px))
        self._source, self._burns_time = source, settings.burns_time
        self._frames = chain([first], source.frames)
        self._time_base = self._upright.form.time_base
        self._zero_pts = zero_pts_of(source.start_s, self._time_base)
        self.form = self._upright.form
        self.zero_s = self._zero_pts * self._time_base - source.start_s
        self.times_s: list[float] = []

    @property
    def duration_s(self) -> Fraction:
        """When the last picture ends, once all were read."""
        return self._source.end_pts() * self._time_base - self._source.start_s

    def feed(self) -> Feed:
        """The pictures on their way into the file."""
        return encoded_picture(self._frames, self._made, zero_pts=self._zero_pts, end_pts=self._source.end_pts)

    def _made(self, timed: TimedFrame) -> VideoFrame:
        frame = self._upright.of(timed.frame)
        if self._burns_time:
            burn_time(frame, timed.time_s)
        self.times_s.append(max(0.0, round(float(timed.time_s), 6)))
        return frame


def _made(path: Path, target: Path, limits: Limits, settings: ProxySettings, reading: _Reading) -> Proxy:
    with ExitStack() as opened:
        source = reading(opened.enter_context(open_video(path, limits)), limits, settings.fps)
        first = next(source.frames, None)
        if first is None:
            raise UnreadableVideoError(NO_FRAME)
        picture = _Picture(first, source, settings)
        check_pixels(picture.form.width, picture.form.height, limits)
        taken, form, feed = _SILENT
        if settings.has_sound:
            taken, form, feed = _sound(opened.enter_context(open_video(path, limits)), limits, picture.zero_s)
        file = ClipFile(target, picture.form, form)
        write(file, [picture.feed(), feed])
    duration_s, size = round(float(picture.duration_s), 6), (picture.form.width, picture.form.height)
    return Proxy(str(target), tuple(picture.times_s), duration_s, *size, target.stat().st_size, taken)


def _sound(
    container: InputContainer, limits: Limits, zero_s: Fraction
) -> tuple[Taken, SoundForm | AudioStream | None, Feed]:
    audio = audio_stream(container)
    if audio is None:
        return _SILENT
    if _is_small(container, audio):
        return "copied", audio, copied_sound(container, audio, zero_s=zero_s, limits=limits)
    even = EvenSound(_SOUND_RATE, 1, bit_rate=_SOUND_BITS)
    return "encoded", even.form, encoded_sound(container, audio, even, zero_s=zero_s, limits=limits)


def _is_small(container: InputContainer, audio: AudioStream) -> bool:
    """Whether the sound is AAC of few bits, by the header of an MP4."""
    context = audio.codec_context
    is_plain = "mp4" in container.format.name and context.codec.canonical_name == "aac" and bool(context.extradata)
    few = 0 < (audio.bit_rate or 0) <= _COPIED_BITS and context.layout.nb_channels <= 2
    return is_plain and few and audio.time_base == Fraction(1, audio.rate)
