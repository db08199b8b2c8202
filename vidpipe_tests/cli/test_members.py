"""Partition sets read from Dagster's own index: the same as Dagster says, whatever the storage."""

from pathlib import Path

import dagster as dg
import pytest

from vidpipe.cli.members import members_of

KEYS = {"video": ["z", "a", "%2e~1"], "selected": ["a"]}
STORAGE = "storage: {sqlite: {base_dir: %s}}\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return tmp_path


def fill(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for over, keys in KEYS.items():
            instance.add_dynamic_partitions(over, keys)
        instance.add_dynamic_partitions("series", ["other"])
        instance.delete_dynamic_partition("video", "z")
        instance.add_dynamic_partitions("video", ["z"])


def by_dagster(home: Path) -> dict[str, list[str]]:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return {over: list(instance.get_dynamic_partitions(over)) for over in KEYS}


def test_the_index_says_what_dagster_says_in_the_same_order(home: Path) -> None:
    fill(home)
    assert members_of(home) == by_dagster(home) == {"video": ["a", "%2e~1", "z"], "selected": ["a"]}


def test_the_index_is_where_dagster_keeps_it(home: Path) -> None:
    fill(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.event_log_storage.dispose()
    (home / "history" / "runs" / "index.db").rename(home / "gone.db")
    assert members_of(home) == {"video": [], "selected": []}


def test_another_storage_is_asked_through_dagster(home: Path, tmp_path: Path) -> None:
    (home / "dagster.yaml").write_text(STORAGE % (tmp_path / "elsewhere"))
    fill(home)
    assert not (home / "history").exists()
    assert members_of(home) == by_dagster(home)
