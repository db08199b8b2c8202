"""`vidpipe lineage` on a project that has run: from source to rows and back, and what is told when records are lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from vidpipe_tests.browser import browser
from vidpipe_tests.e2e.projects import Line

KEYS = {
    "asset",
    "outcome",
    "data_version",
    "code_version",
    "inputs",
    "model",
    "prompt",
    "run_id",
    "cost_usd",
    "finished",
}


@pytest.fixture(scope="module")
def line(finished: Line, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A copy of the project that has run, in which nothing is changed."""
    return finished.copy(tmp_path_factory.mktemp("lineage") / "project")


def told(line: Line, *args: str, code: int = 0) -> dict[str, Any]:
    """`vidpipe lineage --json`."""
    done = line("lineage", "--json", *args)
    assert done.returncode == code, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def rows_of(line: Line, name: str) -> list[dict[str, Any]]:
    """The rows of a dataset."""
    text = (line.folder / "store" / "datasets" / name / "metadata.jsonl").read_text("utf-8")
    return [json.loads(row) for row in text.splitlines()]


def test_every_row_is_found_from_its_video_and_leads_back_to_it(line: Line) -> None:
    found = told(line, "v1")
    assert all(one.keys() >= KEYS for one in found["artifacts"])
    assert found["source"]["sha256"] == line.record("raw_videos", "v1")["value"]["sha256"]
    assert {one["name"] for one in found["published"]} == {"scenes", "segments"}
    for row in found["published"]:
        published = rows_of(line, row["name"])[row["row"]]
        assert (published["video_id"], published["file_name"]) == ("v1", row["file_name"])
        assert (row["row_sha256"], row["is_current"]) == (published["row_sha256"], True)
        assert told(line, f"{row['name']}:{row['row']}") == found
        assert told(line, "--row", f"{row['name']}:{row['file_name']}") == found


def test_what_kept_a_video_out_is_told(line: Line) -> None:
    found = told(line, "empty")
    by_name = {one["asset"]: one for one in found["artifacts"]}
    assert (by_name["raw_videos"]["outcome"], by_name["raw_videos"]["reason"]) == ("unusable", "empty file")
    assert by_name["dynamic_videos"]["outcome"] == "skipped"
    assert found["published"] == []
    assert "raw_videos: unusable (empty file)" in line("lineage", "empty").stdout


def test_what_is_altered_or_missing_is_named_and_the_rest_is_told(line: Line, tmp_path: Path) -> None:
    line = line.copy(tmp_path / "project")
    shots, signals = line.record_path("shots", "v0"), line.record_path("video_signals", "v0")
    shots.write_text(shots.read_text("utf-8").replace('"run_id": "', '"run_id": "x'), "utf-8")
    signals.unlink()
    line.record_path("aligned_metadata", "v0").write_text("no record")
    before = told(line, "v1")
    found = told(line, "v0", code=1)
    problems = {one["asset"]: one["problem"] for one in found["artifacts"] if one["problem"]}
    assert problems == {
        "shots": "its record was altered",
        "video_signals": "its record is missing",
        "aligned_metadata": "its record cannot be read",
    }
    assert [one["asset"] for one in found["artifacts"]] == [one["asset"] for one in before["artifacts"]]
    done = line("lineage", "v0")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "problem: shots: its record was altered" in done.stdout
    page = line("lineage", "v0", "--html")
    assert page.returncode == 1
    assert "its record was altered" in Path(page.stdout.strip()).read_text("utf-8")


def test_the_page_shows_the_line_and_leads_to_its_artifacts(line: Line, tmp_path: Path) -> None:
    done = line("lineage", "segments:0", "--html", str(tmp_path / "here.html"))
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'here.html'}\n")
    for words in (("--html", "v0"), ("v0", "--html")):
        assert line("lineage", *words).stdout == f"{line.folder / 'lineage' / 'v0.html'}\n"
    with browser(tmp_path / "profile") as tab:
        tab.open((tmp_path / "here.html").as_uri())
        assert tab.value("document.querySelectorAll('svg .box.ok').length") == len(told(line, "v0")["artifacts"])
        assert tab.value("document.querySelectorAll('#published tbody tr').length") == 2
        tab.click("svg .box[data-name=aligned_metadata]")
        tab.wait_for("document.querySelector('#aligned_metadata:target')")
        assert (tab.said, len(tab.requests)) == ([], 1)


def test_one_thing_at_a_time_is_asked_for(line: Line) -> None:
    for words, said in (
        ((), "name one thing"),
        (("v0", "--row", "scenes:0"), "name one thing"),
        (("--prompt", "ab", "--html"), "--html shows a video"),
        (("v0", "--json", "--html"), "--html shows a video"),
        (("--row", "v0"), "need DATASET:ROW"),
        (("scenes:99",), "no such row"),
        (("--prompt", "0" * 64), "no prompt of this project"),
        (("--call", "nobody"), "no call of this project"),
        (("nobody",), "no such video"),
        (("--prompt", ""), "no prompt was used here"),
        (("--call", ""), "need a call's address"),
        (("--row", ""), "need DATASET:ROW"),
        (("--prompt", "", "--html"), "--html shows a video"),
        (("",), "no such video"),
    ):
        done = line("lineage", *words)
        assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (2, "", False), words
        assert said in done.stderr, words
