"""Datasets: a video that cannot be published now is left out, and all others are published, as the recipe lets them."""

import getpass
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.checks import whole_check
from assets.datasets import places, publish, title_of
from vidpipe import keys
from vidpipe.batch import Work, run_batch
from vidpipe.corpus.catalogue import frame_of
from vidpipe.corpus.rows import VideoRow
from vidpipe.errors import WaitingError
from vidpipe.export.checking import folder_problems
from vidpipe.export.published import StoreFiles
from vidpipe.export.release_gate import behind, folder_of, withheld
from vidpipe.inputs import Inputs
from vidpipe.ledger.snapshot import Row, as_text
from vidpipe.ledger.staleness import rows_differ, wanted_rows
from vidpipe.ports import Project
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.schema import Recipe
from vidpipe.records import Outcome
from vidpipe.store.objects import ObjectStore, Stored
from vidpipe.tables import Made, settle_table
from vidpipe_tests.export.documents import sentences
from vidpipe_tests.export.samples import SCENES, make_clip, media_of
from vidpipe_tests.lines import DEFAULT
from vidpipe_tests.projects import admit, project_at

IDS = ("a", "b", "c")
CAPTIONS = b"WEBVTT\n\n00:00.000 --> 00:01.000\nWhat is said\n"
BY = {"annotator": "offline", "language": "English"}
LICENCES = {"a": "cc-by", "b": None, "c": "all rights reserved"}


@pytest.mark.parametrize(
    ("name", "repo", "title"),
    [
        ("default", None, "Segments"),
        ("finevideo", None, "Segments"),
        ("ours", None, "ours: segments"),
        ("ours", "user/films", "films: segments"),
        ("default", "user/demo", "demo: segments"),
    ],
)
def test_a_dataset_is_called_what_somebody_called_it(name: str, repo: str | None, title: str) -> None:
    assert title_of(check_recipe("", {"name": name, "publishing": {"repo": repo}}), "segments") == title


def record(project: Project, asset: str, of: Callable[[str], Mapping[str, Any]], **where: Callable[[str], Any]) -> None:
    """A record of each video that is ok."""

    def outcome(inputs: Inputs) -> Outcome:
        places = {name: place(inputs.video_id) for name, place in where.items()}
        return Outcome("ok", value=of(inputs.video_id), where=places, parts={"media": "m", "captions": "c"})

    list(run_batch(project, asset, IDS, Work(outcome), "run"))


def sheet_of(video_id: str) -> str:
    return keys.clip(video_id, "sheet_0000.jpg")


def cut(project: Project, paths: Mapping[str, Path], *, has_sheets: bool = True) -> None:
    """Two segments of each video, which are the whole of it, and queries where the recipe has any."""
    spans = [{"start_s": n, "end_s": n + 1.0, "actual_start_s": n, "actual_end_s": n + 1.0} for n in (0.0, 1.0)]

    def clips(video_id: str) -> list[dict[str, Any]]:
        return [{"key": keys.clip(video_id, f"{n}.mp4"), **span} for n, span in enumerate(spans)]

    for video_id, path in paths.items():
        for clip in clips(video_id):
            project.store.put_file(clip["key"], path)
        project.store.put(sheet_of(video_id), b"\xff\xd8both of " + video_id.encode())
    record(
        project,
        "segment_clips",
        lambda v: {"clips": clips(v), "mode": "exact"},
        clips=lambda v: {str(n): clip["key"] for n, clip in enumerate(clips(v))},
        bytes=lambda v: {clip["key"]: paths[v].stat().st_size for clip in clips(v)},
        **({"sheets": lambda v: {"sheet_0000": sheet_of(v)}} if has_sheets else {}),
    )
    if project.recipe.queries is not None:
        told = {"queries": sentences("segment"), "reason": None}
        record(project, "segment_queries", lambda v: {"segments": [{**clip, **told} for clip in clips(v)], **BY})


