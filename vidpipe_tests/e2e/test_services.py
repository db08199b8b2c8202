"""Models behind services that work: what is paid, what it is paid for, and that it is not paid again."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from vidpipe.ledger.ledger import open_ledger
from vidpipe_tests.e2e.projects import Line, make_sources
from vidpipe_tests.e2e.services import (
    Asked,
    answers,
    asks_models,
    edit,
    environment_of,
    paid_twice,
    serving,
    stale,
    told_keys,
)
from vidpipe_tests.servers import gemini_answers as wrong
from vidpipe_tests.servers import gemini_errors as refused
from vidpipe_tests.servers.profiles import Servers

VIDEOS = ("v0", "v1", "v2")
SMALL_USD = 0.045
"""For two of three videos: a call costs about 0.008 US$, and 0.032 at worst, where answers end at 8192 tokens."""
ONE_CALL_USD = 0.039
"""For one of these, or a canary, which costs more."""
PROMPT = Path(__file__).parents[2] / "vidpipe" / "annotation" / "prompts" / "annotation.md"


@pytest.fixture(scope="module")
def services() -> Iterator[Servers]:
    """Services that never fail."""
    with serving("calm") as servers:
        yield servers


@pytest.fixture(scope="module")
def keyless(services: Servers, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A project of three videos that has run once, without a key. Tests copy it."""
    folder = tmp_path_factory.mktemp("services")
    line = asks_models(Line.at(folder / "keyless", make_sources(folder / "videos", len(VIDEOS), broken=False)))
    line.run(env=environment_of(services, n_keys=0), code=1)
    assert services.gemini.log == []
    return line


@pytest.fixture(scope="module")
def annotated(keyless: Line, services: Servers) -> Line:
    """The same project once it has run with a key. Tests copy it."""
    line = keyless.copy(keyless.folder.parent / "project")
    line.run(env=environment_of(services))
    return line


def test_a_run_annotates_and_categorises_by_models_and_tells_what_they_were_and_cost(
    annotated: Line, services: Servers
) -> None:
    document = annotated.is_whole()
    (told,) = [asset for asset in document["assets"] if asset["asset"] == "video_annotations"]
    assert (told["ok"], document["cost_usd"]) == (3, told["cost_usd"])
    assert told["cost_usd"] == pytest.approx(sum(entry.bill.usd for entry in answers(services) if entry.bill), abs=1e-6)
    assert [(one["asset"], one["calls"]) for one in document["models"]] == [
        ("taxonomy_categories", 3),
        ("video_annotations", 3),
    ]
    assert "video_annotations: gemini-3.8-flash, 3 answers, 0.02 US$" in annotated("status").stdout
    for video_id in VIDEOS:
        record = annotated.record("video_annotations", video_id)
        assert record["value"]["annotator"] == "gemini"
        asked = record["provenance"]
        assert {"request_id", "address", "model", "model_requested", "tokens", "prompt"} <= asked.keys()
        assert asked["cost_usd"] > 0
        category = annotated.record("taxonomy_categories", video_id)
        assert category["value"]["categoriser"] == "llm"
        assert category["provenance"]["cost_usd"] == 0
    assert services.gemini.files.names() == []
    assert told_keys(annotated) == []


def test_without_a_key_a_finished_project_is_not_stale_and_a_run_changes_nothing(
    annotated: Line, services: Servers, tmp_path: Path
) -> None:
    line = annotated.copy(tmp_path / "project")
    before, asked = line.files(), Asked.until_now(services)
    assert stale(line) == {}
    line.run()
    line.run(env=environment_of(services))
    assert line.files() == before
    assert Asked.until_now(services) == asked


def test_an_edited_prompt_is_paid_for_when_that_is_asked_for_and_its_revert_costs_nothing(
    annotated: Line, services: Servers, tmp_path: Path
) -> None:
    line, env = annotated.copy(tmp_path / "project"), environment_of(services)
    before, asked, n_answers = line.contents(), Asked.until_now(services), len(answers(services))
    own = line.folder / "prompts" / PROMPT.name
    own.write_text(PROMPT.read_text("utf-8") + "\nBe exact.\n", "utf-8")
    assert stale(line) == {"video_annotations": 3, "aligned_metadata": 3, "scene_dataset": 1}
    assert "video_annotations: 3 stale, about 0.0" in line.run(env=env)
    assert Asked.until_now(services) == asked
    assert line.contents() == before
    line.run("--stale", code=1)
    assert line.counts("video_annotations")["pending"] == {"no GEMINI_API_KEY": 3}
    hidden = own.rename(own.with_suffix(".off"))
    line.run()
    assert line.contents() == before
    hidden.rename(own)
    services.gemini.inject("generate", change=wrong.by_model("gemini-3.8-flash-002"))
    assert "gemini answers for gemini-3.8-flash as gemini-3.8-flash-002 now, before as" in line.run("--stale", env=env)
    services.gemini.clear()
    assert stale(line) == {}
    changed = {name for name, text in line.contents().items() if text != before[name]}
    assert {name.partition("/")[0] for name in changed} == {"video_annotations", "aligned_metadata"}
    assert len(answers(services)) == n_answers + 3
    asked = Asked.until_now(services)
    own.unlink()
    line.run()
    assert stale(line) == {}
    assert line.contents() == before
    assert Asked.until_now(services) == asked


