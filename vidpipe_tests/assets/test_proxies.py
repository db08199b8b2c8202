"""The stage `annotation_proxy`: a proxy, the source or a page, by what is smaller and what the recipe says."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from assets.proxies import _keep, _show
from vidpipe import keys
from vidpipe.annotation.shown import shown_media
from vidpipe.batch import Settled, Work, run_batch
from vidpipe.corpus.catalogue import ROW_SCHEMA
from vidpipe.ledger.snapshot import Row, as_text
from vidpipe.media.limits import Limits
from vidpipe.media.probe import inspect_video
from vidpipe.ports import Project
from vidpipe.recipe.schema import Recipe
from vidpipe.records import Outcome, Record
from vidpipe.tables import Made, settle_table
from vidpipe_tests.clips import make_clip, read_times
from vidpipe_tests.projects import project_at

PAGE = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
PROXY = "annotation_proxy/a/proxy.mp4"


def project_with(folder: Path, path: Path, url: str | None = None, **annotation: Any) -> Project:
    """A project whose video `a` came this far; its recipe can be replaced later."""
    facts = asdict(inspect_video(path, limits=Limits()))
    project = project_at(folder, recipe_with(**annotation))
    project.ledger.register({"a": "a"})
    row = dict.fromkeys(ROW_SCHEMA) | {"video_id": "a", "path": str(path), "url": url, "keep": True}
    parts = as_text({"files": "f", "texts": "t", "page": str(url)})
    frame = pl.DataFrame([row], schema=ROW_SCHEMA)
    settle_table(
        project, "catalogue", Made(frame, {"a": Row("ok", None, parts, "")}, {"n_rows": 1}), run_id="r", seconds=0
    )
    raw = Outcome("ok", value=facts, where={"media": str(path)}, parts={"media": facts["sha256"], "captions": "c"})
    list(run_batch(project, "raw_videos", ["a"], Work(lambda _inputs: raw), "run"))
    for asset in ("dynamic_videos", "taxonomy_categories"):
        list(run_batch(project, asset, ["a"], Work(lambda _inputs: Outcome("ok", value={})), "run"))
    chosen = Made(pl.DataFrame({"video_id": ["a"]}), {"a": Row("ok", None, as_text({"row": "r"}), "")}, {})
    settle_table(project, "selection", chosen, run_id="r", seconds=0)
    list(run_batch(project, "selected_videos", ["a"], Work(lambda _inputs: Outcome("ok", value={})), "run"))
    return project


def recipe_with(**annotation: Any) -> Recipe:
    return Recipe.model_validate({"budget_usd": 1.0, "annotation": {"annotator": "gemini", **annotation}})


def show(project: Project) -> Record:
    """What is shown of the video now."""
    (settled,) = run_batch(project, "annotation_proxy", ["a"], Work(_show, _keep), "run")
    assert isinstance(settled, Settled), settled
    return settled.record


def there(project: Project) -> Mapping[str, int]:
    return {one.key: one.n_bytes for one in project.store.list("annotation_proxy/a")}


def test_a_proxy_is_kept_whose_frames_stand_at_the_sources_own_times(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2.5, 1), (2.5, 2)], fps=30, size=(160, 96))
    project = project_with(tmp_path, truth.path)
    record = show(project)
    value = dict(record.value)
    assert (value["kind"], value["reason"], value["made_by"]) == (
        "proxy", "smaller than the source", "proxy 1: 1 fps, 640 px, sound",
    )  # fmt: skip
    assert (value["width"], value["height"], value["n_frames"], value["has_audio"]) == (160, 96, 5, True)
    assert record.where == {"media": PROXY, "bytes": there(project)}
    with project.store.local(PROXY) as path:
        times = read_times(path)
        assert path.stat().st_size < truth.path.stat().st_size
    assert set(times) <= set(truth.times_s)
    assert [int(time_s) for time_s in times] == [0, 1, 2, 3, 4]


def test_a_smaller_source_is_shown_itself_and_no_proxy_is_left(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2, 1)], fps=25, size=(160, 96))
    small = make_clip(tmp_path / "b.mp4", [(2, "still")], fps=1, size=(64, 48), sound=False)
    project = project_with(tmp_path / "one", truth.path)
    assert show(project).value["kind"] == "proxy"
    assert list(there(project)) == [PROXY]
    other = project_with(tmp_path / "other", small.path)
    record = show(other)
    assert (record.value["kind"], record.value["made_by"], record.where) == ("source", "source", {})
    assert record.value["reason"] == "a proxy would be larger"
    assert there(other) == {}


def test_the_time_is_burnt_into_a_proxy_however_small_the_source(tmp_path: Path) -> None:
    small = make_clip(tmp_path / "b.mp4", [(2, "still")], fps=1, size=(64, 48), sound=False)
    record = show(project_with(tmp_path, small.path, burn_time=True))
    assert (record.value["kind"], record.value["burn_time"]) == ("proxy", True)
    assert shown_media(record.value, {"sha256": "5", "container": "mov"}, Path()).shows_time


def test_a_page_is_shown_where_the_recipe_says_so_and_the_row_names_one(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2, 1)], fps=25, size=(160, 96))
    short = "https://youtu.be/dQw4w9WgXcQ?si=x"
    record = show(project_with(tmp_path / "page", truth.path, short, by_url=True))
    assert (record.value["kind"], record.value["url"], record.where) == ("page", PAGE, {})
    assert show(project_with(tmp_path / "kept", truth.path, short)).value["kind"] == "proxy"
    elsewhere = project_with(tmp_path / "elsewhere", truth.path, "https://example.org/watch?v=dQw4w9WgXcQ", by_url=True)
    assert show(elsewhere).value["kind"] == "proxy"
    alone = project_with(tmp_path / "alone", truth.path, None, by_url=True, proxy=False)
    assert (show(alone).value["kind"], show(alone).value["reason"]) == ("source", "the recipe says so")


def test_what_is_shown_depends_on_no_encoders_bytes(tmp_path: Path) -> None:
    truth = make_clip(tmp_path / "a.mp4", [(2, 1)], fps=25, size=(160, 96))
    project = project_with(tmp_path, truth.path)
    version = show(project).data_version
    project.store.put(keys.proxy("a"), b"other bytes")
    project.ledger.mark_damaged("annotation_proxy", ["a"])
    again = show(project)
    assert again.data_version == version
    assert there(project)[PROXY] == again.where["bytes"][PROXY] > 1000
