"""Hostile ids and titles, end to end: keys, records, status, lineage, events and the dataset stay harmless."""

import json
import re
from typing import Any

import dagster as dg
import pytest

from vidpipe.keys import segment
from vidpipe_tests.e2e.projects import Line, make_small
from vidpipe_tests.lines import DEFAULT

SCRIPT = "<script>alert(1)</script>"
IDS = (
    "../../x",
    "a/b",
    "-rf",
    "n\x00l",
    "l" * 300,
    "🎬 film",
    "\u202eevil\u202c",
    SCRIPT,
    "two\nlines",
    "x...y",
    "a",
    "a.en",
)
PLAIN_KEY = re.compile(r"[A-Za-z0-9_%~-]{1,120}")


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """One clip under every hostile id and title, by a manifest; two files beside each other, by a folder."""
    folder = tmp_path_factory.mktemp("hostile")
    make_small(folder / "clip.mp4", 0)
    rows = [{"id": name, "path": "clip.mp4", "title": f"{name} {SCRIPT}", "description": "=cmd()"} for name in IDS]
    (folder / "videos.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "pair").mkdir()
    make_small(folder / "pair" / "z.mp4", 1)
    make_small(folder / "pair" / "z.mov", 2)
    made = Line.at(folder / "project", folder / "videos.jsonl", folder / "pair")
    made.run()
    return made


def test_every_id_goes_through_the_whole_line(line: Line) -> None:
    document = line.is_whole()
    kept = document["videos"]
    assert document["selected"] == kept
    items = line.status("--videos")["items"]
    ids = {item["video_id"] for item in items}
    assert {"a", "a.en", "z", "z.mp4"} <= ids
    assert {name.replace("\0", r"\x00") for name in IDS} <= ids
    assert all(item["outcome"] == "ok" for item in items)
    for name in ids:
        assert line.record("aligned_metadata", name)["video_id"] == name


def test_a_partition_key_names_a_video_whatever_its_id(line: Line) -> None:
    line.record_path("shots", "a/b").unlink()
    line.record_path("shots", "-rf").unlink()
    line.run("--ids", segment("a/b"))
    assert line.record_path("shots", "a/b").exists()
    assert not line.record_path("shots", "-rf").exists()
    line.run()


def test_keys_and_files_are_plain_and_nothing_leaves_the_store(line: Line) -> None:
    with line.instance() as instance:
        keys = instance.get_dynamic_partitions("video")
    assert all(PLAIN_KEY.fullmatch(key) for key in keys)
    assert len(set(keys)) == len(keys)
    for path in (line.folder / "store").rglob("*"):
        assert "\n" not in path.name
        assert "<" not in path.name
        assert not path.is_symlink()
    beside = {path.name for path in line.folder.parent.iterdir()}
    assert beside == {"clip.mp4", "videos.jsonl", "pair", "project"}


def test_lineage_and_status_find_a_video_by_its_very_id(line: Line) -> None:
    for name in (SCRIPT, "../../x", "two\nlines", "\u202eevil\u202c"):
        done = line("lineage", "--json", "--", name)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["video_id"] == name
        found = line.status("--", name)["items"]
        assert {item["video_id"] for item in found} == {name}
    done = line("lineage", "--json", "--", "-rf")
    assert json.loads(done.stdout)["video_id"] == "-rf"
    shown = line("status", "--videos").stdout
    assert all(text.isprintable() for text in shown.split("\n"))
    assert "two\ufffdlines  shots  ok\n" in shown


def test_events_show_text_as_text(line: Line) -> None:
    with line.instance() as instance:
        for stage in DEFAULT.per_video:
            key = dg.AssetKey(stage.name)
            for record in instance.fetch_materializations(key, limit=100).records:
                event = record.event_log_entry.asset_materialization
                assert event is not None
                assert next(iter(event.metadata)) == "outcome"
                for value in event.metadata.values():
                    _is_inert(value)


def _is_inert(value: dg.MetadataValue[Any]) -> None:
    if isinstance(value, dg.MarkdownMetadataValue):
        assert value.md_str is not None
        assert re.fullmatch(r"!\[thumbnails\]\(data:image/jpeg;base64,[A-Za-z0-9+/=]+\)", value.md_str)
    elif isinstance(value, dg.TextMetadataValue):
        assert value.text is not None
        assert value.text.isprintable() or value.text == ""


def test_the_dataset_names_files_by_key_and_escapes_titles(line: Line) -> None:
    folder = line.folder / "store" / "datasets" / "scenes"
    rows = [json.loads(text) for text in (folder / "metadata.jsonl").read_text("utf-8").split("\n") if text]
    assert len({row["file_name"] for row in rows}) == len(rows) == line.status()["selected"]
    assert all((folder / row["file_name"]).is_file() for row in rows)
    assert any(segment(SCRIPT) in row["file_name"] for row in rows)
    assert SCRIPT not in (folder / "index.html").read_text("utf-8")
    assert not [path for path in (folder / "explorer").iterdir() if "<" in path.read_text("ascii")]
    assert SCRIPT not in (folder / "README.md").read_text("utf-8")
