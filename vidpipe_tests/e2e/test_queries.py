"""Queries for segments and episodes, by a model behind a service: each segment is a question of its own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vidpipe_tests.clips import make_clip
from vidpipe_tests.e2e.projects import Line, stable_text
from vidpipe_tests.e2e.services import Asked, answers, asks_models, edit, environment_of, paid_twice, serving
from vidpipe_tests.servers.profiles import Servers
from vidpipe_tests.servers.wire import Request

N_SEGMENTS, FAILING = 8, 3
PROMPT = Path(__file__).parents[2] / "vidpipe" / "annotation" / "prompts" / "segment_queries.md"
QUERIES = ("segment_queries", "episode_queries")
CAPTIONS = "WEBVTT\n\n00:05.200 --> 00:05.800\nThe blue kite lands.\n"
"""In segment 3 alone: windows of 2 s begin every 1.5 s."""


@pytest.fixture(scope="module")
def services() -> Iterator[Servers]:
    """Services that fail where a test says so."""
    with serving("calm") as servers:
        yield servers


def test_of_all_segments_the_one_whose_answer_was_lost_is_asked_about_again_alone(
    services: Servers, tmp_path: Path
) -> None:
    line, env = _project(tmp_path), environment_of(services)
    before = {stage["asset"]: stage for stage in _estimate(line)["stages"]}
    assert {asset: before[asset]["calls"] for asset in QUERIES} == {
        "segment_queries": N_SEGMENTS,
        "episode_queries": 1,
    }
    services.gemini.inject("generate", when=_asks_about_the_kite, truncate=20, times=3)
    line.run("--only", ",".join(QUERIES), env=env, code=1)
    counts = {one["asset"]: one for one in line.status()["assets"]}
    assert sum(counts["segment_queries"]["failed"].values()) == counts["episode_queries"]["ok"] == 1
    told = services.gemini.entries("generate")
    assert len(told) == N_SEGMENTS + 1 + 2, "the lost answer was asked for three times"
    assert len(answers(services)) == N_SEGMENTS
    line.run("--only", ",".join(QUERIES), env=env)
    (again,) = services.gemini.entries("generate")[len(told) :]
    assert again.note in {entry.note for entry in told if entry.delivered != "whole"}
    assert paid_twice(services) == {}
    assert services.gemini.files.names() == []
    spent = _is_told(line)
    assert spent == pytest.approx(sum(entry.bill.usd for entry in answers(services) if entry.bill), abs=1e-6)
    assert sum(before[asset]["cost_usd"] for asset in QUERIES) == pytest.approx(spent, rel=0.1)
    _each_call_tells_what_was_asked_about_which_segment(line)
    _an_edited_prompt_is_paid_for_when_that_is_asked_for(line, services)


def _each_call_tells_what_was_asked_about_which_segment(line: Line) -> None:
    told = json.loads(line("lineage", "film", "--json").stdout)
    calls = next(one["calls"] for one in told["artifacts"] if one["asset"] == "segment_queries")
    assert [call["segment"] for call in calls] == list(range(N_SEGMENTS))
    texts = [told["prompts"][call["prompt"]]["text"] for call in calls]
    assert [i for i, text in enumerate(texts) if "blue kite" in text] == [3]
    assert {told["prompts"][call["template"]]["text"] for call in calls} == {PROMPT.read_text("utf-8").strip()}
    for name in ("segment_queries", calls[0]["template"][:12]):
        found = json.loads(line("lineage", "--prompt", name, "--json").stdout)
        assert [use["segment"] for use in found["records"]] == list(range(N_SEGMENTS))
    found = json.loads(line("lineage", "--call", calls[3]["request_id"], "--json").stdout)
    assert [(use["video_id"], use["segment"]) for use in found["records"]] == [("film", 3)]


def _an_edited_prompt_is_paid_for_when_that_is_asked_for(line: Line, services: Servers) -> None:
    env, asked = environment_of(services), Asked.until_now(services)
    record, own = line.record_path("segment_queries", "film"), line.folder / "prompts" / PROMPT.name
    before = stable_text(record, line.folder)
    own.write_text(PROMPT.read_text("utf-8") + "\nBe exact.\n", "utf-8")
    estimated = _estimate(line)
    assert [(one["asset"], one["call"], one["n"]) for one in estimated["stale"]] == [
        ("segment_queries", "segment", N_SEGMENTS)
    ]
    assert {one["calls"] for one in estimated["stages"] if one["asset"] in QUERIES} == {0}
    assert "segment_queries: 1 stale, about 0.0" in line.run("--only", ",".join(QUERIES), env=env)
    assert Asked.until_now(services) == asked
    n_before = len(answers(services))
    line.run("--only", ",".join(QUERIES), "--stale", env=env)
    assert len(answers(services)) == n_before + N_SEGMENTS
    asked = Asked.until_now(services)
    own.unlink()
    line.run("--only", ",".join(QUERIES))
    assert stable_text(record, line.folder) == before
    assert Asked.until_now(services) == asked


def _is_told(line: Line) -> float:
    """Both records hold three sentences of each kind, and the bill of every answer in them; what they cost, in US$."""
    record = line.record("segment_queries", "film")
    value, asked = record["value"], record["provenance"]
    assert (value["annotator"], value["language"]) == ("gemini", "English")
    assert [one["segment_index"] for one in value["segments"]] == list(range(N_SEGMENTS))
    assert [one["start_s"] for one in value["segments"]] == [1.5 * i for i in range(N_SEGMENTS)]
    assert len(asked["calls"]) == N_SEGMENTS
    assert {call["tokens"]["video"] > 0 for call in asked["calls"]} == {True}
    assert asked["quality"]["checks"]["three_of_each"] == 1.0
    for one in value["segments"]:
        assert (line.folder / "store" / one["key"]).is_file()
        assert {len(set(texts)) for texts in one["queries"].values()} == {3}
        assert list(one["queries"])[:2] == ["visual_saliency", "character_emotion"]
    episode = line.record("episode_queries", "film")
    assert next(iter(episode["value"]["queries"])) == "main_plot"
    assert len(episode["provenance"]["calls"]) == 1
    return float(asked["cost_usd"] + episode["provenance"]["cost_usd"])


def _asks_about_the_kite(request: Request) -> bool:
    """Whether a question is about the one segment in which that is said."""
    return b"a clip of" in request.body and b"blue kite" in request.body


def _project(folder: Path) -> Line:
    (folder / "videos").mkdir()
    shots = [(1.5, number) for number in range(1, 9)]
    make_clip(folder / "videos" / "film.mp4", shots, fps=10, size=(96, 64))
    (folder / "videos" / "film.en.vtt").write_text(CAPTIONS)
    line = Line.at(folder / "project", folder / "videos", recipe="retrieval")
    edit(line, {"length_s: 60.0": "length_s: 2.0", "overlap_s: 5.0": "overlap_s: 0.5"})
    return asks_models(line)


def _estimate(line: Line) -> dict[str, Any]:
    done = line("estimate", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
