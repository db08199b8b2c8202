"""A model that stops looking in the middle of a run, at a real server: how soon nothing more is paid for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate, count
from pathlib import Path

import pytest

from assets.canaries import with_canaries
from assets.model_annotations import ModelAnnotator
from vidpipe.asking.canaries import UNSEEING
from vidpipe.asking.canary_rules import MOST_BAD
from vidpipe.asking.doubts import MANY
from vidpipe.batch import LeftOver, Settled, Work, run_batch
from vidpipe.ports import Project, Service
from vidpipe.recipe.loading import check_recipe
from vidpipe_tests.assets.ready import ready
from vidpipe_tests.clips import make_clip
from vidpipe_tests.projects import project_at
from vidpipe_tests.resources.gemini_line import Line
from vidpipe_tests.servers.eyes import TrueEyes
from vidpipe_tests.servers.gemini_generate import even_scenes
from vidpipe_tests.servers.reading import words_in
from vidpipe_tests.servers.wire import Request

WHEN = datetime(2026, 11, 21, tzinfo=UTC)  # the model has a price
ANSWERS = "video_annotations"
IDS = [f"v{i:02}" for i in range(30)]
SHOTS = [(7.0, 1), (4.0, 2), (9.0, 3), (10.0, 4)]


@pytest.fixture
def gemini(gemini: Line) -> Line:
    """Gemini, which looks, and whoever asks it."""
    gemini.server.eyes, gemini.server.reader = TrueEyes(), words_in
    return gemini


def project_of(folder: Path, canaries: str) -> Project:
    """Videos of four shots that are ready to be asked about."""
    path = make_clip(folder / "a.mp4", SHOTS, fps=5, size=(64, 48), sound=False).path
    annotation = {"annotator": "gemini", "proxy": False, "canaries": canaries}
    recipe = check_recipe("recipe.yaml", {"budget_usd": 5, "annotation": annotation})
    ticks = count()
    project = replace(project_at(folder, recipe), clock=lambda: WHEN + timedelta(seconds=next(ticks)))
    ready(project, path, IDS, ends_s=tuple(accumulate(length_s for length_s, _ in SHOTS)))
    return project


def run(project: Project, service: Service) -> list[Settled | LeftOver]:
    """The stage over all videos."""
    annotator = with_canaries(project, ANSWERS, ModelAnnotator.of(project, service, "run"))
    return list(run_batch(project, ANSWERS, IDS, Work(annotator, n_threads=service.at_once), "run"))


@pytest.mark.parametrize(("n_seen", "at_once"), [(4, 1), (6, 8)])
def test_stop_asks_at_most_twenty_times_after_a_collapse_between_two_canaries(
    tmp_path: Path, gemini: Line, n_seen: int, at_once: int
) -> None:
    numbers = count()

    def closes_its_eyes(_request: Request) -> bool:
        if next(numbers) == n_seen + 1:  # the first one is about a film
            gemini.server.eyes, gemini.server.reader = even_scenes, None
        return False

    gemini.server.inject("generate", when=closes_its_eyes, status=500)
    project = project_of(tmp_path, "stop")
    found = run(project, Service("gemini", gemini.model(), at_once=at_once))
    asked = {one.of["name"]: one.n_calls for one in project.ledger.calls.sums("name")}
    assert asked["canary"] == 1 + MOST_BAD
    n_after = asked["annotation"] - n_seen + MOST_BAD
    n_beside = at_once - 1  # asked when it closed its eyes, and answered either way; and as many when that shows
    assert n_after <= min(20, 2 * n_beside + MANY + MOST_BAD)
    assert len(gemini.server.entries("generate")) == 1 + n_seen + n_after
    left = [one for one in found if isinstance(one, LeftOver)]
    assert len(left) == len(IDS) - asked["annotation"]
    assert all(UNSEEING in one.reason for one in left)
