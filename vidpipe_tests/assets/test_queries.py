"""The stages of queries by a model: what stands in a record where all segments, some, or none are told about."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from assets.canaries import queries_with_canaries
from assets.model_queries import ModelQueries
from assets.query_subjects import pieces_of
from assets.shown_again import query_again
from vidpipe import keys
from vidpipe.annotation.query_recipes import query_plan_of
from vidpipe.annotation.shown import page_value
from vidpipe.asking.canaries import UNSEEING
from vidpipe.asking.canary_rules import MOST_BAD
from vidpipe.batch import LeftOver, Settled, Work, run_batch
from vidpipe.inputs import Inputs
from vidpipe.ledger.snapshot import Row, as_text
from vidpipe.models.calls import Media
from vidpipe.ports import Project, Service
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.query_section import Level
from vidpipe.records import Outcome, Record
from vidpipe.store.documents import read_record
from vidpipe.tables import Made, settle_table
from vidpipe_tests.assets.ready import settle
from vidpipe_tests.clips import make_clip
from vidpipe_tests.projects import admit, project_at
from vidpipe_tests.resources.gemini_line import Line
from vidpipe_tests.servers.eyes import TrueEyes
from vidpipe_tests.servers.gemini_answers import asks, blocked, wrong_schema
from vidpipe_tests.servers.gemini_generate import even_scenes
from vidpipe_tests.servers.reading import words_in
from vidpipe_tests.servers.wire import Request

WHEN = datetime(2026, 11, 21, tzinfo=UTC)  # the model has a price
SPANS = [(0.0, 60.0), (55.0, 115.0), (110.0, 130.0)]
FACTS = {"sha256": "5" * 64, "duration_s": 130.0, "has_audio": True, "container": "mov,mp4", "start_s": 0.0}
CAPTIONS = """WEBVTT

00:10.000 --> 00:12.000
At ten.

00:54.000 --> 00:56.500
Across the edge.

01:51.000 --> 01:53.000
Late.
"""
RECIPE: dict[str, Any] = {
    "budget_usd": 5.0,
    "annotation": {"annotator": "gemini", "proxy": False},
    "queries": {"language": "Traditional Chinese"},
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A video of three segments that is ready to be told about."""
    project = replace(project_at(tmp_path, check_recipe("recipe.yaml", RECIPE)), clock=lambda: WHEN)
    admit(project, "a")
    row = {"video_id": ["a"], "title": ["A walk"], "description": [None], "channel": [None], "language": ["en"]}
    index = project.ledger.snapshot().rows["catalogue"]
    settle_table(project, "catalogue", Made(pl.DataFrame(row), index, {}), run_id="run", seconds=0.0)
    clip = make_clip(tmp_path / "c.mp4", [(1, 1)], fps=5, size=(64, 48)).path
    places = [keys.clip("a", f"clip_{i:04}.mp4") for i in range(len(SPANS))]
    for place in (*places, "raw_videos/a/video.mp4"):
        project.store.put_file(place, clip)
    project.store.put("raw_videos/a/en.vtt", CAPTIONS.encode())
    where = {"media": "raw_videos/a/video.mp4", "captions": {"en": "raw_videos/a/en.vtt"}}
    _record(project, "raw_videos", FACTS | {"bytes": 9, "frame_rate": "25"}, where)
    for asset in ("dynamic_videos", "taxonomy_categories"):
        _record(project, asset, {}, {})
    project.ledger.set_rows("selection", {"a": Row("ok", None, as_text({"row": "r"}), "")})
    for asset in ("selected_videos", "video_signals"):
        _record(project, asset, {}, {})
    rows = [
        {"key": place, "start_s": start, "end_s": end, "actual_start_s": start, "actual_end_s": end}
        for place, (start, end) in zip(places, SPANS, strict=True)
    ]
    names = {Path(place).stem: place for place in places}
    _record(project, "segment_clips", {"clips": rows, "mode": "exact"}, {"clips": names, "bytes": {}})
    return project


def _record(project: Project, asset: str, value: dict[str, Any], where: dict[str, Any]) -> None:
    outcome = Outcome("ok", value=value, where=where, parts={"media": "m", "captions": "c"})
    list(run_batch(project, asset, ["a"], Work(lambda _inputs: outcome), "run"))


def told(project: Project, service: Service, level: Level = "segment", *, films: bool = False) -> Settled | LeftOver:
    """What becomes of the video at a stage of queries; with `films` there are canaries, as the recipe has them."""
    with ThreadPoolExecutor(3) as pool:
        asking = ModelQueries.of(project, service, "run", level=level, pool=pool)
        work = Work(queries_with_canaries(project, asking) if films else asking, n_threads=2)
        (result,) = run_batch(project, f"{level}_queries", ["a"], work, "run")
    return result


def record_of(result: Settled | LeftOver) -> Record:
    """The record of a video that is settled."""
    assert isinstance(result, Settled), result
    return result.record


