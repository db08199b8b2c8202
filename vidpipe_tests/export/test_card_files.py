import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from vidpipe.export.about import DatasetAbout, LeftOut
from vidpipe.export.folder import write_dataset
from vidpipe.export.kinds import SCENES
from vidpipe.export.target import DatasetItem, Media
from vidpipe_tests.export.samples import HOSTILE, SCENES_PREFIX, files_of, item_of, items_of, row_of, target_at
from vidpipe_tests.export.test_levels import OURS, PUBLISHED, Episode, segments_of, write

ABOUT = DatasetAbout(
    "Demo",
    left_out=[LeftOut("raw_videos", "unusable", "empty file", "zero")],
    line={"catalogue": (), "raw_videos": ("catalogue",)},
    repo="user/name",
    gate=("cc-by",),
)
BARE = Media("nowhere", "0" * 64, 1)


def bare(video_id: str, **texts: object) -> DatasetItem:
    return replace(item_of(video_id, BARE, {**row_of(video_id, BARE), **texts}), media=None)


def written(folder: Path, items: Sequence[DatasetItem], about: DatasetAbout = ABOUT) -> Mapping[str, bytes]:
    write_dataset(items, target_at(folder), kind=SCENES, about=about)
    return files_of(folder / SCENES_PREFIX)


def test_the_card_shows_the_pictures_that_are_there(tmp_path: Path) -> None:
    files = written(tmp_path / "store", [*items_of(tmp_path, {"a": 10, "b": 20}), bare("c")])
    shown = re.findall(r"\]\((figures/[^)]+)\)", files["README.md"].decode())
    assert sorted(shown) == [name for name in files if name.startswith("figures/")]
    assert [name.split("/")[1].split(".")[0] for name in shown] == ["durations", "categories", "scenes", "line"]
    for name in shown:
        assert name.split(".")[1] == hashlib.sha256(files[name]).hexdigest()[:12]


def test_each_source_is_named_once_with_its_licence(tmp_path: Path) -> None:
    files = written(
        tmp_path / "store", [*items_of(tmp_path, {"a": 10}), bare("c", licence=None, youtube_channel="Ann")]
    )
    a, c = (json.loads(line) for line in files["attribution.jsonl"].splitlines())
    assert (a["video_id"], a["licence"], a["licence_as_stated"]) == ("a", "cc-by", "cc-by")
    assert (c["video_id"], c["creator"], c["licence"], c["licence_as_stated"]) == ("c", "Ann", "unknown", None)
    assert "| Title of c | Ann | unknown | not said |" in files["README.md"].decode()


def test_many_sources_stand_in_their_file_alone(tmp_path: Path) -> None:
    files = written(tmp_path / "store", [bare(f"v{i:02}") for i in range(21)])
    assert len(files["attribution.jsonl"].splitlines()) == 21
    assert "who made it |" not in files["README.md"].decode()


def test_machines_are_told_of_the_files_that_are_there(tmp_path: Path) -> None:
    files = written(tmp_path / "store", [*items_of(tmp_path, {"a": 10}), bare("c")])
    told = json.loads(files["croissant.json"])
    objects = [file for file in told["distribution"] if file["@type"] == "cr:FileObject"]
    assert [file["@id"] for file in objects] == ["metadata.jsonl", "without_media.jsonl", "attribution.jsonl"]
    assert all(file["sha256"] == hashlib.sha256(files[file["@id"]]).hexdigest() for file in objects)
    assert [file["includes"] for file in told["distribution"][3:]] == ["videos/**", "data/*.parquet"]
    assert [records["@id"] for records in told["recordSet"]] == ["default", "without_media"]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    items = [*items_of(tmp_path, {"a": 10, "b": 20}), bare("c"), bare("d", content_parent_category="Nature")]
    assert written(tmp_path / "one", items) == written(tmp_path / "two", items[::-1])


def test_pictures_of_an_older_release_go(tmp_path: Path) -> None:
    old = written(tmp_path / "store", [bare("a"), bare("b")])
    new = written(tmp_path / "store", [bare("a", duration_s=900.0), bare("b")])
    gone = {name for name in old if name.startswith("figures/")} - new.keys()
    assert {name.split(".")[0] for name in gone} == {"figures/durations", "figures/categories"}  # of one height


