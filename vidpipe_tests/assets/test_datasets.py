"""The scene dataset: a video that cannot be published now is left out, and all others are published."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assets.datasets import publish
from vidpipe import keys
from vidpipe.batch import Work, run_batch
from vidpipe.corpus.catalogue import frame_of
from vidpipe.corpus.rows import VideoRow
from vidpipe.errors import WaitingError
from vidpipe.ledger.snapshot import Row, as_text
from vidpipe.ledger.staleness import rows_differ, wanted_rows
from vidpipe.ports import Project
from vidpipe.records import Outcome
from vidpipe.tables import Made, settle_table
from vidpipe_tests.export.samples import SCENES, make_clip, media_of
from vidpipe_tests.lines import DEFAULT
from vidpipe_tests.projects import admit, project_at

IDS = ("a", "b", "c")


def record(project: Project, asset: str, video_id: str, value: Mapping[str, Any], **where: Any) -> None:
    """A record that is ok."""
    outcome = Outcome("ok", value=value, where=where, parts={"media": "m", "captions": "c"})
    list(run_batch(project, asset, [video_id], Work(lambda _inputs: outcome), "run"))


def settle(project: Project, video_id: str, path: Path) -> None:
    """A video at its end, whose source is at `path` now, and was elsewhere when it was inspected."""
    media = media_of(path)
    poster = keys.signals(video_id, "poster.jpg")
    project.store.put(poster, b"\xff\xd8jpeg")
    facts = {"duration_s": 2.0, "width": 64, "height": 48, "sha256": media.sha256, "bytes": media.n_bytes}
    record(project, "raw_videos", video_id, facts | {"licence": None}, media="/old/x.mp4", captions={})
    record(project, "dynamic_videos", video_id, {})
    record(project, "taxonomy_categories", video_id, {"category": None, "parent": None})
    text = wanted_rows(DEFAULT["selection"], project.ledger.snapshot())[video_id]
    rows = project.ledger.snapshot().rows.get("selection", {})
    project.ledger.set_rows("selection", {**rows, video_id: Row("ok", None, as_text({"row": "r"}), text)})
    record(project, "selected_videos", video_id, {})
    record(project, "video_signals", video_id, {}, poster=poster)
    record(project, "shots", video_id, {"shots": [{"start_s": 0.0, "end_s": 2.0}]})
    record(project, "segment_clips", video_id, {})
    record(project, "video_annotations", video_id, {})
    record(project, "aligned_metadata", video_id, {"title": None, "fps": 5.0, "scenes": SCENES, "annotator": "offline"})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Three videos that are ready to be published, in a folder that has moved since they were inspected."""
    made = project_at(tmp_path)
    admit(made, *IDS)
    paths = [make_clip(tmp_path / "videos" / f"{v}.mp4", 10 * n) for n, v in enumerate(IDS)]
    rows = frame_of(VideoRow(video_id=v, path=str(p)) for v, p in zip(IDS, paths, strict=True))
    index = made.ledger.snapshot().rows["catalogue"]
    settle_table(made, "catalogue", Made(rows, index, {}), run_id="run", seconds=0.0)
    for video_id, path in zip(IDS, paths, strict=True):
        settle(made, video_id, path)
    return made


def published(project: Project) -> Made:
    """The dataset, made and settled."""
    made = publish(project, asset="scene_dataset")
    settle_table(project, "scene_dataset", made, run_id="run", seconds=0.0)
    return made


def ids_of(made: Made) -> list[str]:
    return made.rows["video_id"].to_list()


def test_videos_are_published_from_where_their_source_is_now(project: Project) -> None:
    made = published(project)
    assert ids_of(made) == list(IDS)
    assert rows_differ(DEFAULT["scene_dataset"], project.ledger.snapshot()) == []
    there = {stored.key: stored.n_bytes for stored in project.store.list("datasets")}
    assert dict(made.files) == {key: n for key, n in there.items() if not key.endswith(".md")}


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
