"""Videos that go away and come back, and what is asked for of only some of them."""

from pathlib import Path

import pytest

from vidpipe_tests.e2e.projects import Line, make_small, make_sources


@pytest.fixture
def line(tmp_path: Path) -> Line:
    made = Line.at(tmp_path / "project", make_sources(tmp_path / "videos", 2))
    made.run()
    return made


def test_a_file_that_comes_back_is_a_member_again_without_new_work(line: Line, tmp_path: Path) -> None:
    before = line.stamps()
    away = tmp_path / "v0.mp4"
    (tmp_path / "videos" / "v0.mp4").rename(away)
    line.run()
    assert (line.status()["videos"], line.status()["selected"]) == (3, 1)
    assert line.counts("catalogue")["dropped"] == {"no longer in the source": 1}
    away.rename(tmp_path / "videos" / "v0.mp4")
    line.run()
    assert (line.status()["videos"], line.status()["selected"]) == (4, 2)
    assert line.stamps() == before
    line.is_whole()


def test_exit_codes_speak_of_what_was_asked_for_alone(line: Line, tmp_path: Path) -> None:
    (line.folder / "store" / "shots" / "v2.json").mkdir()
    make_small(tmp_path / "videos" / "v2.mp4", 2)
    make_small(tmp_path / "videos" / "v3.mp4", 3)
    line.run("--ids", "v3")
    line.run("--ids", "v2", code=1)
    line.run("--ids", "v0,v3")
    line.run("--ids", "empty")
    assert "no such video" in line.run("--ids", "nobody", code=2)
    line.run(code=1)
    (line.folder / "store" / "shots" / "v2.json").rmdir()
    assert line("retry").returncode == 0
    line.is_whole()
    assert line("retry").returncode == 0


def test_status_of_one_video_tells_its_whole_way(line: Line) -> None:
    items = line.status("empty")["items"]
    assert [(item["asset"], item["outcome"]) for item in items][:3] == [
        ("catalogue", "ok"),
        ("raw_videos", "unusable"),
        ("dynamic_videos", "skipped"),
    ]
