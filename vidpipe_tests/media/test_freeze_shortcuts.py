"""Freezes from few frames are those of all frames, and those of the ffmpeg program 9.0.2."""

import contextlib
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest

from vidpipe.errors import VideoError
from vidpipe.media.container import open_video
from vidpipe.media.dynamism import Dynamism, measure_dynamism, measure_every_frame
from vidpipe.media.freeze_shortcuts import Found, find_freezes
from vidpipe.media.freezes import FREEZE_S
from vidpipe.media.key_frames import UncertainError
from vidpipe.media.limits import Limits
from vidpipe_tests.clips import Look, make_clip
from vidpipe_tests.shared import SHARED

LIMITS = Limits()
SIZE = (64, 32)


def programs_verdicts(path: Path, duration_s: float) -> list[bool]:
    """Per segment what the original saw: its command, and the filter's name anywhere in the output."""
    verdicts = []
    for start_s in range(0, int(duration_s), 60):
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-ss", str(start_s), "-i", str(path), "-t", "60"]
        command += ["-vf", "freezedetect=n=0.05:d=50", "-an", "-f", "null", "-"]
        ran = subprocess.run(command, capture_output=True, check=False)
        verdicts.append(b"freezedetect" in ran.stderr)
    return verdicts


def shots_of(text: str) -> list[tuple[float, Look]]:
    """`m9.9 s50.1`: flashes for 9.9 s, then 50.1 s of the last picture; `p`: another picture that does not move."""
    shots: list[tuple[float, Look]] = []
    for number, word in enumerate(text.split()):
        kind, length_s = word[0], float(word[1:])
        if kind == "m":
            shots += [(0.1, "black" if i % 2 else "white") for i in range(round(length_s * 10))]
        else:
            shots.append((length_s, "still" if kind == "s" else ("grey", "white", "black")[number % 3]))
    return shots


BORDERLINE = (
    *("s45", "s49.9", "s50", "s50.1", "s59", "s61", "s90", "s110", "s111"),
    *("m9 s51", "m9.9 s50.1", "m10 s50", "m10.1 s49.9", "m10.1 s60", "m10.2 s60", "m20 s25"),
    *("m20 s100", "m30 s90", "m60 s60", "m70 s50", "s55 m0.1 s60", "s49.8 m0.1 s60", "p30 p31 p55 m3"),
)


@pytest.mark.parametrize("shots", BORDERLINE)
def test_verdicts_are_the_programs(tmp_path: Path, shots: str) -> None:
    clip = make_clip(tmp_path / "a.mp4", shots_of(shots), fps=10, size=SIZE, sound=False)
    found = measure_dynamism(clip.path, LIMITS, mode="compat")
    assert found == measure_every_frame(clip.path, LIMITS)
    assert [one.static for one in found.segments] == programs_verdicts(clip.path, float(clip.end_s))


@pytest.mark.parametrize("suffix", ["mkv", "ts", "mp4", "mov"])
def test_verdicts_are_the_programs_in_every_container(tmp_path: Path, suffix: str) -> None:
    clip = make_clip(
        tmp_path / f"a.{suffix}",
        shots_of("m5 s58 m8 p60"),
        fps=10,
        size=SIZE,
        sound=False,
        start_s=3,
        options={"g": "70", "bf": "2"},
    )
    found = measure_dynamism(clip.path, LIMITS, mode="compat")
    assert found == measure_every_frame(clip.path, LIMITS)
    assert [one.static for one in found.segments] == programs_verdicts(clip.path, float(clip.end_s))


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["vtest.avi", "tiny_10x6_64s.mp4", "opencast_av.mp4", "fragmented_bad_duration.mp4"])
def test_verdicts_on_real_files_are_the_programs(name: str) -> None:
    found = measure_dynamism(SHARED / "video" / name, LIMITS, mode="compat")
    assert [one.static for one in found.segments] == programs_verdicts(
        SHARED / "video" / name, found.segments[-1].end_s
    )


@pytest.mark.corpus
def test_verdicts_on_a_talk_are_those_that_the_program_gave() -> None:
    """`programs_verdicts` took 12 s for them on 2026-11-22, with ffmpeg 9.0.2.

    It was asked about the two long black files as well (24 and 137 s): the same by both, six static segments, a rest.
    """
    found = measure_dynamism(SHARED / "video" / "talk_slides_speech.mp4", LIMITS, mode="compat")
    assert [one.static for one in found.segments] == [True, False, False]


LONG = {"vtest.avi", "tiny_10x6_64s.mp4", "talk_slides_speech.mp4", "long_black_1080p.mp4", "long_black_4k_av1.mp4"}


@pytest.mark.corpus
def test_no_other_file_is_long_enough_for_a_freeze_of_50_s() -> None:
    files = [path for path in sorted((SHARED / "video").iterdir()) if path.name not in LONG]
    n_read = 0
    for path in files:
        with contextlib.suppress(VideoError):
            found = measure_dynamism(path, LIMITS, mode="compat")
            assert all(one.end_s - one.start_s < FREEZE_S and not one.static for one in found.segments), path.name
            n_read += 1
    assert n_read > 50


