import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidpipe.export.columns import struct_of
from vidpipe.export.finevideo import FineVideoRecord, SceneInputs, scene_row
from vidpipe.export.parquet import write_shard
from vidpipe.export.spool import json_line
from vidpipe.export.target import Media
from vidpipe_tests.export.samples import row_of

MEDIA = Media("raw_videos/a/video.mp4", "0" * 64, 1)


def empty_row() -> dict[str, Any]:
    return scene_row(SceneInputs("empty", texts={}, facts={"sha256": "0" * 64}))


def lines_of(rows: Iterable[Mapping[str, Any]]) -> list[bytes]:
    return [json_line(row) for row in rows]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
FLOATS = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(TEXTS, FLOATS, st.none() | st.integers(0, 2**63 - 1)), min_size=1, max_size=5))
def test_any_text_and_number_is_the_same_in_both_layouts(values: list[tuple[str, float | None, int | None]]) -> None:
    changes = [{"youtube_title": a, "duration_s": b, "youtube_view_count": c} for a, b, c in values]
    rows = [{**empty_row(), **change} for change in changes]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.parquet"
        write_shard(path, FineVideoRecord, lines_of(rows), [None] * len(rows))
        assert pl.read_parquet(path)["json"].to_list() == [json.loads(line) for line in lines_of(rows)] == rows


def test_bytes_and_rows_come_back_as_they_were(tmp_path: Path) -> None:
    rows = [row_of("a", MEDIA), empty_row()]
    write_shard(tmp_path / "x.parquet", FineVideoRecord, lines_of(rows), [b"\0\xff" * 100, None])
    frame = pl.read_parquet(tmp_path / "x.parquet")
    assert frame["mp4"].to_list() == [b"\0\xff" * 100, None]
    assert frame["json"].to_list() == rows


def test_types_do_not_depend_on_what_the_rows_hold(tmp_path: Path) -> None:
    write_shard(tmp_path / "empty.parquet", FineVideoRecord, lines_of([empty_row()]), [None])
    write_shard(tmp_path / "full.parquet", FineVideoRecord, lines_of([row_of("a", MEDIA)]), [b"x"])
    expected = pl.Schema([("mp4", pl.Binary()), ("json", struct_of(FineVideoRecord))])
    assert pl.read_parquet_schema(tmp_path / "empty.parquet") == expected
    assert pl.read_parquet_schema(tmp_path / "full.parquet") == expected


def test_a_shard_is_one_row_group_however_many_rows_it_has(tmp_path: Path) -> None:
    rows = [row_of(f"{i}", MEDIA) for i in range(4)]
    write_shard(tmp_path / "x.parquet", FineVideoRecord, lines_of(rows), [bytes(32_000_000)] * 4)
    sizes = pl.read_parquet(tmp_path / "x.parquet")["mp4"].bin.size().to_list()
    assert sizes == [32_000_000] * 4


WRITE = """
import sys
from pathlib import Path
from vidpipe.export.parquet import write_shard
from vidpipe_tests.export.test_parquet import MEDIA, FineVideoRecord, lines_of, row_of
rows = [row_of(f"{i}", MEDIA) for i in range(1200)]
cells = [bytes([i % 256]) * (i % 7) * 1000 for i in range(1200)]
write_shard(Path(sys.argv[1]), FineVideoRecord, lines_of(rows), cells)
"""


@pytest.mark.parametrize(("n_threads", "seed"), [(1, 1), (2, 2), (5, 3)])
def test_neither_cores_nor_hash_seed_change_a_byte(tmp_path: Path, n_threads: int, seed: int) -> None:
    expected, found = tmp_path / "expected", tmp_path / "found"
    rows = [row_of(f"{i}", MEDIA) for i in range(1200)]
    write_shard(expected, FineVideoRecord, lines_of(rows), [bytes([i % 256]) * (i % 7) * 1000 for i in range(1200)])
    environment = {**os.environ, "POLARS_MAX_THREADS": str(n_threads), "PYTHONHASHSEED": str(seed)}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", WRITE, str(found)], check=True, cwd=root, env=environment)
    assert found.read_bytes() == expected.read_bytes()
