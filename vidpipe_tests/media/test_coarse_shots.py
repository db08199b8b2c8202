"""Shots found by decoding little are those found by decoding all, and PySceneDetect's."""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import av
import pytest
import scenedetect

from vidpipe.errors import UnreadableVideoError, VideoError
from vidpipe.media.coarse_shots import find_shots
from vidpipe.media.container import open_video, video_stream
from vidpipe.media.limits import Limits
from vidpipe.media.second_look import SecondLook
from vidpipe.media.spare_packets import Groups
from vidpipe.timeline.shots import Shot
from vidpipe_tests.clips import make_clip
from vidpipe_tests.films import PACKAGED, load_shots, make_film, write_film
from vidpipe_tests.shared import SHARED

VIDEO = SHARED / "video"
FILES = (
    "awesome movie.mov",
    "bikes.mp4",
    "chrome.mp4",
    "elst_iibbibb.mp4",
    "googlework_short.mp4",
    "hevc.ts",
    "h264_10bit.mp4",
    "invalid_nalu.mp4",
    "missing_kf_labels.ts",
    "opencast_av.mp4",
    "bitrot_world.mp4",
    "zero_empty_stsc.mp4",
    "trunc50_bbb.webm",
)
B_FRAMES = {"preset": "veryfast", "crf": "23", "bf": "3", "g": "60"}


def found(
    path: Path, mode: Literal["full", "coarse"], threshold: float = 27.0, *, n_threads: int = 1
) -> list[Shot] | str:
    """The shots, or why there are none."""
    try:
        return find_shots(path, Limits(), threshold=threshold, mode=mode, n_threads=n_threads)
    except VideoError as error:
        return str(error)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real shots cut together."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    write_film(make_film(load_shots(PACKAGED), n_shots=8, seed=1), path)
    return path