LOADED = """
import os, sys
from datasets import Video, disable_progress_bars, load_dataset
disable_progress_bars()
some, none, ours, published, odd, strange = sys.argv[1:]
for folder, more in ((some, {}), (some, {"name": "without_media"}), (f"{some}/data", {}), (none, {})):
    rows = load_dataset(folder, **more)["train"]
    if "video" in rows.column_names:
        rows = rows.cast_column("video", Video(decode=False))
    print([(row.get("video_id") or row["json"]["video_id"], bool(row.get("video") or row.get("mp4"))) for row in rows])
for folder in (ours, published):
    rows = load_dataset(folder)["train"].cast_column("video", Video(decode=False))
    print([(row["series_name"], row["episode_id"], row["segment_index"], row["query"]["dialogue"]) for row in rows])
    print(all(row["video"]["path"].startswith(folder + "/videos/") for row in rows), rows.features["query"]["dialogue"])
for folder in (odd, strange):
    rows, without = load_dataset(folder)["train"], load_dataset(folder, "without_media")["train"]
    is_video = "video" in rows.features
    if is_video:
        rows, without = (table.cast_column("video", Video(decode=False)) for table in (rows, without))
    has_types = all(table.features["youtube_tags"].feature.dtype == "string" for table in (rows, without))
    has_files = is_video and all(os.path.isfile(row["video"]["path"]) for row in rows)
    print(len(rows), has_files, has_types, [row["video"] if is_video else bool(row["file_name"]) for row in without])
"""


EPISODES: list[Episode] = [("卡片戰鬥!! [A/B]", "10"), ("卡片戰鬥!! [A/B]", "9")]
SAID = (
    "[('卡片戰鬥!! [A/B]', '9', 0, ['one', 'two', 'three']), ('卡片戰鬥!! [A/B]', '10', 0, ['one', 'two', 'three'])]",
    "True List(Value('string'))",
)


def of_suffixes(folder: Path, *suffixes: str) -> list[DatasetItem]:
    """Items whose files have these suffixes, and one without."""
    found = []
    for i, item in enumerate(items_of(folder, {f"{i}{suffix[1:]}": 10 for i, suffix in enumerate(suffixes)})):
        assert item.media is not None
        place = Path(item.media.source).rename(folder / f"{i}{Path(suffixes[i])}")
        found.append(replace(item, media=replace(item.media, source=place)))
    return [*found, bare("bare")]


def test_rows_load_with_and_without_their_files(tmp_path: Path) -> None:
    written(tmp_path / "some", [*items_of(tmp_path, {"a": 10}), bare("c")])
    written(tmp_path / "none", [bare("c"), bare("d")])
    write(tmp_path / "ours", segments_of(tmp_path, EPISODES, n=1), OURS)
    write(tmp_path / "takalawang", segments_of(tmp_path, EPISODES, n=1, layout="takalawang"), PUBLISHED)
    folders = [str(tmp_path / name / SCENES_PREFIX) for name in ("some", "none")]
    odd = (".webm", ".webm", ".m4v", ".3gp", ".mpg", ".flv", ".flv", ".flv", ".wmv", ".mp4")
    written(tmp_path / "odd", of_suffixes(tmp_path, *odd))
    written(tmp_path / "strange", of_suffixes(tmp_path, ".flv", ".wmv"))
    folders += [str(tmp_path / layout / "store/datasets/segments") for layout in ("ours", "takalawang")]
    folders += [str(tmp_path / name / SCENES_PREFIX) for name in ("odd", "strange")]
    env = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADED, *folders], env=env, capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines() == [
        "[('a', True)]",
        "[('c', False)]",
        "[('a', True), ('c', False)]",
        "[('c', False), ('d', False)]",
        *SAID,
        *SAID,
        "10 True True [None]",
        "2 False True [False]",
    ]


def test_texts_of_others_make_no_file_and_break_none(tmp_path: Path) -> None:
    rows = [
        bare(f"{i} {text}".encode("utf-8", "replace").decode(), youtube_title=text.encode("utf-8", "replace").decode())
        for i, text in enumerate(HOSTILE)
    ]
    files = written(tmp_path / "store", rows)
    plain = written(tmp_path / "plain", [bare(str(i)) for i in range(len(HOSTILE))])
    assert {name.split(".")[0] for name in files} == {name.split(".")[0] for name in plain}
    assert len(files["attribution.jsonl"].splitlines()) == len(HOSTILE)
    json.loads(files["croissant.json"])
