"""A few upright pictures of a video, chosen while it is decoded: a poster and a strip.

Here belongs which frames are kept and how they are laid out. Making one small picture belongs to `pictures`.
"""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vidpipe.media.frames import TimedFrame
from vidpipe.media.pictures import Orientation, Pixels, encode_jpeg, upright_rgb

_POSTER_PX = (320, 320)
_THUMB_PX = (160, 80)
_STRIP_BYTES = 8_000  # small enough to stand inline in a page or in metadata
_N_THUMBS = 8
_N_KEPT = 32
_FIRST_STEP_S = Fraction(1, 16)
_POSTER_QUALITY = 4
_STRIP_QUALITIES = (5, 8, 12, 18, 25, 31)


class Thumbnails:
    """Pictures at equal steps of time, at most 32, whatever the length, which need not be known.

    Every frame that opens a new step is kept; when there are too many, the step doubles and every other one
    goes.
    """

    def __init__(self, aspect: Fraction) -> None:
        self._aspect = aspect
        self._step_s = _FIRST_STEP_S
        self._kept: dict[int, Pixels] = {}  # by step

    def update(self, timed: TimedFrame, orientation: Orientation) -> None:
        """The next frame, kept only when it is the first of its step."""
        step = int(timed.time_s // self._step_s)
        if step in self._kept:
            return
        self._kept[step] = upright_rgb(timed.frame, aspect=self._aspect, orientation=orientation, box=_POSTER_PX)
        while len(self._kept) > _N_KEPT:
            self._step_s *= 2
            halved: dict[int, Pixels] = {}
            for old, pixels in self._kept.items():
                halved.setdefault(old // 2, pixels)
            self._kept = halved

    def poster(self) -> bytes:
        """JPEG, at most 320 px: the picture with the strongest contrast, the first of equals."""
        best = max(self._kept.values(), key=_contrast)
        return encode_jpeg(best, _POSTER_QUALITY)

    def strip(self) -> bytes:
        """JPEG of up to 8 pictures side by side, spread over the video; 80 px high, about 8 kB at most."""
        pictures = list(self._kept.values())
        n_thumbs = min(_N_THUMBS, len(pictures))
        chosen = [pictures[(2 * i + 1) * len(pictures) // (2 * n_thumbs)] for i in range(n_thumbs)]
        row = _side_by_side([_fitted(picture) for picture in chosen])
        made = b""
        for quality in _STRIP_QUALITIES:
            made = encode_jpeg(row, quality)
            if len(made) <= _STRIP_BYTES:
                break
        return made


def _contrast(pixels: Pixels) -> int:
    red, green, blue = pixels.transpose(2, 0, 1)
    luma: npt.NDArray[np.uint32] = np.add(red, green, dtype=np.uint32)
    luma += blue
    return int((luma * luma).sum(dtype=np.uint64)) * luma.size - int(luma.sum(dtype=np.uint64)) ** 2


def _fitted(pixels: Pixels) -> Pixels:
    """Block means that fit the box of a thumb."""
    height, width = pixels.shape[:2]
    factor = max(Fraction(width, _THUMB_PX[0]), Fraction(height, _THUMB_PX[1]), Fraction(1))
    rows = _edges(height, max(1, round(height / factor)))
    columns = _edges(width, max(1, round(width / factor)))
    sums = np.add.reduceat(np.add.reduceat(pixels.astype(np.int64), rows[:-1], axis=0), columns[:-1], axis=1)
    sizes = np.outer(np.diff(rows), np.diff(columns))[..., None]
    return (sums // sizes).astype(np.uint8)


def _edges(length: int, n_parts: int) -> list[int]:
    return [part * length // n_parts for part in range(n_parts + 1)]


def _side_by_side(pictures: list[Pixels]) -> Pixels:
    height = max(picture.shape[0] for picture in pictures)
    width = sum(picture.shape[1] for picture in pictures)
    row = np.zeros((height, width, 3), np.uint8)
    lefts = np.cumsum([0, *(picture.shape[1] for picture in pictures)])
    for picture, (left, right) in zip(pictures, pairwise(lefts), strict=True):
        row[: picture.shape[0], left:right] = picture
    return row