@pytest.fixture(scope="module", params=[(320, 180), (640, 360), (200, 320)], ids=str)
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made shots of several lengths, in several sizes."""
    shots = [(1.2, 1), (0.8, 2), (1, 3), (0.2, 4), (1.4, 5), (0.7, "white"), (1, 6), (0.52, "black"), (1, 7)]
    path = tmp_path_factory.mktemp("clip") / "a.mp4"
    return make_clip(path, shots, size=request.param, sound=False, options=B_FRAMES).path  # type: ignore[arg-type]


@pytest.mark.parametrize("threshold", [15.0, 27.0])
def test_cuts_are_pyscenedetects(clip: Path, threshold: float) -> None:
    theirs = scenedetect.detect(str(clip), scenedetect.ContentDetector(threshold=threshold, min_scene_len="0.6s"))
    ours = find_shots(clip, Limits(), threshold=threshold)
    assert [round(float(shot.start_s), 4) for shot in ours] == [round(start.seconds, 4) for start, _ in theirs]
    assert len(ours) > 4


@pytest.mark.parametrize("detector", ["content", "adaptive"])
def test_films_of_real_shots_have_the_same_shots_in_both_modes(
    film: Path, detector: Literal["content", "adaptive"]
) -> None:
    full, coarse = (find_shots(film, Limits(), detector=detector, mode=mode) for mode in ("full", "coarse"))
    assert full == coarse == find_shots(film, Limits(), detector=detector, n_threads=2)
    assert len(full) > 2


@pytest.mark.parametrize("frame", range(40, 46))
def test_a_flash_of_one_frame_counts_as_in_pyscenedetect(tmp_path: Path, frame: int) -> None:
    shots = [(frame / 25, 1), (1 / 25, "white"), (1.5, 1)]
    path = make_clip(tmp_path / "a.mp4", shots, size=(160, 90), sound=False, options=B_FRAMES).path  # type: ignore[arg-type]
    theirs = scenedetect.detect(str(path), scenedetect.ContentDetector(min_scene_len="0.6s"))
    assert [float(shot.start_s) for shot in find_shots(path, Limits())] == [start.seconds for start, _ in theirs]
    assert len(theirs) == 2


def test_video_of_full_range_has_pyscenedetects_shots(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, options=B_FRAMES)
        video.width, video.height, video.pix_fmt = 160, 96, "yuvj420p"
        for number in range(120):
            frame = av.VideoFrame(160, 96, "yuvj420p")
            for plane, level in zip(frame.planes, (255 if number // 30 % 2 else 200, 128, 128), strict=True):
                plane.update(bytes([level]) * plane.buffer_size)
            frame.pts = number
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
    theirs = scenedetect.detect(str(path), scenedetect.ContentDetector(threshold=17, min_scene_len="0.6s"))
    ours = find_shots(path, Limits(), threshold=17)
    assert [float(shot.start_s) for shot in ours] == [start.seconds for start, _ in theirs]
    assert len(theirs) == 4
    assert found(path, "full", 17) == ours


@pytest.mark.parametrize("threshold", [50.0, 52.0])
def test_pictures_without_times_count_as_those_with_times(tmp_path: Path, threshold: float) -> None:
    shots = [(0.8, number) for number in range(8)]
    paths = [
        make_clip(tmp_path / name, shots, size=(160, 90), sound=False, options=B_FRAMES).path
        for name in ("a.mp4", "a.h264")
    ]
    n_shots = [len(find_shots(path, Limits(), threshold=threshold)) for path in paths]
    assert n_shots[0] == n_shots[1] > 2


def counted_on(transport_stream: bytes) -> bytes:
    """MPEG-TS packets with counters that go on, so that nothing seems lost between two streams."""
    data, n_packets = bytearray(transport_stream), Counter[int]()
    for at in range(0, len(data), 188):
        stream, has_payload = int.from_bytes(data[at + 1 : at + 3], "big") & 0x1FFF, data[at + 3] & 16
        data[at + 3] = data[at + 3] & 0xF0 | n_packets[stream] % 16
        n_packets[stream] += bool(has_payload)
    return bytes(data)


@pytest.mark.parametrize("n_b_frames", ["0", "3"])
def test_times_that_go_back_count_as_ever(tmp_path: Path, n_b_frames: str) -> None:
    parts = [
        make_clip(
            tmp_path / f"{i}.ts",
            [(2, 3 * i), (2, 3 * i + 1), (2, 3 * i + 2)],
            size=(160, 90),
            sound=False,
            start_s=start_s,
            options=B_FRAMES | {"g": "250", "sc_threshold": "0", "bf": n_b_frames},
        ).path
        for i, start_s in enumerate((0, 3))
    ]
    path = tmp_path / "both.ts"
    path.write_bytes(counted_on(b"".join(part.read_bytes() for part in parts)))
    assert found(path, "coarse") == found(path, "coarse", n_threads=2) == found(path, "full")
    assert len(found(path, "full")) > 2


def test_the_same_file_has_the_same_shots_twice_and_packets_are_not_kept(tmp_path: Path) -> None:
    shots: list[tuple[float, int]] = [(2, 1), (2, 2)] * 5
    path = make_clip(tmp_path / "a.mp4", shots, size=(160, 90), sound=False, options=B_FRAMES).path
    with open_video(path) as container:
        video = video_stream(container, Limits())
        groups, second = Groups(video, Limits()), SecondLook(ExitStack(), container, Limits())
        kept = []
        for packet in container.demux(video):
            group = groups.add(packet) if packet.size else None
            if group is not None:
                second.add(group)
                second.forget(group.key_pts)
                kept.append(second.n_bytes)
    assert len(kept) > 5
    assert max(kept) < path.stat().st_size / 4
    assert find_shots(path, Limits()) == find_shots(path, Limits())


def test_the_last_shot_ends_with_the_video(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", [(1, 1), (1, 2)], sound=False, options=B_FRAMES)
    assert [float(shot.end_s) for shot in find_shots(clip.path, Limits())] == [1, 2]


def test_a_file_without_pictures_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    modes: tuple[Literal["full", "coarse"], ...] = ("full", "coarse")
    for mode in modes:
        with pytest.raises(UnreadableVideoError):
            find_shots(tmp_path / "a.mp4", Limits(), mode=mode)


def test_numbers_must_not_be_negative(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(1, 1)], sound=False).path
    with pytest.raises(ValueError, match="not negative"):
        find_shots(path, Limits(), threshold=-1)


@pytest.mark.corpus
def test_shares_of_changes_are_pyscenedetects() -> None:
    modes: tuple[Literal["full", "coarse"], ...] = ("full", "coarse")
    path = VIDEO / "sar_rect.mp4"
    theirs = scenedetect.detect(str(path), scenedetect.AdaptiveDetector(min_scene_len="0.6s"))
    assert [len(find_shots(path, Limits(), detector="adaptive", mode=mode)) for mode in modes] == [1, 1]
    assert not theirs


@pytest.mark.corpus
@pytest.mark.parametrize("name", FILES)
def test_files_of_the_corpus_have_the_same_shots_in_both_modes(name: str) -> None:
    both = found(VIDEO / name, "coarse", 15.0), found(VIDEO / name, "coarse", 15.0, n_threads=2)
    assert both == (found(VIDEO / name, "full", 15.0),) * 2
