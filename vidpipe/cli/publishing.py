"""`vidpipe publish`: what would change, the Dagster run that changes it, and what came of it."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from assets.uploads import PROGRESS, PUBLISH_TAG
from vidpipe.cli.dagster_runs import DagsterRuns
from vidpipe.cli.dataset_places import scheme_of
from vidpipe.cli.interrupts import INTERRUPTED, interruptible
from vidpipe.cli.projects import open_instance
from vidpipe.cli.publishing_told import Shown, listed, planned, tell
from vidpipe.cli.recovery import end_own_runs, recover
from vidpipe.cli.words import counted, shown
from vidpipe.errors import CredentialError, PendingError, RecipeError, ServiceError
from vidpipe.export.last_published import note_published
from vidpipe.export.mirror import Mirror
from vidpipe.export.publishing import Publisher, Terms
from vidpipe.export.release_gate import (
    behind,
    check,
    datasets_of,
    folder_of,
    problems,
    release_of,
    undisturbed,
    withheld,
)
from vidpipe.export.release_plan import Comparer, release_rows
from vidpipe.export.space_publishing import space_publisher
from vidpipe.ledger.staleness import rows_differ
from vidpipe.opening import open_hub
from vidpipe.ports import Project
from vidpipe.recipe.line import DATASETS
from vidpipe.repositories import Hub
from vidpipe.store.documents import read_table_record

_UPLOAD = "hf_upload"
_STRANGERS = 5
_HOW = (
    "Nothing was sent: set `publishing.repo: user/name` in recipe.yaml, or say `--to FOLDER`. Prompts and raw answers "
    "of models go with the rows, in provenance/."
)


def publish(folder: Path, *, is_plan: bool, target: Path | None, as_json: bool) -> int:
    """Publish, or say what that would do; the exit code.

    Raises:
        RecipeError: something cannot be published, or the token is not taken: one line, exit 2.
    """
    project, instance = open_instance(folder)
    if target is not None:
        _refuse_target(project, target)
    if not _is_ready(project):
        return 1
    _tell_strangers(project)
    _tell_withheld(project)
    try:
        if target is not None:
            with undisturbed(project):
                return _to_folder(project, target.absolute(), is_plan=is_plan, as_json=as_json)
        if project.recipe.publishing.repo is None:
            return tell(_local_plans(project), as_json=as_json, last=_HOW)
        return _Publication(project, DagsterRuns(project, instance), as_json=as_json).publish(is_plan=is_plan)
    except CredentialError as error:
        raise RecipeError("HF_TOKEN", error.why) from error
    except PendingError as error:
        click.echo(f"vidpipe: {shown(str(error))}", err=True)
        return 1
    except ServiceError as error:
        click.echo(f"vidpipe: {shown(str(error))}; run `vidpipe publish` again: it goes on", err=True)
        return 1


def _is_ready(project: Project) -> bool:
    """Whether every dataset holds what is known now, and is whole; what is not is told."""
    faults = dict(behind(project))
    for stage in datasets_of(project.line()):
        if stage.name not in faults and (found := problems(project, stage.name)):
            faults[stage.name] = f"{found[0]}; `vidpipe run` makes it"
    for asset, why in faults.items():
        click.echo(f"vidpipe: {asset}: {shown(why)}; nothing is published before that", err=True)
    return not faults


def _refuse_target(project: Project, target: Path) -> None:
    """Refuse an address, and a folder in which the next run or publication would find what this one wrote."""
    if scheme_of(str(target)):
        raise RecipeError("--to", "wants a folder of this machine, not an address; copy the folder there")
    place, own = target.resolve(), [project.folder.resolve()]
    if "://" not in project.store.url:
        own.append(Path(project.store.url).resolve())
    if any(place.is_relative_to(one) or one.is_relative_to(place) for one in own):
        raise RecipeError("--to", f"{target} lies in the project's folder or its store, or holds one; name another")


def _tell_strangers(project: Project) -> None:
    """Name what lies in the datasets' folders and is not published."""
    for stage in datasets_of(project.line()):
        if found := folder_of(project, stage.name).strangers():
            names = shown(listed(found, _STRANGERS))
            click.echo(f"vidpipe: {DATASETS[stage.name]}: not published, since no run wrote it: {names}", err=True)


def _tell_withheld(project: Project) -> None:
    """Say how many rows go out without their file, by licence."""
    for stage in datasets_of(project.line()):
        found = withheld(folder_of(project, stage.name))
        if found:
            why = ", ".join(f"{n} {name}" for name, n in found.most_common())
            text = f"{DATASETS[stage.name]}: {counted(found.total(), 'row')} without their file, by licence: {why}"
            click.echo(shown(text), err=True)


def _say_nothing(name: str) -> None:
    click.echo(f"vidpipe: {name}: there is nothing in it; it is not published", err=True)


def _local_plans(project: Project) -> list[Shown]:
    """What would be published where nothing is there yet."""
    found = []
    for stage in datasets_of(project.line()):
        folder = folder_of(project, stage.name)
        files, rows = Comparer(folder).difference({}), release_rows(folder)
        if not rows.n:
            _say_nothing(DATASETS[stage.name])
            continue
        found.append(Shown(DATASETS[stage.name], release_of(project, stage.name), None, "not published", rows, files))
    return found


