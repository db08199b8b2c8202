"""What is sent of a video: its proxy, itself where it is smaller, nothing where its page is public."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.instance.config import PoolGranularity

from vidpipe_tests.clips import make_clip
from vidpipe_tests.e2e.projects import Line
from vidpipe_tests.e2e.services import Asked, answers, asks_models, edit, environment_of, serving, stale
from vidpipe_tests.servers.profiles import Servers

PUBLIC, PRIVATE, ALONE = (
    f"https://www.youtube.com/watch?v={name}" for name in ("public-one1", "private-one", "public-two2")
)
MANIFEST = f"""\
id,path,url
film,film.mp4,
small,small.mp4,
public,public.mp4,https://youtu.be/public-one1
private,public.mp4,{PRIVATE}
"""
ONLY = ("--only", "video_annotations")


@pytest.fixture(scope="module")
def services() -> Iterator[Servers]:
    """Services that never fail, and know two videos at YouTube, one of them private."""
    with serving("calm") as servers:
        servers.gemini.youtube |= {PUBLIC: 3.0, PRIVATE: None, ALONE: 30.0}
        yield servers


@pytest.fixture(scope="module")
def shown(services: Servers, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A project that has run once over one video of each kind. Tests copy it."""
    folder = tmp_path_factory.mktemp("proxies")
    videos = folder / "videos"
    videos.mkdir()
    for number, name in enumerate(("film", "public")):
        make_clip(videos / f"{name}.mp4", [(1.5, 2 * number + 1), (1.5, 2 * number + 2)], fps=25, size=(160, 96))
    make_clip(videos / "small.mp4", [(2, "still")], fps=1, size=(64, 48), sound=False)
    (videos / "all.csv").write_text(MANIFEST, "utf-8")
    line = asks_models(Line.at(folder / "project", videos / "all.csv"))
    edit(line, {"by_url: false": "by_url: true"})
    told = line("estimate", "--json").stdout
    assert "not made yet: some 15 kB a picture" in told
    line.run(*ONLY, env=environment_of(services))
    return line


def value(line: Line, video_id: str) -> dict[str, Any]:
    """What a record of `annotation_proxy` tells."""
    found: dict[str, Any] = line.record("annotation_proxy", video_id)["value"]
    return found


def uploads(services: Servers) -> list[int]:
    """The bytes of all uploads."""
    return sorted(entry.n_bytes for entry in services.gemini.entries("upload.chunk"))


def test_a_proxy_the_source_or_nothing_is_sent_by_what_a_video_is(shown: Line, services: Servers) -> None:
    shown.is_whole()
    assert {name: value(shown, name)["kind"] for name in ("film", "small", "public", "private")} == {
        "film": "proxy", "small": "source", "public": "page", "private": "page",
    }  # fmt: skip
    proxy = shown.folder / "store" / "annotation_proxy" / "film" / "proxy.mp4"
    source = shown.folder.parent / "videos"
    assert uploads(services) == sorted([proxy.stat().st_size, (source / "small.mp4").stat().st_size])
    assert proxy.stat().st_size < (source / "film.mp4").stat().st_size / 2
    assert len(answers(services)) == 3
    assert shown.record("annotation_proxy", "film")["where"]["bytes"] == {
        "annotation_proxy/film/proxy.mp4": proxy.stat().st_size
    }
    assert services.gemini.files.names() == []
    reason = "gemini: refused: 403 PERMISSION_DENIED, the video's page is not public or not there"
    counts = shown.counts("video_annotations")
    assert (counts["ok"], counts["unusable"]) == (3, {reason: 1})


def test_a_proxy_that_is_lost_is_named_and_made_again_and_nobody_is_asked(
    shown: Line, services: Servers, tmp_path: Path
) -> None:
    line, asked = shown.copy(tmp_path / "project"), Asked.until_now(services)
    contents = line.contents()
    proxy = line.folder / "store" / "annotation_proxy" / "film" / "proxy.mp4"
    data = proxy.read_bytes()
    proxy.unlink()
    found = line.status("--verify", code=1)["differences"]
    assert [(one["video_id"], one["asset"], one["what"]) for one in found] == [
        ("film", "annotation_proxy", "file is missing: media")
    ]
    line.run(*ONLY, env=environment_of(services))
    line.is_whole()
    assert proxy.read_bytes() == data
    assert line.contents() == contents
    assert Asked.until_now(services) == asked


