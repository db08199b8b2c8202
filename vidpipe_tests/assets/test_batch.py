"""Batches in a real Dagster instance: one event per settled video, and an exact status for every partition."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from assets.partitions import VIDEO
from vidpipe.errors import TransientServiceError, UnreadableVideoError
from vidpipe.records import Outcome
from vidpipe_tests.assets import tiny_line
from vidpipe_tests.projects import admit, project_at

KEYS = tuple("abcdefgh")
STAGES = ("raw_videos", "dynamic_videos")
BUSY = TransientServiceError("gemini", "busy <now>")


@pytest.fixture(scope="module")
def with_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with eight admitted videos and its Dagster instance, after the table was made."""
    folder = tmp_path_factory.mktemp("with_table")
    project = project_at(folder)
    admit(project, *KEYS)
    tiny_line.STATE.project = project
    (folder / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(folder / "dagster")) as made:
        made.add_dynamic_partitions("video", list(KEYS))
        with dg.execute_job(dg.reconstructable(tiny_line.table), instance=made) as result:
            assert result.success
    return folder


@pytest.fixture
def instance(with_table: Path, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """The persistent instance of a project of the test's own, which is `tiny_line.STATE`'s."""
    shutil.copytree(with_table, tmp_path, dirs_exist_ok=True)
    tiny_line.STATE.project = project_at(tmp_path)
    tiny_line.STATE.special = {}
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as made:
        yield made
    tiny_line.STATE.project = None


def run(
    instance: dg.DagsterInstance, keys: Sequence[str] = KEYS, assets: Sequence[str] = STAGES
) -> dg.JobExecutionResult:
    """One run over a range of keys."""
    tags = {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}
    job = dg.reconstructable(tiny_line.line)
    with dg.execute_job(
        job, instance=instance, tags=tags, asset_selection=[dg.AssetKey(name) for name in assets]
    ) as result:
        return result


def statuses(instance: dg.DagsterInstance, asset: str) -> dict[str, str | None]:
    """Dagster's status of each partition: MATERIALIZED, FAILED or None."""
    found = instance.get_status_by_partition(dg.AssetKey(asset), KEYS, VIDEO)
    assert found is not None
    return {key: status.value if (status := found.get(key)) else None for key in KEYS}


def events(instance: dg.DagsterInstance, asset: str) -> list[dg.AssetMaterialization]:
    """Every materialization of an asset, the newest first."""
    records = instance.fetch_materializations(dg.AssetKey(asset), limit=1000).records
    return [m for record in records if (m := record.event_log_entry.asset_materialization) is not None]


def stale(instance: dg.DagsterInstance) -> dict[tuple[str, str], Any]:
    """Dagster's own verdict on what is not fresh: (asset, key) by status."""
    graph = tiny_line.definitions().resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    found = {(name, key): resolver.get_status(dg.AssetKey(name), key) for name in STAGES for key in KEYS}
    return {pair: status for pair, status in found.items() if status != StaleStatus.FRESH}


def test_a_good_batch_gives_exactly_one_event_per_video_and_asset(instance: dg.DagsterInstance) -> None:
    """Guards the private marker: without it Dagster adds a second, bare event per video."""
    assert run(instance).success
    for asset in STAGES:
        assert sorted(event.partition or "" for event in events(instance, asset)) == sorted(KEYS)
        assert all("outcome" in event.metadata for event in events(instance, asset))
        assert set(statuses(instance, asset).values()) == {"MATERIALIZED"}


def test_everything_is_fresh_after_a_first_pass(instance: dg.DagsterInstance) -> None:
    assert set(stale(instance).values()) == {StaleStatus.MISSING}
    run(instance)
    assert stale(instance) == {}


def test_one_video_by_itself_gives_one_event(instance: dg.DagsterInstance) -> None:
    assert run(instance, ["c"]).success
    assert [event.partition for event in events(instance, "raw_videos")] == ["c"]
    assert statuses(instance, "dynamic_videos") == dict.fromkeys(KEYS) | {"c": "MATERIALIZED"}


def test_failures_at_two_assets_leave_every_other_partition_materialized(instance: dg.DagsterInstance) -> None:
    tiny_line.STATE.special = {("raw_videos", "b"): BUSY, ("dynamic_videos", "e"): BUSY}
    assert not run(instance).success
    good = dict.fromkeys(KEYS, "MATERIALIZED")
    assert statuses(instance, "raw_videos") == good | {"b": "FAILED"}
    assert statuses(instance, "dynamic_videos") == good | {"b": "FAILED", "e": "FAILED"}
    assert len(events(instance, "raw_videos")) == 7
    assert len(events(instance, "dynamic_videos")) == 6


def test_the_failed_step_tells_every_reason_as_plain_text(instance: dg.DagsterInstance) -> None:
    tiny_line.STATE.special = {("raw_videos", "b"): BUSY, ("raw_videos", "c"): ValueError("a bug")}
    result = run(instance)
    told = {}
    for event in result.all_events:
        failure = getattr(event.event_specific_data, "user_failure_data", None)
        if event.is_step_failure and failure is not None:
            told[event.step_key] = {key: value.value for key, value in failure.metadata.items()}
    assert told["raw_videos"] == {"b": "gemini: busy &lt;now&gt;", "c": "internal error: ValueError"}
    assert told["dynamic_videos"] == {"b": "waits for raw_videos", "c": "waits for raw_videos"}


def test_a_scattered_retry_heals_exactly_what_failed(instance: dg.DagsterInstance) -> None:
    tiny_line.STATE.special = {("raw_videos", "b"): BUSY, ("dynamic_videos", "e"): BUSY}
    run(instance)
    tiny_line.STATE.special = {}
    assert run(instance, ["b"]).success
    assert run(instance, ["e"], ["dynamic_videos"]).success
    for asset in STAGES:
        assert set(statuses(instance, asset).values()) == {"MATERIALIZED"}
        assert sorted(event.partition or "" for event in events(instance, asset)) == sorted(KEYS)
    assert stale(instance) == {}


def test_settled_whatever_the_outcome_is_materialized_and_says_so_first(instance: dg.DagsterInstance) -> None:
    tiny_line.STATE.special = {
        ("raw_videos", "a"): UnreadableVideoError("truncated: no decodable frame"),
        ("dynamic_videos", "b"): Outcome("dropped", "static", {"static_share": 0.5}),
    }
    assert run(instance).success
    shown = {(name, event.partition): event.metadata for name in STAGES for event in events(instance, name)}
    assert list(shown["raw_videos", "a"])[:2] == ["outcome", "reason"]
    assert shown["raw_videos", "a"]["outcome"].value == "unusable"
    assert shown["dynamic_videos", "a"]["reason"].value == "raw_videos"
    assert shown["dynamic_videos", "b"]["static_share"].value == 0.5
    assert stale(instance) == {}


def test_a_second_pass_tells_the_same_versions_and_makes_nothing_stale(instance: dg.DagsterInstance) -> None:
    run(instance)
    run(instance)
    for asset in STAGES:
        told = {(event.partition, (event.tags or {})["dagster/data_version"]) for event in events(instance, asset)}
        assert len(told) == len(KEYS)
    assert stale(instance) == {}


def test_equal_results_cut_dagsters_staleness_and_other_results_show_one_step(instance: dg.DagsterInstance) -> None:
    run(instance)
    project = tiny_line.STATE.project
    assert project is not None
    project.ledger.mark_damaged("raw_videos", ["b", "c"])
    tiny_line.STATE.special = {("raw_videos", "c"): Outcome("ok", value={"bytes": 8}, parts={"media": "other"})}
    run(instance, ["b", "c"], ["raw_videos"])
    assert stale(instance) == {("dynamic_videos", "c"): StaleStatus.STALE}


def test_events_are_noted_as_reported_once_dagster_has_them(instance: dg.DagsterInstance) -> None:
    tiny_line.STATE.special = {("dynamic_videos", "e"): BUSY}
    run(instance)
    project = tiny_line.STATE.project
    assert project is not None
    entries = project.ledger.snapshot().entries
    assert all(entry.reported for name in STAGES for entry in entries[name].values())
    assert set(entries["dynamic_videos"]) == set(KEYS) - {"e"}


def test_a_run_that_is_told_to_stop_leaves_the_rest_failed_without_a_try(instance: dg.DagsterInstance) -> None:
    project = tiny_line.STATE.project
    assert project is not None
    project.stop.set()
    assert not run(instance).success
    assert events(instance, "raw_videos") == []
    assert project.ledger.snapshot().attempts == {}
