"""What is said of a dataset that is behind: never to run what no run would make again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vidpipe.export.remedies import remedy
from vidpipe.ports import Project
from vidpipe.recipe.schema import Recipe
from vidpipe.records import Outcome, Record
from vidpipe.store.documents import write_record
from vidpipe_tests.projects import admit, project_at

ASKED = "video_annotations"


def with_annotator(project: Project, annotator: str, **more: Any) -> Project:
    """The same project by another recipe, by which its records are stale."""
    recipe = {"annotation": {"annotator": annotator, **more}, "budget_usd": 1.0}
    return replace(project, recipe=Recipe.model_validate(recipe))


def told(project: Project, *, cost_usd: float) -> None:
    """An annotation of video `a`."""
    admit(project, "a", "b")
    stage = project.stage(ASKED)
    outcome = Outcome("ok", value={}, cost_usd=cost_usd)
    made = project.provenance(stage, inputs={}, run_id="run", seconds=0.0, outcome=outcome)
    record = Record.of("a", ASKED, outcome, made)
    stored, sha256 = write_record(project.store, record)
    project.ledger.settle(record, video_id="a", sha256=sha256, etag=stored.etag)


@pytest.mark.parametrize(
    ("was", "now", "cost_usd", "said"),
    [
        (
            "gemini",
            {"annotator": "gemini", "fps": 2.0},
            0.01,
            "`vidpipe run --stale` makes them again",
        ),
        ("gemini", {"annotator": "offline"}, 0.01, "`vidpipe run --replace-model-answers` makes them again"),
        ("gemini", {"annotator": "offline"}, 0.0, "`vidpipe run` makes it"),
    ],
)
def test_paid_work_is_made_again_on_demand_alone(
    tmp_path: Path, was: str, now: dict[str, Any], cost_usd: float, said: str
) -> None:
    project = with_annotator(project_at(tmp_path), was)
    told(project, cost_usd=cost_usd)
    changed = with_annotator(project, **now)
    assert remedy(changed, changed.ledger.snapshot(), {"a"}).startswith(said)
    assert remedy(changed, changed.ledger.snapshot(), {"b"}) == "`vidpipe run` makes it"
    assert remedy(changed, changed.ledger.snapshot()) == "`vidpipe run` makes it"
