import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vidpipe.export.columns import struct_of
from vidpipe.export.finevideo import FineVideoRecord, SceneInputs, scene_row
from vidpipe.export.parquet import write_shard
from vidpipe.export.target import Media
from vidpipe_tests.export.samples import row_of

MEDIA = Media("raw_videos/a/video.mp4", "0" * 64, 1)


def empty_row() -> dict[str, Any]:
    return scene_row(SceneInputs("empty", texts={}, facts={"sha256": "0" * 64}))


def test_bytes_and_rows_come_back_as_they_were(tmp_path: Path) -> None:
    rows = [row_of("a", MEDIA), empty_row()]
    write_shard(tmp_path / "x.parquet", FineVideoRecord, rows, [b"\0\xff" * 100, None])
    frame = pl.read_parquet(tmp_path / "x.parquet")
    assert frame["mp4"].to_list() == [b"\0\xff" * 100, None]
    assert frame["json"].to_list() == rows


def test_types_do_not_depend_on_what_the_rows_hold(tmp_path: Path) -> None:
    write_shard(tmp_path / "empty.parquet", FineVideoRecord, [empty_row()], [None])
    write_shard(tmp_path / "full.parquet", FineVideoRecord, [row_of("a", MEDIA)], [b"x"])
    expected = pl.Schema([("mp4", pl.Binary()), ("json", struct_of(FineVideoRecord))])
    assert pl.read_parquet_schema(tmp_path / "empty.parquet") == expected
    assert pl.read_parquet_schema(tmp_path / "full.parquet") == expected


def test_a_shard_is_one_row_group_however_many_rows_it_has(tmp_path: Path) -> None:
    rows = [row_of(f"{i}", MEDIA) for i in range(4)]
    write_shard(tmp_path / "x.parquet", FineVideoRecord, rows, [bytes(32_000_000)] * 4)
    sizes = pl.read_parquet(tmp_path / "x.parquet")["mp4"].bin.size().to_list()
    assert sizes == [32_000_000] * 4


WRITE = """
import sys
from pathlib import Path
from vidpipe.export.parquet import write_shard
from vidpipe_tests.export.test_parquet import MEDIA, FineVideoRecord, row_of
rows = [row_of(f"{i}", MEDIA) for i in range(1200)]
write_shard(Path(sys.argv[1]), FineVideoRecord, rows, [bytes([i % 256]) * (i % 7) * 1000 for i in range(1200)])
"""


@pytest.mark.parametrize(("n_threads", "seed"), [(1, 1), (2, 2), (5, 3)])
def test_neither_cores_nor_hash_seed_change_a_byte(tmp_path: Path, n_threads: int, seed: int) -> None:
    expected, found = tmp_path / "expected", tmp_path / "found"
    rows = [row_of(f"{i}", MEDIA) for i in range(1200)]
    write_shard(expected, FineVideoRecord, rows, [bytes([i % 256]) * (i % 7) * 1000 for i in range(1200)])
    environment = {**os.environ, "POLARS_MAX_THREADS": str(n_threads), "PYTHONHASHSEED": str(seed)}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", WRITE, str(found)], check=True, cwd=root, env=environment)
    assert found.read_bytes() == expected.read_bytes()
