"""Variants tried on a few videos: what is asked, what is left behind, and that the winner's answers are paid."""

import json
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from vidpipe_tests.e2e.projects import Line, make_sources
from vidpipe_tests.e2e.services import asks_models, edit, environment_of, paid_twice, serving, stored_answers, told_keys
from vidpipe_tests.servers import gemini_answers as wrong
from vidpipe_tests.servers.gemini_batches import Plan
from vidpipe_tests.servers.profiles import Servers
from vidpipe_tests.servers.wire import Reply, Request

PROMPT = Path(__file__).parents[2] / "vidpipe" / "annotation" / "prompts" / "annotation.md"
EVIL = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def services() -> Iterator[Servers]:
    """Services that never fail unless a test says so."""
    with serving("calm") as servers:
        yield servers


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """A project that never ran, and in `drafts` beside it a prompt that nobody has seen."""
    found = asks_models(Line.at(tmp_path / "project", make_sources(tmp_path / "videos", 3)))
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "annotation.md").write_text(f"{PROMPT.read_text('utf-8')}\nBe short. {EVIL}\n", "utf-8")
    return found


def tried(line: Line, *args: str, env: Mapping[str, str], code: int = 0) -> tuple[dict[str, Any], str]:
    """`vidpipe try --json`, and what it said beside."""
    done = line("try", "--json", *args, env=env)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document, done.stderr