def settle(project: Project, paths: Mapping[str, Path], *, has_segments: bool) -> None:
    """Videos at their end, whose sources are at `paths` now, and were elsewhere when they were inspected."""
    for video_id in paths:
        project.store.put(keys.signals(video_id, "poster.jpg"), b"\xff\xd8jpeg of " + video_id.encode())
        project.store.put(keys.captions(video_id, "en"), CAPTIONS)

    def facts(video_id: str) -> dict[str, Any]:
        media = media_of(paths[video_id])
        size = {"duration_s": 2.0, "width": 64, "height": 48}
        return {**size, "sha256": media.sha256, "bytes": media.n_bytes, "licence": LICENCES[video_id]}

    told = {"title": None, "fps": 5.0, "scenes": SCENES, "annotator": "offline"}
    record(
        project, "raw_videos", facts, media=lambda _v: "/old/x.mp4", captions=lambda v: {"en": keys.captions(v, "en")}
    )
    record(project, "dynamic_videos", lambda _v: {})
    record(project, "taxonomy_categories", lambda _v: {"category": None, "parent": None})
    texts = wanted_rows(project.stage("selection"), project.ledger.snapshot())
    project.ledger.set_rows("selection", {v: Row("ok", None, as_text({"row": "r"}), text) for v, text in texts.items()})
    record(project, "selected_videos", lambda _v: {})
    record(project, "video_signals", lambda _v: {}, poster=lambda v: keys.signals(v, "poster.jpg"))
    record(project, "shots", lambda _v: {"shots": [{"start_s": 0.0, "end_s": 2.0}]})
    if has_segments:
        cut(project, paths)
    if project.recipe.queries is not None:
        record(project, "episode_queries", lambda _v: {"queries": sentences("episode"), **BY})
    record(project, "video_annotations", lambda _v: {})
    record(project, "aligned_metadata", lambda _v: told)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Three videos that are ready to be published, in a folder that has moved since they were inspected."""
    return ready_at(tmp_path, Recipe())


def ready_at(tmp_path: Path, recipe: Recipe, *, has_segments: bool = True) -> Project:
    """Such a project, with a recipe."""
    made = project_at(tmp_path, recipe)
    admit(made, *IDS)
    paths = [make_clip(tmp_path / "videos" / f"{v}.mp4", 10 * n) for n, v in enumerate(IDS)]
    series = dict(zip(IDS, ("S", "S", None), strict=True))
    found = [VideoRow(video_id=v, path=str(p), series_name=series[v]) for v, p in zip(IDS, paths, strict=True)]
    rows = frame_of(found)
    index = made.ledger.snapshot().rows["catalogue"]
    settle_table(made, "catalogue", Made(rows, index, {}), run_id="run", seconds=0.0)
    settle(made, dict(zip(IDS, paths, strict=True)), has_segments=has_segments)
    return made


def published(project: Project, asset: str = "scene_dataset") -> Made:
    """The dataset, made and settled."""
    made = publish(project, asset=asset)
    settle_table(project, asset, made, run_id="run", seconds=0.0)
    return made


def lines_of(project: Project, name: str) -> list[dict[str, Any]]:
    """The rows in a file of a dataset (`segments/metadata.jsonl`); none without the file."""
    path = Path(project.store.place(f"datasets/{name}"))
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def ids_of(made: Made) -> list[str]:
    return made.rows["video_id"].to_list()


def test_people_find_the_folder_and_the_explorer(project: Project) -> None:
    made = publish(project, asset="scene_dataset")
    record = settle_table(project, "scene_dataset", made, run_id="run", seconds=0.0)
    shown = {name: Path(str(place.path)) for name, place in places(project, record).items()}
    assert shown["folder"].is_dir()
    assert shown["explorer"] == shown["folder"] / "index.html"
    assert shown["explorer"].is_file()


def test_videos_are_published_from_where_their_source_is_now(project: Project) -> None:
    made = published(project)
    assert ids_of(made) == list(IDS)
    assert rows_differ(DEFAULT["scene_dataset"], project.ledger.snapshot()) == []
    there = {stored.key: stored.n_bytes for stored in project.store.list("datasets")}
    assert dict(made.files) == {key: n for key, n in there.items() if not key.endswith(".md")}


class KilledError(BaseException):
    """The process ends here."""


class DyingStore(ObjectStore):
    """A store whose process is killed when it is about to tell of a new release."""

    def put(self, key: str, data: bytes) -> Stored:
        if key.endswith("/CHANGELOG.md"):
            raise KilledError
        return super().put(key, data)


def test_a_dataset_left_half_written_is_due_though_its_recipe_is_put_back(tmp_path: Path) -> None:
    project = ready_at(tmp_path, Recipe())
    published(project, "segment_dataset")
    before = {stored.key: project.store.get(stored.key) for stored in project.store.list("datasets/segments")}
    publishing = project.recipe.publishing.model_copy(update={"layout": "takalawang"})
    store = DyingStore(project.store._store, url=project.store.url, root=project.store._root, scratch=tmp_path / "s")
    recipe = project.recipe.model_copy(update={"publishing": publishing})
    with pytest.raises(KilledError):
        publish(replace(project, recipe=recipe, store=store), asset="segment_dataset")
    there = {stored.key for stored in project.store.list("datasets/segments")}
    assert there > before.keys(), "names without digits"
    assert behind(project)["segment_dataset"].startswith("is not made yet")
    published(project, "segment_dataset")
    assert {stored.key: project.store.get(stored.key) for stored in project.store.list("datasets/segments")} == before
    assert "segment_dataset" not in behind(project)


def _gone(path: Path) -> None:
    path.unlink()


def _longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def _altered(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [_gone, _longer, _altered])
def test_a_video_whose_source_changed_is_on_its_way_and_blocks_no_other(
    project: Project, tmp_path: Path, harm: Any
) -> None:
    harm(tmp_path / "videos/b.mp4")
    made = published(project)
    assert ids_of(made) == ["a", "c"]
    assert set(made.index) == {"a", "c"}
    assert made.value["n_missing"] == 1
    assert project.ledger.is_damaged("raw_videos", "b")
    assert rows_differ(DEFAULT["scene_dataset"], project.ledger.snapshot()) == []


@pytest.mark.parametrize(
    ("asset", "key"),
    [("video_signals", keys.signals("b", "poster.jpg")), ("aligned_metadata", keys.record("aligned_metadata", "b"))],
)
def test_a_video_of_which_the_store_lost_something_is_on_its_way(project: Project, asset: str, key: str) -> None:
    project.store.delete(key)
    assert ids_of(published(project)) == ["a", "c"]
    assert project.ledger.is_damaged(asset, "b")


def test_without_its_catalogue_no_dataset_is_emptied(project: Project) -> None:
    published(project)
    project.store.delete(keys.table_rows("catalogue"))
    with pytest.raises(WaitingError, match="catalogue"):
        publish(project, asset="scene_dataset")
    assert len(list(project.store.list("datasets/scenes/videos"))) == len(IDS)


LEVELS = {"scene_dataset": "scenes", "segment_dataset": "segments", "episode_dataset": "episodes"}


def recipe_of(**publishing: Any) -> Recipe:
    return check_recipe("recipe.yaml", {"queries": {}, "publishing": publishing})


def test_three_datasets_come_from_one_line_and_each_is_whole(tmp_path: Path) -> None:
    project = ready_at(tmp_path, recipe_of())
    n_rows = {"scenes": 3, "segments": 6, "episodes": 3}
    for asset, name in LEVELS.items():
        made = published(project, asset)
        assert len(made.rows) == made.value["n_rows"] == n_rows[name]
        assert list(folder_problems(StoreFiles(project.store, f"datasets/{name}"))) == []
        assert rows_differ(project.stage(asset), project.ledger.snapshot()) == []
    rows = lines_of(project, "segments/metadata.jsonl")
    assert [(row["video_id"], row["segment_index"]) for row in rows] == [(v, n) for v in IDS for n in (0, 1)]
    assert all(row["query"] == sentences("segment") for row in rows)
    assert rows[0]["file_name"].startswith("videos/S/segment_S_a_seg0.")


def test_without_queries_there_are_segments_all_the_same_and_no_episodes(project: Project) -> None:
    assert len(published(project, "segment_dataset").rows) == 6
    assert {row["query"] for row in lines_of(project, "segments/metadata.jsonl")} == {None}
    assert "episode_dataset" not in project.line()


def test_what_may_not_be_published_stands_without_its_file_where_there_is_a_repo(tmp_path: Path) -> None:
    project = ready_at(tmp_path, recipe_of(repo="user/name"))
    for asset, name in LEVELS.items():
        made = published(project, asset)
        n = 2 if name == "segments" else 1
        assert made.value["n_without_media"] == 2 * n
        assert withheld(folder_of(project, asset)) == {"unknown": n, "other": n}
        assert {row["video_id"] for row in lines_of(project, f"{name}/metadata.jsonl")} == {"a"}
        assert {row["video_id"] for row in lines_of(project, f"{name}/without_media.jsonl")} == {"b", "c"}
        files = [stored.key for stored in project.store.list(f"datasets/{name}")]
        assert {key.rpartition("/")[2][0] for key in files if "/thumbs/" in key} == {"a"}
        (part,) = (key for key in files if key.endswith(".jsonl") and "/provenance/" in key)
        said = {line["video_id"]: line["captions"] for line in lines_of(project, part.removeprefix("datasets/"))}
        assert said == {"a": {"en": CAPTIONS.decode()}, "b": {}, "c": {}}, "words are a work, too"
        assert list(folder_problems(StoreFiles(project.store, f"datasets/{name}"))) == []
    texts = {row["video_id"]: row["text_to_speech"] for row in lines_of(project, "scenes/metadata.jsonl")}
    texts |= {row["video_id"]: row["text_to_speech"] for row in lines_of(project, "scenes/without_media.jsonl")}
    assert texts == {"a": "What is said", "b": None, "c": None}


@pytest.mark.parametrize(
    ("publishing", "with_media"),
    [
        ({}, set(IDS)),
        ({"repo": "user/name", "licences": ["cc-by", "unknown"]}, {"a", "b"}),
        ({"repo": "user/name", "licences": ["cc-by", "all rights reserved"]}, {"a", "c"}),
        ({"media": "none"}, set()),
    ],
)
def test_the_recipe_says_whose_files_go_out(tmp_path: Path, publishing: Any, with_media: set[str]) -> None:
    project = ready_at(tmp_path, recipe_of(**publishing))
    published(project)
    assert {row["video_id"] for row in lines_of(project, "scenes/metadata.jsonl")} == with_media


def test_a_clip_that_the_store_lost_or_changed_blocks_no_other_video(tmp_path: Path) -> None:
    project = ready_at(tmp_path, recipe_of())
    project.store.delete(keys.clip("b", "1.mp4"))
    assert set(ids_of(published(project, "segment_dataset"))) == {"a", "c"}
    assert project.ledger.is_damaged("segment_clips", "b")
    assert set(ids_of(published(project, "scene_dataset"))) == set(IDS)


def values_in(project: Project, name: str, kind: str) -> list[Any]:
    """What the scripts of a dataset's page hold whose names begin so, in order."""
    scripts = sorted(stored.key for stored in project.store.list(f"datasets/{name}/explorer"))
    texts = [project.store.get(key).decode() for key in scripts if key.rpartition("/")[2].startswith(kind)]
    return [value for text in texts for value in json.loads(text.removeprefix("part(").removesuffix(");\n"))]


