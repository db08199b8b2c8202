from pathlib import Path
from typing import Any

import polars as pl

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
    write_shard(tmp_path / "x.parquet", rows, [b"\0\xff" * 100, None])
    frame = pl.read_parquet(tmp_path / "x.parquet")
    assert frame["mp4"].to_list() == [b"\0\xff" * 100, None]
    assert frame["json"].to_list() == rows


def test_types_do_not_depend_on_what_the_rows_hold(tmp_path: Path) -> None:
    write_shard(tmp_path / "empty.parquet", [empty_row()], [None])
    write_shard(tmp_path / "full.parquet", [row_of("a", MEDIA)], [b"x"])
    expected = pl.Schema([("mp4", pl.Binary()), ("json", struct_of(FineVideoRecord))])
    assert pl.read_parquet_schema(tmp_path / "empty.parquet") == expected
    assert pl.read_parquet_schema(tmp_path / "full.parquet") == expected


def test_large_rows_go_into_groups_of_their_own(tmp_path: Path) -> None:
    rows = [row_of(f"{i}", MEDIA) for i in range(4)]
    write_shard(tmp_path / "x.parquet", rows, [bytes(32_000_000)] * 4)
    frame = pl.scan_parquet(tmp_path / "x.parquet").select(pl.len()).collect()
    assert frame.item() == 4


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    rows = [row_of(f"{i}", MEDIA) for i in range(50)]
    for name in ("one", "two"):
        write_shard(tmp_path / name, rows, [b"x" * 1000] * 50)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
