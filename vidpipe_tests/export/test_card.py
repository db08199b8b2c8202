import re
from typing import Any

import pytest
import yaml

from vidpipe.export.about import DatasetAbout, LeftOut, plain
from vidpipe.export.card import CardFacts, card, escaped, shard_card
from vidpipe.export.kinds import SCENES
from vidpipe.export.target import Media
from vidpipe_tests.export.samples import HOSTILE, row_of

MEDIA = Media("raw_videos/a/video.mp4", "0" * 64, 1)


def facts_of(*file_names: str, **row: object) -> CardFacts:
    facts = CardFacts()
    for name in file_names:
        facts.add({**row_of(name, MEDIA), **row}, file_name=name, n_bytes=1_000_000)
    return facts


def front_matter(text: str) -> dict[str, Any]:
    value = yaml.safe_load(text.split("---\n")[1])
    assert isinstance(value, dict)
    return value


def test_the_default_config_is_the_folder_of_videos() -> None:
    front = front_matter(card(SCENES, DatasetAbout("Demo"), facts_of("videos/a.mp4"), release="0" * 12))
    (config,) = front["configs"]
    assert config["data_files"] == [{"split": "train", "path": ["videos/**", "metadata.jsonl"]}]
    assert front["dataset_info"][0]["features"][0] == {"name": "video", "dtype": "video"}
    assert front["license"] == "cc-by-4.0"


def test_another_release_is_never_taken_for_a_cached_one() -> None:
    facts = facts_of("videos/a.mp4")
    old, new = (front_matter(card(SCENES, DatasetAbout("Demo"), facts, release=name)) for name in ("a" * 12, "b" * 12))
    assert old["dataset_info"] != new["dataset_info"]  # datasets 5.2 caches a local folder by this


def test_a_folder_without_a_loadable_video_is_declared_as_a_table() -> None:
    front = front_matter(card(SCENES, DatasetAbout("Demo"), facts_of("videos/a.webm"), release="0" * 12))
    assert front["configs"][0]["data_files"][0]["path"] == ["metadata.jsonl"]
    assert front["dataset_info"][0]["features"][0] == {"name": "file_name", "dtype": "string"}


def test_the_shards_are_named_one_by_one() -> None:
    front = front_matter(shard_card(["scenes-00000.aa.parquet", "scenes-00001.bb.parquet"], SCENES))
    paths = front["configs"][0]["data_files"][0]["path"]
    assert paths == ["scenes-00000.aa.parquet", "scenes-00001.bb.parquet"]


def test_an_empty_dataset_has_a_card_without_configs() -> None:
    text = card(SCENES, DatasetAbout("Demo"), CardFacts(), release="0" * 12)
    assert "configs" not in front_matter(text)
    assert "nothing to load" in text


def test_mixed_licences_are_other_and_are_counted() -> None:
    facts = facts_of("videos/a.mp4", licence=None)
    facts.add(row_of("b", MEDIA), file_name="videos/b.mp4", n_bytes=1)
    text = card(SCENES, DatasetAbout("Demo"), facts, release="0" * 12)
    assert front_matter(text)["license"] == "other"
    assert "| unknown | 1 |" in text


def test_what_was_left_out_is_counted_by_reason() -> None:
    left_out = [LeftOut("raw_videos", "unusable", "empty file", f"v{i}") for i in range(3)]
    text = card(SCENES, DatasetAbout("Demo", left_out=left_out), facts_of("videos/a.mp4"), release="0" * 12)
    assert "| raw\\_videos | unusable | empty file | 3 |" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_inert_everywhere_in_the_card(text: str) -> None:
    about = DatasetAbout(text, {text: text}, [LeftOut(text, text, text, text)])
    facts = facts_of("videos/a.mp4", content_parent_category=text, licence=text, annotator=text)
    body = card(SCENES, about, facts, release="0" * 12)
    assert front_matter(body)["pretty_name"] == plain(text, limit=160)
    markdown = body.split("---\n", 2)[2].replace("<this folder>", "")
    assert not re.search(r"<|javascript:|https://|(?<!\\)\[link|www\.|[\0\x07\u202e\udcff]", markdown)
    tables = [line for line in markdown.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in tables} <= {3, 4, 5}


def test_escaped_text_is_short() -> None:
    assert escaped("x" * 1000) == "x" * 159 + "…"