def test_each_segment_has_a_picture_of_its_own(tmp_path: Path) -> None:
    project = ready_at(tmp_path, recipe_of())
    published(project, "segment_dataset")
    posters = [row[7] for row in values_in(project, "segments", "index-")]
    assert [poster[1:] for poster in posters] == [[0, 2], [1, 2]] * len(IDS)
    assert len({poster[0] for poster in posters}) == len(IDS)
    project.store.delete(sheet_of("b"))
    assert set(ids_of(published(project, "segment_dataset"))) == {"a", "c"}
    assert project.ledger.is_damaged("segment_clips", "b")


def test_a_segment_that_was_cut_without_a_picture_shows_its_videos(tmp_path: Path) -> None:
    project = ready_at(tmp_path, recipe_of(), has_segments=False)
    cut(project, {v: tmp_path / "videos" / f"{v}.mp4" for v in IDS}, has_sheets=False)
    published(project, "segment_dataset")
    posters = [row[7] for row in values_in(project, "segments", "index-")]
    assert [poster[: len("thumbs/a.")] for poster in posters] == [f"thumbs/{v}." for v in "aabbcc"]


def segments_shown(project: Project) -> list[Any]:
    """The lane of segments along the first episode, after the dataset was made anew."""
    assert set(ids_of(published(project, "episode_dataset"))) == set(IDS)
    assert rows_differ(project.stage("episode_dataset"), project.ledger.snapshot()) == []
    lanes = {name: items for name, _n, items in values_in(project, "episodes", "0.")[0]["lanes"]}
    return list(lanes.get("Segments", []))


