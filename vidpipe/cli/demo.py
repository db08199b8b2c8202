"""`vidpipe demo`: footage with known cuts, the whole line on it, and what came of it against the truth."""

import json
import os
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from vidpipe.cli.demo_footage import Truth, make_footage
from vidpipe.cli.estimate import estimate_of, print_estimate
from vidpipe.cli.interrupts import INTERRUPTED
from vidpipe.cli.projects import init_project, open_instance
from vidpipe.cli.running import dataset_places, run_line
from vidpipe.cli.services_found import gemini_keys
from vidpipe.cli.words import this_command
from vidpipe.errors import MissingObjectError, RecipeError
from vidpipe.opening import environment
from vidpipe.ports import Project
from vidpipe.recipe.loading import read_recipe
from vidpipe.store.documents import read_record
from vidpipe.timeline.timecodes import parse_timestamp

_ELSEWHERE = ("VIDPIPE_STORE", "VIDPIPE_LEDGER")  # the demo stays in its folder, whatever the environment holds

_PAID = {"annotation": {"annotator": "gemini"}, "taxonomy": {}}  # the categoriser that is to be had

_OF_A_DEMO = {"footage", "truth.json"}  # what a demo that was interrupted may have left


@dataclass(frozen=True, slots=True)
class Errors:
    """How far scene starts lie from the true cuts, in seconds, and how many cuts no scene start lies at."""

    mean_s: float
    max_s: float
    n_missed: int
    n_cuts: int


def run_demo(folder: Path, *, annotator: str = "offline") -> int:
    """Make the footage, run the line, say what happened; the run's exit code.

    An `annotator` that is paid is asked after what costs nothing is done and the price of the rest is told.

    Raises:
        RecipeError: the sample clips are missing, the folder cannot be used, or there is no key for the annotator.
    """
    began = time.monotonic()
    folder = folder.absolute()
    _check_is_free(folder, annotator)
    for name in _ELSEWHERE:
        os.environ.pop(name, None)
    os.environ["VIDPIPE_PROJECT"] = str(folder)
    os.environ["DAGSTER_HOME"] = str(folder / ".dagster")
    truth = make_footage(folder / "footage", progress=lambda text: click.echo(text, err=True))
    (folder / "truth.json").write_text(json.dumps(truth, indent=1) + "\n")
    if not (folder / "recipe.yaml").exists():
        source, settings = (str(folder / "footage"),), _PAID if annotator == "gemini" else {}
        init_project(folder, recipe="demo", sources=source, layout="{series}/{episode}", settings=settings)
    if annotator != "offline":
        code = _run_free_part(folder)
        if code == INTERRUPTED:
            return code
    code = run_line(folder)
    project, _ = open_instance(folder)
    for line in _report(project, folder, truth):
        click.echo(line)
    click.echo(f"Took {time.monotonic() - began:.0f} s.")
    return code


def _run_free_part(folder: Path) -> int:
    """Do what costs nothing, and tell the price of the rest; the run's exit code."""
    code = run_line(folder, only=("shots",))
    project, _ = open_instance(folder)
    print_estimate(estimate_of(project), stderr=True)
    return code


def _check_is_free(folder: Path, annotator: str) -> None:
    """A demo goes into a folder of its own: a new one, or that of an earlier demo, finished or not.

    Raises:
        RecipeError: something else is there, or there is no key for the annotator.
    """
    recipe = folder / "recipe.yaml"
    if annotator == "gemini" and not gemini_keys(environment(folder)):
        raise RecipeError("GEMINI_API_KEY", "is not set; without --annotator gemini the demo needs none")
    if recipe.exists():
        known = read_recipe(recipe)
        if known.name != "demo":
            raise RecipeError(str(folder), "there is a project already, and it is no demo; name a new folder")
        if known.annotation.annotator != annotator:
            why = f"there is a demo with the annotator {known.annotation.annotator}; name that one, or a new folder"
            raise RecipeError(str(folder), why)
    elif folder.exists() and (not folder.is_dir() or {path.name for path in folder.iterdir()} - _OF_A_DEMO):
        raise RecipeError(str(folder), "something else is there already; name a new folder for the demo")


def _report(project: Project, folder: Path, truth: Truth) -> Iterator[str]:
    yield ""
    yield "Scene starts against the constructed cuts:"
    for video_id, known in truth.items():
        try:
            before = read_record(project.store, "video_annotations", video_id)
            after = read_record(project.store, "aligned_metadata", video_id)
        except MissingObjectError:
            yield f"  {video_id}: not annotated"
            continue
        for name, record in (("told, 1 frame/s", before), ("aligned", after)):
            found = errors(record.value["scenes"], known["cuts_s"], known["frame_s"])
            n_found = found.n_cuts - found.n_missed
            yield (
                f"  {video_id:18} {name:16} mean {found.mean_s:5.3f} s, worst {found.max_s:5.3f} s; "
                f"{n_found} of {found.n_cuts} cuts met within one frame"
            )
    yield ""
    for name, place in dataset_places(project):
        yield f"{name + ':':10} {place}"
    yield f"{'UI:':10} {this_command()} ui -C {shlex.quote(str(folder))}"


def errors(scenes: Sequence[Mapping[str, Any]], cuts_s: Sequence[float], frame_s: float) -> Errors:
    """Compare the starts of all scenes but the first with the true cuts, each with the nearest."""
    starts = [parse_timestamp(scene["timestamps"]["start_timestamp"]).start_s for scene in scenes[1:]]
    times = [start for start in starts if start is not None]
    cuts = [Fraction(str(cut)) for cut in cuts_s]
    away = [float(min(abs(cut - start) for cut in cuts)) for start in times]
    met = [any(abs(cut - start) <= Fraction(str(frame_s)) for start in times) for cut in cuts]
    return Errors(sum(away) / len(away) if away else 0.0, max(away, default=0.0), met.count(False), len(cuts))
