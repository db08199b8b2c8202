"""Joined files: every frame of every part at its exact time, sound in sync however many joints there are."""

from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import pytest

from vidpipe.errors import UnjoinableVideosError
from vidpipe.media.cutting import cut_exact
from vidpipe.media.joining import join
from vidpipe.media.limits import Limits
from vidpipe.media.probe import inspect_video
from vidpipe.media.smart import cut_smart
from vidpipe_tests.clips import ClipTruth, beeps_s, make_clip, read_numbers, read_sound, read_times
from vidpipe_tests.media.cuts import complaints, partition
from vidpipe_tests.shared import SHARED

SHOTS = [(1.2, 1), (1.12, 2), (1.0, 3)]  # 83 frames
B_FRAMES = {"preset": "medium", "bf": "3", "g": "25"}


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory) -> ClipTruth:
    return make_clip(tmp_path_factory.mktemp("join") / "a.mp4", SHOTS, options=B_FRAMES, size=(160, 96))


@pytest.mark.parametrize("cut", [cut_exact, cut_smart])
def test_what_was_cut_is_whole_again(cut: type, truth: ClipTruth, tmp_path: Path) -> None:
    clips = cut(truth.path, partition(3.32, [0.8, 1.48, 2.2, 2.84]), tmp_path, Limits())
    joined = join([Path(clip.file) for clip in clips], tmp_path / "joined.mp4")
    assert read_times(Path(joined.file)) == list(truth.times_s)
    assert read_numbers(Path(joined.file)) == list(range(83))
    assert joined.starts_s == (0, 0.8, 1.48, 2.2, 2.84)
    assert joined.duration_s == 3.32
    assert beeps_s(*read_sound(Path(joined.file))) == pytest.approx([0, 1.2, 2.32], abs=0.02)
    assert not complaints(joined.file)


def test_parts_start_where_the_picture_before_ends_whatever_their_sound(tmp_path: Path) -> None:
    sounds_s = [1.0, 2.5, 0.6, None, 1.3]
    parts = [
        make_clip(tmp_path / f"{i}.mp4", [(1 + i * 0.2, i)], options=B_FRAMES, size=(160, 96), sound_s=sound_s)
        for i, sound_s in enumerate(sounds_s)
    ]
    joined = join([part.path for part in parts], tmp_path / "joined.mp4")
    starts_s = [Fraction(0), *accumulate(part.end_s for part in parts[:-1])]
    assert joined.starts_s == pytest.approx([float(s) for s in starts_s], abs=1e-4)
    expected = [start_s + time_s for part, start_s in zip(parts, starts_s, strict=True) for time_s in part.times_s]
    assert all(
        abs(a - b) < Fraction(1, 9000) for a, b in zip(read_times(tmp_path / "joined.mp4"), expected, strict=True)
    )
    assert inspect_video(Path(joined.file), Limits()).duration_s == pytest.approx(joined.duration_s, abs=1e-4)
    assert not complaints(joined.file)


def test_sound_does_not_drift_over_many_joints(tmp_path: Path) -> None:
    part = make_clip(tmp_path / "a.mp4", [(0.24, 1), (0.28, 2)], options=B_FRAMES, size=(64, 48))
    joined = join([part.path] * 30, tmp_path / "joined.mp4")
    found = beeps_s(*read_sound(Path(joined.file)))
    assert found[1::2] == pytest.approx([0.24 + 0.52 * i for i in range(30)], abs=0.02)


def test_other_time_bases_are_brought_together(tmp_path: Path) -> None:
    parts = [make_clip(tmp_path / f"a.{suffix}", [(1, 1)], size=(160, 96)) for suffix in ("mp4", "mkv")]
    joined = join([part.path for part in parts], tmp_path / "joined.mp4")
    assert read_times(Path(joined.file)) == [*parts[0].times_s, *(1 + time_s for time_s in parts[1].times_s)]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"size": (176, 96)}, "size"),
        ({"codec": "mpeg4"}, "codec"),
        ({"rotation": 90}, "shape"),
        ({"sound": False}, "sound"),
        ({"options": {"preset": "medium", "refs": "5"}}, "parameters"),
    ],
)
def test_files_that_no_single_decoder_plays_are_refused(how: dict[str, object], why: str, tmp_path: Path) -> None:
    one = make_clip(tmp_path / "a.mp4", [(0.4, 1)], size=(160, 96))
    other = make_clip(tmp_path / "b.mp4", [(0.4, 1)], **{"size": (160, 96), **how})  # type: ignore[arg-type]
    with pytest.raises(UnjoinableVideosError, match=why):
        join([one.path, other.path], tmp_path / "joined.mp4")
    assert not (tmp_path / "joined.mp4").exists()
    assert not list(tmp_path.glob(".*"))


def test_nothing_cannot_be_joined(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="none"):
        join([], tmp_path / "joined.mp4")


def test_the_same_files_give_the_same_bytes(truth: ClipTruth, tmp_path: Path) -> None:
    one, other = (Path(join([truth.path] * 2, tmp_path / name).file).read_bytes() for name in ("a.mp4", "b.mp4"))
    assert one == other
    assert one.index(b"moov") < one.index(b"mdat")


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "codec"), [("tree.avi", "cinepak"), ("vtest.avi", "msmpeg4v3")])
def test_what_mp4_does_not_hold_is_not_joined(name: str, codec: str, tmp_path: Path) -> None:
    path = SHARED / "video" / name
    with pytest.raises(UnjoinableVideosError, match=codec):
        join([path, path], tmp_path / "joined.mp4")
    assert not list(tmp_path.iterdir())