def test_an_episode_waits_for_no_segments(tmp_path: Path) -> None:
    project = ready_at(tmp_path, recipe_of(), has_segments=False)
    assert segments_shown(project) == []
    cut(project, {v: tmp_path / "videos" / f"{v}.mp4" for v in IDS})
    assert rows_differ(project.stage("episode_dataset"), project.ledger.snapshot()) == list(IDS)
    assert len(segments_shown(project)) == 2


def test_along_an_episode_its_segments_are_shown_with_queries_of_its_own_annotator(tmp_path: Path) -> None:
    project = ready_at(tmp_path, recipe_of())
    told = [[field, text] for field, texts in sentences("segment").items() for text in texts]
    assert segments_shown(project) == [[0.0, 1.0, "one", told], [1.0, 2.0, "one", told]]
    project.ledger.mark_damaged("segment_queries", IDS)
    record(project, "segment_queries", lambda _v: {"segments": [], "annotator": "gemini"})
    assert rows_differ(project.stage("episode_dataset"), project.ledger.snapshot()) == list(IDS)
    assert segments_shown(project) == [[0.0, 1.0, ""], [1.0, 2.0, ""]]
    project.store.delete(keys.record("segment_clips", "a"))
    assert set(ids_of(published(project, "episode_dataset"))) == {"b", "c"}
    assert project.ledger.is_damaged("segment_clips", "a"), "the next run makes it again, and then all that follows"


