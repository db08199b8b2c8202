"""`vidpipe run` as a person sees it: what cannot be done, the counts at the end, what was left, the exit code."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from assets.overview import look
from vidpipe import keys
from vidpipe.cli.asking import check_services
from vidpipe.cli.batch_jobs import waiting_lines
from vidpipe.cli.canaries import bad_news
from vidpipe.cli.engine import Asked, Engine
from vidpipe.cli.estimate import estimate_of
from vidpipe.cli.history import kept_open
from vidpipe.cli.interrupts import INTERRUPTED
from vidpipe.cli.limits import limit_lines, most_of
from vidpipe.cli.model_versions import changed, versions_of
from vidpipe.cli.naming import note_store, other_store
from vidpipe.cli.projects import open_instance
from vidpipe.cli.rounds import Rounds, asked_for
from vidpipe.cli.tables import console as terminal
from vidpipe.cli.tables import counts_table
from vidpipe.cli.words import shown
from vidpipe.corpus.notices import notices
from vidpipe.corpus.sources import check_source
from vidpipe.errors import RecipeError
from vidpipe.ledger.counts import Overview
from vidpipe.ports import Project
from vidpipe.recipe.line import DATASETS, STAGES
from vidpipe.recipe.stages import Line


def run_line(
    folder: Path,
    *,
    only: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    wait: bool = False,
    max_usd: float | None = None,
    **options: Any,
) -> int:
    """Run the line on a project and say what came of it; the exit code. `options` are the others of `Asked`.

    `wait`: what waits for a quota or a batch job is waited for, and done then. It costs at most `max_usd`.

    Raises:
        RecipeError: the recipe, or what was asked for, cannot be used.
    """
    if ids is not None and not ids:
        raise RecipeError("--ids", "names no video")
    most_nusd = most_of(max_usd)
    project, instance = open_instance(folder)
    _check_assets(project.line(), only)
    _check_sources(project)
    check_services(project)
    asked = Asked(
        only=frozenset(only) if only is not None else None,
        video_ids=frozenset(ids) if ids is not None else None,
        **options,
    )
    project.purse.most_nusd = most_nusd
    console, before = terminal(stderr=True), versions_of(project)
    _say_store(project)
    rounds = Rounds(project, instance, asked, console)
    with kept_open(instance):
        last = rounds.as_long_as_time_helps() if wait else rounds.once()
    state, engine = look(instance, project), last.engine
    console.print(counts_table(state))
    if last.is_interrupted:
        console.print("Interrupted. `vidpipe run` goes on where this stopped.")
        return INTERRUPTED
    for line in notices(project.store):
        click.echo(f"vidpipe: {line}", err=True)
    for line in bad_news(project.ledger.canaries, project.recipe.annotation.canaries, engine.passes.began):
        click.echo(f"vidpipe: {shown(line)}", err=True)
    for line in (*map(str, last.collected.errors), *waiting_lines(project), *changed(before, versions_of(project))):
        click.echo(f"vidpipe: {shown(line)}", err=True)
    _say_held_back(engine)
    code = _verdict(state, engine, console)
    if not engine.runs.ids:
        console.print("Nothing to do.")
    return code


def _say_held_back(engine: Engine) -> None:
    """What is stale and was not done, since it costs money: with the price that `estimate` has for it."""
    held = engine.held.records(engine.project.ledger.snapshot())
    prices = estimate_of(engine.project) if held.keys() & engine.held.paid else None
    for asset, ids in held.items():
        if prices is not None and asset in engine.held.paid:
            usd = prices.stale_usd(asset)
            price = f"{usd:.{2 if usd >= 0.01 else 4}f} US$"
            click.echo(f"{asset}: {len(ids)} stale, about {price}; run --stale", err=True)
        else:
            click.echo(f"{asset}: {len(ids)} by a model stay as they are; run --replace-model-answers", err=True)


def _say_store(project: Project) -> None:
    if (elsewhere := other_store(project)) is not None:
        now = f"and is {shown(project.store.url)} now: what is not there is done again."
        click.echo(f"The store was {shown(elsewhere)}, {now}", err=True)
    note_store(project)


def dataset_places(project: Project) -> Iterator[tuple[str, str]]:
    """Where the datasets that are made lie, and their pages to open in a browser."""
    entries = project.ledger.snapshot([]).entries
    for asset, name in DATASETS.items():
        if asset in entries:
            page = project.store.place(keys.dataset(name, "index.html"))
            yield "Dataset", page.removesuffix("/index.html")
            is_here = page.startswith("/")
            yield "Explorer", Path(page).as_uri() if is_here else "in the copy that `vidpipe publish --to FOLDER` makes"


def _check_sources(project: Project) -> None:
    """A source that is away for a moment must not look like one without videos.

    Raises:
        RecipeError: there is no source, or one of them is not there.
    """
    if not project.recipe.sources:
        raise RecipeError("recipe.yaml", "sources: name at least one folder or manifest")
    for uri in project.recipe.sources:
        check_source(uri, project.folder)


def _check_assets(line: Line, only: Sequence[str] | None) -> None:
    if only is not None and not only:
        raise RecipeError("--only", "names no asset")
    for name in only or ():
        if name in STAGES and name not in line:
            raise RecipeError("--only", f"the recipe does not use {name}")
        if name in line and line[name].command:
            raise RecipeError("--only", f"{name} is made by `vidpipe {line[name].command}` alone")
        if name not in line:
            raise RecipeError("--only", f"no asset {name!r}; there are {', '.join(line.names)}")


def _verdict(state: Overview, engine: Engine, console: Console) -> int:
    """0 when all that was asked for is done: these assets, these videos. Says what kept the rest."""
    names = {stage.name for stage in engine.stages}
    counts = [c for c in asked_for(state, engine).assets if c.asset in names]
    for line in limit_lines(engine.project, counts):
        click.echo(f"vidpipe: {line}", err=True)
    n_failed = sum(c.failed.total() for c in counts)
    if n_failed:
        console.print(f"{n_failed} failed; `vidpipe retry` runs them again.")
        return 1
    return int(any(set(c.pending) - {"not asked for"} for c in counts) or not state.conserved)
