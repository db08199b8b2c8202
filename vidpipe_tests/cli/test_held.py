"""What stays though it is stale, and what does not: from records and calls alone."""

from dataclasses import replace
from pathlib import Path

from vidpipe.batch import Work, run_batch
from vidpipe.cli.held import Held
from vidpipe.keys import record
from vidpipe.ledger.snapshot import Row, as_text
from vidpipe.ports import Project
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.schema import Recipe
from vidpipe.records import Outcome
from vidpipe_tests.projects import NOW, admit, project_at

ABOVE = ("raw_videos", "dynamic_videos", "taxonomy_categories", "selected_videos", "video_signals", "shots")
BATCHED = {"annotator": "gemini", "batch": True, "proxy": False}


def recipe_of(**annotation: object) -> Recipe:
    """A recipe whose annotations are batched, but for these keys."""
    return check_recipe("recipe.yaml", {"budget_usd": 1, "annotation": {**BATCHED, **annotation}})


def made(project: Project, *assets: str) -> None:
    """Make these records of one video."""
    done = Outcome("ok", value={}, parts={"media": "m", "captions": "c"}, cost_usd=0.01)
    for asset in assets:
        list(run_batch(project, asset, ["a"], Work(lambda _inputs: done), "run"))


def annotated(folder: Path) -> Project:
    """A project whose one video is annotated, as it now stands with another language."""
    project = project_at(folder, recipe_of())
    admit(project, "a")
    project.ledger.set_rows("selection", {"a": Row("ok", None, as_text({"row": "1"}), "")})
    made(project, *ABOVE, "annotation_requests", "video_annotations")
    project.store.delete(record("raw_videos", "a"))  # so nobody can say whether its answers are kept
    return replace(project, recipe=recipe_of(language="German"))


def held_in(project: Project, **options: bool) -> Held:
    """What a run would hold."""
    return Held(project, project.line(), **{"stale": False, "replace_model_answers": False, **options})


def test_what_is_stale_and_paid_stays_unless_it_is_asked_for(tmp_path: Path) -> None:
    project = annotated(tmp_path)
    snapshot = project.ledger.snapshot()
    assert held_in(project).records(snapshot) == {"video_annotations": {"a"}}
    assert held_in(project, stale=True).records(snapshot) == {}


def test_what_a_batch_job_was_asked_for_money_is_done_to_its_end(tmp_path: Path) -> None:
    project = annotated(tmp_path)
    made(replace(project, clock=lambda: NOW.replace(year=NOW.year + 1)), "annotation_requests")
    assert held_in(project).records(project.ledger.snapshot()) == {}


def test_nothing_waits_for_work_on_what_stays(tmp_path: Path) -> None:
    project = annotated(tmp_path)
    project.ledger.fail("video_annotations", "a", reason="in a batch job", run_id="run")
    held_in(project, stale=True).forget_attempts()
    assert project.ledger.snapshot().attempts["video_annotations"].keys() == {"a"}
    held_in(project).forget_attempts()
    assert not project.ledger.snapshot().attempts.get("video_annotations")


def test_work_that_failed_is_still_to_be_seen(tmp_path: Path) -> None:
    project = annotated(tmp_path)
    project.ledger.fail("video_annotations", "a", reason="store full", run_id="run")
    held_in(project).forget_attempts()
    assert project.ledger.snapshot().attempts["video_annotations"].keys() == {"a"}
