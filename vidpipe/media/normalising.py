"""Frames and sound made uniform for encoding: upright, even, yuv420p, one size; one rate, ≤ 2 channels.

Here belongs what is changed before encoding. Encoding belongs to `clip_file`, reading to `frames`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import av
import av.filter
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from vidpipe.errors import LimitExceededError
from vidpipe.media.clip_file import Samples
from vidpipe.media.encoders import PictureForm, SoundForm
from vidpipe.media.frames import TimedSound, nominal_ticks, time_base_of
from vidpipe.media.pictures import Orientation, displayed_size, is_full_range, orientation_of, sample_aspect

_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_AAC_RATE = 48_000
_SCALER = int(Interpolation.BICUBIC | Interpolation.BITEXACT | Interpolation.ACCURATE_RND)
_JITTER_S = Fraction(1, 200)  # time stamps of sound that are off by less are roundings, not gaps


@dataclass(frozen=True, slots=True)
class SquareSize:
    """Square pixels, and how many: bounds in pixels on an upright picture as it is shown; None bounds nothing.

    `max_side_px` holds for the longer side, `max_height_px` for the height, `min_side_px` for the shorter side. A
    picture is enlarged only where its shorter side is below the last; where bounds contradict, the upper ones win.

    Raises:
        ValueError: a bound is below 2.
    """

    max_side_px: int | None = None
    max_height_px: int | None = None
    min_side_px: int | None = None

    def __post_init__(self) -> None:
        bounds = (self.max_side_px, self.max_height_px, self.min_side_px)
        if any(bound is not None and bound < 2 for bound in bounds):
            raise ValueError(f"need bounds of 2 px and more, got {self}")

    def of(self, width: int, height: int) -> tuple[int, int]:
        """The even size of the same shape within the bounds for a picture shown at this size.

        Where nothing is scaled an odd side loses its last row or column. Odd bounds are taken even, inwards.
        """
        factor = max(Fraction(1), Fraction(ceil((self.min_side_px or 0) / 2) * 2, min(width, height)))
        for bound, side in ((self.max_side_px, max(width, height)), (self.max_height_px, height)):
            factor = factor if bound is None else min(factor, Fraction(bound // 2 * 2, side))
        if factor == 1:
            return max(2, width // 2 * 2), max(2, height // 2 * 2)
        return max(2, 2 * round(width * factor / 2)), max(2, 2 * round(height * factor / 2))


class UprightFrames:
    """Frames as they are shown: turned by the first one's display matrix, even, in its size, yuv420p.

    An odd side loses its last row or column; a side of one pixel is doubled. Later frames of another size are
    scaled to the first one's. Full-range video becomes limited range; ten bits become eight; nothing else is
    changed, unless `size` wants square pixels or another size: then pictures are scaled, bicubically.
    """

    def __init__(self, first: VideoFrame, video: VideoStream, size: SquareSize | None = None) -> None:
        aspect = sample_aspect(video)
        self._orientation = orientation_of(first)
        self._coded = (max(first.width, 2), max(first.height, 2))
        if size is not None:
            scaled = _coded_size(first, aspect, self._orientation, size)
            is_as_coded = scaled == (self._coded[0] // 2 * 2, self._coded[1] // 2 * 2)
            self._coded = self._coded if is_as_coded else scaled
            aspect = Fraction(1)
        self._reformatter = VideoReformatter()
        self._even = (self._coded[0] // 2 * 2, self._coded[1] // 2 * 2)
        self._graph = self._turning_graph()
        width, height = self._orientation.size(*self._even)
        self.form = PictureForm(
            width,
            height,
            time_base_of(video),
            _usual_rate(video),
            1 / aspect if self._orientation.is_transposed else aspect,
            int(first.color_primaries),
            int(first.color_trc),
            int(first.colorspace),
        )

    def of(self, frame: VideoFrame) -> VideoFrame:
        """The frame made uniform; the same object when nothing had to be changed."""
        if (frame.width, frame.height) != self._coded or frame.format.name != "yuv420p" or is_full_range(frame):
            frame = self._reformatter.reformat(
                frame, *self._coded, "yuv420p", interpolation=_SCALER, dst_color_range="MPEG", threads=1
            )
        if self._graph is None:
            return frame
        self._graph.push(frame)
        return self._graph.vpull()

    def _turning_graph(self) -> av.filter.Graph | None:
        steps = list(_steps(self._orientation, self._coded, self._even))
        if not steps:
            return None
        graph = av.filter.Graph()
        yuv420p = av.VideoFormat("yuv420p", *self._coded)
        source = graph.add_buffer(
            width=self._coded[0], height=self._coded[1], format=yuv420p, time_base=Fraction(1, 1000)
        )
        nodes = [graph.add(name, arguments) for name, arguments in steps]
        graph.link_nodes(source, *nodes, graph.add("buffersink")).configure()
        return graph


def _coded_size(frame: VideoFrame, aspect: Fraction, orientation: Orientation, size: SquareSize) -> tuple[int, int]:
    """The size of the frame, not yet turned, that is shown within the bounds."""
    shown = displayed_size(frame.width, frame.height, aspect=aspect, orientation=orientation)
    return orientation.size(*size.of(*shown))


def _steps(orientation: Orientation, coded: tuple[int, int], even: tuple[int, int]) -> Iterator[tuple[str, str | None]]:
    if coded != even:
        yield "crop", f"{even[0]}:{even[1]}:0:0"
    if orientation.is_transposed:
        yield "transpose", "cclock_flip"  # the plain transposition
    if orientation.is_mirrored_x:
        yield "hflip", None
    if orientation.is_mirrored_y:
        yield "vflip", None
        yield "copy", None  # the flip only walks the rows backwards; whoever writes on the picture wants them in order


def _usual_rate(video: VideoStream) -> Fraction:
    return (1 / (nominal_ticks(video) * time_base_of(video))).limit_denominator(1001) or Fraction(1, 1001)


class EvenSound:
    """Sound as numbered samples of one rate, mono or stereo, on the video's clock.

    The rate is the source's where AAC has it, else 48 kHz; more than one channel becomes stereo. Pieces whose
    time stamps differ by less than 5 ms from where the last one ended follow it directly.
    """

    def __init__(self, rate: int, n_channels: int, *, bit_rate: int = 0) -> None:
        layout = "mono" if n_channels == 1 else "stereo"
        self.form = SoundForm(rate if rate in _AAC_RATES else _AAC_RATE, layout, bit_rate)
        self._setup: tuple[str, str, int] | None = None
        self._resampler: AudioResampler | None = None
        self._next: int | None = None

    def of(self, sound: TimedSound) -> list[tuple[int, Samples]]:
        """Pairs of a first sample's number (0 at the clock's zero) and samples (channels, n) float32.

        None where damage gave the sound channels that no one can mix.

        Raises:
            LimitExceededError: FFmpeg ran out of memory.
        """
        return self._mixed(sound.frame, sound.time_s)

    def rest(self) -> list[tuple[int, Samples]]:
        """What is still held back after the last piece: a few samples where the rate changes.

        Raises:
            LimitExceededError: FFmpeg ran out of memory.
        """
        return self._mixed(None, Fraction(0))

    def _mixed(self, frame: AudioFrame | None, time_s: Fraction) -> list[tuple[int, Samples]]:
        try:
            if frame is not None:
                self._set_up(frame, time_s)
            return [] if self._resampler is None else [self._placed(piece) for piece in self._resampler.resample(frame)]
        except MemoryError as error:
            raise LimitExceededError("needs too much memory") from error
        except (av.FFmpegError, ValueError):  # PyAV's own where a layout is not what its name says
            return []

    def _set_up(self, frame: AudioFrame, time_s: Fraction) -> None:
        setup = (frame.format.name, frame.layout.name, frame.sample_rate)
        if setup != self._setup:
            self._setup = setup
            self._resampler = AudioResampler("fltp", self.form.layout, self.form.rate)
        frame.pts, frame.time_base = round(time_s * frame.sample_rate), Fraction(1, frame.sample_rate)

    def _placed(self, piece: AudioFrame) -> tuple[int, Samples]:
        samples = np.nan_to_num(np.asarray(piece.to_ndarray(), np.float32), posinf=1, neginf=-1)
        first = self._next or 0
        if piece.pts is not None and piece.time_base is not None:
            stamped = round(piece.pts * piece.time_base * self.form.rate)
            if self._next is None or abs(stamped - first) > _JITTER_S * self.form.rate:
                first = stamped
        self._next = first + samples.shape[1]
        return first, samples
