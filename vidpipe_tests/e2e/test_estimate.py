"""What is estimated before anything is asked, against what the emulated services bill for it."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from vidpipe_tests.e2e.projects import Line, make_sources
from vidpipe_tests.e2e.services import Asked, asks_models, edit, environment_of, serving
from vidpipe_tests.servers.profiles import Servers
from vidpipe_tests.shared import SHARED

CLIPS = ("bikes.mp4", "portrait.MOV", "awesome movie.mov")
QUESTIONS = Path(__file__).parents[2] / "vidpipe" / "annotation" / "prompts" / "questions.md"


@pytest.fixture(scope="module")
def services() -> Iterator[Servers]:
    """Services that never fail, one after the other for all tests."""
    with serving("calm") as servers:
        yield servers


def estimate(line: Line, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """`vidpipe estimate --json`."""
    done = line("estimate", "--json", env=env)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def stages(told: Mapping[str, Any]) -> dict[str, int]:
    """The calls by asset."""
    return {stage["asset"]: stage["calls"] for stage in told["stages"]}


@pytest.mark.corpus
def test_real_clips_cost_what_was_estimated(services: Servers, tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    for name in CLIPS:
        shutil.copy(SHARED / "video" / name, tmp_path / "videos" / name)
    line, env = asks_models(Line.at(tmp_path / "project", tmp_path / "videos")), environment_of(services)
    first = estimate(line)
    assert "no catalogue yet" in " ".join(first["assumptions"])
    line.run("--only", "catalogue")
    second = estimate(line)
    assert stages(second) == {"taxonomy_categories": 3, "video_annotations": 3}
    assert {**second, "assumptions": []} == {**first, "assumptions": []}
    assert "3 proxies are not made yet" in " ".join(second["assumptions"])
    line.run("--only", "shots,annotation_proxy", env=env)
    before, usd, asked = estimate(line), services.gemini.usd(), Asked.until_now(services)
    assert stages(before) == {"taxonomy_categories": 0, "video_annotations": 3}
    proxies = list((line.folder / "store" / "annotation_proxy").rglob("*.mp4"))
    assert before["bytes_to_upload"] == sum(path.stat().st_size for path in proxies)
    assert len(proxies) == 3
    assert estimate(line, env) == before
    assert Asked.until_now(services) == asked
    line.run(env=env)
    paid = services.gemini.usd() - usd
    assert before["cost_usd"] == pytest.approx(paid, rel=0.1)
    assert second["cost_usd"] == pytest.approx(paid, rel=0.1)  # before any shot was known
    assert before["low_usd"] < paid < before["high_usd"]
    after = estimate(line)
    assert (after["cost_usd"], after["calls"], after["bytes_to_upload"], after["stale"]) == (0, 0, 0, [])
    assert stages(after) == {"taxonomy_categories": 0, "video_annotations": 0}


def test_what_is_stale_costs_the_calls_that_read_what_has_changed(services: Servers, tmp_path: Path) -> None:
    line = asks_models(Line.at(tmp_path / "project", make_sources(tmp_path / "videos", 3, broken=False)))
    edit(line, {"mode: structured": "mode: two_pass"})
    env = environment_of(services)
    line.run("--only", "shots", env=env)
    before, usd = estimate(line), services.gemini.usd()
    assert before["calls"] == 3 * 7
    line.run(env=env)
    assert before["cost_usd"] == pytest.approx(services.gemini.usd() - usd, rel=0.1)
    (line.folder / "prompts" / QUESTIONS.name).write_text(QUESTIONS.read_text("utf-8") + "\nBe exact.\n", "utf-8")
    told = estimate(line)
    assert (told["cost_usd"], told["calls"]) == (0, 0)
    (stale,) = told["stale"]
    assert "Answers to questions: " in " ".join(told["assumptions"])  # as long as those until now
    assert (stale["asset"], stale["call"], stale["n"]) == ("video_annotations", "questions", 3)
    assert "3 stale, about" in line("estimate").stdout
    assert f"video_annotations: 3 stale, about {stale['cost_usd']:.4f} US$; run --stale" in line.run(env=env)
    usd = services.gemini.usd()
    line.run("--stale", env=env)
    assert stale["cost_usd"] == pytest.approx(services.gemini.usd() - usd, rel=0.1)
    assert estimate(line)["stale"] == []
    line.record_path("video_annotations", "v1").unlink()
    line.status("--verify", code=1)
    told = estimate(line)
    assert (told["cost_usd"], told["calls"]) == (0, 0)  # a lost record is made again from answers that are kept


def test_a_recipe_that_asks_nobody_has_nothing_to_pay(finished: Line, tmp_path: Path) -> None:
    line = finished.copy(tmp_path / "project")
    told = estimate(line)
    assert (told["cost_usd"], told["stages"], told["tokens"]["out"]) == (0, [], 0)
    assert told["assumptions"] == ["The recipe asks no service: there is nothing to pay."]
    assert line("estimate").stdout.startswith("About 0.00 US$")


def test_a_model_without_a_price_is_a_mistake_in_the_recipe(finished: Line, tmp_path: Path) -> None:
    line = asks_models(finished.copy(tmp_path / "project"))
    edit(line, {"model: gemini-3.8-flash": "model: gemini-99"})
    done = line("estimate")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "no price of 'gemini-99'" in done.stderr
