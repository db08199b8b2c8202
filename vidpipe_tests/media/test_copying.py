"""Copied clips: no frame missing from the key frame on, none in between, in sync, at once."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vidpipe.media.copying import cut_copy
from vidpipe.media.cutting import Clip
from vidpipe.media.limits import Limits
from vidpipe.timeline.spans import Span
from vidpipe_tests.clips import ClipTruth, make_clip, read_numbers, read_times
from vidpipe_tests.media.cuts import check_sound, complaints, frames_within, partition, span
from vidpipe_tests.shared import SHARED

SHOTS = [(1.2, 1), (1.12, 2), (1.0, 3)]  # 83 frames
B_FRAMES = {"preset": "medium", "bf": "3", "g": "25"}
OPEN_GOP = {**B_FRAMES, "x264-params": "open-gop=1:b-pyramid=normal"}


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory) -> ClipTruth:
    return make_clip(tmp_path_factory.mktemp("copy") / "a.mp4", SHOTS, options=B_FRAMES, size=(160, 96))


def cut(path: Path, spans: list[Span], out_dir: Path) -> tuple[Clip, ...]:
    out_dir.mkdir(exist_ok=True)
    return cut_copy(path, spans, out_dir, Limits())


def check_copy(truth: ClipTruth, wanted: Span, clip: Clip) -> None:
    """All frames of the span and the run-in from a key frame, one after the other, at their distances."""
    assert clip.mode == "copy"
    inside, numbers = frames_within(truth, wanted), read_numbers(Path(clip.file))
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[0] <= inside[0] <= inside[-1] <= numbers[-1] < inside[-1] + 5
    first_s = truth.times_s[numbers[0]]
    expected = [truth.times_s[number] - first_s for number in numbers]
    assert all(abs(a - b) <= Fraction(1, 1000) for a, b in zip(read_times(Path(clip.file)), expected, strict=True))
    assert clip.actual_start_s <= wanted.start_s + Fraction(1, 25)
    assert clip.actual_end_s >= min(wanted.end_s, truth.end_s) - Fraction(1, 1000)
    check_sound(truth, clip.actual_start_s, clip.actual_end_s, clip)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("options", [{"g": "20"}, B_FRAMES, OPEN_GOP], ids=["no_b_frames", "b_frames", "open_gop"])
def test_clips_start_at_key_frames_and_miss_nothing(suffix: str, options: dict[str, str], tmp_path: Path) -> None:
    truth = make_clip(tmp_path / f"a.{suffix}", SHOTS, options=options, size=(160, 96))
    late_s = Fraction(1024, 48_000) if suffix == "ts" else 0  # the sound starts first, and with it the clock
    times_s = tuple(time_s + late_s for time_s in truth.times_s)
    shifted = ClipTruth(truth.path, times_s, tuple(cut_s + late_s for cut_s in truth.cuts_s), truth.end_s + late_s)
    spans = [span(0, 2), span(1.99, 60)]
    for wanted, clip in zip(spans, cut(truth.path, spans, tmp_path / "out"), strict=True):
        check_copy(shifted, wanted, clip)
        assert not complaints(clip.file)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edges_s=st.lists(st.floats(0, 3.3), max_size=4))
def test_windows_side_by_side_cover_every_frame(
    truth: ClipTruth, edges_s: list[float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    spans = [one for one in partition(3.32, edges_s) if frames_within(truth, one)]
    clips = cut(truth.path, spans, tmp_path_factory.mktemp("out"))
    for wanted, clip in zip(spans, clips, strict=True):
        check_copy(truth, wanted, clip)
    assert all(after.actual_start_s <= before.actual_end_s for before, after in pairwise(clips))


def test_packets_are_the_sources_own(truth: ClipTruth, tmp_path: Path) -> None:
    (clip,) = cut(truth.path, [span(1, 3)], tmp_path / "out")
    with av.open(str(truth.path)) as source, av.open(clip.file) as copied:
        own = {bytes(packet) for packet in source.demux()}
        assert {bytes(packet) for packet in copied.demux()} <= own


def test_a_changing_frame_rate_is_kept(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", SHOTS, vfr=[(0, 25), (1.52, 10)], options=B_FRAMES, size=(160, 96))
    for wanted in (span(0, 2), span(1.5, 3.3)):
        (clip,) = cut(truth.path, [wanted], tmp_path / f"out{wanted.start_s.numerator}")
        check_copy(truth, wanted, clip)


def test_a_turned_video_stays_turned(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)], rotation=90)
    (clip,) = cut(truth.path, [span(0, 1)], tmp_path / "out")
    with av.open(clip.file) as container:
        assert next(container.decode(video=0)).rotation == -90
    assert clip.mode == "copy"


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "ffv1"), ("a.mkv", "ffv1"), ("a.avi", "libx264")])
def test_what_mp4_does_not_hold_is_cut_exactly(name: str, codec: str, tmp_path: Path) -> None:
    truth = make_clip(tmp_path / name, [(1, 1)], codec=codec, sound=False)
    (clip,) = cut(truth.path, [span(0.2, 0.8)], tmp_path / "out")
    assert clip.mode == "exact"
    assert read_numbers(Path(clip.file)) == list(range(5, 20))


def test_a_span_without_a_frame_yields_no_clip(truth: ClipTruth, tmp_path: Path) -> None:
    clips = cut(truth.path, [span(70, 80), span(1, 1), span(1, 2)], tmp_path / "out")
    assert [Path(clip.file).name for clip in clips] == ["clip_0002.mp4"]


def test_far_from_the_only_key_frame_a_span_is_cut_exactly(tmp_path: Path) -> None:
    options = {"preset": "medium", "g": "600", "x264-params": "scenecut=0"}
    truth = make_clip(tmp_path / "a.mp4", [(66, 1)], fps=4, options=options, size=(64, 48), sound=False)
    clips = cut(truth.path, [span(59, 60), span(64, 65)], tmp_path / "out")
    assert [(clip.mode, clip.actual_start_s) for clip in clips] == [("copy", 0), ("exact", 64)]


def test_sound_that_stops_early_makes_the_rest_exact(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", SHOTS, options=B_FRAMES, sound_s=1)
    clips = cut(truth.path, [span(0, 2), span(2.4, 3)], tmp_path / "out")
    assert [clip.mode for clip in clips] == ["copy", "exact"]


def test_the_index_stands_in_front_and_the_bytes_are_the_same_every_time(truth: ClipTruth, tmp_path: Path) -> None:
    one, other = (Path(cut(truth.path, [span(0.5, 3)], tmp_path / name)[0].file).read_bytes() for name in "ab")
    assert one == other
    assert one.index(b"moov") < one.index(b"mdat")


def test_a_folder_that_cannot_be_written_is_not_the_videos_fault(truth: ClipTruth, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        cut_copy(truth.path, [span(0, 1)], tmp_path / "missing", Limits())


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name", ["av1_video.mkv", "bbb_vp9_10s.webm", "hevc.ts", "kf_index.flv", "ssa.mkv", "portrait.MOV", "bpyramid.mp4"]
)
def test_real_files_of_all_codecs_are_copied(name: str, tmp_path: Path) -> None:
    for clip in cut(SHARED / "video" / name, [span(0, 1), span(0.5, 4)], tmp_path / "out"):
        assert clip.mode == "copy"
        assert not complaints(clip.file)
        times_s = read_times(Path(clip.file))
        assert 0 < times_s[-1] < clip.actual_end_s - clip.actual_start_s + 1e-6
