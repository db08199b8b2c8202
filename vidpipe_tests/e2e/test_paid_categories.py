"""Categories that Gemini chooses: paid, kept, and not paid again."""

import json
from pathlib import Path

import pytest

from vidpipe_tests.e2e.projects import Line, make_sources
from vidpipe_tests.e2e.services import answers, edit, environment_of, serving, stale

VIDEOS = ("v0", "v1")
PROMPT = "Which one is it?\n{leaves}\n{title}\n"


def test_gemini_chooses_a_leaf_for_money_and_is_not_paid_again(tmp_path: Path) -> None:
    line = Line.at(tmp_path / "project", make_sources(tmp_path / "videos", len(VIDEOS), broken=False))
    edit(line, {"categoriser: offline": "categoriser: gemini", "budget_usd: null": "budget_usd: 1"})
    with serving("calm") as services:
        assert "no GEMINI_API_KEY" in line("run", env=environment_of(services, n_keys=0)).stderr + line("status").stdout
        told = line("estimate").stdout
        assert "taxonomy_categories" in told
        assert "gemini-3.5-flash-lite: 0.3 US$ per million tokens in" in told
        assert "costs nothing" not in told
        line.run(env=environment_of(services))
        paid = services.gemini.usd()
        assert len(answers(services)) == len(VIDEOS)
        document = line.is_whole()
        assert document["cost_usd"] == pytest.approx(paid, abs=1e-6) != 0
        for video_id in VIDEOS:
            record = line.record("taxonomy_categories", video_id)
            assert record["value"]["categoriser"] == "gemini"
            assert record["value"]["category"]
            assert record["provenance"]["model"] == "gemini-3.5-flash-lite"
            assert record["provenance"]["cost_usd"] > 0
        (line.folder / "prompts").mkdir(exist_ok=True)
        (line.folder / "prompts" / "categorise.md").write_text(PROMPT, "utf-8")
        held = line("run", env=environment_of(services))
        (priced,) = json.loads(line("estimate", "--json").stdout)["stale"]
        assert f"taxonomy_categories: 2 stale, about {priced['cost_usd']:.4f} US$; run --stale" in held.stderr
        assert priced["cost_usd"] > 0.0001
        assert services.gemini.usd() == paid
        line.run("--stale", env=environment_of(services))
        assert services.gemini.usd() > paid
        paid = services.gemini.usd()
        (line.folder / "prompts" / "categorise.md").unlink()
        line.run(env=environment_of(services))
        assert services.gemini.usd() == paid
        line.is_whole()
        edit(line, {"categoriser: gemini": "categoriser: offline"})
        kept = line("run", env=environment_of(services))
        assert "taxonomy_categories: 2 by a model stay as they are; run --replace-model-answers" in kept.stderr


def test_a_category_got_with_the_list_left_out_of_the_form_is_known_again(tmp_path: Path) -> None:
    videos = make_sources(tmp_path / "videos", 2, broken=False)
    line = Line.at(tmp_path / "project", videos)
    edit(line, {"categoriser: offline": "categoriser: gemini", "budget_usd: null": "budget_usd: 1"})
    only = ("--only", "taxonomy_categories")
    with serving("calm") as services:
        services.gemini.max_states = 100  # less than there are categories
        env = environment_of(services)
        line.run(*only, env=env)
        before = [line.record("taxonomy_categories", video_id) for video_id in VIDEOS]
        n_asked, paid = len(services.gemini.log), services.gemini.usd()
        assert paid > 0
        edit(line, {"discard: []": "discard: [Stunt Shows]"})
        assert json.loads(line("estimate", "--json", env=env).stdout)["stale"] == []
        line.run(*only, env=env)
        assert stale(line) == {}
        edit(line, {"discard: [Stunt Shows]": "discard: []"})
        line.record_path("taxonomy_categories", "v0").unlink()
        line.run(*only, env=environment_of(services, n_keys=0))
        assert (len(services.gemini.log), services.gemini.usd()) == (n_asked, paid)
        for video_id, record in zip(VIDEOS, before, strict=True):
            now = line.record("taxonomy_categories", video_id)
            assert (now["outcome"], now["value"]) == (record["outcome"], record["value"])
            assert now["provenance"]["cost_usd"] == record["provenance"]["cost_usd"] > 0
        line.is_whole()
