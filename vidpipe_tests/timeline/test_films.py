"""What detectors find in films made of real shots, whose transitions are known."""

from pathlib import Path

import numpy as np
import pytest

from vidpipe.media.limits import Limits
from vidpipe.media.signals import measure_signals
from vidpipe.timeline.frame_table import FrameTable, load_frame_table
from vidpipe.timeline.shots import Detector, detect_shots
from vidpipe_tests.films import HELD_OUT, PACKAGED, TUNING, Film, Score, judge, load_shots, make_film, write_film


def measured(film: Film, folder: Path) -> FrameTable:
    write_film(film, folder / "film.mp4")
    measure_signals(folder / "film.mp4", folder, Limits())
    return load_frame_table(folder / "frames.parquet")


def judged(film: Film, table: FrameTable, detector: Detector = "default") -> Score:
    assert table.n_frames == len(film.frames)
    shots = detect_shots(table, detector=detector, min_length_s=0.6)
    return judge([int(np.searchsorted(table.pts, shot.start_pts)) for shot in shots[1:]], film.transitions)


def test_films_of_packaged_shots_are_cut_where_they_were_joined(tmp_path: Path) -> None:
    film = make_film(load_shots(PACKAGED), n_shots=16, seed=1)
    score = judged(film, measured(film, tmp_path))
    assert score.f1 >= 0.9, score  # a man who steps before the camera, out of focus, is at times taken for a dissolve
    assert not score.missed


@pytest.mark.corpus
def test_films_of_shots_never_tuned_on_are_cut_where_they_were_joined(tmp_path: Path) -> None:
    quick = [source for source in HELD_OUT if source.start < 210 and source.name != "psd_testvideo.mp4"]
    film = make_film(load_shots(quick), n_shots=30, seed=11)
    table = measured(film, tmp_path)
    score = judged(film, table)
    assert score.f1 >= 0.98, score
    assert judged(film, table, "content").f1 < score.f1
    assert judged(film, table, "adaptive").f1 < score.f1


def test_no_shot_is_both_tuned_on_and_judged_on() -> None:
    assert not {source.name for source in TUNING} & {source.name for source in HELD_OUT}


def test_judging_counts_each_cut_once() -> None:
    film = make_film(
        [np.zeros((70, 216, 384, 3), np.uint8), np.full((70, 216, 384, 3), 200, np.uint8)], n_shots=4, seed=3
    )
    starts = [one.start for one in film.transitions]
    assert judge(starts, film.transitions).f1 == 1
    assert judge([*starts, starts[0]], film.transitions).extra == (starts[0],)
    assert judge(starts[1:], film.transitions).missed == (film.transitions[0],)
