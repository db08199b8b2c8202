"""Pictures as hue, saturation and value: some samples quickly, or PySceneDetect's own, and how they change.

Here belongs turning frames into such pictures and comparing them. What follows from a change belongs elsewhere.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from vidpipe.media.colours import hsv_of
from vidpipe.media.pictures import Pixels, Shrinker, bgr_planes, fitted_size, is_full_range, pixels_of, plane_of

Deltas = npt.NDArray[np.float32]
Shares = npt.NDArray[np.float64] | float

GAP = 0.9  # share of a threshold that a change across a gap has at least where one within it reaches the threshold
_SURE = (0.88, 1.15)  # shares of a threshold below and above which some samples tell on which side of it a change is
_SURE_LUMA = 0.5  # share by which the value must change too where the change is above: hue may be noise
_DARK, _BLACK = 48, 12  # mean values of pictures whose hue and saturation are noise
_SURE_IN_DARK = 0.4  # share of the bound below which a change is sure in the dark; in black only none at all is
_SIDE_PX = 64  # samples on the long side
_THEIR_SIDE_PX = 256  # PySceneDetect 0.7.2
_PLANAR = frozenset({"yuv420p", "yuv422p", "yuv444p"})  # of limited range where no frame says otherwise


class Sampler:
    """A few samples of frames, none mixed of others: much quicker than a scaler."""

    def __init__(self) -> None:
        self._shrink = Shrinker(_SIDE_PX, "gbrp")

    def __call__(self, frame: VideoFrame) -> Pixels:
        """Samples as `hsv_of_samples` takes them: (3, H, W), or (4, H, W) where they are not as stored."""
        if frame.format.name not in _PLANAR or is_full_range(frame):
            planes = bgr_planes(self._shrink(frame))
            return np.stack([*planes, planes[0]])
        luma, blue, red = (plane_of(frame, number) for number in range(3))
        step = 2 * -(-max(luma.shape) // (2 * _SIDE_PX))
        down, across = (step * blue.shape[axis] // luma.shape[axis] or 1 for axis in (0, 1))
        picked = luma[::step, ::step]
        height, width = picked.shape
        samples = np.empty((3, height, width), np.uint8)
        samples[0], samples[1] = picked, blue[::down, ::across][:height, :width]
        samples[2] = red[::down, ::across][:height, :width]
        return samples


def hsv_of_samples(samples: Pixels) -> Pixels:
    """Hue, saturation and value, (3, N, H, W), of samples (3 or 4, N, H, W)."""
    if len(samples) == 4:
        return hsv_of(samples[:3])
    luma, blue, red = samples.astype(np.int16)
    luma = (luma - 16) * 37 + 16  # ITU-R BT.601, limited range, in 1/32
    blue -= 128
    red -= 128
    mixed = np.stack([luma + 65 * blue, luma - 13 * blue - 26 * red, luma + 51 * red])
    mixed >>= 5
    return hsv_of(np.clip(mixed, 0, 255, out=mixed).astype(np.uint8))


def changes(pictures: Pixels) -> Deltas:
    """The mean changes of hue, saturation and value from each picture (3, N, H, W) to the next: (3, N - 1)."""
    before, now = pictures[:, :-1], pictures[:, 1:]
    apart = np.maximum(before, now) - np.minimum(before, now)
    sums = apart.reshape(3, now.shape[1], now.shape[2] * now.shape[3]).sum(axis=2, dtype=np.uint32)
    return np.asarray(sums / (now.shape[2] * now.shape[3]), np.float32)


def is_sure(pictures: Pixels, deltas: Deltas, low: Shares, high: Shares) -> npt.NDArray[np.bool_]:
    """Whether changes of pictures (3, N - 1) tell on which side of a threshold PySceneDetect's are.

    They do below `low` and from `high` on, but for pictures without much light.
    """
    change = deltas.mean(axis=0)
    value = pictures[2].mean(axis=(1, 2))
    value = np.minimum(value[1:], value[:-1])
    least = np.where(value < _BLACK, 0.0, np.where(value < _DARK, _SURE_IN_DARK, 1.0)) * low
    is_far_above = (change >= high) & (deltas[2] >= _SURE_LUMA * high)
    return np.asarray((change < least) | (change == 0) | is_far_above)


class ContentChanges:
    """PySceneDetect's changes of hue, saturation and value, frame by frame.

    By a few samples where these tell on which side of `threshold` the mean is, as PySceneDetect 0.7.2 measures them
    elsewhere and where there is no threshold.
    """

    def __init__(self, threshold: float | None) -> None:
        self._threshold = threshold
        self._sample = Sampler()
        self._theirs = _TheirPictures()
        self._last: tuple[VideoFrame, Pixels] | None = None

    def of(self, frame: VideoFrame) -> Deltas:
        """The change from the frame before, (3,); none at first and where the size changes."""
        now = hsv_of_samples(self._sample(frame)[:, None])
        last, self._last = self._last, (frame, now)
        if last is None or last[1].shape != now.shape or (last[0].width, last[0].height) != (frame.width, frame.height):
            return np.zeros(3, np.float32)
        pictures = np.concatenate((last[1], now), axis=1)
        deltas = changes(pictures)
        if self._threshold is not None:
            low, high = (share * self._threshold for share in _SURE)
            if is_sure(pictures, deltas, low, high).all():
                return np.asarray(deltas[:, 0])
        return np.asarray(changes(np.stack([self._theirs.of(last[0]), self._theirs.of(frame)], axis=1))[:, 0])


class _TheirPictures:
    """Frames as PySceneDetect 0.7.2 has them: hue, saturation and value of 256 px by OpenCV's INTER_LINEAR."""

    def __init__(self) -> None:
        self._bgr = VideoReformatter()
        self._last: tuple[VideoFrame, Pixels] | None = None

    def of(self, frame: VideoFrame) -> Pixels:
        """The picture, (3, H, W); that of the frame asked for last is kept, by the object: a frame may have no time."""
        if self._last is None or self._last[0] is not frame:
            size = fitted_size(frame.width, frame.height, max_width=_THEIR_SIDE_PX, max_height=_THEIR_SIDE_PX)
            pixels = pixels_of(self._bgr.reformat(frame, format="bgr24", threads=1))
            if size != (frame.width, frame.height):
                pixels = _scaled(pixels, *size)
            self._last = (frame, hsv_of(np.ascontiguousarray(pixels.transpose(2, 0, 1))))
        return self._last[1]


def _scaled(pixels: Pixels, width: int, height: int) -> Pixels:
    """OpenCV's INTER_LINEAR, but for its rounding of weights."""
    top, bottom, down = _between(pixels.shape[0], height)
    left, right, across = _between(pixels.shape[1], width)
    rows = _mixed(pixels[top], pixels[bottom], down[:, None, None])
    mixed = _mixed(rows[:, left], rows[:, right], across[:, None])
    return np.asarray(mixed + np.float32(0.5)).astype(np.uint8)


def _mixed(one: npt.NDArray[Any], other: npt.NDArray[Any], weight: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    return one if not weight.any() else np.asarray(one + (other.astype(np.float32) - one) * weight)


def _between(n_from: int, n_to: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Of the middles of `n_to` equal parts of `n_from` samples: the samples before and after, the latter's weight."""
    middles = np.clip((np.arange(n_to) + 0.5) * n_from / n_to - 0.5, 0, n_from - 1)
    before = np.floor(middles).astype(np.int64)
    return before, np.minimum(before + 1, n_from - 1), np.asarray(middles - before, np.float32)
