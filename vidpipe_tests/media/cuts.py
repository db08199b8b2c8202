"""What tests of cutting ask of clips, whichever way they were cut: frames, times, sound, and a silent decoder."""

import subprocess
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from vidpipe.media.cutting import Clip
from vidpipe.timeline.spans import Span
from vidpipe_tests.clips import ClipTruth, beeps_s, read_numbers, read_sound, read_times

_TICK = Fraction(1, 1000)  # Matroska's


def span(start_s: float | str, end_s: float | str) -> Span:
    return Span(Fraction(str(start_s)), Fraction(str(end_s)))


def complaints(path: Path | str) -> str:
    """What the ffmpeg program says about a file that it decodes to its end; nothing when all is well."""
    call = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "warning", "-xerror", "-err_detect", "explode", "-i", str(path)]
    done = subprocess.run(
        [*call, "-fps_mode", "passthrough", "-f", "null", "-"], capture_output=True, text=True, check=False
    )
    return done.stderr + (f"exit {done.returncode}" if done.returncode else "")


def frames_within(truth: ClipTruth, wanted: Span) -> list[int]:
    """The numbers of the frames that belong to a span."""
    return [i for i, time_s in enumerate(truth.times_s) if wanted.contains(time_s)]


def check_pictures(truth: ClipTruth, wanted: Span, clip: Clip) -> None:
    """The clip has exactly the frames of its span, each at its distance from the span's start."""
    inside = frames_within(truth, wanted)
    assert read_numbers(Path(clip.file)) == inside
    offsets = [truth.times_s[i] - wanted.start_s for i in inside]
    times_s = read_times(Path(clip.file))
    assert all(abs(got - offset) <= _TICK for got, offset in zip(times_s, offsets, strict=True))
    assert clip.actual_start_s == pytest.approx(float(truth.times_s[inside[0]]), abs=1e-3)


def check_sound(truth: ClipTruth, zero_s: float, end_s: float, clip: Clip) -> None:
    """Beeps stand where they do in the source, to 20 ms; the sound ends within one packet of the clip's end."""
    first_s, samples = read_sound(Path(clip.file))
    length_s = min(end_s, float(truth.end_s)) - zero_s
    found, true = beeps_s(first_s, samples), [float(cut_s) - zero_s for cut_s in truth.cuts_s]
    for one, other in ((found, true), (true, found)):  # one at an edge may be there or not
        inside = [time_s for time_s in one if 0.05 < time_s < length_s - 0.05]
        assert [sum(abs(time_s - its_s) <= 0.02 for its_s in other) for time_s in inside] == [1] * len(inside)
    assert first_s + len(samples) / 48_000 == pytest.approx(length_s, abs=1024 / 48_000 + 1e-3)


def luma_difference(one: np.ndarray, other: np.ndarray) -> float:
    """The mean difference of two pictures, in grey levels."""
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())


def partition(end_s: float, edges_s: Sequence[float]) -> list[Span]:
    """Spans that follow one another from 0 to the end, cut at the edges."""
    bounds = sorted({Fraction(0), Fraction(str(end_s)), *(Fraction(str(round(edge, 3))) for edge in edges_s)})
    return [Span(a, b) for a, b in pairwise(bounds)]