def service_of(gemini: Line) -> Service:
    """Gemini as a service that takes three calls at once."""
    return Service("gemini", gemini.model(), at_once=3)


def test_a_segment_is_shown_its_own_captions_on_its_own_clock(project: Project) -> None:
    inputs = Inputs(project, project.stage("segment_queries"), "a", "a", {})
    with inputs.closing:
        first, second, last = pieces_of(inputs, "segment")
        (whole,) = pieces_of(inputs, "episode")
        assert all(piece.file().is_file() for piece in (first, second, last, whole))
    at = [[(float(start_s), text) for start_s, _, text in one.subject.captions] for one in (first, second, last)]
    assert at == [[(10, "At ten."), (54, "Across the edge.")], [(0, "Across the edge."), (56, "Late.")], [(1, "Late.")]]
    assert second.subject.duration_s == Fraction(60)
    assert second.subject.media.made_by == "segment_clips 2: exact [55.0, 115.0)"
    assert len({piece.subject.media.made_by for piece in (first, second, last)}) == 3
    assert whole.subject.media.made_by == "source"
    assert len(whole.subject.captions) == 3


def test_queries_say_who_wrote_them_in_which_language_and_how_good_they_are(project: Project, gemini: Line) -> None:
    bodies: list[bytes] = []

    def note(request: Request) -> bool:
        bodies.append(request.body)
        return False

    gemini.server.inject("generate", when=note, status=500)
    record = record_of(told(project, service_of(gemini)))
    assert (record.value["annotator"], record.value["language"]) == ("gemini", "Traditional Chinese")
    assert [one["outcome"] for one in record.value["segments"]] == ["ok"] * 3
    asked = record.provenance.asked
    assert asked["address"] == asked["calls"][0]["address"]
    assert len({call["request_id"] for call in asked["calls"]}) == 3
    assert asked["quality"]["checks"] == {"three_of_each": 1.0, "language_as_asked": 0.0}
    assert record.provenance.cost_usd == pytest.approx(gemini.server.usd(), abs=1e-9)
    episode = record_of(told(project, service_of(gemini), "episode"))
    assert list(episode.value) == ["queries", "annotator", "language"]
    seen = [json.loads(body)["contents"][0]["parts"][0] for body in bodies]
    assert ["videoMetadata" in part for part in seen] == [False, False, False, True]
    assert seen[-1]["videoMetadata"] == {"fps": 0.5}


def test_of_an_episode_at_a_public_page_the_page_is_shown(project: Project, gemini: Line) -> None:
    recipe = check_recipe("recipe.yaml", {**RECIPE, "annotation": {"annotator": "gemini", "by_url": True}})
    project = replace(project, recipe=recipe)
    page = "https://www.youtube.com/watch?v=public-one1"
    gemini.server.youtube[page] = 130.0
    _record(project, "annotation_proxy", page_value(page), {})
    bodies: list[bytes] = []

    def note(request: Request) -> bool:
        bodies.append(request.body)
        return False

    gemini.server.inject("generate", when=note, status=500)
    record = record_of(told(project, service_of(gemini), "episode"))
    assert (record.outcome, next(iter(record.value["queries"]))) == ("ok", "main_plot")
    (seen,) = [json.loads(body)["contents"][0]["parts"][0] for body in bodies]
    assert page in seen["fileData"].values()


@pytest.mark.parametrize(("mode", "outcome", "n_files"), [("copy", "ok", 6), ("exact", "unusable", 3)])
def test_only_clips_with_their_sources_pictures_are_encoded_again_where_they_cannot_be_read(
    project: Project, gemini: Line, mode: str, outcome: str, n_files: int
) -> None:
    clips = read_record(project.store, "segment_clips", "a")
    settle(project, "segment_clips", "a", Outcome("ok", value={**clips.value, "mode": mode}, where=clips.where))
    with project.store.local(clips.value["clips"][0]["key"]) as path:
        gemini.server.clips.unreadable.add(sha256(path.read_bytes()).hexdigest())
    service = Service("gemini", gemini.model(upload=True), at_once=3)
    record = record_of(told(project, service))
    assert (record.outcome, {one["outcome"] for one in record.value["segments"]}) == (outcome, {outcome})
    assert gemini.server.n("upload.start") == n_files
    assert project.ledger.calls.spent() == pytest.approx(gemini.server.usd() * 1e9)
    if outcome == "ok":
        project.ledger.damage.mark_for_good("segment_queries", {"a": None})
        again = record_of(told(project, Service("gemini", None, at_once=3, lacks="no key")))
        assert again.data_version == record.data_version


def test_an_episode_encoded_again_has_as_many_frames_as_are_looked_at(project: Project) -> None:
    def fps(**queries: Any) -> Fraction:
        recipe = check_recipe("recipe.yaml", {**RECIPE, "queries": queries})
        plan = query_plan_of(recipe, "episode", project.folder / "prompts")
        again = query_again(replace(project, recipe=recipe), Media(Path("v.mp4"), "5" * 64), plan)
        assert again is not None
        return again.settings.fps

    assert [fps(), fps(fps={"episode": 4})] == [Fraction(1), Fraction(4)]


