"""Rounds of `vidpipe run`: the line once, or with `--wait` again whenever what is pending can be tried again.

What is said before and after: `running`. Until when to wait: `waiting`. What one round does: `engine`.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import click
import dagster as dg
from rich.console import Console

from assets.overview import look
from vidpipe.asking.collecting import Collected
from vidpipe.cli.batch_jobs import collect_jobs
from vidpipe.cli.engine import Asked, Engine
from vidpipe.cli.interrupts import interruptible
from vidpipe.cli.progress import display
from vidpipe.cli.recovery import end_own_runs
from vidpipe.cli.waiting import opens_at, wait_until
from vidpipe.ledger.counts import Overview, overview
from vidpipe.ports import Project
from vidpipe.workers.processes import kept


@dataclass(frozen=True, slots=True)
class Round:
    """One run of the line, after what batch jobs had answered."""

    engine: Engine
    collected: Collected
    is_interrupted: bool

    @property
    def is_in_vain(self) -> bool:
        """Whether nothing came of it, and no batch job is open: what is left waits for something else."""
        return not (self.engine.runs.ids or self.collected.videos or self.engine.project.ledger.jobs.open())


@dataclass(frozen=True, slots=True)
class Rounds:
    """What was asked for, to be done as often as it takes."""

    project: Project
    instance: dg.DagsterInstance
    asked: Asked
    console: Console

    def once(self) -> Round:
        """The line once."""
        collected, engine = collect_jobs(self.project), Engine(self.project, self.instance, self.asked)
        return Round(engine, collected, _drive(engine, self.console))

    def as_long_as_time_helps(self) -> Round:
        """The last of as many rounds as it takes until nothing is left that time alone opens."""
        last = self.once()
        while not last.is_interrupted and (until := _opens_at(last.engine)) is not None:
            self.console.print(f"Waiting until {until:%Y-%m-%d %H:%M} UTC for what is pending.")
            wait = partial(wait_until, self.project, until)
            if interruptible(wait, self.project.stop, say=self.console.print):
                return replace(last, is_interrupted=True)
            last = self.once()
            if last.is_in_vain:
                break
        return last


def asked_for(state: Overview, engine: Engine) -> Overview:
    """The counts of the videos that were asked for alone."""
    ids = engine.passes.videos
    if ids is None:
        return state
    snapshot = engine.project.ledger.snapshot()
    members = {
        over: [k for k in engine.instance.get_dynamic_partitions(over) if snapshot.videos.get(k) in ids]
        for over in ("video", "selected")
    }
    return overview(snapshot, engine.project.line(), members)


def _opens_at(engine: Engine) -> datetime | None:
    """When something that was asked for can be tried again."""
    state, names = asked_for(look(engine.instance, engine.project), engine), {stage.name for stage in engine.stages}
    return opens_at([counts for counts in state.assets if counts.asset in names], engine.project.clock())


def _drive(engine: Engine, console: Console) -> bool:
    """Run the engine beside a display; whether Ctrl-C stopped it. A second Ctrl-C ends at once."""
    engine.project.troubles.say = partial(click.echo, err=True)
    with kept(engine.project.workers), display(engine.passes, console) as show:
        return interruptible(
            engine.run,
            engine.project.stop,
            show=show,
            say=console.print,
            at_once=partial(end_own_runs, engine.instance),
        )
