"""`vidpipe accept`: stale records are declared valid, at no cost, and the lineage says by whose word."""

import json
from pathlib import Path

from vidpipe_tests.e2e.projects import Line


def changed(finished: Line, folder: Path) -> Line:
    """A copy of a finished project whose recipe wants other shots."""
    line = finished.copy(folder)
    recipe = line.folder / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("  threshold: null", "  threshold: 40.0"))
    return line


def shots_of(line: Line, video_id: str) -> dict[str, object]:
    """A video's record of `shots`."""
    document: dict[str, object] = json.loads((line.folder / f"store/shots/{video_id}.json").read_text())
    return document


def test_what_is_accepted_is_stale_no_more_and_is_not_made_again(finished: Line, tmp_path: Path) -> None:
    line = changed(finished, tmp_path / "project")
    before = shots_of(line, "v0")
    assert line.counts("shots")["stale"] == 4
    because = "shots: its recipe changed; shots > aligned_metadata > scene_dataset"
    assert line.counts("scene_dataset")["stale_because"] == because
    assert f"the table  scene_dataset  ok  (stale: {because})" in line("status", "--videos").stdout
    assert line("accept", "shots", "--ids", "v0", "--reason", "cuts were looked at").stdout == "1 accepted\n"
    assert line.counts("shots")["stale"] == 3
    assert line("accept", "shots", "--reason", "so were these\x1b[2J").stdout == "3 accepted\n"
    assert line("accept", "shots", "--reason", "again").stdout == "0 accepted\n"
    assert {c["stale"] for c in line.status()["assets"]} == {0}
    accepted = [shots_of(line, name) for name in ("v0", "v1")]
    line.record_path("shots", "v0").unlink()
    line.record_path("shots", "v1").write_text("no record")
    line.run()
    assert [shots_of(line, name) for name in ("v0", "v1")] == accepted, "what was lost is put back as it was accepted"
    after = shots_of(line, "v0")
    assert (after["value"], after["data_version"]) == (before["value"], before["data_version"])
    line.is_whole()
    assert line.n_events()["shots", "v0"] == 2, "Dagster has the versions of what was accepted"
    assert "accepted 20" in line("lineage", "v0").stdout
    assert "cuts were looked at" in line("lineage", "v0").stdout
    assert "\x1b" not in line("lineage", "v1").stdout


def test_a_record_that_was_altered_is_not_accepted_and_the_others_are(finished: Line, tmp_path: Path) -> None:
    line = changed(finished, tmp_path / "project")
    altered, broken = (line.folder / f"store/shots/{name}.json" for name in ("v1", "v2"))
    altered.write_text(altered.read_text().replace('"seconds": 0.', '"seconds": 9.'))
    broken.write_text("no record")
    done = line("accept", "shots", "--reason", "looked at")
    assert (done.returncode, done.stdout) == (1, "2 accepted\n")
    assert [name in done.stderr for name in ("v0", "v1", "v2", "v3")] == [False, True, True, False]
    line.run()
    line.is_whole()
    assert json.loads(altered.read_text())["provenance"]["seconds"] < 9
    assert "accepted" in json.loads((line.folder / "store/shots/v0.json").read_text())["provenance"]


def test_who_accepts_what_there_is_not_or_says_no_reason_is_told_so(finished: Line, tmp_path: Path) -> None:
    line = finished.copy(tmp_path / "project")
    for words, said in (
        (("accept", "shot", "--reason", "r"), "no asset with videos 'shot'"),
        (("accept", "scene_dataset", "--reason", "r"), "no asset with videos"),
        (("accept", "shots", "--reason", " "), "--reason: say why"),
        (("accept", "shots", "--ids", "nobody", "--reason", "r"), "nobody"),
        (("accept", "shots"), "--reason"),
    ):
        done = line(*words)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
        assert said in done.stderr