def test_what_a_model_said_gives_way_to_what_is_measured_only_when_that_is_asked_for(
    annotated: Line, services: Servers, tmp_path: Path
) -> None:
    line = annotated.copy(tmp_path / "project")
    paid, asked = line.contents(), Asked.until_now(services)
    edit(line, {"annotator: gemini": "annotator: offline"})
    told = "video_annotations: 3 by a model stay as they are; run --replace-model-answers"
    for args in ((), ("--stale",)):
        assert told in line.run(*args).splitlines()
        assert line.contents() == paid
    assert told not in line.run("--replace-model-answers")
    for video_id in VIDEOS:
        record = line.record("video_annotations", video_id)
        assert (record["value"]["annotator"], record["provenance"]["cost_usd"]) == ("offline", 0)
    assert Asked.until_now(services) == asked
    edit(line, {"annotator: offline": "annotator: gemini"})
    line.run()
    assert line.contents() == paid, "answers that were replaced are kept"
    assert Asked.until_now(services) == asked


def test_a_least_quality_drops_annotations_and_lets_them_in_again_for_nothing(
    annotated: Line, services: Servers, tmp_path: Path
) -> None:
    line = annotated.copy(tmp_path / "project")
    edit(line, {"language: English": "language: German", "min_quality: null": "min_quality: 1"})
    line.run("--stale", env=environment_of(services))
    assert line.counts("video_annotations")["dropped"] == {"quality is below min_quality": 3}
    assert line.counts("aligned_metadata")["skipped"] == {"video_annotations": 3}
    asked = Asked.until_now(services)
    scores = [line.record("video_annotations", name)["provenance"]["quality"]["score"] for name in VIDEOS]
    edit(line, {"min_quality: 1": f"min_quality: {min(scores)}"})
    line.run()
    assert line.counts("video_annotations")["ok"] == 3
    assert Asked.until_now(services) == asked


def test_what_was_paid_before_a_refusal_is_told_by_the_record_that_it_ends_in(
    annotated: Line, services: Servers, tmp_path: Path
) -> None:
    line, before_usd = annotated.copy(tmp_path / "project"), services.gemini.usd()
    edit(line, {"seed: null": "seed: 7"})
    services.gemini.inject("generate", when=wrong.asks("could not be used"), reply=refused.invalid("Too large."))
    services.gemini.inject("generate", change=wrong.wrong_schema())
    line.run("--stale", env=environment_of(services))
    services.gemini.clear()
    records = [line.record("video_annotations", name) for name in VIDEOS]
    assert [record["outcome"] for record in records] == ["unusable"] * 3
    assert {record["reason"] for record in records} == {"gemini: refused: 400 INVALID_ARGUMENT"}
    told = [record["provenance"] for record in records]
    assert all(len(one["calls"]) == 1 and one["cost_usd"] > 0 for one in told)
    assert sum(one["cost_usd"] for one in told) == pytest.approx(services.gemini.usd() - before_usd, abs=1e-9)


def test_an_altered_record_of_a_paid_stage_is_named_and_restored_from_stored_answers(
    annotated: Line, services: Servers, tmp_path: Path
) -> None:
    line = annotated.copy(tmp_path / "project")
    contents, asked = line.contents(), Asked.until_now(services)
    path = line.record_path("video_annotations", "v0")
    path.write_text(path.read_text("utf-8").replace('"annotator": "g', '"annotator": "G', 1), "utf-8")
    found = line.status("--verify", code=1)["differences"]
    assert [(d["video_id"], d["asset"]) for d in found] == [("v0", "video_annotations")]
    line.run()
    line.is_whole()
    assert line.contents() == contents
    assert Asked.until_now(services) == asked


