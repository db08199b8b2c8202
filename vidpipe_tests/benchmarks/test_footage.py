"""The benchmarks' footage: what is planned, and one small clip that is made."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks import footage
from benchmarks.footage import CHOSEN, CLIPS, Clip, frames_of, shots_of, times_of, truth_of
from benchmarks.footage_file import TIME_BASE, VP9, Encoder, write_clip, x264
from benchmarks.reels import sound

every_clip = pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.name)
SMALL = Clip("small", 6, ("bikes", "rabbit"), (2, 3), ("chrome.mp4",), x264(50), size=(256, 144))


def test_there_are_ten_clips_of_60_to_600_s_in_every_form_that_was_asked_for() -> None:
    codecs = [clip.encoder.video for clip in CLIPS]
    assert len(CLIPS) == len({clip.file for clip in CLIPS}) == 10
    assert all(60 <= clip.seconds <= 600 and clip.size in ((1280, 720), (1920, 1080)) for clip in CLIPS)
    assert {"libx264", "libx265", "libvpx-vp9"} == set(codecs)
    assert {"50", "250"} <= {clip.encoder.options["g"] for clip in CLIPS if clip.encoder.video == "libx264"}
    assert sum(clip.is_vfr for clip in CLIPS) == 1
    assert set(CHOSEN) < {clip.name for clip in CLIPS if 60 <= clip.seconds <= 120}


@every_clip
def test_shots_follow_each_other_without_a_gap_and_last_two_seconds_or_more(clip: Clip) -> None:
    shots = shots_of(clip)
    assert shots[0].start == 0
    assert shots[-1].end == len(times_of(clip))
    assert all(one.end == other.start for one, other in pairwise(shots))
    assert all(shot.end - shot.start >= 2 * clip.fps for shot in shots)
    assert all(shot.offset + shot.end - shot.start <= shot.reel.n_frames for shot in shots)


@every_clip
def test_no_two_shots_in_a_row_are_of_one_place(clip: Clip) -> None:
    assert all(one.reel.file != other.reel.file or one.reel != other.reel for one, other in pairwise(shots_of(clip)))


@every_clip
def test_frames_come_in_order_from_zero_on(clip: Clip) -> None:
    times = times_of(clip)
    assert times[0] == 0
    assert all(a < b for a, b in pairwise(times))
    assert clip.seconds - 1 < times[-1] * TIME_BASE < clip.seconds


@every_clip
def test_a_cut_lies_at_its_frame_or_less_than_a_tick_before_it(clip: Clip) -> None:
    times_s = [float(time * TIME_BASE) for time in times_of(clip)]
    tick_s = 1e-3 if clip.encoder.suffix == ".webm" else 1e-6
    for cut_s in truth_of(clip)["cuts_s"]:
        assert any(cut_s <= time_s + 1e-9 < cut_s + 1.1 * tick_s for time_s in times_s)


def test_a_telephones_frames_are_not_evenly_spaced() -> None:
    clip = next(clip for clip in CLIPS if clip.is_vfr)
    steps = {b - a for a, b in pairwise(times_of(clip))}
    assert max(steps) > 1.8 * min(steps)


@pytest.mark.corpus
@pytest.mark.parametrize("encoder", [x264(50), VP9], ids=["h264", "vp9"])
def test_a_clip_has_its_frames_its_cuts_and_sound_as_long(tmp_path: Path, encoder: Encoder) -> None:
    clip = replace(SMALL, encoder=encoder)
    truth = truth_of(clip)
    path = _made(clip, tmp_path)
    with av.open(str(path)) as container:
        times = [float(frame.time or 0) for frame in container.decode(video=0)]
        container.seek(0)
        heard = [frame.to_ndarray() for frame in container.decode(audio=0)]
    assert len(times) == truth["n_frames"] == 150
    assert 1 <= len(truth["cuts_s"]) <= 3
    assert all(min(abs(cut - time) for time in times) < 1e-3 for cut in truth["cuts_s"])  # WebM counts milliseconds
    assert _jumps(path) == pytest.approx(truth["cuts_s"], abs=1e-3)
    assert abs(sum(part.shape[1] for part in heard) / 48_000 - 6) < 0.1
    assert max(float(np.abs(part).max()) for part in heard) > 0.01


@pytest.mark.corpus
def test_the_same_clip_is_the_same_bytes_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    one, other = _made(SMALL, tmp_path), _made(SMALL, tmp_path / "again")
    assert one.read_bytes() == other.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "small.mp4"]


@pytest.mark.corpus
def test_a_clip_that_is_there_is_kept_and_truth_names_only_what_is_there(tmp_path: Path) -> None:
    clip = CLIPS[0]
    (tmp_path / clip.file).write_bytes(b"made before")
    truth = footage.make_footage(tmp_path, (clip.name,), progress=lambda _: pytest.fail("nothing is to be made"))
    assert (tmp_path / clip.file).read_bytes() == b"made before"
    assert list(truth) == [clip.file]


def _made(clip: Clip, folder: Path) -> Path:
    path = folder / clip.file
    write_clip(path, frames_of(clip), sound(clip.sounds), encoder=clip.encoder, rate=Fraction(clip.fps))
    return path


def _jumps(path: Path) -> list[float]:
    """When the picture is a wholly other one."""
    before, found = None, []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            small = frame.reformat(width=32, height=18, format="gray").to_ndarray().astype(int)
            if before is not None and np.abs(small - before).mean() > 30:
                found.append(float(frame.time or 0))
            before = small
    return found
