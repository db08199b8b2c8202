"""Smart clips: the frames and times of exact ones, most of them copied; anything doubtful is cut exactly."""

import contextlib
import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import decord
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vidpipe.errors import VideoError
from vidpipe.media.copying import cut_copy
from vidpipe.media.cutting import Clip, cut_exact
from vidpipe.media.limits import Limits
from vidpipe.media.probe import inspect_video
from vidpipe.media.smart import cut_smart
from vidpipe.timeline.spans import Span, sliding_windows
from vidpipe_tests.browser import browser
from vidpipe_tests.clips import ClipTruth, make_clip, read_numbers, read_times
from vidpipe_tests.media.cuts import (
    check_pictures,
    check_sound,
    complaints,
    frames_within,
    luma_difference,
    partition,
    span,
)
from vidpipe_tests.shared import SHARED

SHOTS = [(1.2, 1), (1.12, 2), (1.0, 3)]  # 83 frames
B_FRAMES = {"preset": "medium", "bf": "3", "g": "25"}
KINDS: dict[str, dict[str, str]] = {
    "b_frames": B_FRAMES,
    "no_b_frames": {"g": "30"},
    "main": {"preset": "slow", "bf": "8", "g": "40", "profile": "main"},
    "baseline": {"g": "20", "profile": "baseline"},
    "open_gop": {**B_FRAMES, "x264-params": "open-gop=1:b-pyramid=normal"},
    "one_group": {**B_FRAMES, "g": "600", "x264-params": "scenecut=0"},
    "bits_in_band": {**B_FRAMES, "x264-params": "repeat-headers=1:aud=1"},
}


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory) -> ClipTruth:
    """A source with B frames, groups of at most a second, and a beep at each cut."""
    return make_clip(tmp_path_factory.mktemp("smart") / "a.mp4", SHOTS, options=B_FRAMES, size=(160, 96))


def cut(path: Path, spans: list[Span], out_dir: Path) -> tuple[Clip, ...]:
    out_dir.mkdir(exist_ok=True)
    return cut_smart(path, spans, out_dir, Limits())


def modes(clips: tuple[Clip, ...]) -> set[str]:
    return {clip.mode for clip in clips}


