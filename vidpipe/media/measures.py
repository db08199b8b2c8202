"""What is measured on each frame: small classes that see one small picture after another.

Each measure takes a `SmallPicture` in `update` and gives its columns in `result`, one element per frame.
Pictures are at most 256 px on their long side and sampled without a filter, because antialiasing alters the
ratios that shot detection rests on (media research, 4.2). Which frames there are, and what follows from the
columns, belongs elsewhere.
"""

from array import array
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vidpipe.media.pictures import Orientation, Pixels

SIDE_PX = 256  # PySceneDetect 0.7.2 measures at this width
Columns = dict[str, npt.NDArray[Any]]

_HASH_WIDTH, _HASH_HEIGHT = 9, 8
_N_BLOCKS = 4  # a side


@dataclass(frozen=True, slots=True)
class SmallPicture:
    """One frame made small: `bgr` (H, W, 3) and `gray` (H, W), both uint8, as coded, not turned."""

    bgr: Pixels
    gray: Pixels
    orientation: Orientation


class ContentChange:
    """PySceneDetect's components: mean absolute change of hue (0..179), saturation, value (0..255).

    Hue is not wrapped around. Every second pixel of every second row is measured: a quarter of the work, and
    samples of the same picture.
    """

    def __init__(self) -> None:
        self._last: npt.NDArray[np.int32] | None = None
        self._deltas = (array("f"), array("f"), array("f"))

    def update(self, picture: SmallPicture) -> None:
        """The next frame; a change of size counts as no change."""
        now = hsv_of(picture.bgr[::2, ::2])
        last = now if self._last is None or self._last.shape != now.shape else self._last
        for deltas, plane, before in zip(self._deltas, now, last, strict=True):
            deltas.append(_mean_difference(plane, before))
        self._last = now

    def result(self) -> Columns:
        """Three float32 columns; the first frame's are 0."""
        names = ("delta_hue", "delta_sat", "delta_lum")
        return {name: np.array(deltas, np.float32) for name, deltas in zip(names, self._deltas, strict=True)}


class LumaAndMotion:
    """Mean luma and its mean absolute change from the frame before, both 0..1."""

    def __init__(self) -> None:
        self._last: npt.NDArray[np.int32] | None = None
        self._luma = array("f")
        self._motion = array("f")

    def update(self, picture: SmallPicture) -> None:
        """The next frame; a change of size counts as no motion."""
        now = picture.gray.astype(np.int32)
        last = now if self._last is None or self._last.shape != now.shape else self._last
        self._luma.append(int(now.sum()) / now.size / 255)
        self._motion.append(_mean_difference(now, last) / 255)
        self._last = now

    def result(self) -> Columns:
        """Two float32 columns; the first frame's motion is 0."""
        return {"luma": np.array(self._luma, np.float32), "motion": np.array(self._motion, np.float32)}


class Blur:
    """The variance of the Laplacian (4 neighbours) of 8-bit luma: higher is sharper."""

    def __init__(self) -> None:
        self._variances = array("f")

    def update(self, picture: SmallPicture) -> None:
        """The next frame; a picture without inner pixels has variance 0."""
        gray = picture.gray.astype(np.int32)
        inner = gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:] - 4 * gray[1:-1, 1:-1]
        self._variances.append(_variance(inner) if inner.size else 0.0)

    def result(self) -> Columns:
        """One float32 column."""
        return {"blur": np.array(self._variances, np.float32)}


class DifferenceHash:
    """The 64-bit dHash of the upright picture: 9 x 8 block means, a bit where one exceeds its right one.

    The top left comparison is the highest bit.
    """

    def __init__(self) -> None:
        self._hashes = array("Q")

    def update(self, picture: SmallPicture) -> None:
        """The next frame."""
        means = _block_means(picture.orientation.upright(picture.gray))
        bits = np.packbits(means[:, :-1] > means[:, 1:])
        self._hashes.append(int.from_bytes(bits.tobytes(), "big"))

    def result(self) -> Columns:
        """One uint64 column."""
        return {"dhash": np.array(self._hashes, np.uint64)}


class Blocks:
    """The mean luma (0..255, rounded) of 4 x 4 equal blocks of the picture as coded, row by row.

    Eight blocks make one number, the first the highest byte. Frames far apart can be compared by them.
    """

    def __init__(self) -> None:
        self._codes = (array("Q"), array("Q"))
        self._shape: tuple[int, ...] = ()

    def update(self, picture: SmallPicture) -> None:
        """The next frame."""
        if picture.gray.shape != self._shape:
            self._shape = picture.gray.shape
            self._rows, columns = (_block_weights(n_pixels) for n_pixels in self._shape)
            self._columns = columns.T
            self._sizes = np.outer(self._rows.sum(axis=1), columns.sum(axis=1))
        sums = self._rows @ picture.gray.astype(np.float32) @ self._columns  # whole numbers below 2**24: exact
        means = np.floor(sums / self._sizes + np.float32(0.5)).astype(np.uint8).tobytes()
        for codes, half in zip(self._codes, (means[:8], means[8:]), strict=True):
            codes.append(int.from_bytes(half, "big"))

    def result(self) -> Columns:
        """Two uint64 columns: the upper two rows of blocks, the lower two."""
        return {
            name: np.array(codes, np.uint64)
            for name, codes in zip(("blocks_upper", "blocks_lower"), self._codes, strict=True)
        }


