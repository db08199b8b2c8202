from typing import Any

import pytest
import yaml

from vidpipe.export.about import DatasetAbout, plain
from vidpipe.export.facts import CardFacts
from vidpipe.export.front_matter import front_matter, shard_card
from vidpipe.export.kinds import SCENES
from vidpipe.export.target import Media
from vidpipe_tests.export.samples import HOSTILE, row_of

MEDIA = Media("raw_videos/a/video.mp4", "0" * 64, 1)
RELEASE = "0" * 12


def facts_of(*file_names: str | None, **row: object) -> CardFacts:
    facts = CardFacts()
    for i, name in enumerate(file_names):
        facts.add({**row_of(f"v{i}", MEDIA), **row}, file_name=name, n_bytes=1_000_000)
    facts.close()
    return facts


def front_of(facts: CardFacts, *, title: str = "Demo", release: str = RELEASE) -> dict[str, Any]:
    text = front_matter(SCENES, DatasetAbout(title), facts, release=release)
    value = yaml.safe_load(text.split("---\n")[1])
    assert isinstance(value, dict)
    return value


def test_the_default_config_is_the_folder_of_videos() -> None:
    front = front_of(facts_of("videos/a.mp4"))
    (config,) = front["configs"]
    assert config["data_files"] == [{"split": "train", "path": ["videos/**/*.mp4", "metadata.jsonl"]}]
    assert front["dataset_info"][0]["features"][0] == {"name": "video", "dtype": "video"}
    assert front["license"] == "cc"  # by, of a version that the source does not say


def test_rows_without_a_file_are_a_config_of_their_own() -> None:
    default, without = front_of(facts_of("videos/a.mp4", None))["configs"]
    assert default["config_name"] == "default"
    assert without["data_files"] == [{"split": "train", "path": ["without_media.jsonl"]}]
    assert without["metadata_filenames"] == ["without_media.jsonl"]  # or the builder of folders ignores it


def test_rows_without_a_file_are_the_default_where_there_are_no_others() -> None:
    front = front_of(facts_of(None))
    (config,) = front["configs"]
    assert config["data_files"] == [{"split": "train", "path": ["without_media.jsonl"]}]
    assert "metadata_filenames" not in config
    assert front["dataset_info"][0]["features"][0] == {"name": "file_name", "dtype": "string"}


def test_another_release_is_never_taken_for_a_cached_one() -> None:
    facts = facts_of("videos/a.mp4", None)
    old, new = (front_of(facts, release=name) for name in ("a" * 12, "b" * 12))
    assert all(a != b for a, b in zip(old["dataset_info"], new["dataset_info"], strict=True))


def test_no_other_suffix_has_a_say_in_how_the_folder_is_read() -> None:
    front = front_of(facts_of("videos/a.flv", "videos/b.flv", "videos/c.mov", None))
    assert front["configs"][0]["data_files"][0]["path"] == ["videos/**/*.mov", "metadata.jsonl"]


def test_each_config_has_its_features_where_they_bind() -> None:
    front = front_of(facts_of("videos/a.mp4", None))
    assert [config["features"] for config in front["configs"]] == [info["features"] for info in front["dataset_info"]]


def test_a_folder_without_a_loadable_video_is_declared_as_a_table() -> None:
    front = front_of(facts_of("videos/a.flv"))
    assert front["configs"][0]["data_files"][0]["path"] == ["metadata.jsonl"]
    assert front["dataset_info"][0]["features"][0] == {"name": "file_name", "dtype": "string"}


def test_the_shards_are_named_one_by_one() -> None:
    text = shard_card(["scenes-00000.aa.parquet", "scenes-00001.bb.parquet"], SCENES)
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["configs"][0]["data_files"][0]["path"] == ["scenes-00000.aa.parquet", "scenes-00001.bb.parquet"]


def test_an_empty_dataset_has_no_configs() -> None:
    assert "configs" not in front_of(CardFacts())
    assert yaml.safe_load(shard_card([], SCENES).split("---\n")[1]) is None


@pytest.mark.parametrize(
    ("said", "licence"),
    [("CC BY 4.0", "cc-by-4.0"), ("CC0", "cc0-1.0"), (None, "unknown"), ("own", "other"), ("MIT or so", "other")],
)
def test_the_licence_is_of_the_hubs_list(said: str | None, licence: str) -> None:
    assert front_of(facts_of("videos/a.mp4", licence=said))["license"] == licence


def test_only_what_is_published_counts_for_the_licence() -> None:
    facts = facts_of("videos/a.mp4", licence="CC BY 4.0")
    facts.add({**row_of("z", MEDIA), "licence": "CC BY-NC 4.0"}, file_name=None)
    assert front_of(facts)["license"] == "cc-by-4.0"
    facts.add({**row_of("zz", MEDIA), "licence": "cc0"}, file_name="videos/z.mp4", n_bytes=1)
    assert front_of(facts)["license"] == ["cc-by-4.0", "cc0-1.0"]


def test_languages_are_those_that_there_are() -> None:
    facts = facts_of("videos/a.mp4", language="pt-BR")
    for said in ("en", "English", "xx", None):
        facts.add({**row_of(f"z{said}", MEDIA), "language": said}, file_name="videos/z.mp4", n_bytes=1)
    assert front_of(facts)["language"] == ["en", "pt"]
    assert "language" not in front_of(facts_of("videos/a.mp4"))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_means_nothing_in_yaml(text: str) -> None:
    front = front_of(facts_of("videos/a.mp4", licence=text, annotator=text, language=text), title=text)
    assert front["pretty_name"] == plain(text, limit=160)
    assert set(front) == set(front_of(facts_of("videos/a.mp4")))
