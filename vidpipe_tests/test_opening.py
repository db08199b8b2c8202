"""What the environment says of services reaches those who ask them."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from resources.gemini_batches import GeminiBatches
from vidpipe.asking.services import asker_for
from vidpipe.cli.batch_jobs import collect_jobs
from vidpipe.opening import open_project, open_services, services_of
from vidpipe.recipe.loading import check_recipe
from vidpipe_tests.asking.desk import Desk
from vidpipe_tests.asking.oracle import MEDIA, PURPOSE, Client, Oracle, question
from vidpipe_tests.clips import make_clip
from vidpipe_tests.servers.gemini import GeminiServer
from vidpipe_tests.servers.gemini_batches import Plan


@pytest.mark.parametrize(
    ("variable", "value", "n_a_minute"),
    [("REQUESTS", "3", 3), ("TOKENS", str(5 * (MEDIA.video + MEDIA.audio) // 2), 2)],
)
def test_what_a_service_gets_in_a_minute_is_bounded_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, n_a_minute: int
) -> None:
    now, waited = [datetime(2026, 11, 21, tzinfo=UTC)], [0.0]

    def pause(_event: threading.Event, seconds: float) -> None:
        waited[0] += seconds
        now[0] += timedelta(seconds=seconds)

    (tmp_path / "recipe.yaml").write_text("")
    monkeypatch.setenv(f"VIDPIPE_{variable}_PER_MINUTE", value)
    with Oracle() as oracle:
        service = replace(open_services(tmp_path)["llm"], answerer=Client(oracle.url))
        asker = replace(asker_for(open_project(tmp_path), service), clock=lambda: now[0], pause=pause)
        for n in range(2 * n_a_minute + 1):
            asker.ask(question(n), PURPOSE, MEDIA)
    assert 119 < waited[0] < 121


def test_no_variable_bounds_nothing_in_a_minute(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("")
    service = open_services(tmp_path)["gemini"]
    assert asker_for(open_project(tmp_path), service).terms.limits.per_minute == (None, None)


def test_what_jobs_answer_is_collected_though_the_recipe_no_longer_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "recipe.yaml").write_text("")
    clip = make_clip(tmp_path / "a.mp4", [(2.0, 1)], fps=5, size=(64, 48), sound=False).path
    with GeminiServer() as server:
        server.batches.plan = Plan(0, 0)
        monkeypatch.setenv("GEMINI_API_KEY", "key-a")
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.url)
        project = open_project(tmp_path)
        assert services_of(project)["gemini"].jobs is None
        asking = check_recipe("recipe.yaml", {"budget_usd": 5, "annotation": {"annotator": "gemini"}})
        service = services_of(replace(project, recipe=asking))["gemini"]
        desk = Desk(project, service, server, clip)
        desk.submit(desk.tasks(2))
        assert collect_jobs(project).n_answers == 2
        assert (project.ledger.jobs.open(), project.ledger.calls.reserved(), server.files.names()) == ([], 0, [])
        for one in (service, open_services(tmp_path)["gemini"]):
            assert isinstance(one.jobs, GeminiBatches)
            one.jobs.close()
