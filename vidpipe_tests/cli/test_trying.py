import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from vidpipe.cli.trial_videos import Problem, problem_of
from vidpipe.errors import BudgetError, StoreFullError, TransientServiceError, UnreadableVideoError, WaitingError
from vidpipe_tests.e2e.projects import Line, make_small, make_sources


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    """A project that asks nobody and never ran; tests leave it so."""
    folder = tmp_path_factory.mktemp("trying")
    make_sources(folder / "videos", 2)
    make_small(folder / "videos" / "an odd #1 ?%.mp4", 3)
    (folder / "videos" / "v0.json").write_text(json.dumps({"title": "</script><b>x"}))
    return Line.at(folder / "project", folder / "videos")


def shown(page: Path) -> dict[str, Any]:
    """What a page's script reads."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["--variant", "fast:modell=x"], "--variant fast: annotation.modell: unknown key; did you mean model?"),
        (["--variant", "fast"], "write NAME:KEY=VALUE"),
        (["--variant", "fast:annotator=gemini"], "a paid service needs budget_usd"),
        (["--variant", "fast:prompts=videos"], "--variant fast: prompts: there is no folder 'videos'"),
        (["--ids", "nobody"], "--ids: no such video in the catalogue: 'nobody'"),
        (["--ids", ""], "--ids: names no video"),
        (["--max-usd", "nan"], "--max-usd: need US$ of at least 0, got nan"),
        (["--max-usd", "-1"], "--max-usd: need US$ of at least 0, got -1.0"),
        (["--out", "page.txt"], "--out: page.txt is no .html file"),
        (["--out", "nowhere/page.html"], "--out: nowhere/page.html cannot be written"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_asked(line: Line, args: list[str], why: str) -> None:
    done = line("try", *args)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stderr
    assert why in done.stderr


def test_prompts_that_nobody_reads_are_a_mistake(line: Line, tmp_path: Path) -> None:
    done = line("try", "--variant", f"p:prompts={tmp_path}")
    assert (done.returncode, "the offline annotator reads none" in done.stderr) == (2, True)
    recipe, text = line.folder / "recipe.yaml", (line.folder / "recipe.yaml").read_text("utf-8")
    recipe.write_text(text.replace("budget_usd: null", "budget_usd: 1"), "utf-8")
    try:
        none = line("try", "--variant", f"p:prompts={tmp_path}", "--variant", "p:annotator=gemini")
        (tmp_path / "annotation.md").write_text("About {nothing}.")
        odd = line("try", "--ids", "v0", "--variant", f"p:prompts={tmp_path}", "--variant", "p:annotator=gemini")
        dear = line("try", "--variant", "p:annotator=gemini", "--variant", "p:model=gemini-99")
    finally:
        recipe.write_text(text, "utf-8")
    assert (none.returncode, f"prompts: {tmp_path} has none of annotation.md" in none.stderr) == (2, True)
    assert (odd.returncode, f"{tmp_path}/annotation.md: {{nothing}} is no field" in odd.stderr) == (2, True)
    assert (dear.returncode, "no price of 'gemini-99'" in dear.stderr) == (2, True)


def test_who_asks_nobody_sees_what_is_measured_for_nothing(line: Line, tmp_path: Path) -> None:
    page = tmp_path / "page of mine.html"
    done = line("try", "--json", "--limit", "4", "--out", str(page))
    assert done.returncode == 0, done.stderr
    assert "empty: unusable, empty file: another is taken." in done.stderr
    told = json.loads(done.stdout)
    assert told["page"] == str(page)
    assert {take["video_id"] for take in told["takes"]} == {"v0", "v1", "an odd #1 ?%"}
    assert told["variants"][0]["cost_usd"] == told["variants"][0]["projected_usd"] == 0
    films = {film["video_id"]: film for film in shown(page)["videos"]}
    assert films["v0"]["title"] == "</script><b>x"
    assert len(films["v0"]["shots"]) == len(films["v0"]["takes"][0]["told"]["scenes"]) == 2
    odd = page.parent / unquote(films["an odd #1 ?%"]["href"])
    assert odd.resolve() == (line.folder.parent / "videos" / "an odd #1 ?%.mp4").resolve()
    assert list((line.folder / "store").iterdir()) == []
    assert "Page: file:" in line("try", "--ids", "v0", "--out", str(page)).stdout


def test_trouble_with_a_video_is_told_as_a_run_tells_it() -> None:
    assert problem_of(UnreadableVideoError("no video stream")) == Problem("unusable", "no video stream")
    assert problem_of(BudgetError()) == Problem("pending", "budget")
    assert problem_of(WaitingError("shots")) == Problem("pending", "waits for shots")
    assert problem_of(StoreFullError("a", "b")) == Problem("failed", "store full")
    assert problem_of(TransientServiceError("gemini", "busy")) == Problem("failed", "gemini: busy")
    assert not Problem("failed", "").is_final