def _to_folder(project: Project, target: Path, *, is_plan: bool, as_json: bool) -> int:
    """Mirror every dataset into a folder."""
    found = []
    for stage in datasets_of(project.line()):
        name, folder, release = DATASETS[stage.name], folder_of(project, stage.name), release_of(project, stage.name)
        mirror = Mirror(folder, target / name)
        rows = mirror.rows()
        if not rows.n and not mirror.target.exists():
            _say_nothing(name)
            continue
        files = mirror.difference() if is_plan else mirror.write()
        if not is_plan:
            note_published(folder, release)
        found.append(Shown(name, release, str(target / name), "a folder", rows, files))
    return tell(found, as_json=as_json, is_published=not is_plan)


class _Publication:
    """One `vidpipe publish` to a Hub."""

    def __init__(self, project: Project, runs: DagsterRuns, *, as_json: bool) -> None:
        self._project, self._runs, self._as_json = project, runs, as_json

    def publish(self, *, is_plan: bool) -> int:
        """Say what changes, and change it."""
        check(self._project)
        hub = open_hub(self._project.folder)
        plans = self._plans(hub)
        for warning in filter(None, (plan.warning() for plan in plans)):
            click.echo(f"vidpipe: {shown(warning)}", err=True)
        if is_plan or not plans:
            return tell(plans, as_json=self._as_json)
        for plan in plans:
            click.echo(plan.line(), err=True)
        if not any(plan.files for plan in plans) and self._is_recorded():
            return self._end(plans, last="Nothing to publish: readers see this release.", is_published=True)
        recover(self._project, self._runs.instance)  # what a publication that was killed left behind
        if self._is_interrupted():
            return INTERRUPTED
        attempt = self._project.ledger.snapshot([]).attempts.get(_UPLOAD, {}).get("")
        if attempt is not None:
            click.echo(f"vidpipe: {shown(attempt.reason)}; run `vidpipe publish` again: it goes on", err=True)
            return 1
        return self._end(self._told(plans), is_published=True)

    def _plans(self, hub: Hub) -> list[Shown]:
        publishing, found = self._project.recipe.publishing, []
        if hub.datasets is None or hub.spaces is None:
            raise CredentialError("hub", hub.lacks)
        hub.datasets.user()  # a wrong token is told before anything else
        for stage in datasets_of(self._project.line()):
            name = DATASETS[stage.name]
            terms = Terms(release_of(self._project, stage.name), private=publishing.private)
            folder = folder_of(self._project, stage.name)
            plan = Publisher(hub.datasets, folder, str(publishing.repo_of(name)), terms).plan()
            if not plan.rows.n and plan.repository is None:
                _say_nothing(name)
                continue
            found.append(planned(name, plan))
            if publishing.space:
                found.append(planned(name, space_publisher(hub.spaces, folder, plan).plan(), is_space=True))
        return sorted(found, key=lambda one: one.is_space)

    def _is_recorded(self) -> bool:
        """Whether the last upload was of these datasets, and by this recipe."""
        line, snapshot = self._project.line(), self._project.ledger.snapshot([])
        entry = snapshot.entry(_UPLOAD, "")
        is_sent = entry is not None and not entry.damaged and entry.code_version == line.versions[_UPLOAD]
        return is_sent and "" not in snapshot.attempts.get(_UPLOAD, {}) and not rows_differ(line[_UPLOAD], snapshot)

    def _is_interrupted(self) -> bool:
        run = partial(self._runs.execute, (_UPLOAD,), tags={PUBLISH_TAG: "yes"})
        at_once = partial(end_own_runs, self._runs.instance)
        say = partial(click.echo, err=True)
        teller = _Teller()
        PROGRESS.setLevel(logging.INFO)
        PROGRESS.addHandler(teller)
        try:
            return interruptible(run, self._project.stop, say=say, at_once=at_once)
        finally:
            PROGRESS.removeHandler(teller)

    def _told(self, plans: Sequence[Shown]) -> list[Shown]:
        """The plans, with what came of them."""
        record = read_table_record(self._project.store, _UPLOAD).value
        names = ("repo", "revision", "url", "n_files", "n_sent", "n_bytes", "n_deleted")
        found = []
        for plan in plans:
            one = record["spaces" if plan.is_space else "datasets"][plan.dataset]
            found.append(replace(plan, told={name: one[name] for name in names}))
        return found

    def _end(self, found: Sequence[Shown], *, last: str = "", is_published: bool = False) -> int:
        if self._as_json:
            return tell(found, as_json=True, is_published=is_published)
        for one in found:
            if one.told:
                click.echo(f"{one.title}: {one.told['url']} at {one.told['revision'][:12]}, tag {one.release}")
        if last:
            click.echo(last)
        return 0


class _Teller(logging.Handler):
    """Says on stderr how far it is."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(shown(record.getMessage()), err=True)
