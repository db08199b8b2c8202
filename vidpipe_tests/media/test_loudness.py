"""Loudness in bins of a tenth of a second."""

import subprocess
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt
import pytest

from vidpipe.media.frames import TimedSound
from vidpipe.media.limits import Limits
from vidpipe.media.loudness import Loudness, loudness_stats, mean_squares
from vidpipe.media.signals import measure_signals
from vidpipe.workers.processes import Processes, Task


def sound(
    samples: npt.NDArray[Any], time_s: Fraction = Fraction(0), *, rate: int = 8000, name: str = "fltp"
) -> TimedSound:
    frame = av.AudioFrame.from_ndarray(samples, name, "mono" if samples.shape[0] == 1 else "stereo")
    frame.sample_rate = rate
    return TimedSound(time_s, frame)


def square(seconds: float, level: float = 1.0, *, rate: int = 8000) -> npt.NDArray[np.float32]:
    return np.full((1, round(seconds * rate)), level, np.float32)


def measured(*sounds: TimedSound) -> list[float]:
    loudness = Loudness(max_s=100)
    for piece in sounds:
        loudness.update(piece)
    result = loudness.result()
    assert result is not None
    return [round(float(value), 2) for value in result]


def test_full_scale_is_0_dbfs_and_silence_minus_120() -> None:
    assert measured(sound(square(0.2)), sound(square(0.1, 0.0), Fraction(1, 5))) == [0, 0, -120]


def test_half_the_amplitude_is_6_db_less() -> None:
    assert measured(sound(square(0.1, 0.5))) == [-6.02]


def test_a_gap_is_silent_and_sound_before_zero_is_left_out() -> None:
    pieces = sound(square(0.2), Fraction(-1, 10)), sound(square(0.1), Fraction(3, 10))
    assert measured(*pieces) == [0, -120, -120, 0]


def test_how_sound_is_divided_into_pieces_changes_nothing() -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, (1, 160_000)).astype(np.float32)
    ends = [0, 1, 700, 1500, 1501, 70_000, 160_000]
    pieces = [sound(samples[:, a:b], Fraction(a, 8000)) for a, b in pairwise(ends)]
    assert measured(*pieces) == measured(sound(samples))
    assert measured(*reversed(pieces)) == measured(sound(samples))


def test_sound_may_change_its_rate_and_its_format() -> None:
    half = sound(square(0.1, 0.5, rate=16000), Fraction(1, 10), rate=16000)
    whole = sound(np.full((1, 800), -(2**15), np.int16), Fraction(1, 5), name="s16")
    assert measured(sound(square(0.1)), half, whole) == [0, -6.02, 0]


def test_without_sound_there_is_no_loudness() -> None:
    assert Loudness(max_s=100).result() is None


def test_sound_beyond_the_limit_takes_no_memory() -> None:
    assert measured(sound(square(0.1)), sound(square(0.1), Fraction(10**9))) == [0]


@pytest.mark.parametrize(
    ("name", "kind", "full"), [("s16", np.int16, -32768), ("s32", np.int32, -(2**31)), ("u8", np.uint8, 0)]
)
def test_every_sample_format_has_the_same_scale(name: str, kind: type, full: int) -> None:
    assert mean_squares(np.full((1, 800), full, kind), name) == pytest.approx(np.ones(800))
    assert measured(sound(np.full((1, 800), full, kind), name=name)) == [0]


def test_channels_weigh_the_same_planar_or_not() -> None:
    planar = np.array([[1.0] * 100, [0.0] * 100], np.float32)
    packed = np.ascontiguousarray(planar.T.reshape(1, -1))
    frame = av.AudioFrame.from_ndarray(packed, "flt", "stereo")
    frame.sample_rate = 8000
    assert measured(sound(planar)) == measured(TimedSound(Fraction(0), frame)) == [-3.01]


def test_broken_samples_do_not_swamp_their_bin() -> None:
    samples = square(0.1, 0.0)
    samples[0, :3] = (np.nan, np.inf, 1e30)
    assert -120 < measured(sound(samples))[0] < 10


def test_the_mean_is_over_power() -> None:
    mean, loudest = loudness_stats(np.array([0, -120], np.float32))
    assert mean == pytest.approx(-3.01, abs=0.01)
    assert loudest == 0


ORDERS = {  # FFmpeg's filters that make channels of one sine, and a coder of them
    "an order of their own": (
        "pan=FL+LFE|c0=c0|c1=c0,aformat=channel_layouts=0x9,channelmap=map=0|1:channel_layout=LFE+FL",
        "pcm_s16le",
    ),
    "eight planes": ("pan=7.1|" + "|".join(f"c{i}=c0" for i in range(8)), "aac"),
    "eight in one": ("pan=7.1|" + "|".join(f"c{i}=c0" for i in range(8)), "pcm_s16le"),
}


@pytest.mark.parametrize("name", ORDERS)
def test_sound_of_many_or_odd_channels_is_heard_and_costs_no_worker(tmp_path: Path, name: str) -> None:
    steps, coder = ORDERS[name]
    path = tmp_path / "a.mov"
    made = ["-f", "lavfi", "-i", "testsrc=d=1:s=64x48:r=10", "-f", "lavfi", "-i", "sine=d=1"]
    coded = ["-filter_complex", f"[1]{steps}[a]", "-map", "0:v", "-map", "[a]", "-c:v", "mpeg4", "-c:a", coder]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *made, *coded, str(path)]
    subprocess.run(command, check=True, timeout=60)
    (done,) = Processes(1).run([Task("a", partial(measure_signals, out_dir=tmp_path, limits=Limits()), path)])
    assert done.how == "ok", done.value
    assert -30 < done.value.mean_loudness_dbfs < 0
