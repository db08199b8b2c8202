"""`vidpipe doctor`: is everything there that the line needs, and what to do where it is not."""

import difflib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vidpipe.cli.words import counted, shown

if TYPE_CHECKING:
    from resources.llm_servers import Served
    from vidpipe.ports import Project
    from vidpipe.recipe.schema import Decoding

_LOW_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` says what to do when it is not well."""

    what: str
    is_well: bool
    mend: str = ""


def examine(folder: Path, *, is_named: bool) -> int:
    """Print what is well and what is not; 1 when something has to be mended.

    Where there is no project, that is well unless the folder was named as one (`is_named`).
    """
    findings = [*_machine(), *_environment(folder), *_project(folder, is_named=is_named), *_llm(folder), *_hub(folder)]
    for finding in findings:
        click.echo(f"{'ok ' if finding.is_well else 'BAD'}  {finding.what}")
        if not finding.is_well:
            click.echo(f"     {finding.mend}")
    return int(not all(finding.is_well for finding in findings))


def _machine() -> Iterator[Finding]:
    import av

    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding(f"Python {version}", sys.version_info >= (3, 11), "install Python 3.11 or newer")
    yield Finding(f"PyAV {av.__version__}, libavcodec {av.library_versions['libavcodec'][0]}", is_well=True)
    encoders = {name: name in av.codecs_available for name in ("libx264", "aac", "mjpeg")}
    missing = [name for name, there in encoders.items() if not there]
    yield Finding("encoders libx264, aac, mjpeg", not missing, f"PyAV lacks {missing}; reinstall av from its wheel")
    yield Finding(f"{os.cpu_count()} cores", is_well=True)


def _environment(folder: Path) -> Iterator[Finding]:
    from vidpipe.opening import SETTINGS, environment

    ours = (name for name in environment(folder) if name.startswith("VIDPIPE_"))
    for name in sorted(set(ours) - SETTINGS):
        near = difflib.get_close_matches(name, SETTINGS, 1)
        yield Finding(
            name, is_well=False, mend=f"is no setting of vidpipe{f'; did you mean {near[0]}?' if near else ''}"
        )


def _project(folder: Path, *, is_named: bool) -> Iterator[Finding]:
    from vidpipe.cli.projects import open_instance
    from vidpipe.errors import VidpipeError

    if not (folder / "recipe.yaml").is_file():
        yield Finding(f"no project in {folder}", not is_named, "make one: vidpipe init DIR --source FOLDER")
        return
    try:
        project, instance = open_instance(folder)
    except VidpipeError as error:
        yield Finding("recipe", is_well=False, mend=str(error))
        return
    yield Finding(f"recipe {project.recipe.name}", is_well=True)
    yield from _sources(project.recipe.sources, folder)
    yield from _decoding(project.recipe.decoding)
    yield from _paid(project)
    yield _store(project)
    free = shutil.disk_usage(folder).free
    yield Finding(f"{free / 1024**3:.1f} GiB free", free > _LOW_BYTES, "make room: clips and datasets are written here")
    n_videos = len(instance.get_dynamic_partitions("video"))
    yield Finding(f"Dagster history in {os.environ['DAGSTER_HOME']}: {counted(n_videos, 'video')}", is_well=True)


def _sources(sources: tuple[str, ...], folder: Path) -> Iterator[Finding]:
    """Whether `run` finds them: by the same rules, but what is in them is not read."""
    from vidpipe.corpus.sources import check_source
    from vidpipe.errors import RecipeError

    yield Finding(
        counted(len(sources), "source"), bool(sources), "name folders or manifests under `sources` in recipe.yaml"
    )
    for uri in sources:
        what = shown(f"source {uri}")
        try:
            check_source(uri, folder)
        except RecipeError as error:
            yield Finding(what, is_well=False, mend=shown(f"{error.why}; mend `sources` in recipe.yaml"))
        else:
            yield Finding(what, is_well=True)


def _decoding(decoding: "Decoding") -> Iterator[Finding]:
    from vidpipe.media.hardware import is_there

    if decoding.hardware is not None:
        mend = "does not decode here, so the processor does: mend its driver, or set `decoding.hardware: null`"
        yield Finding(f"decoding by {decoding.hardware}", is_there(decoding.hardware), mend)


def _paid(project: "Project") -> Iterator[Finding]:
    """What Gemini needs, where the recipe asks it: keys, which are never shown, and prices."""
    from vidpipe.asking.services import paid_stages, prices_of
    from vidpipe.cli.services_found import gemini_keys
    from vidpipe.errors import RecipeError
    from vidpipe.opening import environment

    environ = environment(project.folder)
    recipe, n_keys = project.recipe, gemini_keys(environ)
    who = {"annotation.annotator": recipe.annotation.annotator, "taxonomy.categoriser": recipe.taxonomy.categoriser}
    asking = " and ".join(f"`{key}: offline`" for key, value in who.items() if value == "gemini")
    mend = f"set it, or {asking}; without it what Gemini is asked stays pending"
    told = f"is set: {counted(n_keys, 'key')}" if n_keys else "is not set"
    yield Finding(f"GEMINI_API_KEY {told}", is_well=bool(n_keys) or not asking, mend=mend)
    if "GOOGLE_GEMINI_BASE_URL" in environ:
        yield _address(environ["GOOGLE_GEMINI_BASE_URL"])
    for model in dict.fromkeys(model for models in paid_stages(recipe).values() for model in models):
        try:
            prices_of(project).check(model, project.clock())
        except RecipeError as error:
            yield Finding(f"price of {model}", is_well=False, mend=str(error))
        else:
            yield Finding(f"price of {model} is known", is_well=True)
    yield from _attention(project)


def _address(url: str) -> Finding:
    """Whether Gemini can be asked at another address; nobody is."""
    from resources.gemini_clients import checked_address
    from vidpipe.errors import RecipeError

    try:
        checked_address(url)
    except RecipeError as error:
        return Finding("GOOGLE_GEMINI_BASE_URL", is_well=False, mend=error.why)
    return Finding("GOOGLE_GEMINI_BASE_URL is set: Gemini is asked there", is_well=True)


def _attention(project: "Project") -> Iterator[Finding]:
    """How attentive the models that are asked were in their last canaries."""
    from vidpipe.asking.services import paid_stages

    asked = paid_stages(project.recipe)
    found = sorted(project.ledger.canaries.scores(), key=lambda one: one.latest)
    newest = {(one.asset, one.model): one for one in found}  # of each model, the version that answered last
    for one in newest.values():
        if one.model in asked.get(one.asset, ()):
            whose = f"{one.model_reported} in {one.asset}"
            told = f"attention of {whose}: {one.attention:.2f}, of {counted(one.n, 'made film')}"
            mend = "it may not look at what it is shown; try another model, media_resolution or prompt"
            yield Finding(shown(told), not one.is_bad, mend)


def _llm(folder: Path) -> Iterator[Finding]:
    """Whether an LLM server answers where the environment says that there is one."""
    from vidpipe.errors import RecipeError, ServiceError
    from vidpipe.opening import environment

    environ = environment(folder)
    url = environ.get("TGI_BASE_URL")
    if url is None:
        mend = "set it to the server's address, or `taxonomy.categoriser: offline`"
        yield Finding("TGI_BASE_URL is not set", is_well=not _asks_llm(folder), mend=mend)
        return
    try:
        served = _served(url, environ.get("TGI_API_KEY"))
    except (RecipeError, ServiceError) as error:
        mend = shown(f"{error}; start the server, or mend TGI_BASE_URL and TGI_API_KEY")
        yield Finding("the LLM server at TGI_BASE_URL", is_well=False, mend=mend)
        return
    names = ", ".join(served.models)
    yield Finding(shown(f"the LLM server at TGI_BASE_URL answers: {served.dialect}, {names}"), is_well=True)


def _served(url: str, api_key: str | None) -> "Served":
    """What the server says about itself, asked for once and with little patience."""
    from resources.llm import LlmAnswerer
    from resources.llm_http import Timeouts
    from resources.patience import Patience

    timeouts = Timeouts(connect_s=5.0, look_s=5.0)
    answerer = LlmAnswerer(url, api_key=api_key, timeouts=timeouts, patience=Patience(n_tries=1, cold_s=0.0))
    try:
        return answerer.served()
    finally:
        answerer.close()


def _hub(folder: Path) -> Iterator[Finding]:
    from vidpipe.cli.hub_found import hub_findings

    for what, is_well, mend in hub_findings(folder):
        yield Finding(shown(what), is_well, shown(mend))


def _asks_llm(folder: Path) -> bool:
    from vidpipe.errors import RecipeError
    from vidpipe.recipe.loading import read_recipe

    try:
        return read_recipe(folder / "recipe.yaml").taxonomy.categoriser == "llm"
    except RecipeError:
        return False  # told elsewhere


def _store(project: object) -> Finding:
    from vidpipe.errors import StoreError
    from vidpipe.ports import Project

    assert isinstance(project, Project)
    key = "doctor/probe"
    try:
        project.store.put(key, b"probe")
        whole = project.store.get(key) == b"probe"
        project.store.delete(key)
    except StoreError as error:
        return Finding(f"store {project.store.url}", is_well=False, mend=str(error))
    return Finding(f"store {project.store.url} takes and gives objects", whole, "it gave other bytes than it took")
