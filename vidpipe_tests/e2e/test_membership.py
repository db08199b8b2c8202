"""Videos that are added, go away and come back, and what is asked for of only some of them."""

from pathlib import Path

import pytest

from vidpipe_tests.e2e.projects import Line, make_small, make_sources


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A project with videos of its own that has run once; each test goes on where the one before it ended."""
    folder = tmp_path_factory.mktemp("membership")
    made = Line.at(folder / "project", make_sources(folder / "videos", 2))
    made.run()
    return made


def test_one_more_video_touches_no_other(line: Line) -> None:
    before = line.stamps()
    make_small(line.videos / "v9.mp4", 9)
    (line.videos / "v0.mov").write_bytes((line.videos / "v1.mp4").read_bytes())
    line.run("--only", "catalogue")
    document = line.status()
    assert all(c["stale"] == 0 for c in document["assets"] if c["unit"] == "video")
    assert line.counts("raw_videos")["pending"] == {"not reached": 2}
    line.run()
    after = line.stamps()
    assert {name: after[name] for name in before} == before
    assert line.record("raw_videos", "v0")["where"]["media"].endswith("v0.mp4")
    assert line.record("shots", "v0.mov")["outcome"] == "ok"
    line.is_whole()


def test_a_file_that_comes_back_is_a_member_again_without_new_work(line: Line, tmp_path: Path) -> None:
    before, document = line.stamps(), line.status()
    n_videos, n_selected = document["videos"], document["selected"]
    (line.videos / "v9.mp4").rename(tmp_path / "v9.mp4")
    line.run()
    document = line.status()
    assert (document["videos"], document["selected"]) == (n_videos - 1, n_selected - 1)
    assert line.counts("catalogue")["dropped"] == {"no longer in the source": 1}
    (tmp_path / "v9.mp4").rename(line.videos / "v9.mp4")
    line.run()
    document = line.status()
    assert (document["videos"], document["selected"]) == (n_videos, n_selected)
    assert line.stamps() == before
    line.is_whole()


def test_status_of_one_video_tells_its_whole_way(line: Line) -> None:
    items = line.status("empty")["items"]
    assert [(item["asset"], item["outcome"]) for item in items][:3] == [
        ("catalogue", "ok"),
        ("raw_videos", "unusable"),
        ("dynamic_videos", "skipped"),
    ]


def test_what_was_not_asked_for_is_pending_and_the_run_still_done(finished: Line, tmp_path: Path) -> None:
    line = finished.copy(tmp_path / "project")
    recipe = line.folder / "recipe.yaml"
    text = recipe.read_text("utf-8")
    assert "max_partitions: null" in text
    recipe.write_text(text.replace("max_partitions: null", "max_partitions: 4"), "utf-8")
    line.run()
    assert line.counts("catalogue")["pending"] == {"not asked for": 2}
    line.is_whole()


def test_exit_codes_speak_of_what_was_asked_for_alone(finished: Line, tmp_path: Path) -> None:
    line = finished.copy(tmp_path / "project")
    for video_id in ("v0", "v1", "empty"):
        line.record_path("raw_videos", video_id).unlink()
    line.status("--verify", code=1)
    blocked = line.record_path("raw_videos", "v1")
    blocked.mkdir()
    line.run("--ids", "v1", "--only", "raw_videos", code=1)
    line.run("--ids", "v0,empty", "--only", "raw_videos")
    assert line.record("raw_videos", "empty")["outcome"] == "unusable"
    assert "no such video" in line.run("--ids", "nobody", code=2)
    line.run("--only", "raw_videos", code=1)
    blocked.rmdir()
    assert line("retry").returncode == 0
    line.is_whole()
    assert line("retry").returncode == 0
