"""Dagster's history as `vidpipe run` keeps it: the same as Dagster's own classes write, and read by them."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from vidpipe.cli.history import History, _lay_out_as, kept_open, open_history

VIDEO = dg.DynamicPartitionsDefinition(name="video")
KEYS = ["a", "b", "c"]
Rows = list[tuple[object, ...]]


@dg.asset(partitions_def=VIDEO, backfill_policy=dg.BackfillPolicy.single_run())
def first(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """An asset of three partitions, one run."""
    return dg.MaterializeResult(metadata={"n": len(context.partition_keys)})


@dg.asset(deps=[first])
def second() -> None:
    """A table below it."""


@dg.asset_check(asset=second)
def fine() -> dg.AssetCheckResult:
    """A check."""
    return dg.AssetCheckResult(passed=True)


@dg.asset
def broken() -> None:
    """One that fails."""
    raise ValueError("no")


@contextmanager
def stock(home: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's own instance."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def line(instance: dg.DagsterInstance) -> None:
    """Three runs: a range of partitions, a table with its check, and a failure."""
    instance.add_dynamic_partitions("video", KEYS)
    tags = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "c"}
    assets = [first, second, fine, broken]
    dg.materialize(assets, instance=instance, selection=[first], tags=tags)
    dg.materialize(assets, instance=instance, selection=dg.AssetSelection.assets(second))
    dg.materialize(assets, instance=instance, selection=[broken], raise_on_error=False)


def home(folder: Path) -> Path:
    """A folder for an instance."""
    folder.mkdir()
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return folder


def rows(path: Path, query: str) -> Rows:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def tables(home: Path) -> dict[str, Counter[tuple[object, ...]]]:
    """What the files hold, but for ids and times: of the index, of the runs' files together, of the runs."""
    events = "SELECT dagster_event_type, step_key, asset_key, partition FROM event_logs"
    index = home / "history/runs/index.db"
    shards = [path for path in index.parent.glob("*.db") if path != index]
    return {
        "index": Counter(rows(index, events)),
        "runs": Counter(row for path in shards for row in rows(path, events)),
        "tags": Counter(rows(index, "SELECT asset_key, key FROM asset_event_tags")),
        "assets": Counter(rows(index, "SELECT asset_key, last_materialization IS NULL FROM asset_keys")),
        "checks": Counter(rows(index, "SELECT asset_key, check_name, execution_status FROM asset_check_executions")),
        "states": Counter(rows(home / "history/runs.db", "SELECT status, pipeline_name FROM runs")),
    }


def layout(path: Path) -> Rows:
    return sorted(rows(path, "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same line with Dagster's own classes, and with ours."""
    folder = tmp_path_factory.mktemp("homes")
    theirs, ours = home(folder / "theirs"), home(folder / "ours")
    with stock(theirs) as instance:
        line(instance)
    with open_history(ours) as instance, kept_open(instance):
        line(instance)
    return theirs, ours


def test_what_is_written_is_what_dagsters_own_classes_write(homes: tuple[Path, Path]) -> None:
    theirs, ours = homes
    assert tables(ours) == tables(theirs)
    assert tables(ours)["index"]["ASSET_MATERIALIZATION_PLANNED", "first", '["first"]', "a"] == 1


def test_files_are_laid_out_as_dagsters_own_classes_do(homes: tuple[Path, Path]) -> None:
    layouts = []
    for folder in homes:
        runs = folder / "history/runs"
        shard = next(path for path in runs.glob("*.db") if path.name != "index.db")
        files = (folder / "history/runs.db", runs / "index.db", shard, folder / "schedules/schedules.db")
        layouts.append([(layout(file), rows(file, "SELECT version_num FROM alembic_version")) for file in files])
        assert rows(shard, "PRAGMA journal_mode") == [("wal",)]
    assert layouts[0] == layouts[1]


def test_dagsters_own_classes_read_it_and_go_on_with_it(homes: tuple[Path, Path]) -> None:
    with stock(homes[1]) as instance:
        assert instance.get_runs_count() == 3
        assert instance.get_materialized_partitions(first.key) == set(KEYS)
        for run in instance.get_runs():
            kinds = [
                record.event_log_entry.dagster_event_type for record in instance.get_records_for_run(run.run_id).records
            ]
            assert kinds[-1] in (dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_FAILURE)
        assert dg.materialize([first, second], instance=instance, selection=[second]).success


def test_it_goes_on_with_what_dagsters_own_classes_made(homes: tuple[Path, Path]) -> None:
    with open_history(homes[0]) as instance, kept_open(instance):
        n_runs = instance.get_runs_count()
        line(instance)
        assert instance.get_runs_count() == n_runs + 3
        assert instance.get_materialized_partitions(first.key) == set(KEYS)
    with stock(homes[0]) as instance:
        assert len(instance.fetch_materializations(first.key, limit=100).records) == 6


def test_another_storage_is_left_as_it_is_configured(tmp_path: Path) -> None:
    folder = home(tmp_path / "home")
    (folder / "dagster.yaml").write_text(f"storage: {{sqlite: {{base_dir: {tmp_path / 'elsewhere'}}}}}\n")
    with open_history(folder) as instance:
        instance.add_dynamic_partitions("video", KEYS)
    assert (tmp_path / "elsewhere/history/runs/index.db").is_file()
    assert not (folder / "history").exists()
    custom = "module: dagster._core.storage.event_log, class: ConsolidatedSqliteEventLogStorage"
    (folder / "dagster.yaml").write_text(f"event_log_storage: {{{custom}, config: {{base_dir: {tmp_path}}}}}\n")
    with open_history(folder) as instance:
        assert type(instance.event_log_storage).__name__ == "ConsolidatedSqliteEventLogStorage"


def test_two_that_lay_out_a_runs_file_at_once_do_not_spoil_it(tmp_path: Path) -> None:
    History(str(home(tmp_path / "home")))
    runs = tmp_path / "home/history/runs"
    for number in range(8):
        shard = runs / f"run{number}.db"
        theirs = SqliteEventLogStorage(str(runs))
        threads = [
            threading.Thread(target=_lay_out_as, args=(runs / "index.db", shard)),
            threading.Thread(target=theirs.get_logs_for_run, args=(shard.stem,)),
            threading.Thread(target=_lay_out_as, args=(runs / "index.db", shard)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert layout(shard) == layout(runs / "index.db")
        assert len(rows(shard, "SELECT version_num FROM alembic_version")) == 1