def check_same(truth: ClipTruth, spans: list[Span], tmp_path: Path, mode: str) -> None:
    """The clips are of this mode, right, silent, and stand beside exact ones."""
    clips = cut(truth.path, spans, tmp_path / "smart")
    (tmp_path / "exact").mkdir()
    exact = cut_exact(truth.path, spans, tmp_path / "exact", Limits())
    assert modes(clips) == {mode}
    for wanted, clip, other in zip(spans, clips, exact, strict=True):
        check_pictures(truth, wanted, clip)
        check_sound(truth, float(wanted.start_s), float(wanted.end_s), clip)
        assert read_times(Path(clip.file)) == read_times(Path(other.file))
        assert (clip.actual_start_s, clip.actual_end_s) == (other.actual_start_s, other.actual_end_s)
        assert not complaints(clip.file)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_groups_is_cut_at_the_frame(kind: str, tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", SHOTS, options=KINDS[kind], size=(160, 96))
    check_same(truth, [span(0, 2), span(0.99, 3.01)], tmp_path, "smart")


@pytest.mark.parametrize("suffix", ["mov", "mkv"])
def test_other_containers_are_cut_too(suffix: str, tmp_path: Path) -> None:
    truth = make_clip(tmp_path / f"a.{suffix}", SHOTS, options=B_FRAMES, size=(160, 96))
    check_same(truth, [span(0.5, 2.6), span(1.2, 2.32)], tmp_path, "smart")


def test_a_changing_frame_rate_is_kept(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", SHOTS, vfr=[(0, 25), (1.52, 10)], options=B_FRAMES, size=(160, 96))
    check_same(truth, [span(0, 2), span(1, 3.31)], tmp_path, "smart")


def test_the_tail_is_never_dropped(truth: ClipTruth, tmp_path: Path) -> None:
    (clip,) = cut(truth.path, [span(2, 60)], tmp_path / "out")
    assert read_numbers(Path(clip.file)) == list(range(50, 83))
    assert clip.mode == "smart"
    assert clip.actual_end_s == pytest.approx(3.32)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edges_s=st.lists(st.floats(0, 3.3), max_size=3))
def test_windows_side_by_side_lose_and_double_no_frame(
    truth: ClipTruth, edges_s: list[float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    spans = partition(3.32, edges_s)
    clips = cut(truth.path, spans, tmp_path_factory.mktemp("out"))
    assert modes(clips) == {"smart"}
    assert [number for clip in clips for number in read_numbers(Path(clip.file))] == list(range(83))
    wanted = [one for one in spans if frames_within(truth, one)]
    for one, clip in zip(wanted, clips, strict=True):
        check_pictures(truth, one, clip)
        if one.length_s > Fraction(1, 5):
            check_sound(truth, float(one.start_s), float(one.end_s), clip)


def test_pictures_look_like_the_sources(truth: ClipTruth, tmp_path: Path) -> None:
    (clip,) = cut(truth.path, [span(0.5, 3)], tmp_path / "out")
    with av.open(str(truth.path)) as source, av.open(clip.file) as cut_out:
        frames = [frame.to_ndarray(format="gray", threads=1) for frame in source.decode(video=0)][13:75]
        for one, frame in zip(frames, cut_out.decode(video=0), strict=True):
            assert luma_difference(one, frame.to_ndarray(format="gray", threads=1)) < 2


def test_most_packets_are_the_sources_own(truth: ClipTruth, tmp_path: Path) -> None:
    (clip,) = cut(truth.path, [span(0.5, 3)], tmp_path / "out")
    with av.open(str(truth.path)) as source, av.open(clip.file) as cut_out:
        own = {bytes(packet) for packet in source.demux(video=0)}
        copied = [bytes(packet) in own for packet in cut_out.demux(video=0) if packet.size]
    assert sum(copied) > len(copied) / 2


def test_a_piece_that_two_windows_share_is_encoded_once(truth: ClipTruth, tmp_path: Path) -> None:
    clips = cut(truth.path, [span(0, 1.6), span(1.2, 3)], tmp_path / "out")
    pieces = []
    for clip in clips:
        with av.open(clip.file) as container:
            pieces.append({bytes(packet) for packet in container.demux(video=0) if packet.size})
    assert len(pieces[0] & pieces[1]) == 10


def test_overlapping_windows_are_cut_in_one_go(truth: ClipTruth, tmp_path: Path) -> None:
    spans = list(sliding_windows(Fraction("3.32"), Fraction(1), Fraction("0.2")))
    check_same(truth, spans, tmp_path, "smart")


def test_a_span_without_a_frame_yields_no_clip(truth: ClipTruth, tmp_path: Path) -> None:
    clips = cut(truth.path, [span(70, 80), span(0.05, 0.07), span(1, 1), span(1, 2)], tmp_path / "out")
    assert [Path(clip.file).name for clip in clips] == ["clip_0003.mp4"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["clip_0003.mp4"]


def test_the_index_stands_in_front_and_the_bytes_are_the_same_every_time(truth: ClipTruth, tmp_path: Path) -> None:
    one, other = (Path(cut(truth.path, [span(0.5, 3)], tmp_path / name)[0].file).read_bytes() for name in "ab")
    assert one == other
    assert one.index(b"moov") < one.index(b"mdat")


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("a.ts", {}),
        ("a.avi", {"codec": "ffv1"}),
        ("a.mkv", {"codec": "ffv1"}),
        ("a.mp4", {"pix_fmt": "yuv422p"}),
        ("a.mp4", {"pix_fmt": "yuv420p10le"}),
        ("a.mp4", {"rotation": 90}),
        ("a.mp4", {"options": {"x264-params": "interlaced=1"}}),
        ("a.mp4", {"pix_fmt": "yuvj420p"}),
    ],
)
def test_what_is_not_plain_is_cut_exactly(name: str, how: dict[str, object], tmp_path: Path) -> None:
    truth = make_clip(tmp_path / name, [(1, 1), (1, 2)], size=(160, 96), **how)  # type: ignore[arg-type]
    clips = cut(truth.path, [span(0, 1.5), span(1, 2)], tmp_path / "out")
    assert [clip.mode for clip in clips] == ["exact", "exact"]
    assert not complaints(clips[0].file)


def test_a_damaged_group_makes_its_windows_exact_and_leaves_the_others(truth: ClipTruth, tmp_path: Path) -> None:
    with av.open(str(truth.path)) as container:
        key = [packet for packet in container.demux(video=0) if packet.is_keyframe][1]
    place, size = key.pos or 0, key.size
    data = bytearray(truth.path.read_bytes())
    data[place + 40 : place + size] = bytes(size - 40)  # the picture's lengths stay right
    (tmp_path / "a.mp4").write_bytes(data)
    clips = cut(tmp_path / "a.mp4", [span(1.1, 1.9), span(2.4, 3)], tmp_path / "out")
    assert [clip.mode for clip in clips] == ["exact", "smart"]


def test_a_unit_that_leads_beyond_its_packet_makes_all_exact(truth: ClipTruth, tmp_path: Path) -> None:
    with av.open(str(truth.path)) as container:
        place = next(packet for packet in container.demux(video=0) if packet.is_keyframe).pos or 0
    data = bytearray(truth.path.read_bytes())
    data[place : place + 4] = b"\x7f\xff\xff\xff"
    (tmp_path / "a.mp4").write_bytes(data)
    assert modes(cut(tmp_path / "a.mp4", [span(2, 3)], tmp_path / "out")) == {"exact"}


@pytest.mark.parametrize("cut_other", [cut_smart, cut_copy])
def test_mutated_files_give_clips_or_one_reason_and_leave_nothing_else(
    cut_other: Callable[..., tuple[Clip, ...]], truth: ClipTruth, tmp_path: Path
) -> None:
    whole, spans = truth.path.read_bytes(), [span(0, 1.1), span(0.9, 2.5), span(2, 9)]
    for seed in range(12):
        chance, data = random.Random(seed), bytearray(whole)
        for _ in range(chance.choice([1, 5, 20])):
            data[chance.randrange(chance.choice([6000, len(data)]))] ^= 1 << chance.randrange(8)
        (tmp_path / "a.mp4").write_bytes(data[: chance.choice([len(data), chance.randrange(len(data))])])
        out = tmp_path / f"out{seed}"
        out.mkdir()
        with contextlib.suppress(VideoError):
            clips = cut_other(tmp_path / "a.mp4", spans, out, Limits())
            assert {path.name for path in out.iterdir()} == {Path(clip.file).name for clip in clips}


def test_a_clip_claims_the_seconds_it_holds(truth: ClipTruth, tmp_path: Path) -> None:
    for clip in cut(truth.path, [span(0.5, 2), span(2, 60)], tmp_path / "out"):
        length_s = inspect_video(Path(clip.file), Limits()).duration_s
        assert length_s == pytest.approx(clip.actual_end_s - clip.start_s, abs=1e-4)


def test_decord_plays_what_was_cut(truth: ClipTruth, tmp_path: Path) -> None:
    (clip,) = cut(truth.path, [span(0.5, 3)], tmp_path / "out")
    reader = decord.VideoReader(clip.file)
    assert len(reader) == 62
    sequential = [reader[i].asnumpy() for i in range(62)]
    for i in (40, 3, 25, 61, 12):
        assert (decord.VideoReader(clip.file)[i].asnumpy() == sequential[i]).all()


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["bikes.mp4", "nasa_multistream.mp4", "sar_rect.mp4", "split_copy.mkv", "edts.mp4"])
def test_real_files_are_cut_as_exactly_as_by_encoding(name: str, tmp_path: Path) -> None:
    spans = [span(1.5, 4.1), span(4, 7.9)]
    clips = cut(SHARED / "video" / name, spans, tmp_path / "smart")
    (tmp_path / "exact").mkdir()
    exact = cut_exact(SHARED / "video" / name, spans, tmp_path / "exact", Limits())
    assert modes(clips) == {"smart"}
    for clip, other in zip(clips, exact, strict=True):
        assert read_times(Path(clip.file)) == read_times(Path(other.file))
        assert (clip.actual_start_s, clip.actual_end_s) == (other.actual_start_s, other.actual_end_s)
        assert not complaints(clip.file)


PLAY = """(address) => new Promise((done) => {
  const video = Object.assign(document.createElement("video"), { muted: true, src: address, playbackRate: 8 });
  const told = (how) => {
    const { totalVideoFrames: all, corruptedVideoFrames: bad } = video.getVideoPlaybackQuality();
    done([how, all, bad]);
  };
  video.onended = () => told("ended");
  video.onerror = () => told(`error ${video.error.code}`);
  document.body.append(video);
  video.play().catch((error) => told(String(error)));
})"""


def test_a_browser_plays_every_frame_of_a_joined_clip(truth: ClipTruth, tmp_path: Path) -> None:
    clips = cut(truth.path, [span(0.5, 2.6), span(1.2, 3.31)], tmp_path)
    assert modes(clips) == {"smart"}
    (tmp_path / "page.html").write_text("<!doctype html><title>clips</title><body></body>")
    with browser(tmp_path / "profile") as tab:
        tab.open((tmp_path / "page.html").as_uri())
        for clip in clips:
            with av.open(clip.file) as container:
                n_frames = sum(packet.size > 0 for packet in container.demux(video=0))
            assert tab.value(f"({PLAY})({Path(clip.file).name!r})") == ["ended", n_frames, 0]
