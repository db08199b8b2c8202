import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from vidpipe.errors import CorruptObjectError, MissingObjectError
from vidpipe.export.about import DatasetAbout, LeftOut
from vidpipe.export.changelog import ENTRY, TITLE
from vidpipe.export.folder import write_dataset
from vidpipe.export.kinds import SCENES as SCENE_KIND
from vidpipe.export.last_published import note_published
from vidpipe.export.release_plan import ReleaseFolder
from vidpipe.export.target import DatasetItem, DatasetTarget
from vidpipe.store.objects import ObjectStore, Stored, open_store
from vidpipe_tests import hostile
from vidpipe_tests.export.samples import (
    HOSTILE,
    files_of,
    item_of,
    items_of,
    make_clip,
    media_of,
    row_of,
    store_at,
    target_at,
)
from vidpipe_tests.export.samples import (
    SCENES_PREFIX as PREFIX,
)

ABOUT = DatasetAbout("Demo", {"vidpipe": "0.1.0"}, left_out=[LeftOut("raw_videos", "unusable", "empty file", "zero")])
SCENES = Path(PREFIX)
FIRST = {"c": 10, "a": 20, "b": 30}
SECOND = {"d": 40, "b": 50, "c": 10}


class KilledError(BaseException):
    """The process ends here."""


class DyingStore(ObjectStore):
    """A folder store whose process is killed before its n-th change."""

    def __init__(self, folder: Path, n_changes: int) -> None:
        inner = store_at(folder)
        super().__init__(inner._store, url=inner.url, root=inner._root, scratch=inner._scratch)
        self.n_left = n_changes

    def _live(self) -> None:
        if self.n_left == 0:
            raise KilledError
        self.n_left -= 1

    def put(self, key: str, data: bytes) -> Stored:
        self._live()
        return super().put(key, data)

    def put_file(self, key: str, path: Path) -> Stored:
        self._live()
        return super().put_file(key, path)

    def link(self, key: str, path: Path) -> Stored:
        self._live()
        return super().link(key, path)

    def delete(self, key: str) -> None:
        self._live()
        super().delete(key)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text("utf-8").split("\n")[:-1]]


def shard_paths(folder: Path) -> list[Path]:
    front = yaml.safe_load((folder / "data/README.md").read_text("utf-8").split("---\n")[1])
    return [folder / "data" / name for name in front["configs"][0]["data_files"][0]["path"]]


def readable_ids(folder: Path) -> tuple[list[str], list[str]]:
    """The ids of both layouts, after every file that they name was compared with its row."""
    if not (folder / "metadata.jsonl").exists():
        return [], []
    rows = rows_of(folder)
    for row in rows:
        assert hashlib.sha256((folder / row["file_name"]).read_bytes()).hexdigest() == row["sha256"]
    cells = pl.concat([pl.read_parquet(path) for path in shard_paths(folder)])
    for video, row in cells.iter_rows():
        assert hashlib.sha256(video).hexdigest() == row["sha256"]
    return [row["video_id"] for row in rows], [row["video_id"] for row in cells["json"]]


def write(items: Iterable[DatasetItem], target: DatasetTarget) -> Any:
    return write_dataset(items, target, kind=SCENE_KIND, about=ABOUT)


def test_both_layouts_hold_every_video_once_sorted_by_id(tmp_path: Path) -> None:
    report = write(items_of(tmp_path, FIRST), target_at(tmp_path / "store"))
    folder = tmp_path / "store" / SCENES
    assert readable_ids(folder) == (["a", "b", "c"], ["a", "b", "c"])
    names = [row["file_name"] for row in rows_of(folder)]
    assert sorted(names) == sorted(f"videos/{path.name}" for path in (folder / "videos").iterdir())
    assert (len(report.rows), report.n_shards) == (3, len(list((folder / "data").glob("*.parquet"))))
    assert report.n_bytes == sum(path.stat().st_size for path in (folder / "videos").iterdir())


def test_a_large_dataset_has_several_shards(tmp_path: Path) -> None:
    report = write(items_of(tmp_path, FIRST), target_at(tmp_path / "store", shard_bytes=1))
    assert report.n_shards == 3


def test_the_order_of_items_changes_no_byte(tmp_path: Path) -> None:
    items = list(items_of(tmp_path, FIRST))
    write(items, target_at(tmp_path / "one"))
    write(reversed(items), target_at(tmp_path / "two"))
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_writing_again_writes_texts_only(tmp_path: Path) -> None:
    write(items_of(tmp_path, FIRST), target_at(tmp_path / "store"))
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "store").rglob("*.mp4")}
    content = files_of(tmp_path / "store")
    report = write(items_of(tmp_path, FIRST), target_at(tmp_path / "store"))
    assert (report.n_written, report.n_deleted) == (9, 0)
    assert files_of(tmp_path / "store") == content
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "store").rglob("*.mp4")} == before


