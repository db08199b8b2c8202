"""Verify and recovery: every loss is seen, marked only where it is one, and taken back where it was none."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from vidpipe import keys
from vidpipe.batch import Work, run_batch
from vidpipe.cli.recovery import recover, survey
from vidpipe.cli.verifying import differences
from vidpipe.errors import StoreError
from vidpipe.ledger.snapshot import Row
from vidpipe.ports import Project
from vidpipe.records import Outcome
from vidpipe.store.accepted import keep_accepted
from vidpipe.store.documents import read_record
from vidpipe.store.objects import ObjectStore
from vidpipe.tables import Made, settle_table
from vidpipe_tests.projects import admit, project_at

VIDEO = keys.raw_video("a", "mp4")
SCENE = keys.dataset("scenes", "videos/a.mp4")
RECORD = keys.record("raw_videos", "a")


class FlakyStore(ObjectStore):
    """A folder store that does not answer while `is_away`, and does something of its own before a read of `key`."""

    def __init__(self, inner: ObjectStore) -> None:
        super().__init__(inner._store, url=inner.url, root=inner._root, scratch=inner._scratch)
        self.is_away = False
        self.before: dict[str, Callable[[], None]] = {}

    def get(self, key: str) -> bytes:
        if self.is_away:
            raise StoreError(key, "cannot be read")
        before = self.before.pop(key, None)
        data = super().get(key)
        if before:
            before()
        return data


def record(project: Project, size: int = 5) -> None:
    """The raw video of `a`, in the store."""
    project.store.put(VIDEO, b"v" * size)
    value = {"sha256": "0" * 64, "bytes": size}
    outcome = Outcome("ok", value=value, where={"media": VIDEO}, parts={"media": "m", "captions": "c"})
    list(run_batch(project, "raw_videos", ["a"], Work(lambda _inputs: outcome), "run"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A video and a dataset in a store."""
    inner = project_at(tmp_path)
    made = project_at(tmp_path, store=FlakyStore(inner.store))
    admit(made, "a")
    record(made)
    made.store.put(SCENE, b"scene")
    rows = pl.DataFrame({"video_id": ["a"]})
    index = {"a": Row("ok", None, "{}", "")}
    settle_table(made, "scene_dataset", Made(rows, index, {}, files={SCENE: 5}), run_id="run", seconds=0.0)
    return made


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def told(project: Project, instance: dg.DagsterInstance) -> list[str]:
    return [str(difference) for difference in differences(project, instance)]


def flaky(project: Project) -> FlakyStore:
    assert isinstance(project.store, FlakyStore)
    return project.store


LOSSES: list[Any] = [
    (VIDEO, None, "raw_videos: a: file is missing: media"),
    (VIDEO, b"", "raw_videos: a: file has another size: media"),
    (RECORD, None, "raw_videos: a: record is missing"),
    (RECORD, b"{}", "raw_videos: a: record was altered"),
    (SCENE, None, f"scene_dataset: the table: file is missing: {SCENE}"),
    (SCENE, b"", f"scene_dataset: the table: file has another size: {SCENE}"),
    (keys.table_rows("catalogue"), b"PAR1", "catalogue: the table: rows were altered"),
    (keys.table_rows("catalogue"), None, "catalogue: the table: file is missing: rows"),
]


def test_a_whole_store_shows_no_difference(project: Project, instance: dg.DagsterInstance) -> None:
    assert told(project, instance) == []


@pytest.mark.parametrize(("key", "data", "what"), LOSSES)
def test_every_loss_is_told_and_marked(
    project: Project, instance: dg.DagsterInstance, key: str, data: bytes | None, what: str
) -> None:
    project.store.delete(key) if data is None else project.store.put(key, data)
    assert told(project, instance) == [what]
    asset = what.partition(":")[0]
    assert project.ledger.is_damaged(asset, "a" if asset == "raw_videos" else "")
    assert [line.rpartition(": ")[2] for line in told(project, instance)] == ["record is missing or was altered"]


@pytest.mark.parametrize(("key", "data"), [loss[:2] for loss in LOSSES[4:]])
def test_a_table_that_lost_something_is_due(
    project: Project, instance: dg.DagsterInstance, key: str, data: bytes | None
) -> None:
    project.store.delete(key) if data is None else project.store.put(key, data)
    recover(project, instance)
    assert project.ledger.is_damaged("scene_dataset" if key == SCENE else "catalogue", "")
    if key == SCENE:
        assert [s.key for s in project.store.list("datasets")] == [], "or it would not be written again"


def test_a_service_that_does_not_answer_loses_no_record(project: Project, instance: dg.DagsterInstance) -> None:
    project.ledger.set_etag("raw_videos", "a", "another")
    flaky(project).is_away = True
    with pytest.raises(StoreError):
        differences(project, instance)
    with pytest.raises(StoreError):
        recover(project, instance)
    with pytest.raises(StoreError):
        survey(project, "raw_videos")
    flaky(project).is_away = False
    assert told(project, instance) == []


@pytest.mark.parametrize("left", [None, b"{}", "the one before"])
def test_an_accepted_record_is_put_back_whatever_lies_in_its_place(
    project: Project, instance: dg.DagsterInstance, left: bytes | str | None
) -> None:
    before = read_record(project.store, "raw_videos", "a")
    accepted = replace(before, provenance=replace(before.provenance, run_id="accepted"))
    sha256 = keep_accepted(project.store, accepted)
    project.ledger.settle(accepted, video_id="a", sha256=sha256, etag="")  # `accept` was killed before it wrote it
    if not isinstance(left, str):
        project.store.delete(RECORD) if left is None else project.store.put(RECORD, left)
        assert len(told(project, instance)) == 1
    recover(project, instance)
    assert read_record(project.store, "raw_videos", "a") == accepted
    assert told(project, instance) == []


def test_a_false_alarm_is_taken_back(project: Project, instance: dg.DagsterInstance) -> None:
    whole = project.store.get(RECORD)
    project.store.delete(RECORD)
    survey(project, "raw_videos")
    assert project.ledger.is_damaged("raw_videos", "a")
    project.store.put(RECORD, b"{}")
    survey(project, "raw_videos")
    assert project.ledger.is_damaged("raw_videos", "a")
    project.store.put(RECORD, whole)
    survey(project, "raw_videos")
    assert not project.ledger.is_damaged("raw_videos", "a")
    assert told(project, instance) == []


def test_a_lost_file_is_not_forgotten_because_its_record_is_there(
    project: Project, instance: dg.DagsterInstance
) -> None:
    project.store.delete(VIDEO)
    differences(project, instance)
    survey(project, "raw_videos")
    assert project.ledger.is_damaged("raw_videos", "a")


def test_a_record_that_a_run_writes_beside_verify_is_no_difference(
    project: Project, instance: dg.DagsterInstance
) -> None:
    def rewritten() -> None:
        project.ledger.mark_damaged("raw_videos", ["a"])
        record(project, size=7)

    flaky(project).before[RECORD] = rewritten
    assert told(project, instance) == []
    assert not project.ledger.is_damaged("raw_videos", "a")