def test_nothing_of_where_it_was_made_is_in_a_published_file(tmp_path: Path) -> None:
    project = ready_at(tmp_path, recipe_of())
    local = {str(tmp_path), socket.gethostname(), "/old/x.mp4", str(Path.home()), f"/{getpass.getuser()}/"}
    for asset, name in LEVELS.items():
        published(project, asset)
        for stored in project.store.list(f"datasets/{name}"):
            data = project.store.get(stored.key)
            assert not [text for text in local if len(text) > 3 and text.encode() in data], stored.key


def test_the_check_of_a_dataset_fails_when_its_folder_is_not_whole(project: Project) -> None:
    published(project)
    check = whole_check("scene_dataset")
    assert evaluated(check, project).passed
    (name, *_) = (stored.key for stored in project.store.list("datasets/scenes/videos"))
    project.store.delete(name)
    result = evaluated(check, project)
    assert not result.passed
    assert result.metadata["n_problems"].value == 1


def evaluated(check: dg.AssetChecksDefinition, project: Project) -> dg.AssetCheckEvaluation:
    """What the check says when Dagster runs it."""
    resources = {"project": dg.ResourceDefinition.hardcoded_resource(project)}
    job = dg.define_asset_job("check", dg.AssetSelection.all_asset_checks())
    definitions = dg.Definitions(asset_checks=[check], resources=resources, jobs=[job])
    (found,) = definitions.resolve_job_def("check").execute_in_process().get_asset_check_evaluations()
    return found