def test_other_settings_are_made_at_once_and_paid_for_when_that_is_asked_for(
    shown: Line, services: Servers, tmp_path: Path
) -> None:
    line, asked, env = shown.copy(tmp_path / "project"), Asked.until_now(services), environment_of(services)
    contents = line.contents()
    edit(line, {"burn_time: false": "burn_time: true"})
    assert stale(line)["annotation_proxy"] == 4
    told = json.loads(line("estimate", "--json").stdout)
    assert (told["calls"], [(one["asset"], one["n"]) for one in told["stale"]]) == (0, [("video_annotations", 2)])
    assert "video_annotations: 2 stale, about 0.0" in line.run(*ONLY, env=env)
    assert Asked.until_now(services) == asked
    assert [value(line, name)["burn_time"] for name in ("film", "small")] == [True, True]
    assert stale(line) == {"video_annotations": 2}
    edit(line, {"burn_time: true": "burn_time: false"})
    line.run(*ONLY, env=env)
    assert (stale(line), line.contents()) == ({}, contents)
    assert Asked.until_now(services) == asked
    edit(line, {"burn_time: false": "burn_time: true"})
    n_answers = len(answers(services))
    line.run("--stale", *ONLY, env=env)
    assert (stale(line), len(answers(services))) == ({}, n_answers + 2)


def test_without_proxies_there_is_no_such_asset_and_files_are_sent(
    shown: Line, services: Servers, tmp_path: Path
) -> None:
    line, env = shown.copy(tmp_path / "project"), environment_of(services)
    edit(line, {"by_url: true": "by_url: false", "proxy: true": "proxy: false"})
    n_uploads, n_answers = len(uploads(services)), len(answers(services))
    line.run("--stale", *ONLY, env=env)
    assert "annotation_proxy" not in {asset["asset"] for asset in line.status()["assets"]}
    assert (len(uploads(services)), len(answers(services))) == (n_uploads + 2, n_answers + 2), "small is as it was"
    edit(line, {"proxy: false": "proxy: true", "by_url: false": "by_url: true"})
    line.run(*ONLY, env=env)
    assert len(answers(services)) == n_answers + 2, "answers until then are kept"
    assert stale(line) == {"video_annotations": 1}, "a page that was refused has none"


@pytest.fixture(scope="module")
def paged(services: Servers, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A project that has run once over a video of which there is no file, though its pool has no place in Dagster."""
    folder = tmp_path_factory.mktemp("pages")
    rows = f"url,title,duration_s\nhttps://youtu.be/public-two2,Only a page,30\n{PUBLIC},How long is not said,\n"
    (folder / "pages.csv").write_text(rows, "utf-8")
    line = asks_models(Line.at(folder / "project", folder / "pages.csv"))
    edit(line, {"by_url: false": "by_url: true"})
    estimated = json.loads(line("estimate", "--json").stdout)
    asked_of = {stage["asset"]: stage["calls"] for stage in estimated["stages"]}
    assert (asked_of["video_annotations"], estimated["bytes_to_upload"]) == (1, 0)
    with dg.DagsterInstance.from_config(str(line.folder / ".dagster")) as instance:
        instance.event_log_storage.set_concurrency_slots("gemini", 0)  # bounds queued runs, and no others
        assert instance.get_concurrency_config().pool_config.pool_granularity == PoolGranularity.RUN
    n_bytes = sum(uploads(services))
    line.run(env=environment_of(services))
    assert sum(uploads(services)) == n_bytes
    return line


def test_a_public_video_of_which_there_is_no_file_is_annotated_from_its_page(
    paged: Line, services: Servers, tmp_path: Path
) -> None:
    line, env = paged.copy(tmp_path / "project"), environment_of(services)
    line.is_whole()
    assert line.counts("catalogue")["dropped"] == {"a page needs duration_s": 1}
    facts = line.record("raw_videos", "public-two2")
    assert (facts["value"]["page"], facts["value"]["duration_s"], facts["value"]["sha256"]) == (ALONE, 30.0, None)
    aligned = line.record("aligned_metadata", "public-two2")["value"]
    assert len(aligned["scenes"]) > 0
    assert aligned["alignment"]["n_cuts_missed"] == 0, "nothing was measured"
    rows = (line.folder / "store/datasets/scenes/without_media.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(row)["video_id"] for row in rows] == ["public-two2"]
    before, asked = line.contents(), Asked.until_now(services)
    assert "Nothing to do" in line.run(env=env)
    assert (line.contents(), Asked.until_now(services), stale(line)) == (before, asked, {})
    edit(line, {"by_url: true": "by_url: false"})
    line.run("--only", "aligned_metadata", env=env)
    gone = {"url sources are not available in this version": 2, "no longer in the source": 1}
    assert line.counts("catalogue")["dropped"] == gone


def test_a_category_by_ones_own_model_makes_room_for_an_offline_one_when_that_is_said(
    paged: Line, services: Servers, tmp_path: Path
) -> None:
    line, env = paged.copy(tmp_path / "project"), environment_of(services)
    record = line.record("taxonomy_categories", "public-two2")
    edit(line, {"categoriser: llm": "categoriser: offline"})
    told = line.run("--only", "taxonomy_categories", env=env)
    assert "taxonomy_categories: 1 by a model stay as they are; run --replace-model-answers" in told
    assert line.record("taxonomy_categories", "public-two2") == record
    line.run("--only", "taxonomy_categories", "--replace-model-answers", env=env)
    assert (
        line.record("taxonomy_categories", "public-two2")["provenance"]["code_version"]
        != (record["provenance"]["code_version"])
    )
