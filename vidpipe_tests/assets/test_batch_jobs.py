"""The sensor keeps what jobs answered and asks for the runs that follow, once, and for nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.batch_jobs import batch_jobs
from vidpipe.definitions import build_definitions
from vidpipe_tests.asking.desk import Desk, desks
from vidpipe_tests.clips import make_clip
from vidpipe_tests.projects import admit
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.gemini_batches import Plan

IDS = ("v0", "v1", "v2", "v3")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A project with four videos; jobs are answered at the second look."""
    make_clip(tmp_path / "a.mp4", [(2.0, 1)], fps=5, size=(64, 48), sound=False)
    with GeminiServer() as server:
        server.batches.plan = Plan(1, 0)
        for desk in desks(tmp_path, tmp_path / "a.mp4", server, ("key-a",)):
            admit(desk.project, *IDS)
            yield desk


def looked(desk: Desk, instance: dg.DagsterInstance) -> list[Any]:
    """What the sensor asks for."""
    context = dg.build_sensor_context(instance=instance, resources={"project": desk.project, "gemini": desk.service})
    found = batch_jobs(context)
    return list(found)  # type: ignore[arg-type]


def test_a_job_that_is_over_has_its_videos_made_by_ranges_and_once(desk: Desk) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("selected", list(IDS))
        desk.submit([desk.task(video_id) for video_id in ("v0", "v1", "v3")])
        for video_id in ("v0", "v1", "v3"):
            desk.project.ledger.fail("video_annotations", video_id, reason="in a batch job", run_id="r")
        desk.project.ledger.fail("video_annotations", "v2", reason="budget", run_id="r")
        (skipped,) = looked(desk, instance)
        assert skipped.skip_message == "1 batch jobs open"
        requests = looked(desk, instance)
        start, end = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
        assert [(one.tags[start], one.tags[end]) for one in requests] == [("v0", "v1"), ("v3", "v3")]
        assert [one.run_key for one in looked(desk, instance)] == [one.run_key for one in requests]
        desk.project.ledger.forget_attempts("video_annotations", ["v0", "v1", "v3"])
        (skipped,) = looked(desk, instance)
        assert skipped.skip_message == "0 batch jobs open"


@pytest.mark.parametrize(("recipe", "has_it"), [("annotator: gemini, batch: true", True), ("annotator: gemini", False)])
def test_the_sensor_and_the_requests_stand_there_where_a_recipe_asks_in_batches(
    tmp_path: Path,
    recipe: str,
    has_it: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    (tmp_path / "recipe.yaml").write_text(f"budget_usd: 1\nannotation: {{{recipe}}}\n")
    definitions = build_definitions(tmp_path)
    dg.Definitions.validate_loadable(definitions)
    assert bool(definitions.sensors) == has_it
    graph = definitions.resolve_asset_graph()
    assert graph.has(dg.AssetKey("annotation_requests")) == has_it
    if has_it:
        parents = {key.to_user_string() for key in graph.get(dg.AssetKey("video_annotations")).parent_keys}
        assert "annotation_requests" in parents
