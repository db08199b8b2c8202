"""The upload: nothing leaves by accident, whatever starts the run."""

from collections import Counter
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.uploads import PUBLISH_TAG, addresses, hf_upload
from vidpipe.ledger.counts import overview
from vidpipe.recipe.fingerprints import line_of
from vidpipe.recipe.publishing_section import Publishing
from vidpipe.recipe.schema import Recipe
from vidpipe.recipe.stages import Line
from vidpipe.repositories import Hub
from vidpipe.tables import Made, settle_table
from vidpipe_tests.projects import project_at

RECIPE = Recipe(publishing=Publishing(repo="user/films"))


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """With the upload."""
    return line_of(RECIPE, tmp_path)


def materialized(line: Line, tmp_path: Path, **tags: str) -> dg.ExecuteInProcessResult:
    """A run of the upload alone, by whoever can start one; no Hub can be asked."""
    resources = {"project": project_at(tmp_path, RECIPE), "hub": Hub(None, lacks="no token")}
    assets = [hf_upload.of(line, batch_size=1)]
    return dg.materialize(assets, resources=resources, tags=tags, raise_on_error=False)


def test_a_run_without_leave_does_nothing_and_says_so(
    line: Line, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = materialized(line, tmp_path)
    assert result.success
    assert not result.asset_materializations_for_node("hf_upload")
    assert "only `vidpipe publish` does that" in capfd.readouterr().err


def test_a_run_with_leave_refuses_what_is_not_made(line: Line, tmp_path: Path) -> None:
    result = materialized(line, tmp_path, **{PUBLISH_TAG: "yes"})
    assert not result.success
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert "scene_dataset: is not made yet" in str(failed.event_specific_data)


def test_people_find_the_datasets_and_spaces_with_their_tags(tmp_path: Path) -> None:
    told = {"url": "https://hub/datasets/user/films", "release": "r1"}
    value = {"datasets": {"scenes": told}, "spaces": {"scenes": {**told, "url": "https://hub/spaces/user/films"}}}
    project = project_at(tmp_path, RECIPE)
    made = Made(pl.DataFrame({"dataset": ["scenes"]}), {}, value)
    found = addresses(project, settle_table(project, "hf_upload", made, run_id="run", seconds=0.0))
    assert {name: getattr(one, "url", one) for name, one in found.items()} == {
        "scenes": "https://hub/datasets/user/films",
        "scenes tag": "r1",
        "scenes explorer": "https://hub/spaces/user/films",
        "scenes explorer tag": "r1",
    }


def test_it_is_in_the_line_where_there_is_a_repository_and_no_run_makes_it(line: Line, tmp_path: Path) -> None:
    assert line["hf_upload"].command == "publish"
    assert line["hf_upload"].after == ("scene_dataset", "segment_dataset")
    assert "hf_upload" not in line_of(Recipe(), tmp_path)


def test_it_is_asked_for_again_once_a_dataset_has_changed(line: Line, tmp_path: Path) -> None:
    project = project_at(tmp_path, RECIPE)

    def told() -> Counter[str]:
        found = overview(project.ledger.snapshot(), line, {"video": [], "selected": []}).assets[-1]
        return found.pending if found.pending else Counter({"ok": found.ok})

    def settled(asset: str, release: str, **inputs: str) -> str:
        made = Made(pl.DataFrame({"video_id": []}, schema={"video_id": pl.String}), {}, {"release": release}, inputs)
        return settle_table(project, asset, made, run_id="run", seconds=0.0).data_version

    assert told() == {"not asked for": 1}
    versions = {asset: settled(asset, "r1") for asset in ("scene_dataset", "segment_dataset")}
    settled("hf_upload", "r1", **versions)
    assert told() == {"ok": 1}
    versions["scene_dataset"] = settled("scene_dataset", "r2")
    assert told() == {"not asked for": 1}
    settled("hf_upload", "r2", **versions)
    assert told() == {"ok": 1}
