"""Small upright pictures made of frames, and JPEG bytes made of those.

Here belongs what turns one frame into one small array or file. Which frames are taken, and what is measured
on them, belongs to `thumbnails` and `measures`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import SideData, Type
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from av.video.stream import VideoStream

Pixels = npt.NDArray[np.uint8]
_MAX_ASPECT = 16  # beyond 1:16 the header is broken, pixels are not that wide
_UNFILTERED = int(Interpolation.POINT | Interpolation.BITEXACT)


@dataclass(frozen=True, slots=True)
class Orientation:
    """What makes a coded picture upright: swap its axes, then mirror it left-right and top-bottom."""

    is_transposed: bool = False
    is_mirrored_x: bool = False
    is_mirrored_y: bool = False

    @property
    def rotation(self) -> int:
        """Degrees clockwise to turn the picture, 0, 90, 180 or 270; a mirror beside the turn is not told."""
        if self.is_transposed:
            return 270 if self.is_mirrored_y else 90
        return 180 if self.is_mirrored_x and self.is_mirrored_y else 0

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The width and height of a picture of this size once it is upright."""
        return (height, width) if self.is_transposed else (width, height)

    def upright(self, pixels: Pixels) -> Pixels:
        """The upright view of `pixels`, (H, W) or (H, W, C), without copying."""
        turned = pixels.swapaxes(0, 1) if self.is_transposed else pixels
        return turned[:: -1 if self.is_mirrored_y else 1, :: -1 if self.is_mirrored_x else 1]


def orientation_of(frame: VideoFrame) -> Orientation:
    """How the frame's display matrix wants it shown, to the nearest quarter turn; upright without one.

    A coded point (x, y) is shown at (a x + c y, b x + d y); the matrix stands row by row (FFmpeg, display.h).
    """
    sides = cast(Iterable[SideData], frame.side_data)  # it iterates over values, which av's types do not say
    matrix = next((side for side in sides if side.type == Type.DISPLAYMATRIX), None)
    if matrix is None or matrix.buffer_size < 20:
        return Orientation()
    a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(matrix), np.int32)[:5])
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(is_transposed=True, is_mirrored_x=c < 0, is_mirrored_y=b < 0)
    return Orientation(is_mirrored_x=a < 0, is_mirrored_y=d < 0)


def sample_aspect(stream: VideoStream) -> Fraction:
    """Width of a coded pixel over its height; 1 where the file does not say or says nonsense."""
    aspect = stream.sample_aspect_ratio or Fraction(1)
    return aspect if Fraction(1, _MAX_ASPECT) <= aspect <= _MAX_ASPECT else Fraction(1)


def displayed_size(width: int, height: int, *, aspect: Fraction, orientation: Orientation) -> tuple[int, int]:
    """Width and height in square pixels as a player shows them; the sample aspect stretches the width."""
    return orientation.size(max(1, round(width * aspect)), height)


def fitted_size(width: int, height: int, *, max_width: int, max_height: int) -> tuple[int, int]:
    """The largest size of the same shape within the box; never enlarged, never without a pixel."""
    factor = max(Fraction(width, max_width), Fraction(height, max_height), Fraction(1))
    return max(1, round(width / factor)), max(1, round(height / factor))


class Shrinker:
    """Frames scaled down to fit a square of `side_px`, in one pixel format of full range, by the nearest samples.

    Keeps one scaler per source size and format, as PyAV's reformatter does.
    """

    def __init__(self, side_px: int, pixel_format: str) -> None:
        self._side_px = side_px
        self._format = pixel_format
        self._reformatter = VideoReformatter()
        self._sizes: dict[tuple[int, int], tuple[int, int]] = {}

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        """The small picture of `frame`, neither turned nor corrected for its sample aspect."""
        given = frame.width, frame.height
        if given not in self._sizes:
            self._sizes = {given: fitted_size(*given, max_width=self._side_px, max_height=self._side_px)}
        return self._reformatter.reformat(
            frame, *self._sizes[given], self._format, interpolation=_UNFILTERED, dst_color_range="JPEG", threads=1
        )


def plane_of(frame: VideoFrame, number: int) -> Pixels:
    """The samples of one plane of 8 bits a sample, (H, W), without copying: they live as long as the frame's."""
    return _samples(frame.planes[number])


def bgr_planes(frame: VideoFrame) -> tuple[Pixels, Pixels, Pixels]:
    """The planes of a gbrp frame, blue, green and red, each (H, W), without copying."""
    green, blue, red = frame.planes
    return _samples(blue), _samples(green), _samples(red)


def _samples(plane: VideoPlane) -> Pixels:
    return np.ndarray((plane.height, plane.width), np.uint8, memoryview(plane), strides=(plane.line_size, 1))


def is_full_range(frame: VideoFrame) -> bool:
    """Whether black is 0 and white the largest number, by its format or by what it says of itself."""
    return frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")


def pixels_of(frame: VideoFrame) -> Pixels:
    """The frame's own samples as (H, W, 3) for rgb24; a copy."""
    return np.asarray(frame.to_ndarray(), np.uint8)


def upright_rgb(frame: VideoFrame, *, aspect: Fraction, orientation: Orientation, box: tuple[int, int]) -> Pixels:
    """A small upright picture with square pixels that fits `box` (width, height): (H, W, 3) uint8 RGB."""
    width, height = displayed_size(frame.width, frame.height, aspect=aspect, orientation=orientation)
    size = fitted_size(width, height, max_width=box[0], max_height=box[1])
    coded_width, coded_height = orientation.size(*size)
    interpolation = int(Interpolation.AREA | Interpolation.BITEXACT | Interpolation.ACCURATE_RND)
    small = frame.reformat(coded_width, coded_height, "rgb24", interpolation=interpolation, threads=1)
    return np.ascontiguousarray(orientation.upright(pixels_of(small)))


def encode_jpeg(pixels: Pixels, quality: int) -> bytes:
    """A JPEG file of (H, W, 3) uint8 RGB; the same bytes for the same pixels and versions.

    `quality` is FFmpeg's quantiser: 2 is best, 31 smallest.

    Raises:
        ValueError: the quality is not in 2..31.
    """
    if not 2 <= quality <= 31:
        raise ValueError(f"need quality in 2..31, got {quality=}")
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    encoder.thread_count = 1
    encoder.options = {"qmin": str(quality), "qmax": str(quality), "flags": "+bitexact", "huffman": "optimal"}
    packets = encoder.encode(frame.reformat(format="yuvj420p", dst_color_range="JPEG")) + encoder.encode(None)
    return b"".join(bytes(packet) for packet in packets)
