"""`vidpipe lineage`: from a video to published rows, and back from rows, prompts and calls; whatever is lost or odd."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from vidpipe import keys
from vidpipe.asking.video_calls import VideoCalls
from vidpipe.cli.lineage import lineage_of, lineage_of_row, write_page
from vidpipe.cli.lineage_artifacts import Trace
from vidpipe.cli.lineage_rows import Datasets
from vidpipe.cli.lineage_text import lineage_text, uses_text
from vidpipe.cli.lineage_uses import uses_of_call, uses_of_prompt
from vidpipe.errors import RecipeError
from vidpipe.export.lineage import lineage_page
from vidpipe.ledger.snapshot import Row, as_text
from vidpipe.models.calls import Answer, Question, Settings, Usage, fingerprint_of
from vidpipe.models.paid import Call, Paid, Purpose
from vidpipe.models.prices import Bill
from vidpipe.ports import Project
from vidpipe.recipe.schema import Recipe
from vidpipe.records import Outcome, Record
from vidpipe.store.answers import write_answer
from vidpipe.store.documents import write_record
from vidpipe.store.prompts import Prompts
from vidpipe.tables import Made, settle_table
from vidpipe_tests.hostile import IDS
from vidpipe_tests.projects import project_at

TEMPLATE = "Tell of {title}\nin one \x1b[31mline\x07."
VIDEOS = ("a", "b", "scenes:1", *IDS[:2])
ASKED = "video_annotations"


def question_about(video_id: str, *, segment: int | None = None) -> Question:
    """What a model is asked about a video, or a segment of it."""
    part = "" if segment is None else f", part {segment}"
    return Question(f"Tell of {video_id}{part}", Settings("m-1"), template=TEMPLATE)


def paid(question: Question, video_id: str, asset: str) -> Paid:
    """A call and its answer, in which somebody tries to be more than text."""
    purpose = Purpose("gemini", asset, "video", video_id, "run-1")
    call = Call.of(question, purpose, id=question.address[:8], started=0.0)
    answer = Answer("<script>alert(1)</script>\x1b[2J", "m-1-002", Usage(text=9, out=3))
    return Paid(call, answer, Bill(2_000_000, "m", is_flagged=False))


def asked_about(project: Project, video_id: str, asset: str) -> Mapping[str, Any]:
    """Keeps what was asked and answered; what the record says of it."""
    calls = []
    for segment in (0, 1) if asset == "segment_queries" else (None,):
        question = question_about(video_id, segment=segment)
        Prompts(project.store).keep(question)
        one = paid(question, video_id, asset)
        write_answer(project.store, one)
        told = VideoCalls.provenance(None, [(question, one.answer)])["calls"][0]  # type: ignore[arg-type]
        calls.append(told if segment is None else {**told, "segment": segment})
    first = {name: value for name, value in calls[0].items() if name != "segment"}
    return {**first, "calls": calls}


def settle(project: Project, asset: str, video_id: str, asked: Mapping[str, Any]) -> None:
    """A record that follows from what is upstream of it now."""
    stage = project.stage(asset)
    inputs = project.ledger.snapshot([video_id]).inputs(stage, video_id)
    assert inputs is not None, asset
    parts = {"media": "0" * 64, "captions": "c"} if asset == "raw_videos" else {}
    value = {"sha256": "0" * 64, "bytes": 7, "licence": "cc0"} if asset == "raw_videos" else {"of": [asset, video_id]}
    outcome = Outcome("ok", value=value, parts=parts, asked=asked, cost_usd=0.002 if asked else 0.0)
    made = project.provenance(stage, inputs=inputs, run_id="run-1", seconds=1.0, outcome=outcome)
    record = Record.of(video_id, asset, outcome, made)
    project.keep_settings(stage)
    stored, sha256 = write_record(project.store, record)
    project.ledger.settle(record, video_id=video_id, sha256=sha256, etag=stored.etag)


def table(project: Project, asset: str, rows: pl.DataFrame, index: Mapping[str, Row], **value: str) -> None:
    """A table as it would be written now."""
    settle_table(project, asset, Made(rows, index, value), run_id="run-0", seconds=0.0)


def dataset(project: Project, asset: str, files: list[tuple[str, str, str | None]]) -> None:
    """A dataset's table of (video, name of the row, file)."""
    schema = {"video_id": pl.String, "row": pl.String, "file_name": pl.String}
    snapshot, stage = project.ledger.snapshot(), project.stage(asset)
    ids = [video_id for video_id, _, _ in files]
    texts = snapshot.input_texts(stage, ids)
    rows = pl.DataFrame(files, schema=schema, orient="row").with_columns(row_sha256=pl.lit("f" * 64))
    table(project, asset, rows, {v: Row("ok", None, "{}", texts[v]) for v in ids}, release="r1")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Videos that are published, as a model told of them; one that is gone, and one on its way."""
    found = project_at(tmp_path_factory.mktemp("lineage"), Recipe.model_validate({"queries": {}}))
    found.ledger.register({v: keys.segment(v) for v in (*VIDEOS, "gone", "new")})
    parts = as_text({"files": "f", "texts": "t", "page": "p"})
    index = {v: Row("ok", None, parts, "") for v in (*VIDEOS, "new")}
    index["gone"] = Row("dropped", "no longer in the source", "{}", "")
    titles = [f"<b>{v}</b>\u202e" for v in index]
    rows = pl.DataFrame({"video_id": list(index), "title": titles, "url": ["javascript:alert(1)"] * len(index)})
    table(found, "catalogue", rows.with_columns(licence=pl.lit("cc-by"), path=pl.lit("/v/x.mp4")), index)
    table(
        found,
        "selection",
        pl.DataFrame({"video_id": VIDEOS}),
        {v: Row("ok", None, as_text({"row": "s"}), "") for v in VIDEOS},
    )
    for stage in found.line().per_video:
        for video_id in VIDEOS:
            is_asked = stage.name in (ASKED, "segment_queries")
            settle(found, stage.name, video_id, asked_about(found, video_id, stage.name) if is_asked else {})
    names = [(v, v, f"videos/{i // 2}/{i % 2}.mp4") for i, v in enumerate(VIDEOS)]
    dataset(found, "scene_dataset", [*names[:-1], (*names[-1][:2], None)])
    dataset(
        found,
        "segment_dataset",
        [(v, f"{v} #{i}", f"videos/{n}_{i}.mp4") for n, v in enumerate(VIDEOS) for i in (0, 1)],
    )
    found.ledger.fail("raw_videos", "new", reason="store full", run_id="run-1")
    return found


def test_every_stage_tells_of_what_it_was_made(project: Project) -> None:
    found, raws = lineage_of(project, "a")
    assert [one["asset"] for one in found["artifacts"]] == [
        stage.name for stage in project.line().stages if stage.name != "episode_dataset"
    ]
    by_name = {one["asset"]: one for one in found["artifacts"]}
    told = by_name[ASKED]
    (call,) = told["calls"]
    assert (told["model"], told["cost_usd"], told["run_id"]) == ("m-1-002", 0.002, "run-1")
    assert call["address"] == question_about("a").address
    assert (call["cost_usd"], call["finish"], call["problem"]) == (0.002, "complete", None)
    assert found["prompts"][told["prompt"]] == {"template": False, "text": "Tell of a"}
    assert found["prompts"][told["template"]] == {"template": True, "text": TEMPLATE}
    assert raws[call["address"]].startswith("<script>")
    assert by_name["shots"]["settings"] == {"shots": project.recipe.shots.model_dump(mode="json")}
    assert by_name["shots"]["inputs"] == {"video_signals": by_name["video_signals"]["data_version"]}
    assert found["source"]["licence"] == "cc0", "what was found, rather than what was said"
    assert found["source"]["sha256"] == "0" * 64
    assert found["problems"] == found["unsettled"] == []
    assert {one["stale_because"] for one in found["artifacts"]} == {None}


def test_published_rows_stand_with_their_numbers_and_files(project: Project) -> None:
    rows = lineage_of(project, "b")[0]["published"]
    assert [(row["name"], row["row"], row["file_name"], row["segment"], row["is_current"]) for row in rows] == [
        ("scenes", 1, "videos/0/1.mp4", None, True),
        ("segments", 2, "videos/1_0.mp4", 0, True),
        ("segments", 3, "videos/1_1.mp4", 1, True),
    ]
    assert {(row["dataset"], row["release"]) for row in rows} == {("scene_dataset", "r1"), ("segment_dataset", "r1")}
    (without, *_) = lineage_of(project, VIDEOS[-1])[0]["published"]
    assert (without["file"], without["row"], without["file_name"]) == ("without_media.jsonl", 0, None)


@pytest.mark.parametrize(
    ("name", "video_id"),
    [
        ("scenes:0", "a"),
        ("scene_dataset:1", "b"),
        ("segments:3", "b"),
        ("segments:videos/1_0.mp4", "b"),
        ("segments:1_0.mp4", "b"),
        ("segments:b #1", "b"),
        (f"scenes:{VIDEOS[-1]}", VIDEOS[-1]),
        ("scenes:without_media.jsonl:0", VIDEOS[-1]),
        ("scenes:metadata.jsonl:1", "b"),
        ("segments:b", "b"),
        (keys.segment("scenes:1"), "scenes:1"),
    ],
)
def test_a_row_leads_back_to_its_video(project: Project, name: str, video_id: str) -> None:
    assert lineage_of(project, name)[0]["video_id"] == video_id


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("scenes:1", "a video and a row of a dataset; write scenes%3A1 for the video, --row for the row"),
        ("scenes:4", "no such row; scenes has 4 rows in metadata.jsonl, scenes:0 to scenes:3, and 1 without media"),
        ("scenes:without_media.jsonl:1", "without media, from scenes:without_media.jsonl:0 on"),
        (f"scenes:{'9' * 30}", "no such row"),
        ("segments:b.mp4", "no such row"),
        ("scenes:0.mp4", "2 rows go by that"),
        ("episodes:0", "episodes is not made yet; there are: scenes, segments"),
        ("nowhere:0", "no such video in the catalogue"),
        ("nobody", "no such video in the catalogue"),
    ],
)
def test_what_may_mean_two_things_or_nothing_is_refused(project: Project, name: str, why: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(why)):
        lineage_of(project, name)


def test_a_row_can_be_named_as_such(project: Project) -> None:
    assert lineage_of_row(project, "scenes:1")[0]["video_id"] == "b"
    with pytest.raises(RecipeError, match="datasets: scenes, segments"):
        lineage_of_row(project, "a")


def test_a_template_leads_to_all_rows_and_a_prompt_to_its_own(project: Project) -> None:
    whole = fingerprint_of(TEMPLATE)
    found = uses_of_prompt(project, project.line(), whole[:10])
    assert (found["prompt"], found["template"], found["text"]) == (whole, True, TEMPLATE)
    assert len(found["records"]) == 3 * len(VIDEOS)
    assert len(found["published"]) == 3 * len(VIDEOS)
    own = uses_of_prompt(project, project.line(), fingerprint_of("Tell of b, part 1"))
    assert [(row["name"], row["row"]) for row in own["published"]] == [("segments", 3)]
    assert (own["template"], own["text"]) == (False, "Tell of b, part 1")
    scene = uses_of_prompt(project, project.line(), fingerprint_of("Tell of b").upper())
    assert [(row["name"], row["row"]) for row in scene["published"]] == [("scenes", 1)]


def test_a_call_leads_to_its_rows_by_address_and_by_request(project: Project) -> None:
    question = question_about("a", segment=1)
    for name in (question.address, question.address[:12], question.request_id, question.request_id.lower()):
        found = uses_of_call(project, project.line(), name)
        assert found["address"] == question.address
        assert [(row["name"], row["file_name"]) for row in found["published"]] == [("segments", "videos/0_1.mp4")]


def test_the_beginning_of_several_prompts_or_of_none_is_refused(project: Project) -> None:
    begins = [fingerprint_of(f"Tell of {v}")[0] for v in VIDEOS]
    assert begins
    with pytest.raises(RecipeError, match=r"\d+ prompts begin so"):
        uses_of_prompt(project, project.line(), begins[0])
    for word, why in (("0" * 64, "no prompt"), ("<script>", "fingerprint"), ("", "fingerprint")):
        with pytest.raises(RecipeError, match=why):
            uses_of_prompt(project, project.line(), word)
    for word, why in (("0" * 64, "no call"), ("../x", "address"), ("é", "address")):
        with pytest.raises(RecipeError, match=why):
            uses_of_call(project, project.line(), word)


def test_who_is_gone_and_who_is_on_its_way_are_told_as_such(project: Project) -> None:
    found, _ = lineage_of(project, "gone")
    assert (found["removed"], [one["asset"] for one in found["artifacts"]]) == (
        "no longer in the source",
        ["catalogue"],
    )
    assert "removed: no longer in the source" in lineage_text(found)
    found, _ = lineage_of(project, "new")
    assert found["unsettled"][0] == {"asset": "raw_videos", "state": "failed", "reason": "store full"}
    assert {one["reason"] for one in found["unsettled"][1:]} == {"not reached"}


def test_texts_of_others_stay_texts(project: Project, tmp_path: Path) -> None:
    for video_id in VIDEOS:
        found, raws = lineage_of(project, keys.segment(video_id))
        said = lineage_text(found)
        assert not {c for c in said if not c.isprintable()} - {"\n"}
        page = write_page(project, found, raws, tmp_path / "x" / "page.html").read_text("utf-8")
        assert "<b>" not in page
        assert "alert(1)</script>" not in page
        assert "javascript:alert" not in re.sub(r'"address":"[^"]*"', "", page), "a text, and no link"
        assert json.loads(json.dumps(found)) == found
    said = uses_text(uses_of_prompt(project, project.line(), fingerprint_of(TEMPLATE)))
    assert not {c for c in said if not c.isprintable()} - {"\n"}


def test_the_page_lies_in_the_project_if_not_said_otherwise(project: Project) -> None:
    found, raws = lineage_of(project, keys.segment(VIDEOS[-2]))
    path = write_page(project, found, raws, None)
    assert path == project.folder / "lineage" / f"{keys.segment(VIDEOS[-2])}.html"
    with pytest.raises(RecipeError, match="cannot be written"):
        write_page(project, found, raws, path / "below.html")


def test_what_was_changed_since_is_stale_and_its_settings_stay(project: Project, tmp_path: Path) -> None:
    shots = project.recipe.shots.model_copy(update={"min_length_s": 9.0})
    changed = replace(project, recipe=project.recipe.model_copy(update={"shots": shots}))
    by_name = {one["asset"]: one for one in lineage_of(changed, "a")[0]["artifacts"]}
    assert by_name["shots"]["stale_because"] == "shots: its recipe changed"
    assert by_name["shots"]["settings"] == {"shots": project.recipe.shots.model_dump(mode="json")}


def test_rows_that_are_on_a_hub_stand_with_repository_and_commit(project: Project) -> None:
    publishing = project.recipe.publishing.model_copy(update={"repo": "u/n"})
    there = replace(project, recipe=project.recipe.model_copy(update={"publishing": publishing}))
    told = {"repo": "u/n", "release": "r1", "revision": "0" * 40, "url": "https://hub/datasets/u/n"}
    rows = pl.DataFrame([{"dataset": "scenes", **told}])
    datasets = {"scenes": told, "segments": {**told, "release": "r0"}}
    space = {
        **told,
        "repo": "u/n-explorer",
        "revision": "1" * 40,
        "url": "https://hub/spaces/u/n-explorer",
        "n_sent": 3,
    }
    spaces = {"scenes": space, "segments": {**space, "release": "r0"}}
    made = Made(rows, {}, {"datasets": datasets, "spaces": spaces})
    settle_table(there, "hf_upload", made, run_id="run-2", seconds=0.0)
    found, _ = lineage_of(there, "a")
    shown_by = {name: space[name] for name in ("repo", "revision", "url")}
    assert [row["space"] for row in found["published"]] == [shown_by, None, None]
    assert f"; shown by {space['url']} at {'1' * 40}\n" in lineage_text(found)
    assert str(space["url"]) in lineage_page(found, {})
    places = [(row["name"], row["revision"], row["url"], row["hub_release"]) for row in found["published"]]
    assert places == [("scenes", "0" * 40, told["url"], "r1"), *[("segments", None, None, "r0")] * 2]
    assert found["artifacts"][-1]["asset"] == "hf_upload"
    assert f"u/n at {'0' * 40}" in lineage_text(found)


def test_what_a_video_was_left_out_of_is_not_said_to_wait_for_it(project: Project) -> None:
    stage, video_id = project.stage("selected_videos"), "out"
    project.ledger.register({video_id: video_id})
    made = project.provenance(stage, inputs={}, run_id="run-1", seconds=0.0)
    record = Record.of(video_id, stage.name, Outcome("dropped", "not chosen"), made)
    stored, sha256 = write_record(project.store, record)
    project.ledger.settle(record, video_id=video_id, sha256=sha256, etag=stored.etag)
    trace = Trace(project, project.ledger.snapshot([video_id]), video_id)
    waiting = {project.line()[one["asset"]].over for one in trace.unsettled(project.line())}
    assert waiting == {"video"}


def test_people_read_first_what_they_asked(project: Project) -> None:
    found, _ = lineage_of(project, "a")
    template = fingerprint_of(TEMPLATE)[:16]
    summary = lineage_text(found).partition("\n\n")[0].split("\n")
    assert summary[1:] == [
        "  from javascript:alert(1); licence cc0",
        f"  segments described by m-1-002, prompt video {template}, 0.0020 US$",
        f"  annotated by m-1-002, prompt video {template}, 0.0020 US$",
        "  cost 0.0040 US$ in all",
        "  published as row 0 of metadata.jsonl in scenes, release r1, not on a Hub",
        "  published as 2 rows, 0 to 1 of metadata.jsonl in segments, release r1, not on a Hub",
        f"  prompt text: vidpipe lineage --prompt {template}",
    ]
    assert found["cost_usd"] == 0.004
    assert "0.0000 US$" not in lineage_text(found), "what costs nothing says nothing"


def test_a_removed_video_tells_which_releases_may_hold_it(project: Project, tmp_path: Path) -> None:
    publishing = project.recipe.publishing.model_copy(update={"repo": "u/n"})
    there = replace(project, recipe=project.recipe.model_copy(update={"publishing": publishing}))
    told = {"repo": "u/n", "revision": "0" * 40, "url": "https://hub/datasets/u/n"}
    datasets = {"scenes": {**told, "release": "r0"}, "segments": {**told, "release": "r1"}}
    rows = pl.DataFrame([{"dataset": "scenes", **told}])
    spaces = {"scenes": {**told, "repo": "u/n-explorer", "release": "r0"}}
    made = Made(rows, {}, {"datasets": datasets, "spaces": spaces})
    settle_table(there, "hf_upload", made, run_id="run-2", seconds=0.0)
    found = Datasets(there, there.line()).may_hold([{"asset": "selected_videos"}])
    assert [(one["repo"], one["name"], one["release"], one["is_replaced"]) for one in found] == [
        ("u/n", "scenes", "r0", False),
        ("u/n", "segments", "r1", True),
        ("u/n-explorer", "scenes", "r0", False),
    ]
    assert Datasets(there, there.line()).may_hold([{"asset": "catalogue"}]) == [], "it never came as far"
    gone, _ = lineage_of(there, "gone")
    artifact = {**gone["artifacts"][0], "inputs": {"reason": "no longer in the source \x1b", "digest": "a" * 64}}
    said = lineage_text({**gone, "may_hold": found, "artifacts": [artifact]})
    assert "from reason no longer in the source \ufffd" in said
    assert f"from digest {'a' * 16}\n" in f"{said}\n"
    artifact = {**artifact, "inputs": {"left out at": "raw_videos", "outcome": "dropped", "reason": "why"}}
    assert lineage_text({**gone, "artifacts": [artifact]}).endswith("\n  left out at raw_videos")
    assert "release r0 of u/n-explorer may still hold its row" in said
    assert "release r0 of u/n may still hold its row: https://hub/datasets/u/n" in said
    assert "earlier releases of u/n may hold its row, and stay reachable by their tags" in said


def test_where_no_model_was_asked_no_prompt_was_used(tmp_path: Path) -> None:
    offline = project_at(tmp_path, Recipe())
    with pytest.raises(RecipeError, match="no prompt was used here: no model was asked"):
        uses_of_prompt(offline, offline.line(), "annotation")