def test_a_segment_that_is_refused_stands_there_without_queries_and_is_paid_for(project: Project, gemini: Line) -> None:
    gemini.server.inject("generate", when=asks("1 Late."), change=blocked())
    record = record_of(told(project, service_of(gemini)))
    told_kinds = [(one["outcome"], one["queries"] is None) for one in record.value["segments"]]
    assert record.outcome == "ok"
    assert told_kinds == [("ok", False), ("ok", False), ("blocked", True)]
    assert record.value["segments"][2]["reason"] == "the model refused (PROHIBITED_CONTENT)"
    assert len(record.provenance.asked["calls"]) == 3
    assert record.provenance.cost_usd == pytest.approx(gemini.server.usd(), abs=1e-9)


def test_a_video_of_which_nothing_is_told_is_refused_as_its_first_segment_was(project: Project, gemini: Line) -> None:
    gemini.server.inject("generate", change=wrong_schema())
    record = record_of(told(project, service_of(gemini)))
    assert (record.outcome, record.reason) == ("unusable", "the answer does not follow the schema")
    assert len(record.provenance.asked["calls"]) == 6, "each once, and once put right"
    assert "quality" not in record.provenance.asked
    gemini.server.clear()
    gemini.server.inject("generate", change=blocked())
    record = record_of(told(project, service_of(gemini), "episode"))
    assert (record.outcome, record.value["queries"]) == ("blocked", None)


def test_without_a_key_all_is_pending_and_what_is_answered_needs_none(project: Project, gemini: Line) -> None:
    nobody = Service("gemini", None, lacks="no GEMINI_API_KEY")
    result = told(project, nobody)
    assert isinstance(result, LeftOver)
    assert (result.reason, result.waits) == ("no GEMINI_API_KEY", True)
    gemini.server.inject("generate", when=asks("1 Late."), truncate=9, times=3)
    result = told(project, service_of(gemini))
    assert isinstance(result, LeftOver)
    assert not result.waits
    result = told(project, nobody)
    assert isinstance(result, LeftOver)
    assert result.reason == "no GEMINI_API_KEY"
    n_before = len(gemini.server.log)
    first = record_of(told(project, service_of(gemini)))
    assert len(gemini.server.log) == n_before + 1
    project.ledger.mark_damaged("segment_queries", ["a"])
    again = record_of(told(project, nobody))
    assert again.value == first.value
    assert again.provenance.asked == first.provenance.asked


def with_mode(project: Project, canaries: str) -> Project:
    """The project with canaries of a mode."""
    annotation = {**RECIPE["annotation"], "canaries": canaries}
    return replace(project, recipe=check_recipe("recipe.yaml", {**RECIPE, "annotation": annotation}))


def asked(project: Project) -> dict[str, int]:
    """How often each call was made, by asset and name."""
    return {f"{one.of['asset']} {one.of['name']}": one.n_calls for one in project.ledger.calls.sums("asset", "name")}


def test_a_film_is_asked_about_with_the_first_segment_and_with_the_first_episode(
    project: Project, gemini: Line
) -> None:
    gemini.server.eyes, gemini.server.reader = TrueEyes(), words_in
    record = record_of(told(project, service_of(gemini), films=True))
    assert record.provenance.cost_usd < gemini.server.usd(), "the film is no part of what the video costs"
    record_of(told(project, service_of(gemini), "episode", films=True))
    once = {"segment_queries canary": 1, "episode_queries canary": 1}
    assert asked(project) == {"segment_queries segment": 3, "episode_queries episode": 1, **once}
    assert project.ledger.calls.spent() == pytest.approx(gemini.server.usd() * 1e9, abs=1)
    found = {one.asset: (one.attention, one.n) for one in project.ledger.canaries.scores()}
    assert found == {"segment_queries": (1.0, 1), "episode_queries": (1.0, 1)}
    (film,) = {entry.note for entry in gemini.server.entries("generate")[:4]} - {
        call["request_id"] for call in record.provenance.asked["calls"]
    }
    assert film
    project.ledger.mark_damaged("segment_queries", ["a"])
    record_of(told(project, service_of(gemini), films=True))
    assert sum(asked(project).values()) == len(gemini.server.entries("generate")) == 6


def test_who_does_not_look_at_the_films_is_shown_no_segment(project: Project, gemini: Line) -> None:
    project = with_mode(project, "stop")
    gemini.server.eyes, gemini.server.reader = even_scenes, None
    result = told(project, service_of(gemini), films=True)
    assert isinstance(result, LeftOver)
    assert UNSEEING in result.reason
    assert asked(project) == {"segment_queries canary": MOST_BAD}


def test_off_asks_about_no_films(project: Project, gemini: Line) -> None:
    project = with_mode(project, "off")
    record_of(told(project, service_of(gemini), films=True))
    assert asked(project) == {"segment_queries segment": 3}