class Bend:
    """How far the picture is from the one six frames before, and how far the one between is from their mean.

    Both are mean absolute differences of luma in 1/256 grey levels. Where one picture dissolves into another the
    one between is the mean; where something moves it is not. Every second pixel of every second row is measured.
    """

    def __init__(self) -> None:
        self._last: deque[npt.NDArray[np.int16]] = deque(maxlen=7)
        self._swing, self._bend = array("H"), array("H")

    def update(self, picture: SmallPicture) -> None:
        """The next frame; at the start, and after a change of size, the first one stands for those before."""
        now = picture.gray[::2, ::2].astype(np.int16)
        if not self._last or self._last[0].shape != now.shape:
            self._last.extend([now] * 7)
        self._last.append(now)
        ends = self._last[0] + now
        self._swing.append(_fine_mean(now - self._last[0], 1))
        self._bend.append(_fine_mean(2 * self._last[3] - ends, 2))

    def result(self) -> Columns:
        """Two uint16 columns."""
        return {"swing": np.array(self._swing, np.uint16), "bend": np.array(self._bend, np.uint16)}


def hsv_of(bgr: Pixels) -> npt.NDArray[np.int32]:
    """OpenCV's 8-bit HSV of (H, W, 3) BGR: (3, H, W) with hue 0..179, saturation and value 0..255."""
    blue, green, red = (np.ascontiguousarray(bgr[..., channel]).astype(np.int32) for channel in range(3))
    value = np.maximum(np.maximum(blue, green), red)
    chroma = value - np.minimum(np.minimum(blue, green), red)
    hue = np.where(
        value == red,
        green - blue,
        np.where(value == green, blue - red + 2 * chroma, red - green + 4 * chroma),
    )
    hue = (hue * _HUE_DIVISORS[chroma] + 2048) >> 12
    hue += 180 * (hue < 0)
    return np.stack((hue, (chroma * _SATURATION_DIVISORS[value] + 2048) >> 12, value))


def _divisors(scale: float) -> npt.NDArray[np.int32]:
    """OpenCV's fixed-point reciprocals with 12 fractional bits; the one of 0 is 0."""
    return np.array([0, *(round(scale * 4096 / i) for i in range(1, 256))], np.int32)


_SATURATION_DIVISORS = _divisors(255)
_HUE_DIVISORS = _divisors(180 / 6)


def _mean_difference(one: npt.NDArray[np.int32], other: npt.NDArray[np.int32]) -> float:
    return int(np.abs(one - other).sum()) / one.size


def _fine_mean(differences: npt.NDArray[np.int16], per: int) -> int:
    """The mean of their sizes over `per`, in 1/256."""
    return int(np.abs(differences).sum(dtype=np.int64)) * 256 // (differences.size * per)


def _variance(values: npt.NDArray[np.int32]) -> float:
    wide = values.astype(np.int64)
    total, squares = int(wide.sum()), int((wide * wide).sum())  # exact, so that no order of summing matters
    return (squares * wide.size - total * total) / wide.size**2


def _block_weights(n_pixels: int) -> npt.NDArray[np.float32]:
    """(4, n_pixels): 1 where a pixel lies in a block; blocks of fewer than four pixels share them."""
    starts = np.arange(_N_BLOCKS) * n_pixels // _N_BLOCKS
    ends = np.maximum(np.arange(1, _N_BLOCKS + 1) * n_pixels // _N_BLOCKS, starts + 1)
    places = np.arange(n_pixels)
    return ((places >= starts[:, None]) & (places < ends[:, None])).astype(np.float32)


def _block_means(gray: Pixels) -> npt.NDArray[np.float64]:
    """(8, 9) means of equal blocks; pixels of a picture smaller than that are repeated."""
    height, width = gray.shape
    rows, columns = -(-_HASH_HEIGHT // height), -(-_HASH_WIDTH // width)
    large = gray.repeat(rows, axis=0).repeat(columns, axis=1).astype(np.int64)
    tops = np.arange(_HASH_HEIGHT) * large.shape[0] // _HASH_HEIGHT
    lefts = np.arange(_HASH_WIDTH) * large.shape[1] // _HASH_WIDTH
    sums = np.add.reduceat(np.add.reduceat(large, tops, axis=0), lefts, axis=1)
    sizes = np.outer(np.diff(tops, append=large.shape[0]), np.diff(lefts, append=large.shape[1]))
    return np.asarray(sums / sizes, np.float64)