def test_two_accidents_of_the_original_are_left_out(tmp_path: Path) -> None:
    """The program prints a file's name and title; a moving video that has the filter's name there was "static"."""
    named = make_clip(tmp_path / "freezedetect.mp4", shots_of("m3"), fps=10, size=SIZE, sound=False).path
    titled = tmp_path / "a.mp4"
    with av.open(str(named)) as source, av.open(str(titled), "w") as target:
        target.metadata["title"] = "about freezedetect"
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    for path in (named, titled):
        assert programs_verdicts(path, 3) == [True]
        assert [one.static for one in measure_dynamism(path, LIMITS, mode="compat").segments] == [False]


def n_decoded(path: Path) -> int:
    """How many frames were decoded for the answer, which is that of decoding all."""
    found = shortcut(path)
    everything = measure_every_frame(path, LIMITS)
    assert [(one.start_s, one.end_s) for one in everything.freezes] == [
        (round(float(one.start_s), 6), round(float(one.end_s), 6)) for one in found.freezes
    ]
    return found.n_decoded


def test_a_video_under_50_s_costs_one_frame(tmp_path: Path) -> None:
    assert n_decoded(make_clip(tmp_path / "a.mp4", [(49, "still")], fps=5, size=SIZE, sound=False).path) == 1


def test_key_frames_decide_a_video_of_many_pictures(tmp_path: Path) -> None:
    looks: list[tuple[float, Look]] = [(7, f"still {number}") for number in range(18)]
    clip = make_clip(tmp_path / "a.mp4", looks, fps=5, size=SIZE, sound=False, options={"g": "20"})
    assert n_decoded(clip.path) <= 12


def test_decoding_a_segment_ends_when_no_freeze_can_follow(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", shots_of("m11.5 s48.5"), fps=10, size=SIZE, sound=False)
    assert n_decoded(clip.path) <= 130


def moving_grey(path: Path, levels: list[int], *, period_s: float, wide: int = 64) -> Path:
    """Flat pictures, one each `period_s`, without loss, every frame a key frame; 2 frames a second, 62 s."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=2)
        stream.width, stream.height, stream.pix_fmt = wide, 32, "yuv420p"
        for number in range(124):
            level = levels[int(number / 2 / period_s) % len(levels)]
            frame = av.VideoFrame.from_ndarray(np.full((48, wide), level, np.uint8), "yuv420p")
            frame.pts = number
            output.mux(stream.encode(frame))
    return path


@pytest.mark.parametrize(("levels", "static"), [([100, 112], True), ([100, 113], False), ([100, 112, 124], False)])
def test_slow_steps_are_seen_as_the_program_sees_them(tmp_path: Path, levels: list[int], *, static: bool) -> None:
    path = moving_grey(tmp_path / "a.mkv", levels, period_s=9, wide=256)
    found = measure_dynamism(path, LIMITS, mode="compat")
    assert found == measure_every_frame(path, LIMITS)
    assert [one.static for one in found.segments] == programs_verdicts(path, 62) == [static, False]


def shortcut(path: Path) -> Found:
    with open_video(path, LIMITS) as container:
        return find_freezes(container, LIMITS, lambda end_s: end_s)


def test_odd_times_leave_it_to_decoding_all(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", shots_of("s3"), fps=10, size=SIZE, sound=False)
    raw = tmp_path / "a.h264"
    with av.open(str(clip.path)) as source, av.open(str(raw), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    with pytest.raises(UncertainError):
        shortcut(raw)
    assert measure_dynamism(raw, LIMITS, mode="compat") == measure_every_frame(raw, LIMITS)


def answer(measure: Callable[[Path, Limits], Dynamism], path: Path) -> Dynamism | str:
    try:
        return measure(path, LIMITS)
    except VideoError as error:
        return str(error)


@pytest.mark.parametrize("shots", ["m5 s120", "p20 p20 p20 p20 p45", "m70 s55"])
def test_damaged_files_get_the_answer_of_decoding_all(tmp_path: Path, shots: str) -> None:
    clip = make_clip(tmp_path / "a.mkv", shots_of(shots), fps=10, size=SIZE, sound=False, options={"g": "70"})
    frugal = partial(measure_dynamism, mode="compat")
    good, bad = clip.path.read_bytes(), tmp_path / "b.mkv"
    random = np.random.default_rng(len(good))
    for seed in range(12):
        data = bytearray(good)
        for place in random.integers(40, len(data), 1 + seed):
            data[int(place)] ^= 1 << int(random.integers(8))
        bad.write_bytes(data[: len(data) * (20 - seed) // 20])
        assert answer(frugal, bad) == answer(measure_every_frame, bad), seed
