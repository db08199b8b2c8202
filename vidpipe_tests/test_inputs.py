"""What a stage reads of a video: found where it is now; what the store has lost is noted, and made again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from assets.reading import frame_table
from vidpipe import keys
from vidpipe.batch import Work, run_batch
from vidpipe.errors import MissingObjectError, WaitingError
from vidpipe.inputs import Inputs
from vidpipe.ledger.snapshot import Row, as_text
from vidpipe.ports import Project
from vidpipe.records import Outcome
from vidpipe.tables import Made, settle_table
from vidpipe_tests.lines import DEFAULT
from vidpipe_tests.projects import admit, project_at


def catalogued(project: Project, path: Path) -> None:
    """The catalogue, with the video `a` at this path; a row that was dropped shares its id."""
    index = {"a": Row("ok", None, as_text({"files": "f", "texts": "t"}), "")}
    rows = pl.DataFrame({"video_id": ["a", "a"], "keep": [False, True], "path": ["elsewhere", str(path)]})
    settle_table(project, "catalogue", Made(rows, index, {}), run_id="run", seconds=0.0)


def recorded(project: Project, asset: str, where: Mapping[str, Any]) -> None:
    """A record of `a` that names files."""
    outcome = Outcome("ok", where=where, parts={"media": "m", "captions": "c"})
    list(run_batch(project, asset, ["a"], Work(lambda _inputs: outcome), "run"))


def inputs_of(project: Project) -> Inputs:
    """What `shots` may read of `a`."""
    return Inputs(project, DEFAULT["shots"], "a", "a", {})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one video, whose record knows the folder it was in first."""
    made = project_at(tmp_path)
    admit(made, "a")
    recorded(
        made, "raw_videos", {"media": str(tmp_path / "old/a.mp4"), "captions": {"en": "raw_videos/a/captions.vtt"}}
    )
    return made


def is_damaged(project: Project, asset: str) -> bool:
    return project.ledger.is_damaged(asset, "a")


def test_a_video_in_a_folder_that_moved_is_read_where_it_is_now(project: Project, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new/a.mp4").write_bytes(b"video")
    catalogued(project, tmp_path / "new/a.mp4")
    assert inputs_of(project).video_file() == tmp_path / "new/a.mp4"


def test_a_source_file_that_is_away_is_a_failure_that_may_pass(project: Project, tmp_path: Path) -> None:
    catalogued(project, tmp_path / "new/a.mp4")
    with pytest.raises(MissingObjectError, match="the source file is not there"):
        inputs_of(project).video_file()
    assert not is_damaged(project, "raw_videos")


def test_a_video_that_the_store_has_lost_is_made_again(project: Project) -> None:
    recorded_key = keys.raw_video("a", "mp4")
    project.ledger.mark_damaged("raw_videos", ["a"])
    recorded(project, "raw_videos", {"media": recorded_key})
    with pytest.raises(WaitingError, match="raw_videos"):
        inputs_of(project).video_file()
    assert is_damaged(project, "raw_videos")
    assert project.ledger.damage.of_records("raw_videos") == {}, "its record alone does not make it whole"


@pytest.mark.parametrize("data", [None, b"", b"no parquet", b"PAR1" + bytes(100) + b"PAR1"])
def test_frames_that_the_store_has_lost_are_made_again(project: Project, data: bytes | None) -> None:
    for asset in ("dynamic_videos", "taxonomy_categories"):
        recorded(project, asset, {})
    project.ledger.set_rows("selection", {"a": Row("ok", None, as_text({"row": "r"}), "")})
    recorded(project, "selected_videos", {})
    recorded(project, "video_signals", {"frames": keys.signals("a", "frames.parquet")})
    if data is not None:
        project.store.put(keys.signals("a", "frames.parquet"), data)
    with pytest.raises(WaitingError, match="video_signals"):
        frame_table(inputs_of(project))
    assert is_damaged(project, "video_signals")


def test_a_file_of_another_size_than_its_record_tells_is_made_again(project: Project) -> None:
    key = keys.proxy("a")
    project.store.put(key, b"proxy")
    recorded(project, "dynamic_videos", {"media": key, "bytes": {key: 5}})
    assert inputs_of(project).file("dynamic_videos", "media").read_bytes() == b"proxy"
    project.store.put(key, b"half")
    with pytest.raises(WaitingError, match="dynamic_videos"):
        inputs_of(project).file("dynamic_videos", "media")
    assert is_damaged(project, "dynamic_videos")


def test_captions_that_the_store_has_lost_are_made_again(project: Project) -> None:
    with pytest.raises(WaitingError, match="raw_videos"):
        inputs_of(project).file("raw_videos", "captions", "en")
    assert is_damaged(project, "raw_videos")


def test_a_table_without_the_video_is_waited_for(project: Project) -> None:
    with pytest.raises(WaitingError, match="selection"):
        inputs_of(project).row("selection")
