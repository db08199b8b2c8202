"""Clips that are exact to the frame, in sync, and whole."""

import pickle
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.audio.frame import AudioFrame
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.errors import LimitExceededError
from vidpipe.media.cutting import Clip, cut_exact, parts_of
from vidpipe.media.limits import Limits
from vidpipe.timeline.spans import Span, sliding_windows
from vidpipe_tests.clips import ClipTruth, beeps_s, make_clip, read_numbers, read_sound, read_times
from vidpipe_tests.shared import SHARED

VIDEO = SHARED / "video"


def span(start_s: float, end_s: float) -> Span:
    return Span(Fraction(str(start_s)), Fraction(str(end_s)))


def cut(path: Path, spans: Sequence[Span], out_dir: Path) -> tuple[Clip, ...]:
    out_dir.mkdir(exist_ok=True)
    return cut_exact(path, spans, out_dir=out_dir, limits=Limits())


def check_exact(truth: ClipTruth, spans: Sequence[Span], clips: Sequence[Clip]) -> None:
    """Each clip has exactly the frames of its span, at their distances, from its own zero."""
    assert len(clips) == len(spans)
    for wanted, clip in zip(spans, clips, strict=True):
        inside = [i for i, time_s in enumerate(truth.times_s) if wanted.contains(time_s)]
        assert read_numbers(Path(clip.file)) == inside
        offsets = [truth.times_s[i] - wanted.start_s for i in inside]
        assert all(
            abs(got - offset) <= Fraction(1, 30_000) for got, offset in zip(clip_times(clip), offsets, strict=True)
        )
        assert clip.actual_start_s == pytest.approx(float(truth.times_s[inside[0]]), abs=1e-6)


def clip_times(clip: Clip) -> list[Fraction]:
    return read_times(Path(clip.file))


def test_overlapping_windows_have_their_own_frames_at_their_own_times(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(3, 1), (3, 2), (3, 3)])
    spans = list(sliding_windows(Fraction(9), Fraction(4), Fraction(1)))
    check_exact(truth, spans, cut(truth.path, spans, tmp_path / "out"))


def test_a_changing_frame_rate_is_kept(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(3, 1), (3, 2)], vfr=[(0, 25), (2.8, 10)])
    spans = [span(0, 6), span(1, 5), span(2.5, 3.5)]
    check_exact(truth, spans, cut(truth.path, spans, tmp_path / "out"))


def test_a_window_that_starts_between_frames_starts_with_the_next_one(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(3, 1)])
    (clip,) = cut(truth.path, [span(1.01, 2.03)], tmp_path / "out")
    check_exact(truth, [span(1.01, 2.03)], [clip])
    assert clip_times(clip)[0] == Fraction(3, 100)
    assert (clip.start_s, clip.end_s, clip.actual_start_s, clip.actual_end_s) == (1.01, 2.03, 1.04, 2.04)


def test_the_tail_is_never_dropped(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(3, 1)], options={"bf": "3", "preset": "medium"})
    (clip,) = cut(truth.path, [span(2, 60)], tmp_path / "out")
    assert read_numbers(Path(clip.file)) == list(range(50, 75))
    assert clip.actual_end_s == 3.0


def test_a_window_without_a_frame_yields_no_clip_and_spares_the_others(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2, 1)])
    clips = cut(truth.path, [span(5, 6), span(0.05, 0.07), span(0, 1), span(1, 1)], tmp_path / "out")
    assert [Path(clip.file).name for clip in clips] == ["clip_0002.mp4"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["clip_0002.mp4"]


def test_sound_is_in_sync_to_20_ms(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1.5, 1), (1.5, 2), (1.5, 3), (1.5, 4)])
    spans = [span(0, 6), span(1, 4), span(1.01, 5.97)]
    for wanted, clip in zip(spans, cut(truth.path, spans, tmp_path / "out"), strict=True):
        expected = [s - float(wanted.start_s) for s in (0, 1.5, 3, 4.5) if wanted.contains(Fraction(str(s)))]
        assert beeps_s(*read_sound(Path(clip.file))) == pytest.approx(expected, abs=0.02)


def test_sound_ends_with_the_window(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(6, 1)])
    (clip,) = cut(truth.path, [span(1, 3)], tmp_path / "out")
    first_s, samples = read_sound(Path(clip.file))
    assert first_s + len(samples) / 48_000 == pytest.approx(2, abs=0.03)


def test_a_late_start_of_the_clock_moves_nothing(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mkv", [(2, 1), (2, 2)], start_s=30, sound=False)
    (clip,) = cut(truth.path, [span(1, 3)], tmp_path / "out")
    assert read_numbers(Path(clip.file)) == list(range(25, 75))
    assert (clip.actual_start_s, clip.actual_end_s) == (1.0, 3.0)


@pytest.mark.parametrize(("rotation", "size"), [(90, (180, 320)), (180, (320, 180)), (270, (180, 320))])
def test_clips_are_upright(tmp_path: Path, rotation: int, size: tuple[int, int]) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)], rotation=rotation, sound=False)
    (clip,) = cut(truth.path, [span(0, 1)], tmp_path / "out")
    with av.open(clip.file) as container:
        frame = next(container.decode(video=0))
        assert (frame.width, frame.height, frame.rotation) == (*size, 0)


