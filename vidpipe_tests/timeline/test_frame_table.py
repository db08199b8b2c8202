"""The rows per frame: their invariants, their file, their hash."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from vidpipe.timeline.frame_table import (
    COLUMNS,
    FrameTable,
    load_frame_table,
    load_loudness,
    save_frame_table,
    save_loudness,
)


def table_of(pts: list[int], end_pts: int) -> FrameTable:
    columns: dict[str, Any] = {
        name: np.arange(len(pts)).astype(kind) for name, kind in COLUMNS.items() if name != "pts"
    }
    return FrameTable(Fraction(1, 90_000), Fraction(1, 7), end_pts, pts=np.array(pts, np.int64), **columns)


def test_a_table_survives_its_file(tmp_path: Path) -> None:
    table = table_of([5, 10, 2**40], 2**41)
    save_frame_table(table, tmp_path / "frames.parquet")
    loaded = load_frame_table(tmp_path / "frames.parquet")
    assert (loaded.time_base, loaded.start_s, loaded.end_pts) == (table.time_base, table.start_s, table.end_pts)
    for name, kind in COLUMNS.items():
        column = getattr(loaded, name)
        assert column.dtype == kind
        assert np.array_equal(column, getattr(table, name))
    assert loaded.sha256() == table.sha256()


def test_the_same_table_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_frame_table(table_of([1, 2, 3], 4), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_hash_moves_with_rows_and_clock() -> None:
    table = table_of([1, 2, 3], 4)
    assert table.sha256() != table_of([1, 2, 3], 5).sha256()
    assert table.sha256() != replace(table, motion=table.motion + np.float32(1)).sha256()


def test_times_are_exact_and_count_from_the_clocks_zero() -> None:
    table = table_of([90_000, 180_000], 270_000)
    assert table.time_of(90_000) == 1 - Fraction(1, 7)
    assert table.times_s() == pytest.approx([6 / 7, 13 / 7])
    assert table.lengths().tolist() == [90_000, 90_000]


@pytest.mark.parametrize(("pts", "end_pts"), [([], 1), ([1, 1], 3), ([2, 1], 3), ([1, 2], 2)])
def test_rows_must_be_there_and_go_forward(pts: list[int], end_pts: int) -> None:
    with pytest.raises(ValueError, match="need"):
        table_of(pts, end_pts)


def test_columns_must_have_one_length() -> None:
    with pytest.raises(ValueError, match="one row per frame"):
        replace(table_of([1, 2], 3), luma=np.zeros(1, np.float32))


def test_another_parquet_file_is_no_table(tmp_path: Path) -> None:
    pl.DataFrame({"pts": [1]}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(ValueError, match="no frame table"):
        load_frame_table(tmp_path / "x.parquet")


def test_loudness_survives_its_file(tmp_path: Path) -> None:
    dbfs = np.array([-120, -3.5], np.float32)
    save_loudness(dbfs, tmp_path / "loudness.parquet")
    assert np.array_equal(load_loudness(tmp_path / "loudness.parquet"), dbfs)


def test_a_frame_takes_at_most_64_bytes() -> None:
    assert sum(np.dtype(kind).itemsize for kind in COLUMNS.values()) <= 64
