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

from vidpipe.cli.words import counted

if TYPE_CHECKING:
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
    findings = [*_machine(), *_environment(folder), *_project(folder, is_named=is_named)]
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
    yield _store(project)
    free = shutil.disk_usage(folder).free
    yield Finding(f"{free / 1024**3:.1f} GiB free", free > _LOW_BYTES, "make room: clips and datasets are written here")
    n_videos = len(instance.get_dynamic_partitions("video"))
    yield Finding(f"Dagster history in {os.environ['DAGSTER_HOME']}: {counted(n_videos, 'video')}", is_well=True)


def _sources(sources: tuple[str, ...], folder: Path) -> Iterator[Finding]:
    yield Finding(
        counted(len(sources), "source"), bool(sources), "name folders or manifests under `sources` in recipe.yaml"
    )
    for uri in sources:
        yield Finding(f"source {uri}", (folder / uri).exists(), "is not there; mend `sources` in recipe.yaml")


def _decoding(decoding: "Decoding") -> Iterator[Finding]:
    from vidpipe.media.hardware import is_there

    if decoding.hardware is not None:
        mend = "does not decode here, so the processor does: mend its driver, or set `decoding.hardware: null`"
        yield Finding(f"decoding by {decoding.hardware}", is_there(decoding.hardware), mend)


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