@pytest.mark.parametrize("size", [(10, 6), (2, 2), (161, 121), (4, 200)])
def test_odd_and_tiny_pictures_are_cut_too(tmp_path: Path, size: tuple[int, int]) -> None:
    truth = make_clip(tmp_path / "a.avi", [(1, 1)], size=size, codec="ffv1", sound=False)
    (clip,) = cut(truth.path, [span(0, 1)], tmp_path / "out")
    with av.open(clip.file) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 25
    assert (frames[0].width, frames[0].height) == (size[0] // 2 * 2, size[1] // 2 * 2)


@pytest.mark.parametrize("pix_fmt", ["yuv422p", "yuv444p", "yuv420p10le"])
def test_clips_play_everywhere_whatever_the_source(tmp_path: Path, pix_fmt: str) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)], pix_fmt=pix_fmt, sound=False)
    (clip,) = cut(truth.path, [span(0, 1)], tmp_path / "out")
    with av.open(clip.file) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1), (1, 2)])
    files = [cut(truth.path, [span(0.5, 1.5)], tmp_path / name)[0].file for name in ("one", "other")]
    assert Path(files[0]).read_bytes() == Path(files[1]).read_bytes()


def test_the_index_stands_in_front_of_the_media(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)])
    data = Path(cut(truth.path, [span(0, 1)], tmp_path / "out")[0].file).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_clips_travel_between_processes(tmp_path: Path) -> None:
    clips = cut(make_clip(tmp_path / "a.mp4", [(1, 1)]).path, [span(0, 1)], tmp_path / "out")
    assert pickle.loads(pickle.dumps(clips)) == clips


def test_a_folder_that_cannot_be_written_is_not_the_videos_fault(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(1, 1)])
    with pytest.raises(FileNotFoundError):
        cut_exact(truth.path, [span(0, 1)], out_dir=tmp_path / "missing", limits=Limits())


def test_sound_that_stops_early_leaves_the_picture_whole(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(4, 1)], sound_s=1)
    clips = cut(truth.path, [span(0, 2), span(2, 4)], tmp_path / "out")
    check_exact(truth, [span(0, 2), span(2, 4)], clips)
    assert abs(read_sound(Path(clips[1].file))[1]).max() < 0.001


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name",
    [
        "Megamind.avi",
        "bitrot_world.mp4",
        "failing_audio.mp4",
        "mjpeg_scene_change.mov",
        "rotate_reflect.mp4",
        "tiny_10x6_64s.mp4",
        "tree.avi",
        "ts_start10.ts",
        "weird_aspect.mpg",
    ],
)
def test_real_files_are_cut_without_losing_the_distance_of_frames(name: str, tmp_path: Path) -> None:
    clips = cut(VIDEO / name, [span(0, 1.5), span(1, 2.5)], tmp_path / "out")
    for clip in clips:
        times_s = clip_times(clip)
        length_s = clip.actual_end_s - clip.actual_start_s
        assert 0 < times_s[-1] - times_s[0] + 1e-6 < length_s + 1e-6


def test_sound_in_channels_that_no_one_can_mix_becomes_silence(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mkv", [(1, 1)], sound=False)
    with av.open(str(truth.path)) as source, av.open(str(tmp_path / "b.mkv"), "w") as output:
        video = output.add_stream_from_template(source.streams.video[0], opaque=True)
        audio = output.add_stream("pcm_s16le", rate=48_000, layout="30 channels")
        sound = AudioFrame(format="s16", layout="30 channels", samples=48_000)
        sound.sample_rate, sound.pts = 48_000, 0
        for packet in [*audio.encode(sound), *source.demux(video=0)]:
            if packet.size:
                packet.stream = video if packet.stream is source.streams.video[0] else audio
                output.mux(packet)
    (clip,) = cut(tmp_path / "b.mkv", [span(0, 1)], tmp_path / "out")
    assert read_numbers(Path(clip.file)) == list(range(25))
    assert abs(read_sound(Path(clip.file))[1]).max() < 0.001


@pytest.mark.parametrize("spans", [[(0, 1), (1, 2.5), (2.5, 4)], [(0, 3), (0.5, 3.5), (1, 4)], [(3, 4), (9, 10)]])
def test_any_number_of_threads_gives_the_same_clips(spans: list[tuple[float, float]], tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2, 1), (2, 2)])
    found = []
    for n_threads in (1, 2, 5):
        (tmp_path / "out").mkdir()
        clips = cut_exact(truth.path, [span(*one) for one in spans], tmp_path / "out", Limits(), n_threads=n_threads)
        found.append((clips, [Path(clip.file).read_bytes() for clip in clips]))
        (tmp_path / "out").rename(tmp_path / f"out_{n_threads}")
    assert found[0] == found[1] == found[2]


def test_what_fails_on_a_thread_is_told_and_leaves_nothing_unfinished(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2, 1), (2, 2)], sound=False)
    (tmp_path / "out").mkdir()
    with pytest.raises(LimitExceededError, match="too many frames"):
        cut_exact(truth.path, [span(0, 1), span(1, 4)], tmp_path / "out", Limits(max_frames=60), n_threads=2)
    assert not list((tmp_path / "out").glob(".*"))


@given(
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 90)), max_size=40),
    st.integers(1, 5),
)
def test_parts_hold_every_target_once_in_order_of_time(starts_and_lengths: list[tuple[int, int]], n: int) -> None:
    targets = [(span(start, start + length), Path(str(i))) for i, (start, length) in enumerate(starts_and_lengths)]
    parts = parts_of(targets, n)
    assert len(parts) <= n
    assert all(parts)
    assert [target for part in parts for target in part] == sorted(targets, key=lambda target: target[0])


def test_parts_take_about_as_long_each(tmp_path: Path) -> None:
    targets = [(span(i, i + 1), tmp_path / f"{i}.mp4") for i in range(100)]
    first, second = parts_of(targets, 2)
    assert 50 < len(first) < 60, "the second one is decoded up to first"
    assert len(second) == 100 - len(first)
