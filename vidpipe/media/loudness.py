"""How loud the sound is, on the same clock as the pictures.

Here belongs the envelope of one audio stream. Reading and decoding it belongs to `frames`.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame

from vidpipe.media.frames import TimedSound
from vidpipe.timeline.frame_table import LOUDNESS_BIN_S, SILENCE_DBFS

_BINS_PER_S = int(1 / LOUDNESS_BIN_S)
_FULL_SCALE = {"u8": 128.0, "s16": 32768.0, "s32": 2147483648.0, "s64": 9223372036854775808.0}
Samples = npt.NDArray[Any]
_KINDS = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}  # numpy's names
_MOST_PLANES = 8  # FFmpeg's AV_NUM_DATA_POINTERS
_AT_ONCE, _MOST_PIECES = 1 << 15, 256  # samples, and pieces, that are looked at together
_MAX_SAMPLE = 8.0  # a broken float stream must not swamp its bin: +18 dBFS


class Loudness:
    """RMS loudness in dBFS of each 0.1 s from the clock's zero: a full-scale square wave has 0, silence -120.

    All channels weigh the same. A bin without any sample is silent. Sound before zero or beyond `max_s` is
    left out.
    """

    def __init__(self, max_s: float) -> None:
        self._n_max = int(max_s * _BINS_PER_S) + 1
        self._squares = np.zeros(0, np.float64)
        self._counts = np.zeros(0, np.int64)
        self._held: list[TimedSound] = []
        self._n_held = 0  # samples

    def update(self, sound: TimedSound) -> None:
        """The next piece of sound, at its own time; pieces may overlap or leave gaps."""
        self._held.append(sound)
        self._n_held += sound.frame.samples
        if self._n_held >= _AT_ONCE or len(self._held) >= _MOST_PIECES:
            self._measure()

    def result(self) -> npt.NDArray[np.float32] | None:
        """One float32 per bin up to the last sample; None without any sound."""
        self._measure()
        n_bins = int(np.flatnonzero(self._counts)[-1]) + 1 if self._counts.any() else 0
        if not n_bins:
            return None
        power = self._squares[:n_bins] / np.maximum(self._counts[:n_bins], 1)
        floor = 10 ** (SILENCE_DBFS / 10)
        return (10 * np.log10(np.maximum(power, floor))).astype(np.float32)

    def _measure(self) -> None:
        """Adds what is held to its bins; all at once is much quicker than piece by piece, between two pictures."""
        held, self._held, self._n_held = self._held, [], 0
        for (name, rate, _), alike in groupby(held, key=_form_of):
            sounds = list(alike)
            pieces = [_samples_of(sound.frame) for sound in sounds]
            squares = mean_squares(np.concatenate(pieces, axis=1), name)
            if not rate or not len(squares):
                continue
            for first, n_samples in _joined((round(sound.time_s * rate) for sound in sounds), pieces):
                self._add(first, squares[:n_samples], rate)
                squares = squares[n_samples:]

    def _add(self, first: int, squares: npt.NDArray[np.float64], rate: int) -> None:
        low, high = max(first, 0), min(first + len(squares), -(-self._n_max * rate // _BINS_PER_S))
        while low < high:
            this_bin = low * _BINS_PER_S // rate
            end = min(high, -(-(this_bin + 1) * rate // _BINS_PER_S))  # the first sample of the next bin
            self._grow(this_bin + 1)
            self._squares[this_bin] += float(squares[low - first : end - first].sum())
            self._counts[this_bin] += end - low
            low = end

    def _grow(self, n_bins: int) -> None:
        missing = n_bins - len(self._squares)
        if missing > 0:
            room = max(missing, len(self._squares))  # doubling, so that growing stays cheap
            self._squares = np.pad(self._squares, (0, room))
            self._counts = np.pad(self._counts, (0, room))


def _form_of(sound: TimedSound) -> tuple[str, int, int]:
    return sound.frame.format.name, sound.frame.sample_rate, sound.frame.layout.nb_channels


def _joined(firsts: Iterable[int], pieces: Sequence[Samples]) -> list[tuple[int, int]]:
    """The number of each piece's first sample and how many it has; pieces that follow each other are one."""
    spans: list[tuple[int, int]] = []
    for first, piece in zip(firsts, pieces, strict=True):
        if spans and sum(spans[-1]) == first:
            spans[-1] = (spans[-1][0], spans[-1][1] + piece.shape[1])
        else:
            spans.append((first, piece.shape[1]))
    return spans


def mean_squares(samples: Samples, name: str) -> npt.NDArray[np.float64]:
    """The mean square over the channels of each sample, full scale 1, of samples (channels, n) in FFmpeg's format."""
    name = name.removesuffix("p")
    wide = samples.astype(np.float64)
    if name == "u8":
        wide -= 128
    wide *= 1 / _FULL_SCALE.get(name, 1.0)
    squares = np.multiply(wide, wide, out=wide)
    if not squares.max(initial=0) <= _MAX_SAMPLE**2:  # too loud, or no number
        squares = np.minimum(np.nan_to_num(squares), _MAX_SAMPLE**2)
    return np.asarray(squares.sum(axis=0) / max(len(squares), 1), np.float64)


def _samples_of(frame: AudioFrame) -> Samples:
    """The samples of each channel, (channels, n), a copy; none with more than 8 planes.

    Planes are counted here: with 8 of them PyAV 18.1 takes what lies behind for more, and with more it reads anything.
    """
    kind = _KINDS.get(frame.format.name.removesuffix("p"), "f4")
    n_channels = frame.layout.nb_channels
    if not frame.format.is_planar:
        whole = np.frombuffer(memoryview(frame.planes[0]), kind)[: frame.samples * n_channels]
        return whole.reshape(-1, n_channels).T
    if n_channels > _MOST_PLANES:
        return np.zeros((1, 0), kind)
    planes = frame.planes[:n_channels]
    return np.stack([np.frombuffer(memoryview(plane), kind)[: frame.samples] for plane in planes])


def loudness_stats(dbfs: npt.NDArray[np.float32]) -> tuple[float, float]:
    """The mean of the bins' power and the loudest bin, both in dBFS, rounded to a thousandth."""
    power = 10 ** (dbfs.astype(np.float64) / 10)
    return round(float(10 * np.log10(power.mean())), 3), round(float(dbfs.max()), 3)
