"""The catalogue over real folders and manifests: what makes it due, whose ids stay, who is admitted."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from assets.batch import Settle
from assets.catalogue import catalogue, sources_mark
from assets.videos import raw_videos
from vidpipe import keys
from vidpipe.corpus.notices import details, notices
from vidpipe.ledger.snapshot import inputs_of
from vidpipe.ports import Project, WorkerPool
from vidpipe.recipe.schema import Recipe
from vidpipe.store.documents import encode_rows, read_record
from vidpipe.workers.processes import Done, Task
from vidpipe_tests.clips import make_clip
from vidpipe_tests.projects import InPlace, project_at


@dataclass(frozen=True)
class Meanwhile:
    """A worker pool beside which something else happens."""

    happens: Callable[[], object]

    def run(self, tasks: Iterable[Task], stopped: Callable[[], bool]) -> Iterator[Done]:
        """Each task once, after that."""
        self.happens()
        yield from InPlace().run(tasks, stopped)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    return folder


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as one:
        yield one


def put(folder: Path, *names: str) -> None:
    """Files that no header can be read of, each with its own content."""
    for name in names:
        (folder / name).write_text(name)


def project_on(folder: Path, *, workers: WorkerPool | None = None, **recipe: Any) -> Project:
    """A project whose source is `videos` in `folder`, where the recipe names no others."""
    return project_at(folder, Recipe(**{"sources": ("videos",), **recipe}), workers=workers)


def make(project: Project, instance: dg.DagsterInstance) -> bool:
    """Make the catalogue; whether that went well."""
    return dg.materialize(
        [catalogue.of(project.line(), batch_size=1)],
        instance=instance,
        resources={"project": project},
        raise_on_error=False,
    ).success


def ids(project: Project) -> dict[str, str]:
    """Ids by file name."""
    rows = project.tables.rows("catalogue").filter(pl.col("path").is_not_null())
    return {Path(path).name: video_id for path, video_id in rows.select("path", "video_id").iter_rows()}


def is_due(project: Project) -> bool:
    """Whether the sources show something else than the catalogue was made from."""
    entry = project.ledger.snapshot().entry("catalogue", "")
    return entry is None or inputs_of(entry.inputs)["sources"] != sources_mark(project)


def outcomes(project: Project) -> dict[str, str]:
    """The verdict on each row, by video id."""
    return {video_id: row.outcome for video_id, row in project.ledger.snapshot().rows["catalogue"].items()}


def parts(project: Project, video_id: str) -> dict[str, str]:
    """The versions of a row's parts."""
    row = project.ledger.snapshot().row("catalogue", video_id)
    assert row is not None
    return dict(json.loads(row.parts))


# --- when it is due ---


def test_a_file_that_arrives_while_the_catalogue_is_made_makes_it_due(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance
) -> None:
    put(videos, "a.mp4")
    late = Meanwhile(lambda: put(videos, "b.mp4"))
    project = project_on(tmp_path, workers=late, catalogue={"max_duration_s": 9})
    assert make(project, instance)
    assert is_due(project)
    later = project_on(tmp_path, catalogue={"max_duration_s": 9})
    assert make(later, instance)
    assert not is_due(later)
    assert ids(later) == {"a.mp4": "a", "b.mp4": "b"}


def test_a_file_that_a_manifest_names_and_that_grows_meanwhile_makes_it_due(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance
) -> None:
    put(videos, "a.mp4")
    (videos / "m.csv").write_text("path\na.mp4\n")
    late = Meanwhile(lambda: (videos / "a.mp4").write_text("a.mp4, all of it"))
    project = project_on(tmp_path, workers=late, sources=("videos/m.csv",), catalogue={"max_duration_s": 9})
    assert make(project, instance)
    assert is_due(project)
    later = project_on(tmp_path, sources=("videos/m.csv",), catalogue={"max_duration_s": 9})
    assert make(later, instance)
    assert not is_due(later)


@pytest.mark.parametrize("name", ["a.en.vtt", "a.info.json", "a.de.vtt"])
def test_sidecars_of_a_manifests_videos_make_it_due(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance, name: str
) -> None:
    put(videos, "a.mp4", "a.en.vtt", "a.info.json")
    (videos / "m.csv").write_text("path\na.mp4\n")
    project = project_on(tmp_path, sources=("videos/m.csv",))
    assert make(project, instance)
    assert not is_due(project)
    (videos / name).write_text("other content")
    assert is_due(project)


