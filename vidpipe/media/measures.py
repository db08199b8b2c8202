"""What is measured on each frame: small classes that see one run of small pictures after another.

Each measure takes `SmallPictures` in `update` and gives its columns in `result`, one element per frame. Runs make
numpy's cost per call small; how a video is divided into them changes no result. Pictures are sampled without a filter,
because antialiasing alters the ratios that shot detection rests on (media research, 4.2). Sums are of whole numbers, so
that no machine's order of adding matters. Which frames there are, and what follows from the columns, belongs elsewhere.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from vidpipe.media.colours import hsv_of
from vidpipe.media.pictures import Orientation, Pixels

Columns = dict[str, npt.NDArray[Any]]
Floats = npt.NDArray[np.float32]

_HASH_WIDTH, _HASH_HEIGHT = 9, 8
_N_BLOCKS = 4  # a side
_BENT_OVER = 6  # frames
_LUMA_WEIGHTS = np.array([29, 150, 77], np.uint16).reshape(3, 1, 1, 1)  # of blue, green and red, in 1/256


@dataclass(frozen=True, slots=True)
class SmallPictures:
    """Frames that follow each other, made small, as coded, not turned, all uint8.

    `bgr` is blue, green and red, (3, N, H, W); `gray` their luma, (N, H, W).
    """

    bgr: Pixels
    gray: Pixels
    orientation: Orientation


def small_pictures(bgr: Pixels, orientation: Orientation) -> SmallPictures:
    """Pictures (3, N, H, W) with their luma, 0.299 red + 0.587 green + 0.114 blue as OpenCV has it."""
    gray, *others = bgr.astype(np.uint16) * _LUMA_WEIGHTS
    for part in others:
        gray += part
    gray += 128
    gray >>= 8
    return SmallPictures(bgr, gray.astype(np.uint8), orientation)


class ContentChange:
    """PySceneDetect's components: mean absolute change of hue (0..179), saturation, value (0..255).

    Hue is not wrapped around.
    """

    def __init__(self) -> None:
        self._last: Pixels | None = None
        self._deltas: list[Floats] = []

    def update(self, pictures: SmallPictures) -> None:
        """The next frames; a change of size counts as no change."""
        now = hsv_of(pictures.bgr)
        if self._last is None or self._last.shape != now[:, :1].shape:
            self._last = now[:, :1]
        self._deltas.append(_mean_changes(np.concatenate((self._last, now), axis=1)))
        self._last = now[:, -1:]

    def result(self) -> Columns:
        """Three float32 columns; the first frame's are 0."""
        names = ("delta_hue", "delta_sat", "delta_lum")
        return dict(zip(names, np.concatenate([np.zeros((3, 0), np.float32), *self._deltas], axis=1), strict=True))


class LumaAndMotion:
    """Mean luma and its mean absolute change from the frame before, both 0..1."""

    def __init__(self) -> None:
        self._last: Pixels | None = None
        self._luma: list[Floats] = []
        self._motion: list[Floats] = []

    def update(self, pictures: SmallPictures) -> None:
        """The next frames; a change of size counts as no motion."""
        now = pictures.gray
        if self._last is None or self._last.shape != now[:1].shape:
            self._last = now[:1]
        self._luma.append(_means(now) / np.float32(255))
        self._motion.append(_mean_changes(np.concatenate((self._last, now))) / np.float32(255))
        self._last = now[-1:]

    def result(self) -> Columns:
        """Two float32 columns; the first frame's motion is 0."""
        return {"luma": _joined(self._luma, np.float32), "motion": _joined(self._motion, np.float32)}


class Blur:
    """The variance of the Laplacian (4 neighbours) of 8-bit luma: higher is sharper."""

    def __init__(self) -> None:
        self._variances: list[Floats] = []

    def update(self, pictures: SmallPictures) -> None:
        """The next frames; a picture without inner pixels has variance 0."""
        gray = pictures.gray.astype(np.int16)
        inner = gray[:, :-2, 1:-1] + gray[:, 2:, 1:-1]
        inner += gray[:, 1:-1, :-2]
        inner += gray[:, 1:-1, 2:]
        inner -= 4 * gray[:, 1:-1, 1:-1]
        self._variances.append(_variances(inner))

    def result(self) -> Columns:
        """One float32 column."""
        return {"blur": _joined(self._variances, np.float32)}


class DifferenceHash:
    """The 64-bit dHash of the upright picture: 9 x 8 block means, a bit where one exceeds its right one.

    The top left comparison is the highest bit.
    """

    def __init__(self) -> None:
        self._hashes: list[npt.NDArray[np.uint64]] = []

    def update(self, pictures: SmallPictures) -> None:
        """The next frames."""
        upright = pictures.orientation.upright(pictures.gray.transpose(1, 2, 0)).transpose(2, 0, 1)
        means = _block_means(upright, _HASH_HEIGHT, _HASH_WIDTH)
        self._hashes.append(_numbers(np.packbits(means[:, :, :-1] > means[:, :, 1:], axis=2)))

    def result(self) -> Columns:
        """One uint64 column."""
        return {"dhash": _joined(self._hashes, np.uint64)}


