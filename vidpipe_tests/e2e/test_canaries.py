"""Canaries among the paid calls of a project: what they cost, what they tell, and that they end a blind model's run."""

import json
import sqlite3
from pathlib import Path

import pytest

from vidpipe.asking.canaries import UNSEEING
from vidpipe.asking.canary_rules import MOST_BAD
from vidpipe_tests.e2e.projects import Line, make_small, make_sources
from vidpipe_tests.e2e.services import answers, asks_models, edit, environment_of, paid_twice, serving
from vidpipe_tests.servers.eyes import TrueEyes
from vidpipe_tests.servers.profiles import look

CALLS = {"video_annotations": "annotation", "segment_queries": "segment", "episode_queries": "episode"}
"""The calls that are shown a video, by who makes them."""


def made_by(line: Line) -> dict[str, tuple[str, str]]:
    """The asset and name of every call to Gemini whose answer is kept, by the request's name, in order of time."""
    kept = [json.loads(path.read_text("utf-8")) for path in (line.folder / "store" / "answers").rglob("*.json")]
    calls = {one["request_id"]: one["call"] for one in kept if one["call"]["service"] == "gemini"}
    in_order = sorted(calls.items(), key=lambda one: one[1]["started"])
    return {name: (call["asset"], call["name"]) for name, call in in_order}


def test_one_comes_before_the_first_call_of_each_asset_is_paid_once_and_stands_in_no_dataset(tmp_path: Path) -> None:
    videos = make_sources(tmp_path / "videos", 2, broken=False)
    line = asks_models(Line.at(tmp_path / "project", videos, recipe="retrieval"), canaries="report")
    told = json.loads(line("estimate", "--json").stdout)
    assert {stage["asset"]: stage["calls"] for stage in told["stages"] if stage["asset"] in CALLS} == dict.fromkeys(
        CALLS, 3
    )
    assert [words for words in told["assumptions"] if words.startswith("Canaries: 3 made films before the first")]
    with serving("calm", sorted(videos.iterdir())) as servers:
        env = environment_of(servers)
        line.run(env=env)
        makers = made_by(line)
        assert {entry.note for entry in answers(servers)} == makers.keys()
        assert {asset: [name for by, name in makers.values() if by == asset] for asset in CALLS} == {
            asset: ["canary", name, name] for asset, name in CALLS.items()
        }
        state = line.status()
        assert (state["videos"], state["selected"], state["conserved"]) == (2, 2, True)
        assert not [name for name in line.files() if "canary" in name]
        models = {one["asset"]: one for one in state["models"]}
        assert {(models[a]["calls"], models[a]["attention"], models[a]["canaries"]) for a in CALLS} == {(3, 1.0, 1)}
        assert sum(one["cost_usd"] for one in models.values()) == pytest.approx(servers.gemini.usd(), abs=1e-5)
        assert told["cost_usd"] == pytest.approx(servers.gemini.usd(), rel=0.1)
        # A process that is killed leaves answers in the store of which the ledger knows nothing.
        with sqlite3.connect(line.folder / "ledger.db") as ledger:
            assert ledger.execute("DELETE FROM canaries").rowcount == 3
        make_small(videos / "v2.mp4", 2)
        line.run("--only", ",".join(CALLS), env=env)
        assert len(answers(servers)) == 12
        assert paid_twice(servers) == {}
    assert line("status").stdout.count(", attention 1.00") == 3


def test_stop_ends_a_run_whose_model_does_not_look_and_a_later_one_goes_on(tmp_path: Path) -> None:
    n_videos = 2
    videos = make_sources(tmp_path / "videos", n_videos, broken=False)
    line = asks_models(Line.at(tmp_path / "project", videos), canaries="stop")
    edit(line, {"categoriser: llm": "categoriser: offline", "proxy: true": "proxy: false"})
    with serving("blind") as servers:
        env = environment_of(servers)
        said = line.run("--only", "video_annotations", env=env, code=1)
        assert len(answers(servers)) == MOST_BAD
        (told,) = [line for line in said.splitlines() if line.startswith("vidpipe: ")]
        assert "does not look at what it is shown: it was asked nothing more" in told
        assert line.counts("video_annotations")["pending"] == {f"service closed: gemini: {UNSEEING}": n_videos}
        found = "BAD  attention of gemini-3.8-flash in video_annotations: 0.00, of 2 made films"
        assert found in line("doctor", env=env).stdout
        look(servers, TrueEyes())
        line.run("--only", "video_annotations", env=env)
        assert line.counts("video_annotations")["ok"] == n_videos
        assert len(answers(servers)) == n_videos + 3
        assert paid_twice(servers) == {}
