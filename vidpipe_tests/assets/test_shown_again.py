"""A source that the service cannot read: shown once more, encoded again, found again, paid for once."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from assets.model_annotations import ModelAnnotator
from vidpipe.annotation.shown import proxy_value
from vidpipe.batch import LeftOver, Settled, Work, run_batch
from vidpipe.cli.free_again import FreeAgain
from vidpipe.cli.left_to_ask import LeftToAsk
from vidpipe.media.proxy import Proxy, ProxySettings
from vidpipe.ports import Project, Service
from vidpipe.recipe.line import STAGES
from vidpipe.recipe.loading import check_recipe
from vidpipe.records import Outcome, Record
from vidpipe.store.documents import read_record
from vidpipe.workers.processes import Processes
from vidpipe_tests.assets.ready import ready, settle
from vidpipe_tests.clips import make_clip
from vidpipe_tests.projects import project_at
from vidpipe_tests.resources.gemini_line import Line
from vidpipe_tests.servers.gemini_stored import Processing
from vidpipe_tests.servers.wire import Request

ANSWERS = "video_annotations"
WHEN = datetime(2026, 11, 21, tzinfo=UTC)  # the model has a price
REFUSED = "gemini: the service cannot read the file"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "a.mp4", [(2.0, 1)], fps=5, size=(64, 48), sound=False).path


@pytest.fixture
def project(tmp_path: Path, clip: Path) -> Project:
    """Two videos of one file that are shown as they are."""
    recipe = {"budget_usd": 5, "annotation": {"annotator": "gemini", "proxy": False, "canaries": "off"}}
    project = replace(project_at(tmp_path, check_recipe("recipe.yaml", recipe)), clock=lambda: WHEN)
    ready(project, clip, ["v0", "v1"])
    return project


def unreadable(gemini: Line, *paths: Path) -> None:
    """The service cannot read these files; others can."""
    gemini.server.clips.unreadable |= {hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def run(project: Project, gemini: Line, *ids: str, **service: Any) -> list[Settled | LeftOver]:
    service = {"answerer": gemini.model(upload=True), "at_once": 2, **service}
    annotator = ModelAnnotator.of(project, Service("gemini", **service), "run")
    return list(run_batch(project, ANSWERS, ids or ("v0",), Work(annotator, n_threads=2), "run"))


def record(project: Project, gemini: Line) -> Record:
    """Of the one video."""
    (found,) = run(project, gemini)
    assert isinstance(found, Settled), found
    return found.record


def n_asked(gemini: Line) -> tuple[int, int]:
    """How many files were uploaded, and how many questions asked."""
    return gemini.server.n("upload.start"), gemini.server.n("generate")


def test_a_source_that_cannot_be_read_is_encoded_again_by_a_worker_and_paid_for_once(
    project: Project, gemini: Line, clip: Path
) -> None:
    unreadable(gemini, clip)
    project = replace(project, workers=Processes(n_workers=1))
    found = record(project, gemini)
    assert (found.outcome, n_asked(gemini)) == ("ok", (2, 1))
    calls = {one.of["outcome"]: one.n_calls for one in project.ledger.calls.sums("outcome")}
    assert calls == {"complete": 1, "failed": 1}
    assert found.provenance.cost_usd == pytest.approx(gemini.server.usd(), abs=1e-9)
    assert project.ledger.calls.spent() == pytest.approx(gemini.server.usd() * 1e9)
    assert gemini.server.files.names() == []
    kept = read_record(project.store, ANSWERS, "v0").provenance.asked
    version = STAGES["annotation_proxy"].version
    assert kept["shown"] == kept["calls"][0]["shown"] == f"source, as proxy {version}: 1 fps, 640 px, sound"


def test_the_answer_is_found_again_and_no_estimate_counts_it(project: Project, gemini: Line, clip: Path) -> None:
    assert len(LeftToAsk(project).asks(LeftToAsk(project).missing)) == 2
    unreadable(gemini, clip)
    before, asked = record(project, gemini), n_asked(gemini)
    project.ledger.damage.mark_for_good(ANSWERS, {"v0": None})
    left = LeftToAsk(project)
    assert left.missing[ANSWERS].n_all == 2
    assert len(left.asks(left.missing)) == 1
    assert FreeAgain(project).of(left.snapshot, {ANSWERS: ["v0", "v1"]}) == {ANSWERS: frozenset({"v0"})}
    again = record(project, gemini)
    assert (again.data_version, again.provenance.cost_usd) == (before.data_version, before.provenance.cost_usd)
    assert n_asked(gemini) == asked


def test_who_wants_the_proxy_shown_is_not_given_an_answer_about_the_second_showing(
    project: Project, gemini: Line, clip: Path
) -> None:
    unreadable(gemini, clip)
    told = record(project, gemini).provenance.asked["address"]
    show_proxy(project, clip)
    gemini.server.clips.unreadable.clear()
    assert record(with_proxy(project), gemini).provenance.asked["address"] != told


def test_what_can_be_read_in_no_way_is_unusable_for_that_reason_and_free(project: Project, gemini: Line) -> None:
    gemini.server.files.processing = Processing(fails=True)
    found = record(project, gemini)
    assert (found.outcome, found.reason, found.provenance.cost_usd) == ("unusable", REFUSED, 0)
    assert n_asked(gemini) == (2, 0)
    assert (project.ledger.calls.spent(), gemini.server.files.names()) == (0, [])


def test_however_many_sources_cannot_be_read_the_service_is_asked_on(
    project: Project, gemini: Line, clip: Path
) -> None:
    unreadable(gemini, clip)
    found = run(project, gemini, "v0", "v1", answerer=gemini.model(upload=True, n_rejected=1), at_once=1)
    assert [isinstance(one, Settled) and one.record.outcome for one in found] == ["ok", "ok"]


def test_what_we_cannot_encode_either_is_unusable_for_the_services_reason(
    project: Project, gemini: Line, clip: Path
) -> None:
    clip.write_bytes(b"no video at all")
    found = record(project, gemini)
    assert (found.outcome, found.reason, n_asked(gemini)) == ("unusable", REFUSED, (1, 0))


def test_our_own_encoding_is_not_encoded_again(project: Project, gemini: Line, clip: Path) -> None:
    show_proxy(project, clip)
    unreadable(gemini, clip)
    found = record(with_proxy(project), gemini)
    assert (found.outcome, found.reason, n_asked(gemini)) == ("unusable", REFUSED, (1, 0))


def test_a_stop_leaves_what_was_to_be_encoded_for_later(project: Project, gemini: Line, clip: Path) -> None:
    unreadable(gemini, clip)

    def stop(_request: Request) -> bool:
        project.stop.set()
        return False

    gemini.server.inject("upload.start", when=stop, status=500)
    (left,) = run(project, gemini)
    assert (left.key, isinstance(left, LeftOver) and left.waits, n_asked(gemini)) == ("v0", True, (1, 0))


def with_proxy(project: Project) -> Project:
    """The same with proxies shown."""
    recipe = {"budget_usd": 5, "annotation": {"annotator": "gemini", "canaries": "off"}}
    return replace(project, recipe=check_recipe("recipe.yaml", recipe))


def show_proxy(project: Project, clip: Path) -> None:
    """A proxy for the first video, of the same bytes as its source."""
    stored = project.store.put_file("annotation_proxy/v0/proxy.mp4", clip)
    made = Proxy(str(clip), (0.0, 1.0), 2.0, 64, 48, stored.n_bytes, "none")
    value = proxy_value(made, ProxySettings(Fraction(1), 640), version=1, reason="smaller than the source")
    where = {"media": stored.key, "bytes": {stored.key: stored.n_bytes}}
    settle(project, "annotation_proxy", "v0", Outcome("ok", value=value, where=where))