def test_a_new_release_equals_one_written_from_nothing(tmp_path: Path) -> None:
    write(items_of(tmp_path, FIRST), target_at(tmp_path / "store"))
    write(items_of(tmp_path, SECOND), target_at(tmp_path / "store"))
    write(items_of(tmp_path, SECOND), target_at(tmp_path / "fresh"))
    assert files_of(tmp_path / "store") == files_of(tmp_path / "fresh")


def test_the_log_tells_of_releases_that_were_published(tmp_path: Path) -> None:
    folder, log = ReleaseFolder(store_at(tmp_path / "store"), PREFIX), tmp_path / "store" / SCENES / "CHANGELOG.md"
    first = write(items_of(tmp_path, FIRST), target_at(tmp_path / "store")).release
    note_published(folder, first)
    write(items_of(tmp_path, {"x": 1}), target_at(tmp_path / "store"))
    second = write(items_of(tmp_path, SECOND), target_at(tmp_path / "store")).release
    text = log.read_text("utf-8")
    assert ENTRY.findall(text) == [second, first]
    for line in ("- added: 1", "- changed: 1", "- removed: 1"):
        assert line in text
    write(items_of(tmp_path, FIRST), target_at(tmp_path / "store"))
    assert ENTRY.findall(log.read_text("utf-8")) == [first]


def test_what_an_older_version_may_have_published_stays_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "store" / SCENES / "CHANGELOG.md"
    first = write(items_of(tmp_path, FIRST), target_at(tmp_path / "store")).release
    older = "# Changes\n\nThe newest release first; a release is named by the sha256 of its rows.\n"
    log.write_text(log.read_text("utf-8").replace(TITLE, older), "utf-8")
    for rows in ({"x": 1}, SECOND):
        found = write(items_of(tmp_path, rows), target_at(tmp_path / "store")).release
        assert ENTRY.findall(log.read_text("utf-8")) == [found, first]
    assert "- removed: 1" in log.read_text("utf-8"), "against what was there when the older version was left"


def test_a_kill_at_any_moment_leaves_the_old_or_the_new_dataset_and_no_other(tmp_path: Path) -> None:
    write(items_of(tmp_path, SECOND), target_at(tmp_path / "fresh", shard_bytes=1))
    new = files_of(tmp_path / "fresh" / SCENES)
    allowed = (["a", "b", "c"], ["b", "c", "d"])
    for n_changes in range(100):
        folder = tmp_path / f"store{n_changes}"
        write(items_of(tmp_path, FIRST), target_at(folder, shard_bytes=1))
        try:
            write(items_of(tmp_path, SECOND), DatasetTarget(DyingStore(folder, n_changes), PREFIX, shard_bytes=1))
        except KilledError:
            ids = readable_ids(folder / SCENES)
            assert all(layout in allowed for layout in ids)
            write(items_of(tmp_path, SECOND), target_at(folder, shard_bytes=1))
        else:
            break
        assert files_of(folder / SCENES) == new
    assert n_changes > 10


def test_a_first_writing_that_is_killed_shows_nothing(tmp_path: Path) -> None:
    for n_changes in range(7):
        folder = tmp_path / f"store{n_changes}"
        with pytest.raises(KilledError):
            write(items_of(tmp_path, FIRST), DatasetTarget(DyingStore(folder, n_changes), PREFIX))
        assert not (folder / SCENES / "metadata.jsonl").exists()


def test_a_video_that_changed_since_it_was_read_is_refused(tmp_path: Path) -> None:
    items = list(items_of(tmp_path, FIRST))
    (tmp_path / "20.mp4").write_bytes(b"something else")
    with pytest.raises(CorruptObjectError, match="changed"):
        write(items, target_at(tmp_path / "store"))


def test_a_video_that_is_gone_is_refused(tmp_path: Path) -> None:
    items = list(items_of(tmp_path, FIRST))
    (tmp_path / "20.mp4").unlink()
    with pytest.raises(MissingObjectError):
        write(items, target_at(tmp_path / "store"))


def test_a_damaged_copy_of_another_size_is_written_again(tmp_path: Path) -> None:
    write(items_of(tmp_path, FIRST), target_at(tmp_path / "store"))
    content = files_of(tmp_path / "store")
    (path, *_) = (tmp_path / "store" / SCENES / "videos").iterdir()
    path.write_bytes(b"half")
    write(items_of(tmp_path, FIRST), target_at(tmp_path / "store"))
    assert files_of(tmp_path / "store") == content


