"""The checks that judge what models said, over all videos."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.quality_checks import LEAST_MEAN, MOVES, RULES, moves_check, told_checks
from vidpipe.annotation.quality import Asked, checks_of, query_checks
from vidpipe.annotation.schema import ContentMetadata
from vidpipe.batch import Work, run_batch
from vidpipe.definitions import build_definitions
from vidpipe.inputs import Inputs
from vidpipe.ledger.snapshot import Row, as_text
from vidpipe.ports import Project
from vidpipe.records import Outcome
from vidpipe_tests.golden.graph import graph_of
from vidpipe_tests.projects import admit, project_at

ABOVE = ("raw_videos", "dynamic_videos", "taxonomy_categories", "selected_videos", "video_signals", "shots")
OK = Outcome("ok", parts={"media": "m", "captions": "c"})


def project_with(
    folder: Path, scores: Mapping[str, Mapping[str, float | None]], moves_s: Mapping[str, float]
) -> Project:
    """A project whose annotations have these scores by rule, and whose alignments moved by so much."""
    project = project_at(folder)
    videos = admit(project, *scores)
    project.ledger.set_rows("selection", {v: Row("ok", None, as_text({"row": "1"}), "") for v in scores})
    for asset in ABOVE:
        list(run_batch(project, asset, videos, Work(lambda _inputs: OK), "run"))

    def told(inputs: Inputs) -> Outcome:
        return Outcome("ok", value={}, asked={"quality": {"score": 1.0, "checks": scores[inputs.video_id]}})

    def aligned(inputs: Inputs) -> Outcome:
        return Outcome("ok", value={"alignment": {"max_move_s": moves_s[inputs.video_id]}})

    list(run_batch(project, "video_annotations", videos, Work(told), "run"))
    list(run_batch(project, "aligned_metadata", videos, Work(aligned), "run"))
    return project


def results(check: dg.AssetChecksDefinition, project: Project) -> dict[str, tuple[bool, dict[str, Any]]]:
    """Whether each check passed, and what it tells, by name."""
    job = dg.Definitions(
        asset_checks=[check],
        resources={"project": project},
        jobs=[dg.define_asset_job("check", dg.AssetSelection.all_asset_checks())],
    ).resolve_job_def("check")
    with dg.DagsterInstance.ephemeral() as instance:
        done = job.execute_in_process(instance=instance).get_asset_check_evaluations()
    return {one.check_name: (one.passed, {k: v.value for k, v in one.metadata.items()}) for one in done}


def test_every_rule_of_quality_has_its_check() -> None:
    judged = checks_of(ContentMetadata(), Asked(Fraction(1)))
    assert [check.name for check in judged] == list(RULES["video_annotations"])
    for name in ("segment_queries", "episode_queries"):
        assert [check.name for check in query_checks([], "English")] == list(RULES[name])


def test_a_rule_holds_by_its_mean_over_the_videos_that_were_judged(tmp_path: Path) -> None:
    scores = {
        "a": {"scenes_cover": 1.0, "cast_known": 1.0, "moods_listed": None},
        "b": {"scenes_cover": 0.97, "cast_known": 0.2, "moods_listed": None},
    }
    found = results(told_checks("video_annotations"), project_with(tmp_path, scores, {"a": 0, "b": 0}))
    assert found.keys() == RULES["video_annotations"].keys()
    assert {name for name, (passed, _) in found.items() if not passed} == {"cast_known"}
    assert found["cast_known"][1] == {
        "mean_score": 0.6,
        "n_judged": 2,
        "n_looked_at": 2,
        "n_all": 2,
        "worst": ["b"],
    }
    assert found["scenes_cover"][1]["mean_score"] > LEAST_MEAN
    assert found["moods_listed"][1]["n_judged"] == 0


@pytest.mark.parametrize(("move_s", "passed"), [(1.9, True), (2.1, False)])
def test_corrections_are_small_where_they_stay_below_the_snap(tmp_path: Path, move_s: float, *, passed: bool) -> None:
    project = project_with(tmp_path, {"a": {}, "b": {}}, {"a": 0.1, "b": move_s})
    got, told = results(moves_check(), project)[MOVES]
    assert got is passed
    assert told["worst"] == ([] if passed else ["b"])
    assert told["median_move_s"] == pytest.approx((0.1 + move_s) / 2)


def test_what_a_model_says_is_checked_only_where_one_is_asked(tmp_path: Path) -> None:
    def checks(text: str) -> set[str]:
        (tmp_path / "recipe.yaml").write_text(text)
        return set(graph_of(build_definitions(tmp_path))["checks"])

    asked = {f"{asset}: {name}" for asset, rules in RULES.items() for name in rules}
    assert not asked & checks("name: x")
    assert asked & checks("budget_usd: 1\nannotation: {annotator: gemini}") == {
        f"video_annotations: {name}" for name in RULES["video_annotations"]
    }
    assert asked <= checks("budget_usd: 1\nannotation: {annotator: gemini}\nqueries: {}")
