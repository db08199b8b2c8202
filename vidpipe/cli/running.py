"""`vidpipe run` as a person sees it: progress while it works, Ctrl-C, the counts at the end, the exit code."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from assets.overview import look
from vidpipe.cli.engine import Asked, Engine
from vidpipe.cli.projects import dagster_home, open_instance
from vidpipe.cli.recovery import end_own_runs
from vidpipe.cli.tables import console as terminal
from vidpipe.cli.tables import counts_table
from vidpipe.corpus.sources import check_source
from vidpipe.errors import RecipeError
from vidpipe.ledger.connections import kept_open
from vidpipe.ledger.counts import Overview, overview
from vidpipe.ledger.staleness import ancestors
from vidpipe.ports import Project
from vidpipe.recipe.line import PER_VIDEO, STAGES

INTERRUPTED = 130
_TICK_S = 0.25
_BARS_S = 1.0
_LINE_S = 10.0


def run_line(
    folder: Path,
    *,
    only: Sequence[str] | None = None,
    limit: int | None = None,
    ids: Sequence[str] | None = None,
    failed_only: bool = False,
) -> int:
    """Run the line on a project and say what came of it; the exit code.

    Raises:
        RecipeError: the recipe, or what was asked for, cannot be used.
    """
    if only is not None and not only:
        raise RecipeError("--only", "names no asset")
    for name in only or ():
        if name not in STAGES:
            raise RecipeError("--only", f"no asset {name!r}; there are {', '.join(STAGES)}")
    project, instance = open_instance(folder)
    _check_sources(project)
    asked = Asked(
        only=frozenset(only) if only is not None else None,
        video_ids=frozenset(ids) if ids is not None else None,
        limit=limit,
        failed_only=failed_only,
    )
    engine = Engine(project, instance, asked)
    console = terminal(stderr=True)
    with kept_open(dagster_home()):
        interrupted = _drive(engine, console)
    state = look(instance, project)
    console.print(counts_table(state))
    if interrupted:
        console.print("Interrupted. `vidpipe run` goes on where this stopped.")
        return INTERRUPTED
    return _verdict(state, engine, console)


def _check_sources(project: Project) -> None:
    """A source that is away for a moment must not look like one without videos.

    Raises:
        RecipeError: there is no source, or one of them is not there.
    """
    if not project.recipe.sources:
        raise RecipeError("recipe.yaml", "sources: name at least one folder or manifest")
    for uri in project.recipe.sources:
        check_source(uri, project.folder)


def _drive(engine: Engine, console: Console) -> bool:
    """Run the engine beside a display; whether Ctrl-C stopped it. A second Ctrl-C ends at once."""
    with _counted_interrupts() as interrupts, _display(engine, console) as show, _line_thread() as thread:
        line = thread.submit(engine.run)
        while wait([line], _TICK_S).not_done:
            show()
            if interrupts.n and not engine.project.stop.is_set():
                engine.project.stop.set()
                console.print("Stopping: finishing what has begun. Ctrl-C again ends at once.")
            if interrupts.n > 1:
                end_own_runs(engine.instance)
                os._exit(INTERRUPTED)
        show()
    line.result()
    return interrupts.n > 0


def _line_thread() -> ThreadPoolExecutor:
    """One thread, deaf to Ctrl-C, as are the processes that it starts from their first moment."""
    return ThreadPoolExecutor(1, "line", initializer=_be_deaf)


def _be_deaf() -> None:
    resource_tracker.ensure_running()  # starting it later would lift the block
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


@dataclass(slots=True)
class _Interrupts:
    n: int = 0


@contextlib.contextmanager
def _counted_interrupts() -> Iterator[_Interrupts]:
    """Ctrl-C is counted while the context lasts, and interrupts nothing.

    Interrupting a wait for a thread would make Python 3.11 take the thread for dead.
    """
    counted = _Interrupts()

    def count(_signal: int, _frame: object) -> None:
        counted.n += 1

    before = signal.signal(signal.SIGINT, count)
    try:
        yield counted
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN if counted.n else before)  # only the end is left


@contextlib.contextmanager
def _display(engine: Engine, console: Console) -> Iterator["_Show"]:
    if not console.is_terminal:
        yield _Lines(engine)
        return
    columns = (TextColumn("{task.description:22}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bars(engine, progress)


class _Show:
    """Shows where an engine is; called every tick."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __call__(self) -> None:
        raise NotImplementedError


class _Bars(_Show):
    """One bar per stage, from the ledger's own counts."""

    def __init__(self, engine: Engine, progress: Progress) -> None:
        super().__init__(engine)
        self.progress = progress
        self.now = progress.add_task("starting", total=None)
        self.bars: dict[str, TaskID] = {}
        self.at = -_BARS_S

    def __call__(self) -> None:
        if time.monotonic() - self.at < _BARS_S:
            return
        self.at = time.monotonic()
        self.progress.update(self.now, description=_text(self.engine.doing))
        n_settled = self.engine.project.ledger.n_settled()
        n_videos = max(n_settled.values(), default=0)
        for stage in PER_VIDEO:
            n_done = n_settled.get(stage.name, 0)
            if n_done and stage.name not in self.bars:
                self.bars[stage.name] = self.progress.add_task(stage.name, total=n_videos)
            if stage.name in self.bars:
                total = n_settled.get("selected_videos", 0) if stage.over == "selected" else n_videos
                self.progress.update(self.bars[stage.name], completed=n_done, total=max(total, n_done))


class _Lines(_Show):
    """A line now and then, where there is no terminal."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.said: tuple[str, ...] = ()
        self.at = 0.0

    def __call__(self) -> None:
        now = time.monotonic()
        if self.engine.doing != self.said or now - self.at >= _LINE_S:
            self.said, self.at = self.engine.doing, now
            n_settled = self.engine.project.ledger.n_settled()
            counts = [f"{n_settled[name]} {name}" for name in self.said if name in n_settled]
            click.echo(f"{_text(self.said)}{': ' if counts else ''}{', '.join(counts)}", err=True)


def _text(doing: Sequence[str]) -> str:
    """What an engine does: the assets of a run by its first and its last, as they take turns."""
    return " … ".join(doing if len(doing) < 2 else (doing[0], doing[-1]))


def _verdict(state: Overview, engine: Engine, console: Console) -> int:
    """0 when all that was asked for is done: these assets, these videos."""
    names = ancestors(set(engine.asked.only)) if engine.asked.only is not None else set(STAGES)
    counts = [c for c in _asked_for(state, engine).assets if c.asset in names]
    n_failed = sum(c.failed.total() for c in counts)
    if n_failed:
        console.print(f"{n_failed} failed; `vidpipe retry` runs them again.")
        return 1
    return int(any(set(c.pending) - {"not asked for"} for c in counts) or not state.conserved)


def _asked_for(state: Overview, engine: Engine) -> Overview:
    """The counts of the videos that were asked for alone."""
    if engine.videos is None:
        return state
    snapshot = engine.project.ledger.snapshot()
    members = {
        over: [k for k in engine.instance.get_dynamic_partitions(over) if snapshot.videos.get(k) in engine.videos]
        for over in ("video", "selected")
    }
    return overview(snapshot, engine.project.code_versions(), members)
