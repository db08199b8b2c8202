"""The benchmark of services at tiny sizes: real clients, a server in a process of its own, figures that add up."""

from pathlib import Path

import pytest

from benchmarks.overlap import overlap
from benchmarks.services import TASKS, memory, rate, upload

MIB = 1 << 20


def test_the_tasks_are_those_of_the_contract() -> None:
    assert list(TASKS) == ["rate_64", "memory_2000", "upload"]


def test_a_rate_is_told_beside_what_the_delay_alone_allows(tmp_path: Path) -> None:
    (figure,) = rate(tmp_path, 24, n_threads=8, delay_s=0.2)
    more = figure.more
    assert (figure.task, more["most_per_s"]) == ("rate_8", 40)
    assert more["calls_per_s"] == pytest.approx(24 / (figure.ours_s or 0))
    assert 0 < more["share"] <= 1
    assert more["cpu_ms_per_call"] > 0


def test_the_resident_size_is_looked_at_twice(tmp_path: Path) -> None:
    (figure,) = memory(tmp_path, 30, n_threads=4, delay_s=0)
    more = figure.more
    assert (figure.task, more["growth_mb"]) == ("memory_30", more["last_rss_mb"] - more["first_rss_mb"])
    assert 10 < more["first_rss_mb"] <= (figure.ours_rss_mb or 0)


def test_files_are_sent_and_taken_away(tmp_path: Path) -> None:
    (figure,) = upload(tmp_path, 2, file_bytes=9 * MIB, n_threads=2)
    assert figure.more["mib_per_s"] > 0
    lines = (tmp_path / "services" / "requests.jsonl").read_text().splitlines()
    ops = [line.partition('"op": "')[2].partition('"')[0] for line in lines]
    assert (ops.count("upload.start"), ops.count("files.delete")) == (2, 2)


def test_each_clip_of_the_overlap_is_asked_about_once(tmp_path: Path) -> None:
    (figure,) = overlap(tmp_path, 2, seconds=1, delay_s=0.1, at_once=2)
    more = figure.more
    assert (more["n_answers"] >= 2, more["n_asked_twice"]) == (True, 0)
    assert more["answers_s"] == pytest.approx(0.1)
    assert more["share"] == pytest.approx((figure.ours_s or 0) / more["limit_s"])
    assert 0 < more["start_s"] < more["limit_s"]
