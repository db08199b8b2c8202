"""The facts of a file, against clips whose truth is known."""

import hashlib
import pickle
from fractions import Fraction
from pathlib import Path

import av
import pytest

from vidpipe.errors import UnreadableVideoError, VideoError
from vidpipe.media.cutting import cut_exact
from vidpipe.media.limits import Limits
from vidpipe.media.probe import inspect_video
from vidpipe.timeline.spans import Span
from vidpipe_tests.clips import make_clip
from vidpipe_tests.shared import SHARED

VIDEO = SHARED / "video"
REASONS = {
    "",
    "damaged header",
    "empty file",
    "encrypted",
    "Git LFS pointer, not a video",
    "no video stream",
    "not a video",
    "truncated: no decodable frame",
}
MISSING_S = {"trunc50_bbb.webm": 15.542, "trunc60_chrome.mp4": 12.628107}  # all others are whole


def test_a_plain_clip_is_described(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2, 1)], size=(320, 180))
    facts = inspect_video(truth.path, Limits())
    data = truth.path.read_bytes()
    assert (facts.container, facts.video_codec, facts.audio_codec) == ("mov,mp4,m4a,3gp,3g2,mj2", "h264", "aac")
    assert (facts.width, facts.height, facts.rotation) == (320, 180, 0)
    assert (facts.duration_s, facts.start_s, facts.time_base, facts.frame_rate) == (2.0, 0.0, "1/30000", "25")
    assert (facts.n_frames, facts.is_vfr, facts.has_audio) == (50, False, True)
    assert (facts.sha256, facts.bytes) == (hashlib.sha256(data).hexdigest(), len(data))


def test_facts_travel_between_processes(tmp_path: Path) -> None:
    facts = inspect_video(make_clip(tmp_path / "a.mp4", [(1, 1)]).path, Limits())
    assert pickle.loads(pickle.dumps(facts)) == facts


def test_a_changing_frame_rate_is_seen(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(4, 1)], vfr=[(0, 25), (3, 10)]).path
    facts = inspect_video(path, Limits())
    assert (facts.is_vfr, facts.n_frames, facts.duration_s) == (True, 85, 4.0)


def test_time_stamps_rounded_to_milliseconds_are_no_changing_frame_rate(tmp_path: Path) -> None:
    facts = inspect_video(make_clip(tmp_path / "a.mkv", [(2, 1)], fps=24).path, Limits())
    assert (facts.is_vfr, facts.frame_rate, facts.time_base) == (False, "24", "1/1000")


@pytest.mark.parametrize(("rotation", "size"), [(90, (180, 320)), (180, (320, 180)), (270, (180, 320))])
def test_width_and_height_are_as_displayed(tmp_path: Path, rotation: int, size: tuple[int, int]) -> None:
    facts = inspect_video(make_clip(tmp_path / "a.mp4", [(1, 1)], rotation=rotation).path, Limits())
    assert (facts.rotation, (facts.width, facts.height)) == (rotation, size)


def test_the_duration_counts_from_the_containers_start(tmp_path: Path) -> None:
    facts = inspect_video(make_clip(tmp_path / "a.mkv", [(2, 1)], start_s=5, sound=False).path, Limits())
    assert (facts.start_s, facts.duration_s) == (5.0, 2.0)


def test_sound_that_outlasts_the_picture_does_not_count(tmp_path: Path) -> None:
    facts = inspect_video(make_clip(tmp_path / "a.mp4", [(1, 1)], sound_s=3).path, Limits())
    assert facts.duration_s == 1.0


def test_a_single_frame_is_a_video(tmp_path: Path) -> None:
    facts = inspect_video(make_clip(tmp_path / "a.mp4", [(0.04, 1)], sound=False).path, Limits())
    assert (facts.n_frames, facts.duration_s, facts.frame_rate, facts.is_vfr) == (1, 0.04, "25", False)


def test_a_file_cut_off_behind_its_header_has_no_decodable_frame(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mkv", [(2, 1)], sound=False).path
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"\x1f\x43\xb6\x75") + 20])  # the first cluster's beginning
    with pytest.raises(UnreadableVideoError, match=r"^truncated: no decodable frame$"):
        inspect_video(path, Limits())


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_truncated_file_says_how_much_is_missing(tmp_path: Path, suffix: str) -> None:
    path = make_clip(tmp_path / f"a.{suffix}", [(6, 1)]).path
    if suffix == "mp4":  # whose header only then stands first
        (clip,) = cut_exact(path, [Span(Fraction(0), Fraction(6))], tmp_path, Limits())
        path = Path(clip.file)
    assert inspect_video(path, Limits()).missing_s == 0
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    facts = inspect_video(path, Limits())
    assert facts.missing_s > 1
    assert facts.duration_s + facts.missing_s == pytest.approx(6, abs=0.2)


@pytest.mark.corpus
def test_a_lying_header_does_not_stretch_the_duration() -> None:
    assert inspect_video(VIDEO / "fragmented_bad_duration.mp4", Limits()).duration_s == 1.067733


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "size", "rotation"),
    [
        ("rotated_90.mp4", (480, 640), 90),
        ("decord_video_270.mov", (320, 568), 270),
        ("portrait.MOV", (320, 568), 90),
        ("rotate_reflect.mp4", (720, 1080), 90),
        ("sar_rect.mp4", (1920, 1080), 0),
        ("no_timescale.mp4", (320, 240), 0),
        ("tiny_10x6_64s.mp4", (10, 6), 0),
        ("8k24.mp4", (7680, 4320), 0),
    ],
)
def test_sizes_of_the_corpus_are_as_displayed(name: str, size: tuple[int, int], rotation: int) -> None:
    facts = inspect_video(VIDEO / name, Limits())
    assert ((facts.width, facts.height), facts.rotation) == (size, rotation)


@pytest.mark.corpus
@pytest.mark.parametrize("path", sorted(VIDEO.glob("*.*")), ids=lambda path: path.name)
def test_every_file_of_the_corpus_is_a_video_or_says_why_not(path: Path) -> None:
    reason = ""
    try:
        facts = inspect_video(path, Limits())
    except VideoError as error:
        reason = str(error)
    assert reason in REASONS
    assert reason or (0 < facts.duration_s < 400 and facts.n_frames > 0)
    assert reason or facts.missing_s == MISSING_S.get(path.name, 0)


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["bikes.mp4", "chrome.mp4", "ts_start10.ts", "Megamind.avi", "portrait.MOV"])
def test_packets_tell_the_same_end_as_frames(name: str) -> None:
    facts = inspect_video(VIDEO / name, Limits())
    with av.open(str(VIDEO / name)) as container:
        frames = list(container.decode(container.streams.best("video")))
    assert len(frames) == facts.n_frames
