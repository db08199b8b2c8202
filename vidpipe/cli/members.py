"""Who is in Dagster's partition sets, read where Dagster keeps them: `status` need not load Dagster to count.

Not Dagster's public interface: a table of its SQLite index. Where that is not as expected, or the project's
dagster.yaml names another storage, Dagster itself is asked. vidpipe_tests/cli/test_members.py compares the two.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import yaml

SETS = ("video", "selected")
_INDEX = Path("history", "runs", "index.db")
_QUERY = "SELECT partition FROM dynamic_partitions WHERE partitions_def_name = ? ORDER BY id"


def members_of(home: Path) -> dict[str, Sequence[str]]:
    """The partition keys of each set, in the order in which they were added; `home` is Dagster's folder."""
    found = None if _is_elsewhere(home) else _in_sqlite(home / _INDEX)
    return _from_dagster(home) if found is None else found


def _is_elsewhere(home: Path) -> bool:
    try:
        settings = yaml.safe_load((home / "dagster.yaml").read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError):
        return True
    return not isinstance(settings, dict) or any("storage" in str(name) for name in settings)


def _in_sqlite(index: Path) -> dict[str, Sequence[str]] | None:
    if not index.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{index.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return {over: [key for (key,) in db.execute(_QUERY, (over,))] for over in SETS}
    except sqlite3.Error:
        return None


def _from_dagster(home: Path) -> dict[str, Sequence[str]]:
    from dagster import DagsterInstance

    with DagsterInstance.from_config(str(home)) as instance:
        return {over: instance.get_dynamic_partitions(over) for over in SETS}