def takes(document: Mapping[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    """Outcome and reason by variant and video."""
    return {(t["variant"], t["video_id"]): (t["outcome"], t["reason"]) for t in document["takes"]}


def n_generated(services: Servers) -> int:
    """How many questions Gemini was asked."""
    return services.gemini.n("generate")


def test_a_project_that_never_ran_is_tried_and_the_winner_is_paid_already(line: Line, services: Servers) -> None:
    env, usd = environment_of(services), services.gemini.usd()
    drafts = line.folder.parent / "drafts"
    args = ("--variant", f"short:prompts={drafts}", "--variant", "short:fps=0.5", "--ids", "v0,v2")
    document, said = tried(line, *args, env=env)
    assert set(takes(document).values()) == {("ok", "")}
    assert [v["name"] for v in document["variants"]] == ["project", "short"]
    assert f"prompts = {drafts} (annotation.md)" in document["variants"][1]["changes"]
    paid = services.gemini.usd() - usd
    assert sum(v["paid_usd"] for v in document["variants"]) == pytest.approx(paid, abs=1e-6)
    (estimated,) = re.findall(r"In all about (\d\.\d+) US\$; of the budget of 5.00 US\$ 5.00 are left", said)
    assert float(estimated) == pytest.approx(paid, rel=0.25)
    assert len(stored_answers(line)) == 4
    assert {path.name for path in (line.folder / "store").iterdir()} == {"answers", "prompts"}
    assert list((line.folder / ".scratch").iterdir()) == []
    assert line.n_runs() == 0
    assert services.gemini.files.names() == []
    assert "<img" not in (line.folder / "try.html").read_text("utf-8")
    n = n_generated(services)
    again, _ = tried(line, *args, env=environment_of(services, n_keys=0))  # needs no key: everything is kept
    assert (takes(again), [v["paid_usd"] for v in again["variants"]]) == (takes(document), [0, 0])
    edit(line, {"fps: null": "fps: 0.5"})
    (line.folder / "prompts" / "annotation.md").write_text((drafts / "annotation.md").read_text("utf-8"), "utf-8")
    assert n_generated(services) == n
    line.run("--only", "aligned_metadata", env=env)
    assert line.counts("video_annotations")["ok"] == 3
    assert n_generated(services) == n + 1  # v1's, which was not tried
    before, n_runs = line.files(), line.n_runs()
    more, _ = tried(line, "--limit", "2", "--variant", "low:media_resolution=low", env=env)
    assert {video for _, video in takes(more)} == {"v0", "v1"}  # `empty` and `list` are known to be none
    assert more["all"]["videos"] == 3
    now = line.files()
    assert {name: now[name] for name in before} == before
    assert all(name.startswith(("answers/", "prompts/")) for name in now.keys() - before.keys())
    assert line.n_runs() == n_runs
    assert paid_twice(services) == {}
    assert told_keys(line) == []
    line.is_whole(env=env)


def test_what_fails_costs_its_own_variant_alone_and_stands_in_the_page(line: Line, services: Servers) -> None:
    env, drafts = environment_of(services), line.folder.parent / "drafts"
    services.gemini.inject("generate", when=wrong.asks("Be short."), change=wrong.wrong_schema())
    args = ("--variant", f"bad:prompts={drafts}", "--variant", "measured:annotator=offline", "--ids", "v0,empty")
    document, said = tried(line, *args, env=env)
    services.gemini.clear()
    found = takes(document)
    assert found["project", "v0"] == found["measured", "v0"] == ("ok", "")
    assert found["bad", "v0"][0] == "unusable"
    assert {found[name, "empty"][0] for name in ("project", "bad", "measured")} == {"unusable"}
    by_name = {v["name"]: v for v in document["variants"]}
    assert by_name["bad"]["paid_usd"] == by_name["bad"]["cost_usd"] > by_name["measured"]["cost_usd"] == 0
    assert f"bad: v0: unusable, {found['bad', 'v0'][1]}" in said
    assert found["bad", "v0"][1] in (line.folder / "try.html").read_text("utf-8")


def test_without_a_key_or_money_nothing_is_asked_and_the_page_says_why(line: Line, services: Servers) -> None:
    n = n_generated(services)
    document, _ = tried(line, "--limit", "1", env=environment_of(services, n_keys=0), code=1)
    assert takes(document) == {("project", "v0"): ("pending", "no GEMINI_API_KEY")}
    edit(line, {"budget_usd: 5": "budget_usd: 0.001"})
    args = ("--variant", "measured:annotator=offline", "--limit", "1")
    document, said = tried(line, *args, env=environment_of(services), code=1)
    found = takes(document)
    assert (found["project", "v0"], found["measured", "v0"]) == (("pending", "budget"), ("ok", ""))
    assert "of the budget of 0.00 US$ 0.00 are left" in said
    assert n_generated(services) == n


def test_all_variants_together_keep_to_what_a_trial_may_spend(line: Line, services: Servers) -> None:
    edit(line, {"max_output_tokens: 65536": "max_output_tokens: 8192"})  # 0.008 US$ a call, and 0.032 at worst
    env, usd = environment_of(services), services.gemini.usd()
    args = ("--variant", "low:media_resolution=low", "--ids", "v0,v1")
    document, said = tried(line, *args, "--max-usd", "0.045", env=env, code=1)
    assert "5.00 US$ 5.00 are left; --max-usd allows 0.0450." in said
    assert Counter(takes(document).values()) == {("ok", ""): 2, ("pending", "budget"): 2}
    assert "2 of 4 takes not asked for: what is left of --max-usd" in said
    assert 0 < services.gemini.usd() - usd <= 0.045
    n = n_generated(services)
    again, _ = tried(line, *args, "--max-usd", "0", env=env, code=1)
    assert takes(again) == takes(document), "what is kept costs nothing"
    assert n_generated(services) == n


def test_a_project_that_asks_in_batches_is_tried_at_once_but_for_what_a_job_is_asked(
    line: Line, tmp_path: Path
) -> None:
    edit(line, {"batch: false": "batch: true"})
    with serving("calm", sorted((tmp_path / "videos").glob("v*.mp4"))) as services:
        env, gemini = environment_of(services), services.gemini
        document, _ = tried(line, "--ids", "v0", env=env)
        assert takes(document) == {("project", "v0"): ("ok", "")}
        assert (gemini.n("generate"), len(stored_answers(line))) == (1, 1)
        gemini.batches.plan = Plan(10_000)
        line.run("--only", "video_annotations", env=env, code=1)
        assert line.counts("video_annotations")["ok"] == 1, "what was tried is paid"
        again, _ = tried(line, "--ids", "v0,v1", env=env, code=1)
        assert takes(again) == {("project", "v0"): ("ok", ""), ("project", "v1"): ("pending", "in a batch job")}
        assert gemini.n("generate") == 1


def test_ctrl_c_keeps_what_was_answered_and_writes_the_page(line: Line, services: Servers) -> None:
    env, n = environment_of(services), n_generated(services)
    arrived, is_heard, said = threading.Event(), threading.Event(), line.folder / "said.log"

    def held_back(_: Request, reply: Reply) -> Reply:
        arrived.set()
        assert is_heard.wait(120)
        return reply

    services.gemini.inject("generate", change=held_back)
    run = line.begin("try", "--limit", "3", env={**env, "VIDPIPE_CALLS": "1"})
    assert arrived.wait(120)
    os.kill(run.pid, signal.SIGINT)
    until = time.monotonic() + 240
    while "Stopping" not in said.read_text():
        assert time.monotonic() < until
        time.sleep(0.02)
    is_heard.set()
    assert run.wait() == 130
    services.gemini.clear()
    assert "Traceback" not in said.read_text()
    assert (n_generated(services), len(stored_answers(line))) == (n + 1, 1)
    assert "not reached" in (line.folder / "try.html").read_text("utf-8")
    assert services.gemini.files.names() == []
    line.has_no_rests()