class Blocks:
    """The mean luma (0..255, rounded) of 4 x 4 equal blocks of the picture as coded, row by row.

    Eight blocks make one number, the first the highest byte. Frames far apart can be compared by them.
    """

    def __init__(self) -> None:
        self._upper: list[npt.NDArray[np.uint64]] = []
        self._lower: list[npt.NDArray[np.uint64]] = []

    def update(self, pictures: SmallPictures) -> None:
        """The next frames."""
        means = _block_means(pictures.gray, _N_BLOCKS, _N_BLOCKS)
        rounded = np.floor(means + np.float32(0.5)).astype(np.uint8)
        self._upper.append(_numbers(rounded[:, :2]))
        self._lower.append(_numbers(rounded[:, 2:]))

    def result(self) -> Columns:
        """Two uint64 columns: the upper two rows of blocks, the lower two."""
        return {"blocks_upper": _joined(self._upper, np.uint64), "blocks_lower": _joined(self._lower, np.uint64)}


class Bend:
    """How far the picture is from the one six frames before, and how far the one between is from their mean.

    Both are mean absolute differences of luma in 1/256 grey levels. Where one picture dissolves into another the
    one between is the mean; where something moves it is not.
    """

    def __init__(self) -> None:
        self._last: npt.NDArray[np.int16] | None = None
        self._swing: list[npt.NDArray[np.uint16]] = []
        self._bend: list[npt.NDArray[np.uint16]] = []

    def update(self, pictures: SmallPictures) -> None:
        """The next frames; at the start, and after a change of size, the first one stands for those before."""
        now = pictures.gray.astype(np.int16)
        if self._last is None or self._last.shape[1:] != now.shape[1:]:
            self._last = np.repeat(now[:1], _BENT_OVER, axis=0)
        series = np.concatenate((self._last, now))
        before, between, after = series[:-_BENT_OVER], series[_BENT_OVER // 2 : -_BENT_OVER // 2], series[_BENT_OVER:]
        self._swing.append(_fine_means(after - before, 1))
        self._bend.append(_fine_means(2 * between - before - after, 2))
        self._last = series[-_BENT_OVER:]

    def result(self) -> Columns:
        """Two uint16 columns."""
        return {"swing": _joined(self._swing, np.uint16), "bend": _joined(self._bend, np.uint16)}


def _means(pictures: Pixels) -> Floats:
    """The mean of each picture (…, H, W); sums stay below 2**32."""
    flat = pictures.reshape(*pictures.shape[:-2], -1)
    return np.asarray(flat.sum(axis=-1, dtype=np.uint32) / flat.shape[-1], np.float32)


def _mean_changes(series: Pixels) -> Floats:
    """The mean absolute difference of each picture (…, N, H, W) but the first from the one before."""
    before, now = series[..., :-1, :, :], series[..., 1:, :, :]
    return _means(np.maximum(before, now) - np.minimum(before, now))


def _fine_means(differences: npt.NDArray[np.int16], per: int) -> npt.NDArray[np.uint16]:
    """The means of their sizes over `per`, in 1/256, rounded down."""
    flat = np.abs(differences, out=differences).reshape(len(differences), -1)
    sums = flat.sum(axis=1, dtype=np.int32).astype(np.int64)
    return np.asarray(sums * 256 // (flat.shape[1] * per), np.uint16)


def _variances(pictures: npt.NDArray[np.int16]) -> Floats:
    """The variance of each Laplacian (N, H, W); int32 and float64 hold the sums, whole numbers, exactly."""
    n_pixels = pictures[0].size
    if not n_pixels:
        return np.zeros(len(pictures), np.float32)
    wide = pictures.astype(np.int32)  # holds the squares of a row
    sums = wide.sum(axis=(1, 2), dtype=np.int32).astype(np.float64)
    squares = np.einsum("nij,nij->ni", wide, wide).sum(axis=1, dtype=np.float64)
    return np.asarray((squares * n_pixels - sums * sums) / n_pixels**2, np.float32)


def _block_means(gray: Pixels, n_rows: int, n_columns: int) -> Floats:
    """(N, n_rows, n_columns) means of equal blocks of each picture (N, H, W); blocks of less than a pixel share it."""
    tops, heights = _parts(gray.shape[1], n_rows)
    lefts, widths = _parts(gray.shape[2], n_columns)
    rows = np.empty((len(gray), n_rows, gray.shape[2]), np.uint32)
    for row, (top, height) in enumerate(zip(tops, heights, strict=True)):  # quicker than reduceat across rows
        gray[:, top : top + height].sum(axis=1, dtype=np.uint32, out=rows[:, row])
    sums = np.add.reduceat(rows, lefts, axis=2)
    return np.asarray(sums / np.outer(heights, widths), np.float32)


@lru_cache
def _parts(n_pixels: int, n_parts: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where equal parts of a side begin, and how many pixels each has: at least one."""
    starts = tuple(part * n_pixels // n_parts for part in range(n_parts))
    return starts, tuple(max(end - start, 1) for start, end in pairwise((*starts, n_pixels)))


def _numbers(eight: Pixels) -> npt.NDArray[np.uint64]:
    """Eight bytes of each picture as a number, the first the highest."""
    return np.ascontiguousarray(eight).reshape(len(eight), 8).view(">u8").astype(np.uint64)[:, 0]


def _joined(parts: list[Any], kind: Any) -> npt.NDArray[Any]:
    return np.concatenate([np.zeros(0, kind), *parts]).astype(kind, copy=False)