def test_media_and_posters_come_from_the_store_too(tmp_path: Path) -> None:
    store = open_store("memory://", scratch=tmp_path / "scratch")
    clip = make_clip(tmp_path / "clip.mp4", 3)
    store.put_file("raw_videos/a/video.mp4", clip)
    store.put("video_signals/a/poster.jpg", b"\xff\xd8jpeg")
    media = media_of(clip, "raw_videos/a/video.mp4")
    write([item_of("a", media, poster="video_signals/a/poster.jpg")], DatasetTarget(store, PREFIX))
    (poster,) = [stored.key for stored in store.list("datasets/scenes/thumbs")]
    assert store.get(poster) == b"\xff\xd8jpeg"
    (index,) = [stored.key for stored in store.list("datasets/scenes/explorer") if "/index-" in stored.key]
    assert poster.removeprefix("datasets/scenes/") in store.get(index).decode()
    row = json.loads(store.get("datasets/scenes/metadata.jsonl"))
    assert store.get(f"datasets/scenes/{row['file_name']}") == clip.read_bytes()


def test_rows_share_the_file_in_which_their_pictures_stand(tmp_path: Path) -> None:
    store = open_store("memory://", scratch=tmp_path / "scratch")
    for name in ("s0", "s1"):
        store.put(f"segment_clips/a/{name}.jpg", name.encode())
    sheets = {"a.0": ("s0", 0), "a.1": ("s0", 1), "a.2": ("s1", 0)}
    items = [
        replace(item, key=key, video_key="a", poster=f"segment_clips/a/{sheet}.jpg", cell=(place, 2))
        for item, (key, (sheet, place)) in zip(items_of(tmp_path, FIRST), sheets.items(), strict=True)
    ]
    write([replace(item, origins=items[0].origins) for item in items], DatasetTarget(store, PREFIX))
    thumbs = sorted(store.get(stored.key) for stored in store.list("datasets/scenes/thumbs"))
    assert thumbs == [b"s0", b"s1"]


def test_a_removed_video_leaves_no_file_behind(tmp_path: Path) -> None:
    write(items_of(tmp_path, FIRST), target_at(tmp_path / "store"))
    write(items_of(tmp_path, {"a": 20, "c": 10}), target_at(tmp_path / "store"))
    assert not [name for name in files_of(tmp_path / "store") if "/b." in name]
    write([], target_at(tmp_path / "store"))
    left = {"CHANGELOG.md", "README.md", "attribution.jsonl", "croissant.json", "data/README.md", "index.html"}
    left |= {"metadata.jsonl", "provenance/made_by.json", "provenance/files.sha256"}
    found = set(files_of(tmp_path / "store" / SCENES))
    assert {name for name in found if not name.startswith("explorer/left-out-")} == left


def test_above_the_limit_of_a_folder_videos_lie_in_sub_folders(tmp_path: Path) -> None:
    target = DatasetTarget(store_at(tmp_path / "store"), PREFIX, folder_entries=2)
    write(items_of(tmp_path, FIRST), target)
    assert all(len(Path(row["file_name"]).parts) == 3 for row in rows_of(tmp_path / "store" / SCENES))
    assert readable_ids(tmp_path / "store" / SCENES)[0] == ["a", "b", "c"]


def test_a_video_too_large_for_a_cell_is_null_there_and_a_file_in_the_folder(tmp_path: Path) -> None:
    target = DatasetTarget(store_at(tmp_path / "store"), PREFIX, cell_bytes=10)
    write(items_of(tmp_path, {"a": 20}), target)
    folder = tmp_path / "store" / SCENES
    assert pl.read_parquet(shard_paths(folder)[0])["mp4"].to_list() == [None]
    assert (folder / rows_of(folder)[0]["file_name"]).exists()
    assert "1 videos are too large" in (folder / "README.md").read_text("utf-8")


def test_hostile_ids_and_titles_stay_inside_the_dataset(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 3)
    media = media_of(clip)
    items = [
        item_of(name, media, row_of(name, media, title=HOSTILE[i % len(HOSTILE)])) for i, name in enumerate(hostile.IDS)
    ]
    write(items, target_at(tmp_path / "store"))
    folder = tmp_path / "store" / SCENES
    assert set(readable_ids(folder)[0]) == set(hostile.IDS)
    assert {p.relative_to(tmp_path).parts[0] for p in tmp_path.rglob("*.mp4")} == {"clip.mp4", "store"}
    assert len(list((folder / "videos").iterdir())) == len(hostile.IDS)


def test_a_metadata_file_of_somebody_else_does_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "store" / SCENES
    folder.mkdir(parents=True)
    (folder / "metadata.jsonl").write_bytes(b'[]\nnull\n{"file_name": 1}\n{"x"\n\xff\n')
    (folder / "CHANGELOG.md").write_bytes(b"\xff mine\n")
    write(items_of(tmp_path, FIRST), target_at(tmp_path / "store"))
    assert "mine" in (folder / "CHANGELOG.md").read_text("utf-8")
    assert readable_ids(folder)[0] == ["a", "b", "c"]
