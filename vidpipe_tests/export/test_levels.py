"""Datasets of segments and episodes, and rows without their file, as the writer leaves them in a folder."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vidpipe.export.about import DatasetAbout
from vidpipe.export.chain import line_of
from vidpipe.export.checking import folder_problems
from vidpipe.export.folder import DatasetReport, write_dataset
from vidpipe.export.kinds import SCENES
from vidpipe.export.naming import Called
from vidpipe.export.published import FolderFiles
from vidpipe.export.retrieval import Layout, kind_of, place_in_order
from vidpipe.export.rows import segment_row_of
from vidpipe.export.target import DatasetItem, DatasetKind, DatasetTarget
from vidpipe.keys import segment
from vidpipe.recipe.query_section import EDITIONS
from vidpipe_tests.export.documents import document_at
from vidpipe_tests.export.samples import HOSTILE, files_of, item_of, make_clip, media_of, row_of, store_at

FIELDS = EDITIONS["published"]["segment"]
OURS, PUBLISHED = (kind_of("segment", layout, FIELDS) for layout in ("ours", "takalawang"))
Episode = tuple[str | None, str | None]


def segments_of(
    tmp_path: Path, episodes: Sequence[Episode], *, n: int = 2, layout: Layout = "ours", shade: int = 10, **texts: Any
) -> Iterator[DatasetItem]:
    """`n` segments of one video for each (series, episode), all of one clip."""
    media = media_of(make_clip(tmp_path / f"clip{shade}.mp4", shade))
    for number, (series, episode) in enumerate(episodes):
        video_id = f"{number}/{series}"
        document = document_at(video_id, texts={"series_name": series, "episode_id": episode, **texts}, n_segments=n)
        key = segment(video_id)
        for index in range(n):
            row = segment_row_of(document, index, sha256=media.sha256, layout=layout, fields=FIELDS)
            yield DatasetItem(
                row,
                f"{key}.{index}",
                key,
                line_of(document),
                media,
                (*place_in_order(series, episode, video_id), index),
                Called("segment", series, episode or key, index),
            )


def write(tmp_path: Path, items: Iterator[DatasetItem], kind: DatasetKind = OURS, **limits: int) -> DatasetReport:
    target = DatasetTarget(store_at(tmp_path / "store"), f"datasets/{kind.name}", **limits)
    return write_dataset(items, target, kind=kind, about=DatasetAbout("Demo"))


def rows_of(tmp_path: Path, name: str = "segments/metadata.jsonl") -> list[dict[str, Any]]:
    text = (tmp_path / "store/datasets" / name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def problems(tmp_path: Path, name: str = "segments", **limits: int) -> list[str]:
    return list(folder_problems(FolderFiles(tmp_path / "store/datasets" / name), **limits))


def test_segments_are_sorted_and_lie_in_folders_of_their_series(tmp_path: Path) -> None:
    episodes: list[Episode] = [
        ("至高之牌 2", "10"),
        ("至高之牌 2", "9"),
        ("至高之牌 2", "OVA"),
        (None, None),
        ("A", "1"),
    ]
    report = write(tmp_path, segments_of(tmp_path, episodes))
    rows = rows_of(tmp_path)
    assert [(row["series_name"], row["episode_id"], row["segment_index"]) for row in rows] == [
        (series, episode, index)
        for series, episode in (
            ("A", "1"),
            ("至高之牌 2", "9"),
            ("至高之牌 2", "10"),
            ("至高之牌 2", "OVA"),
            (None, None),
        )
        for index in (0, 1)
    ]
    assert rows[2]["file_name"].startswith("videos/至高之牌_2/segment_至高之牌_2_9_seg0.")
    assert problems(tmp_path) == []
    assert (len(report.rows), report.n_shards, report.n_without_media) == (10, 0, 0)


def test_series_that_become_one_name_and_episodes_claimed_twice_keep_all_files(tmp_path: Path) -> None:
    episodes: list[Episode] = [("A/B", "1"), ("A B", "1"), ("a_b", "1"), ("C", "1"), ("C", "1"), ("C", None)]
    write(tmp_path, segments_of(tmp_path, episodes))
    assert problems(tmp_path) == []
    assert len({row["file_name"].casefold() for row in rows_of(tmp_path)}) == 12


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_series_episodes_and_titles_stay_inside_the_folder(tmp_path: Path, text: str) -> None:
    write(tmp_path, segments_of(tmp_path, [(text, text), ("../..", "../x")], title=text, channel=text, n=1))
    assert problems(tmp_path) == []
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.mp4")} == {"clip10.mp4", "store"}
    page = (tmp_path / "store/datasets/segments/README.md").read_text("utf-8")
    assert "<script" not in page
    assert "<img" not in page.replace('<img src="figures/', "")


def test_the_published_layout_names_files_as_published_and_replaces_what_changed(tmp_path: Path) -> None:
    series: list[Episode] = [("HIGH CARD 至高之牌 2", "13")]
    write(tmp_path, segments_of(tmp_path, series, layout="takalawang"), PUBLISHED)
    name = "videos/HIGH_CARD_至高之牌_2/segment_HIGH_CARD_至高之牌_2_13_seg0.mp4"
    (first, *_) = rows_of(tmp_path)
    assert first["file_name"] == name
    assert list(first)[:6] == ["file_name", "series_name", "episode_id", "segment_index", "release_date", "query"]
    write(tmp_path, segments_of(tmp_path, series, layout="takalawang", shade=90), PUBLISHED)
    file = tmp_path / "store/datasets/segments" / name
    assert hashlib.sha256(file.read_bytes()).hexdigest() == rows_of(tmp_path)[0]["sha256"] != first["sha256"]
    assert problems(tmp_path) == []


def test_above_the_limit_of_a_folder_series_and_their_segments_lie_in_sub_folders(tmp_path: Path) -> None:
    episodes: list[Episode] = [("A", "1"), ("A", "2"), *((f"S{i}", "1") for i in range(6))]
    write(tmp_path, segments_of(tmp_path, episodes, n=3), folder_entries=5)
    n_parts = {row["series_name"]: len(Path(row["file_name"]).parts) for row in rows_of(tmp_path)}
    assert n_parts == {"A": 5, **dict.fromkeys([f"S{i}" for i in range(6)], 4)}
    assert problems(tmp_path) == []


def test_a_level_without_rows_is_a_dataset_without_rows(tmp_path: Path) -> None:
    report = write(tmp_path, iter(()))
    assert (report.rows, rows_of(tmp_path), problems(tmp_path)) == ([], [], [])
    assert "configs" not in (tmp_path / "store/datasets/segments/README.md").read_text("utf-8")


def gated(tmp_path: Path) -> Iterator[DatasetItem]:
    """Two videos of which only the first may be published."""
    for video_id, shade in (("free", 10), ("held", 20)):
        media = media_of(make_clip(tmp_path / f"{shade}.mp4", shade))
        row = {**row_of(video_id, media), "licence": "cc-by" if video_id == "free" else None}
        yield item_of(video_id, media if video_id == "free" else None, row)


def test_a_row_without_its_file_stands_apart_and_is_null_in_the_shard(tmp_path: Path) -> None:
    report = write(tmp_path, gated(tmp_path), SCENES)
    assert report.n_without_media == 1
    (free,), (held,) = (rows_of(tmp_path, f"scenes/{name}.jsonl") for name in ("metadata", "without_media"))
    assert (free["video_id"], held["video_id"], held["file_name"]) == ("free", "held", "")
    assert held["content_metadata"] == free["content_metadata"]
    assert list(held) == list(free)
    (shard,) = (tmp_path / "store/datasets/scenes/data").glob("*.parquet")
    assert pl.read_parquet(shard)["mp4"].is_null().to_list() == [False, True]
    assert problems(tmp_path, "scenes") == []


def test_not_a_byte_of_a_file_that_may_not_be_published_is_in_the_dataset(tmp_path: Path) -> None:
    write(tmp_path, gated(tmp_path), SCENES)
    inner = (tmp_path / "20.mp4").read_bytes()[200:400]
    assert len(inner) == 200
    found = files_of(tmp_path / "store")
    assert not [name for name, data in found.items() if inner in data or "held" in name]


def test_what_may_no_longer_be_published_leaves_with_the_next_release(tmp_path: Path) -> None:
    every = [item_of(v, media_of(make_clip(tmp_path / f"{n}.mp4", n))) for v, n in (("free", 10), ("held", 20))]
    before = write(tmp_path, iter(every), SCENES)
    after = write(tmp_path, gated(tmp_path), SCENES)
    assert before.release != after.release
    assert not [name for name in files_of(tmp_path / "store") if "held" in name]
    assert write(tmp_path, iter(every), SCENES).release == before.release
    assert not (tmp_path / "store/datasets/scenes/without_media.jsonl").exists()


def test_that_a_file_is_withheld_is_another_release_though_no_row_changed(tmp_path: Path) -> None:
    media = media_of(make_clip(tmp_path / "1.mp4", 1))
    row = row_of("a", media)
    one = write(tmp_path, iter([item_of("a", media, row)]), SCENES)
    two = write(tmp_path, iter([item_of("a", None, row)]), SCENES)
    assert [row.row_sha256 for row in one.rows] == [row.row_sha256 for row in two.rows]
    assert one.release != two.release
