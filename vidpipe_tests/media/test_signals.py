"""One decode, one row per frame, and what is written beside it."""

import pickle
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from vidpipe.errors import UnreadableVideoError, VideoError
from vidpipe.media.limits import Limits
from vidpipe.media.signals import Signals, measure_signals
from vidpipe.timeline.frame_table import FrameTable, load_frame_table, load_loudness
from vidpipe.timeline.shots import detect_shots
from vidpipe_tests.clips import make_clip
from vidpipe_tests.shared import SHARED

VIDEO = SHARED / "video"
HEAVY = {"8k24.mp4", "long_black_4k_av1.mp4", "long_black_1080p.mp4", "talk_slides_speech.mp4"}


def measured(path: Path, out_dir: Path) -> tuple[Signals, FrameTable]:
    out_dir.mkdir(exist_ok=True)
    signals = measure_signals(path, out_dir, Limits())
    return signals, load_frame_table(out_dir / "frames.parquet")


def cuts_of(table: FrameTable) -> list[Fraction]:
    shots = detect_shots(table, detector="content", threshold=27.0, min_length_s=0.6)
    return [shot.start_s for shot in shots[1:]]


def test_there_is_one_row_per_frame_with_its_own_pts(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2, 1), (2, 2)])
    signals, table = measured(truth.path, tmp_path / "out")
    assert (signals.n_frames, table.n_frames) == (100, 100)
    assert [table.time_of(pts) for pts in table.pts] == list(truth.times_s)
    assert (signals.first_pts, signals.end_pts, signals.time_base) == (0, 120_000, "1/30000")
    assert (signals.duration_s, signals.n_decode_errors) == (4.0, 0)
    assert signals.rows_sha256 == table.sha256()


def test_hard_cuts_are_found_exactly(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2, 1), (1.2, 2), (3, 3), (2, 4)])
    _, table = measured(truth.path, tmp_path / "out")
    assert cuts_of(table) == list(truth.cuts_s)


def test_hard_cuts_are_found_exactly_where_the_frame_rate_changes(tmp_path: Path) -> None:
    shots = [(2, 1), (3, 2), (2.6, 3), (2, 4), (3, 5), (1.5, 6)]
    truth = make_clip(tmp_path / "a.mp4", shots, vfr=[(0, 25), (8, 10)], size=(160, 90))
    _, table = measured(truth.path, tmp_path / "out")
    assert cuts_of(table) == list(truth.cuts_s)


def test_a_late_start_of_the_clock_moves_nothing(tmp_path: Path) -> None:
    early = make_clip(tmp_path / "a.mkv", [(2, 1), (2, 2)], sound=False)
    late = make_clip(tmp_path / "b.mkv", [(2, 1), (2, 2)], start_s=10, sound=False)
    _, one = measured(early.path, tmp_path / "one")
    signals, other = measured(late.path, tmp_path / "other")
    assert cuts_of(one) == cuts_of(other) == [2]
    assert (signals.start_s, signals.first_pts) == ("10", 10_000)


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(1, 1), (1, 2)]).path
    one, _ = measured(path, tmp_path / "one")
    other, _ = measured(path, tmp_path / "other")
    assert one.rows_sha256 == other.rows_sha256
    for name in ("frames.parquet", "loudness.parquet", "poster.jpg", "strip.jpg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_signals_travel_between_processes(tmp_path: Path) -> None:
    signals, _ = measured(make_clip(tmp_path / "a.mp4", [(1, 1)]).path, tmp_path / "out")
    assert pickle.loads(pickle.dumps(signals)) == signals
    assert [Path(file).name for file in signals.files] == [
        "frames.parquet",
        "poster.jpg",
        "strip.jpg",
        "loudness.parquet",
    ]


def test_loudness_lies_on_the_clock_of_the_pictures(tmp_path: Path) -> None:
    measured(make_clip(tmp_path / "a.mp4", [(2, 1), (2, 2)]).path, tmp_path / "out")
    dbfs = load_loudness(tmp_path / "out" / "loudness.parquet")
    assert len(dbfs) == pytest.approx(40, abs=1)
    assert np.argsort(dbfs)[-2:].tolist() in ([0, 20], [20, 0])


def test_without_sound_there_is_no_loudness(tmp_path: Path) -> None:
    signals, _ = measured(make_clip(tmp_path / "a.mp4", [(1, 1)], sound=False).path, tmp_path / "out")
    assert (signals.mean_loudness_dbfs, signals.max_loudness_dbfs) == (None, None)
    assert not (tmp_path / "out" / "loudness.parquet").exists()


def test_black_counts_by_time_not_by_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    make_clip(path, [(2, "black"), (2, "white")], vfr=[(0, 5), (2, 25)], sound=False)
    signals, _ = measured(path, tmp_path / "out")
    assert signals.share_black == 0.5


def test_thumbnails_are_upright_and_small(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(1, 1), (1, 2)], fps=10, size=(1280, 720), rotation=90).path
    measured(path, tmp_path / "out")
    sizes = {}
    for name in ("poster.jpg", "strip.jpg"):
        with av.open(str(tmp_path / "out" / name)) as container:
            sizes[name] = container.streams.video[0].width, container.streams.video[0].height
    assert sizes["poster.jpg"] == (180, 320)
    assert sizes["strip.jpg"] == (8 * 45, 80)
    assert (tmp_path / "out" / "strip.jpg").stat().st_size < 9_000


def test_one_frame_is_enough(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mp4", [(0.04, 1)], sound=False).path
    signals, table = measured(path, tmp_path / "out")
    assert (signals.n_frames, signals.mean_motion, table.end_pts) == (1, 0.0, 1200)


def test_no_decodable_frame_says_so(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "a.mkv", [(1, 1)], sound=False).path
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"\x1f\x43\xb6\x75") + 20])
    with pytest.raises(UnreadableVideoError, match=r"^truncated: no decodable frame$"):
        measure_signals(path, tmp_path, Limits())


@pytest.mark.corpus
def test_the_cuts_of_bikes_are_those_of_its_truth(tmp_path: Path) -> None:
    _, table = measured(VIDEO / "bikes.mp4", tmp_path / "out")
    assert [float(cut_s) for cut_s in cuts_of(table)] == [1.2, 3.04, 5.48, 7.48, 9.68]


@pytest.mark.corpus
@pytest.mark.parametrize(
    "path", sorted(path for path in VIDEO.glob("*.*") if path.name not in HEAVY), ids=lambda path: path.name
)
def test_every_file_of_the_corpus_is_measured_or_says_why_not(path: Path, tmp_path: Path) -> None:
    reason = ""
    try:
        signals, table = measured(path, tmp_path / "out")
    except VideoError as error:
        reason = str(error)
    assert reason or (signals.n_frames == table.n_frames > 0)
    assert reason or all(np.isfinite(column).all() for column in (table.motion, table.luma, table.blur))