@pytest.mark.parametrize("name", ["b.mp4", "subs/a.srt"])
def test_what_a_manifest_names_is_looked_for_until_it_comes(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance, name: str
) -> None:
    put(videos, "a.mp4")
    (videos / "subs").mkdir()
    (videos / "m.csv").write_text("id,path,captions\none,a.mp4,subs/a.srt\ntwo,b.mp4,\n")
    project = project_on(tmp_path, sources=("videos/m.csv",))
    assert make(project, instance)
    assert outcomes(project) == {"one": "ok", "two": "dropped"}
    assert not is_due(project)
    (videos / name).write_text("1\n00:00:00,000 --> 00:00:01,000\nword\n")
    assert is_due(project)
    assert make(project, instance)
    assert not is_due(project)
    assert outcomes(project)["two"] == ("ok" if name == "b.mp4" else "dropped")
    assert project.tables.row("catalogue", "one")["word_count"] == (1 if name == "subs/a.srt" else None)


def test_a_sidecar_that_goes_and_comes_back_makes_it_due(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance
) -> None:
    put(videos, "a.mp4")
    (videos / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nword\n")
    (videos / "m.csv").write_text("path\na.mp4\n")
    project = project_on(tmp_path, sources=("videos/m.csv",))
    assert make(project, instance)
    for there, back in ((videos / "a.srt", tmp_path / "a.srt"), (tmp_path / "a.srt", videos / "a.srt")):
        there.rename(back)
        assert is_due(project)
        assert make(project, instance)
        assert not is_due(project)
        assert project.tables.row("catalogue", "a")["word_count"] == (1 if back.parent == videos else None)


def test_a_catalogue_of_an_older_version_is_read(tmp_path: Path, videos: Path, instance: dg.DagsterInstance) -> None:
    put(videos, "a.mp4", "b.mp4")
    project = project_on(tmp_path)
    assert make(project, instance)
    rows = project.tables.rows("catalogue").drop("tried")
    project.store.put(keys.table_rows("catalogue"), encode_rows(rows))
    (videos / "b.mp4").unlink()
    assert make(project_on(tmp_path), instance)
    assert outcomes(project) == {"a": "ok", "b": "dropped"}


def test_a_manifests_file_that_goes_and_comes_back_keeps_its_id(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance
) -> None:
    put(videos, "a.mp4", "b.mp4")
    (videos / "m.csv").write_text("path\na.mp4\nb.mp4\n")
    project = project_on(tmp_path, sources=("videos/m.csv",))
    assert make(project, instance)
    (videos / "b.mp4").rename(tmp_path / "away.mp4")
    assert is_due(project)
    assert make(project, instance)
    assert not is_due(project)
    rows = project.ledger.snapshot().rows["catalogue"]
    assert {video_id: row.reason for video_id, row in rows.items()} == {"a": None, "b": "no such file"}
    (tmp_path / "away.mp4").rename(videos / "b.mp4")
    assert is_due(project)
    assert make(project, instance)
    assert outcomes(project) == {"a": "ok", "b": "ok"}


def test_a_link_that_leaves_is_looked_at_again_when_the_file_itself_takes_its_place(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance
) -> None:
    put(tmp_path, "a.mp4")
    (tmp_path / "a.en.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nword\n")
    for name in ("a.mp4", "a.en.vtt"):
        (videos / name).symlink_to(tmp_path / name)
    (videos / "m.csv").write_text("id,path\nx,a.mp4\n")
    project = project_on(tmp_path, sources=("videos/m.csv",))
    for name in ("a.mp4", "a.en.vtt"):
        assert make(project, instance)
        assert not is_due(project)
        (tmp_path / name).rename(videos / name)
        assert is_due(project)
    assert make(project, instance)
    assert outcomes(project) == {"x": "ok"}
    assert project.tables.row("catalogue", "x")["captions"]


def test_a_missing_file_that_comes_while_the_catalogue_is_made_makes_it_due(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance
) -> None:
    put(videos, "a.mp4")
    (videos / "m.csv").write_text("path\na.mp4\nb.mp4\n")
    late = Meanwhile(lambda: put(videos, "b.mp4"))
    project = project_on(tmp_path, workers=late, sources=("videos/m.csv",), catalogue={"max_duration_s": 9})
    assert make(project, instance)
    assert is_due(project)


@pytest.mark.parametrize("manifest", [True, False])
def test_broken_sidecars_are_told_and_read_when_they_are_mended(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance, *, manifest: bool
) -> None:
    put(videos, "a.mp4", "a.srt", "a.info.json")
    (videos / "m.csv").write_text("path\na.mp4\n")
    project = project_on(tmp_path, sources=("videos/m.csv" if manifest else "videos",))
    assert make(project, instance)
    assert not is_due(project)
    row = project.tables.row("catalogue", "a")
    assert row["detail"] == "a.info.json: no JSON; a.srt: no captions in it"
    assert (row["info_path"], row["captions"], row["word_count"]) == (None, [], None)
    before = parts(project, "a")
    (videos / "a.info.json").write_text('{"title": "Told"}')
    (videos / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nword\n")
    assert is_due(project)
    assert make(project, instance)
    assert not is_due(project)
    row = project.tables.row("catalogue", "a")
    assert (row["detail"], row["title"], row["word_count"]) == (None, "Told", 1)
    assert row["info_path"] == str(videos / "a.info.json")
    assert parts(project, "a")["files"] != before["files"]


def test_an_interrupted_catalogue_settles_nothing(tmp_path: Path, videos: Path, instance: dg.DagsterInstance) -> None:
    put(videos, "a.mp4")
    project = project_on(tmp_path, catalogue={"max_duration_s": 9})
    project.stop.set()
    assert not make(project, instance)
    assert is_due(project)
    assert not project.ledger.snapshot().rows


def test_only_headers_of_new_and_changed_files_are_read(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance
) -> None:
    make_clip(videos / "a.mp4", [(1, 1)], fps=10, size=(64, 48))
    put(videos, "none.mp4", "changes.mp4")
    workers = InPlace()
    project = project_on(tmp_path, workers=workers, catalogue={"min_duration_s": 0.5})
    assert make(project, instance)
    before = project.tables.rows("catalogue")
    workers.begun.clear()
    put(videos, "new.mp4")
    (videos / "changes.mp4").write_text("other content")
    assert make(project, instance)
    assert sorted(map(os.path.basename, workers.begun)) == ["changes.mp4", "new.mp4"]
    again = project.tables.rows("catalogue").filter(pl.col("video_id") == "a")
    assert again.equals(before.filter(pl.col("video_id") == "a"))
    assert again["duration_s"].item() == pytest.approx(1, abs=0.1)


# --- ids ---


@pytest.mark.parametrize("content", [None, b"no table"])
def test_a_lost_table_swaps_no_ids(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance, content: bytes | None
) -> None:
    put(videos, "a.mp4")
    project = project_on(tmp_path)
    assert make(project, instance)
    put(videos, "a.avi")
    table = tmp_path / "store/tables/catalogue.parquet"
    if content is None:
        table.unlink()
    else:
        table.write_bytes(content)
    assert make(project_on(tmp_path), instance)
    assert ids(project_on(tmp_path)) == {"a.mp4": "a", "a.avi": "a.avi"}


def test_a_file_that_a_rule_drops_keeps_its_id(tmp_path: Path, videos: Path, instance: dg.DagsterInstance) -> None:
    put(videos, "a.mp4")
    strict = project_on(tmp_path, catalogue={"min_words_per_s": 0.5})
    assert make(strict, instance)
    assert outcomes(strict) == {"a": "dropped"}
    put(videos, "a.avi")
    open_to_all = project_on(tmp_path)
    assert make(open_to_all, instance)
    assert ids(open_to_all) == {"a.mp4": "a", "a.avi": "a.avi"}


def test_a_dropped_row_takes_no_other_rows_name(tmp_path: Path, videos: Path, instance: dg.DagsterInstance) -> None:
    put(videos, "a.mp4", "b.mp4", "c.mp4")
    (videos / "m.csv").write_text("id,path\nx,a.mp4\nx,b.mp4\nx (row 2),c.mp4\n")
    project = project_on(tmp_path, sources=("videos/m.csv",))
    assert make(project, instance)
    assert sorted(outcomes(project).values()) == ["dropped", "ok", "ok"]
    assert outcomes(project)["x (row 2)"] == "ok"


# --- what it tells ---


def test_details_say_where_under_the_ids_that_status_shows(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance
) -> None:
    put(videos, "a.mp4", "b.mp4")
    (videos / "m.csv").write_text("id,path,view_count\nx,a.mp4,many\nx,b.mp4,1\ny,none.mp4,1\nz,b.mp4,1\n")
    project = project_on(tmp_path, sources=("videos/m.csv",))
    assert make(project, instance)
    assert details(project.tables) == {
        "x": "m.csv line 2 column view_count: many is no whole number",
        "x (row 2)": "m.csv line 3 column id: x stands already in line 2",
        "y": "m.csv line 4 column path: none.mp4 is no file",
    }
    assert set(outcomes(project)) == {"x", "x (row 2)", "y", "z"}
    (videos / "m.csv").write_text("id,path\nx,a.mp4\n")
    assert make(project, instance)
    assert details(project.tables) == {}


def test_what_looks_like_a_mistake_is_told_until_it_is_mended(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance
) -> None:
    put(videos, "a.mp4")
    (tmp_path / "none").mkdir()
    (videos / "m.csv").write_text("path,titel\na.mp4,T\n")
    project = project_on(tmp_path, sources=("none", "videos/m.csv"), layout="{series}/{episode}")
    assert make(project, instance)
    assert notices(project.store) == (
        "no videos found in none",
        "m.csv: unknown column 'titel'; did you mean title?",
        "layout '{series}/{episode}' fits none of 1 files, such as 'a'",
    )
    assert outcomes(project) == {"a": "ok"}
    (videos / "m.csv").unlink()
    mended = project_on(tmp_path)
    assert make(mended, instance)
    assert notices(mended.store) == ()


# --- who is admitted ---


def test_a_new_file_that_sorts_first_evicts_nobody(tmp_path: Path, videos: Path, instance: dg.DagsterInstance) -> None:
    put(videos, "m.mp4", "n.mp4", "o.mp4")
    project = project_on(tmp_path, max_partitions=2)
    assert make(project, instance)
    put(videos, "a.mp4")
    assert make(project, instance)
    assert outcomes(project) == {"a": "pending", "m": "ok", "n": "ok", "o": "pending"}
    assert instance.get_dynamic_partitions("video") == ["m", "n"]
    (videos / "m.mp4").unlink()
    assert make(project, instance)
    assert outcomes(project) == {"a": "ok", "m": "dropped", "n": "ok", "o": "pending"}


def test_a_home_folder_is_a_root(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "films").mkdir(parents=True)
    put(home / "films", "a.mp4")
    monkeypatch.setenv("HOME", str(home))
    (videos / "m.csv").write_text(f"path\n{home}/films/a.mp4\n")
    project = project_on(tmp_path, sources=("videos/m.csv",), roots=("~/films",))
    assert make(project, instance)
    assert outcomes(project) == {"a": "ok"}


# --- the videos below ---


def take(project: Project, instance: dg.DagsterInstance, video_id: str) -> bool:
    """Run `raw_videos` on one video; whether that went well."""
    resources = {"project": project, "settle": Settle()}
    key = keys.segment(video_id)
    return dg.materialize(
        [raw_videos.of(project.line(), batch_size=1)],
        instance=instance,
        partition_key=key,
        resources=resources,
        raise_on_error=False,
    ).success


def test_a_file_that_is_away_now_may_come_back(tmp_path: Path, videos: Path, instance: dg.DagsterInstance) -> None:
    make_clip(videos / "a.mp4", [(1, 1)], fps=10, size=(64, 48))
    project = project_on(tmp_path)
    assert make(project, instance)
    (videos / "a.mp4").rename(tmp_path / "away.mp4")
    assert not take(project, instance, "a")
    assert project.ledger.snapshot().attempts["raw_videos"]["a"].reason == "store: the source file is not there"
    (tmp_path / "away.mp4").rename(videos / "a.mp4")
    assert take(project, instance, "a")
    assert read_record(project.store, "raw_videos", "a").outcome == "ok"


def test_the_info_file_is_stored_as_it_is_and_followed(
    tmp_path: Path, videos: Path, instance: dg.DagsterInstance
) -> None:
    for name in ("a.mp4", "b.mp4"):
        make_clip(videos / name, [(1, 1)], fps=10, size=(64, 48))
    (videos / "a.info.json").write_text('{"title": "One", "x": 1}')
    project = project_on(tmp_path)
    assert make(project, instance)
    assert take(project, instance, "a")
    before = parts(project, "a")
    (videos / "a.info.json").write_text('{"title": "Two", "x": 1}')
    assert make(project, instance)
    assert parts(project, "a")["files"] != before["files"]
    assert take(project, instance, "a")
    assert project.store.get(keys.raw_info("a")) == b'{"title": "Two", "x": 1}'
    assert take(project, instance, "b")
    assert "info" not in read_record(project.store, "raw_videos", "b").where


def test_two_fresh_projects_have_the_same_versions(tmp_path: Path, videos: Path, instance: dg.DagsterInstance) -> None:
    put(videos, "a.mp4", "a.en.vtt", "a.info.json")
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        project = project_on(tmp_path / name, sources=(str(videos),))
        assert make(project, instance)
        entry = project.ledger.snapshot().entry("catalogue", "")
        assert entry is not None
        found.append((parts(project, "a"), entry.inputs))
    assert found[0] == found[1]
