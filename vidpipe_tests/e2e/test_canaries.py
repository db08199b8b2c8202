"""Canaries among the paid calls of a project: what they cost, what they tell, and that they end a blind model's run."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from vidpipe.asking.canaries import SOON, UNSEEING
from vidpipe_tests.e2e.projects import Line, make_small, make_sources
from vidpipe_tests.e2e.services import answers, asks_models, edit, environment_of, paid_twice, serving
from vidpipe_tests.servers.eyes import TrueEyes
from vidpipe_tests.servers.profiles import look


def names_of_calls(line: Line) -> dict[str, str]:
    """The name of every call to Gemini whose answer is kept, by the request's name."""
    kept = [json.loads(path.read_text("utf-8")) for path in (line.folder / "store" / "answers").rglob("*.json")]
    return {one["request_id"]: one["call"]["name"] for one in kept if one["call"]["service"] == "gemini"}


def annotator(line: Line) -> dict[str, Any]:
    """What `status` says of the model that annotates."""
    (found,) = [one for one in line.status()["models"] if one["asset"] == "video_annotations"]
    return dict(found)


def test_one_comes_before_the_first_call_is_paid_once_and_stands_in_no_dataset(tmp_path: Path) -> None:
    videos = make_sources(tmp_path / "videos", 2, broken=False)
    line = asks_models(Line.at(tmp_path / "project", videos), canaries="report")
    told = json.loads(line("estimate", "--json").stdout)
    assert {stage["asset"]: stage["calls"] for stage in told["stages"]}["video_annotations"] == 3
    assert [words for words in told["assumptions"] if words.startswith("Canaries: one made film before the first")]
    with serving("calm", sorted(videos.iterdir())) as servers:
        env = environment_of(servers)
        line.run(env=env)
        names = names_of_calls(line)
        assert [names[entry.note] for entry in answers(servers)] == ["canary", "annotation", "annotation"]
        state = line.status()
        assert (state["videos"], state["selected"], state["conserved"]) == (2, 2, True)
        assert not [name for name in line.files() if "canary" in name]
        model = annotator(line)
        assert (model["calls"], model["attention"], model["canaries"]) == (3, 1.0, 1)
        assert model["cost_usd"] == pytest.approx(servers.gemini.usd(), abs=1e-5)
        # A process that is killed leaves an answer in the store of which the ledger knows nothing.
        with sqlite3.connect(line.folder / "ledger.db") as ledger:
            assert ledger.execute("DELETE FROM canaries").rowcount == 1
        make_small(videos / "v2.mp4", 2)
        line.run("--only", "video_annotations", env=env)
        assert len(answers(servers)) == 4
        assert paid_twice(servers) == {}
    assert ", attention 1.00" in line("status").stdout


def test_stop_ends_a_run_whose_model_does_not_look_and_a_later_one_goes_on(tmp_path: Path) -> None:
    n_videos = SOON + 2
    videos = make_sources(tmp_path / "videos", n_videos, broken=False)
    line = asks_models(Line.at(tmp_path / "project", videos), canaries="stop")
    edit(line, {"categoriser: llm": "categoriser: offline", "proxy: true": "proxy: false"})
    with serving("blind") as servers:
        env = environment_of(servers)
        said = line.run("--only", "video_annotations", env=env, code=1)
        assert len(answers(servers)) == SOON + 2 <= 20
        (told,) = [line for line in said.splitlines() if line.startswith("vidpipe: ")]
        assert "does not look at what it is shown: it was asked nothing more" in told
        assert line.counts("video_annotations")["pending"] == {f"service closed: gemini: {UNSEEING}": 2}
        assert "BAD  attention of gemini-3.8-flash: 0.00, of 2 made films" in line("doctor", env=env).stdout
        look(servers, TrueEyes())
        line.run("--only", "video_annotations", env=env)
        assert line.counts("video_annotations")["ok"] == n_videos
        assert len(answers(servers)) == n_videos + 3
        assert paid_twice(servers) == {}
