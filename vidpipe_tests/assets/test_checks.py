"""What the checks tell that Dagster's own statuses cannot."""

from pathlib import Path

from assets.checks import not_applied
from vidpipe.batch import Work, run_batch
from vidpipe.ledger.snapshot import Row, as_text
from vidpipe.ports import Project
from vidpipe.records import Outcome
from vidpipe_tests.projects import admit, project_at

ASSETS = ("raw_videos", "dynamic_videos", "taxonomy_categories", "selected_videos")
OK = Outcome("ok", parts={"media": "m", "captions": "c"})


def select(project: Project, **verdicts: str) -> None:
    """The selection's rows: the version of each by video id."""
    project.ledger.set_rows("selection", {v: Row("ok", None, as_text({"row": r}), "") for v, r in verdicts.items()})


def test_the_gate_follows_the_selection_or_the_check_names_who_does_not(tmp_path: Path) -> None:
    project = project_at(tmp_path)
    admit(project, "a", "b", "c", "d")
    select(project, a="1", b="1", c="1", d="1")
    assert not_applied(project.stage("selected_videos"), project.ledger.snapshot()) == []
    for asset in ASSETS:
        list(run_batch(project, asset, ["a", "b", "c", "d"], Work(lambda _inputs: OK), "run"))
    assert not_applied(project.stage("selected_videos"), project.ledger.snapshot()) == []
    select(project, a="1", b="2", c="1")
    project.ledger.mark_damaged("selected_videos", ["c"])
    assert not_applied(project.stage("selected_videos"), project.ledger.snapshot()) == ["b", "c", "d"]
    admit(project, "a", "c", "d")
    assert not_applied(project.stage("selected_videos"), project.ledger.snapshot()) == ["c", "d"]
