"""What goes into a batch job: what would be asked now, once, and nothing for a record that stands."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from assets.model_annotations import ModelAnnotator
from assets.model_requests import Requests
from vidpipe.asking.services import terms_for
from vidpipe.asking.submitting import Submitter
from vidpipe.batch import LeftOver, Settled, Work, run_batch
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.schema import Recipe
from vidpipe.store.documents import read_record, write_record
from vidpipe_tests.asking.desk import Desk, desks
from vidpipe_tests.assets.ready import ready
from vidpipe_tests.clips import make_clip
from vidpipe_tests.resources.gemini_line import Line
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.gemini_batches import Plan

IDS = ["v0", "v1"]
REQUESTS, ANSWERS = "annotation_requests", "video_annotations"


def recipe_of(**annotation: Any) -> Recipe:
    """One that asks in batches."""
    usual = {"annotator": "gemini", "batch": True, "proxy": False, "canaries": "off"}
    return check_recipe("recipe.yaml", {"budget_usd": 5, "annotation": {**usual, **annotation}})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A project with two videos that are ready to be asked about."""
    path = make_clip(tmp_path / "a.mp4", [(2.0, 1)], fps=5, size=(64, 48), sound=False).path
    with GeminiServer() as server:
        server.batches.plan = Plan(0, 0)
        for desk in desks(tmp_path, path, server, ("key-a",)):
            desk.project = replace(desk.project, recipe=recipe_of())
            ready(desk.project, path, IDS)
            yield desk


def run(desk: Desk, asset: str) -> list[Settled | LeftOver]:
    """The stage over both videos."""
    annotator = ModelAnnotator.of(desk.project, desk.service, "run")
    requests = Requests(annotator)
    jobs = Submitter(desk.project, desk.service, terms_for(desk.project, desk.service))
    work = Work(requests.prepare, requests.finish, workers=jobs) if asset == REQUESTS else Work(annotator)
    return list(run_batch(desk.project, asset, IDS, work, "run"))


def reasons(found: list[Settled | LeftOver]) -> list[str]:
    return [one.reason if isinstance(one, LeftOver) else one.record.outcome for one in found]


def test_answers_are_read_once_a_job_has_brought_them_and_nothing_is_asked_beside_it(desk: Desk) -> None:
    assert reasons(run(desk, ANSWERS)) == ["waits for annotation_requests"] * 2
    assert reasons(run(desk, REQUESTS)) == ["ok", "ok"]
    assert reasons(run(desk, ANSWERS)) == ["in a batch job"] * 2
    record = read_record(desk.project.store, REQUESTS, "v0")
    (asked,) = record.value["questions"]
    assert (asked["call"], asked["part"], list(record.provenance.asked)) == ("annotation", 0, ["job"])
    assert desk.collect().n_answers == 2
    assert reasons(run(desk, ANSWERS)) == ["ok", "ok"]
    assert (desk.n("batch.create"), desk.n("generate"), len(desk.server.bills)) == (1, 0, 2)


def test_a_lost_record_of_requests_is_made_again_as_it_was_and_pays_for_nothing(desk: Desk) -> None:
    run(desk, REQUESTS)
    before = read_record(desk.project.store, REQUESTS, "v0")
    desk.collect()
    run(desk, ANSWERS)
    desk.project.ledger.damage.mark_for_good(REQUESTS, dict.fromkeys(IDS))
    assert reasons(run(desk, REQUESTS)) == ["ok", "ok"]
    assert read_record(desk.project.store, REQUESTS, "v0").data_version == before.data_version
    assert desk.n("batch.create") == 1


def test_nothing_is_asked_for_a_record_that_was_accepted(desk: Desk) -> None:
    run(desk, REQUESTS)
    desk.collect()
    run(desk, ANSWERS)
    desk.project = replace(desk.project, recipe=recipe_of(language="German"))
    accept(desk, "v0")
    assert reasons(run(desk, REQUESTS)) == ["ok", "ok"]
    (job,) = desk.project.ledger.jobs.open()
    assert (job.n_lines, desk.project.ledger.jobs.videos()) == (1, {"v1": job.label})


def accept(desk: Desk, video_id: str) -> None:
    """Declare the annotation valid under the recipe of now."""
    record = read_record(desk.project.store, ANSWERS, video_id)
    version = desk.project.line().versions[ANSWERS]
    valid = replace(record, provenance=replace(record.provenance, code_version=version))
    stored, sha256 = write_record(desk.project.store, valid)
    desk.project.ledger.settle(valid, video_id=video_id, sha256=sha256, etag=stored.etag)


def test_without_a_key_requests_are_pending_by_that_name(desk: Desk) -> None:
    desk.service = replace(desk.service, jobs=None, lacks="no GEMINI_API_KEY")
    assert reasons(run(desk, REQUESTS)) == ["no GEMINI_API_KEY"] * 2
    assert reasons(run(desk, ANSWERS)) == ["no GEMINI_API_KEY"] * 2


def test_what_is_in_a_job_is_not_asked_directly_though_the_recipe_no_longer_asks_in_batches(desk: Desk) -> None:
    run(desk, REQUESTS)
    desk.project = replace(desk.project, recipe=recipe_of(batch=False))
    assert reasons(run(desk, ANSWERS)) == ["in a batch job"] * 2
    desk.collect()
    assert reasons(run(desk, ANSWERS)) == ["ok", "ok"]


def test_a_file_that_no_job_can_be_shown_is_asked_about_directly_encoded_again(desk: Desk) -> None:
    desk.server.clips.unreadable.add(sha256(desk.clip.read_bytes()).hexdigest())
    line = Line(desk.server)
    desk.service = replace(desk.service, answerer=line.model(upload=True))
    assert reasons(run(desk, REQUESTS)) == ["ok", "ok"]
    assert desk.n("batch.create") == 0
    assert reasons(run(desk, ANSWERS)) == ["ok", "ok"]
    assert desk.n("generate") == 2
    assert desk.project.ledger.calls.spent() == pytest.approx(desk.server.usd() * 1e9)
    for asset in (ANSWERS, REQUESTS):
        desk.project.ledger.damage.mark_for_good(asset, dict.fromkeys(IDS))
    n_uploads = desk.n("upload.start")
    assert reasons(run(desk, REQUESTS)) + reasons(run(desk, ANSWERS)) == ["ok"] * 4
    assert (desk.n("generate"), desk.n("upload.start")) == (2, n_uploads)
    line.close()