def test_an_accepted_annotation_that_is_lost_is_put_back_and_not_paid_again(
    annotated: Line, services: Servers, tmp_path: Path
) -> None:
    line, env = annotated.copy(tmp_path / "project"), environment_of(services)
    (line.folder / "prompts" / PROMPT.name).write_text(PROMPT.read_text("utf-8") + "\nBe exact.\n", "utf-8")
    asked = Asked.until_now(services)
    line("accept", "video_annotations", "--reason", "as good as before")
    assert stale(line) == {}
    assert "as good as before" in line("lineage", "v0").stdout
    accepted = line.files()
    line.record_path("video_annotations", "v0").unlink()
    path = line.record_path("video_annotations", "v1")
    path.write_text(path.read_text("utf-8").replace('"annotator": "g', '"annotator": "G', 1), "utf-8")
    assert len(line.status("--verify", code=1)["differences"]) == 2
    line.run("--only", "video_annotations", env=env)
    now = line.files()
    told = {name: sha256 for name, (sha256, _) in accepted.items() if name.startswith("video_annotations/")}
    assert {name: now[name][0] for name in told} == told
    assert Asked.until_now(services) == asked
    assert stale(line) == {}
    line.is_whole(env=env)


def test_without_a_key_all_else_is_done_and_a_small_budget_is_never_exceeded(keyless: Line, tmp_path: Path) -> None:
    line = keyless.copy(tmp_path / "project")
    told = {asset["asset"]: asset for asset in line.status()["assets"]}
    assert told["video_annotations"]["pending"] == {"no GEMINI_API_KEY": 3}
    assert told["segment_clips"]["ok"] == told["taxonomy_categories"]["ok"] == 3
    small = {"budget_usd: 5": f"budget_usd: {SMALL_USD}", "max_output_tokens: 65536": "max_output_tokens: 8192"}
    edit(line, small)
    with serving("calm") as servers:
        runs = [line.begin("run", env=environment_of(servers)) for _ in range(2)]
        assert [run.wait() for run in runs] == [1, 1], (line.folder / "said.log").read_text()
        counts = line.counts("video_annotations")
        assert counts["ok"] == len(answers(servers)) == 2
        assert counts["pending"] == {"budget": 1}
        assert servers.gemini.usd() <= SMALL_USD
        edit(line, {f"budget_usd: {SMALL_USD}": "budget_usd: 5"})
        line.run(env=environment_of(servers))
        assert line.counts("video_annotations")["ok"] == len(answers(servers)) == 3
        assert paid_twice(servers) == {}
        booked = open_ledger(str(line.folder / "ledger.db")).calls.spent()
        assert booked / 1e9 == pytest.approx(servers.gemini.usd(), abs=1e-9)


def test_each_command_keeps_to_its_own_limit_though_two_run_at_once(keyless: Line, tmp_path: Path) -> None:
    line, only = keyless.copy(tmp_path / "project"), ("--only", "video_annotations")
    edit(line, {"max_output_tokens: 65536": "max_output_tokens: 8192", "canaries: off": "canaries: stop"})
    with serving("calm") as servers:
        env, limit = environment_of(servers), ("--max-usd", str(ONE_CALL_USD))
        runs = [line.begin("run", *only, *limit, env=env) for _ in range(2)]
        assert [run.wait() for run in runs] == [1, 1], (line.folder / "said.log").read_text()
        said = (line.folder / "said.log").read_text()
        assert re.findall(r"--max-usd [0-9.]+", said) == [f"--max-usd {ONE_CALL_USD:.4f}"] * 2
        each = [float(usd) for usd in re.findall(r"vidpipe: (0\.\d+) US\$ spent: the limit of this command", said)]
        assert all(0 < usd <= ONE_CALL_USD for usd in each)
        assert sum(each) == pytest.approx(servers.gemini.usd(), abs=1e-4)
        counts, n = line.counts("video_annotations"), len(servers.gemini.log)
        assert (counts["ok"], counts["pending"]) == (1, {"budget": 2}), (
            "the first paid for a canary, the other one asked"
        )
        assert servers.gemini.n("generate") == 2
        told = line.run("--wait", *only, "--max-usd", "0", env=env, code=1)
        assert "vidpipe: 0.0000 US$ spent: the limit of this command is reached" in told
        assert "`vidpipe run` with more goes on" in told
        assert len(servers.gemini.log) == n, "what is paid for is not asked, nor waited for"
        assert paid_twice(servers) == {}
    assert open_ledger(str(line.folder / "ledger.db")).calls.reserved() == 0
