"""`vidpipe try`: the same few videos under several prompts or models, side by side on one page.

What is asked is kept as `run` would keep it, and nothing else: no record, no Dagster run. So who goes on with the
winner pays nothing again for these videos. How variants are compared: `vidpipe.annotation.takes`; the page:
`vidpipe.export.trials`.
"""

import json
import os
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import click

from vidpipe import keys
from vidpipe.annotation.takes import Take
from vidpipe.asking.services import budget_of
from vidpipe.cli.interrupts import INTERRUPTED, interruptible
from vidpipe.cli.left_to_ask import Some
from vidpipe.cli.limits import most_of
from vidpipe.cli.projects import open_here
from vidpipe.cli.trial_page import PAGE, page_place, write_page
from vidpipe.cli.trial_takes import Asking, all_takes
from vidpipe.cli.trial_videos import ANNOTATIONS, MEASURED, SHOWN, TROUBLE, Desk, Known
from vidpipe.cli.trial_words import print_trial, say_estimates, say_take, say_unpaid, trial_json
from vidpipe.cli.video_facts import Videos
from vidpipe.cli.words import counted, shown
from vidpipe.errors import RecipeError
from vidpipe.export.trials import Film, Trial, Way, trial_page
from vidpipe.ledger.calls import Budget
from vidpipe.opening import calls_at_once, services_of
from vidpipe.ports import Project, Service, Standing
from vidpipe.recipe.variants import Variant, variants_of
from vidpipe.store.overlay import Overlay
from vidpipe.workers.processes import kept

USUAL_VIDEOS = 3
"""So many videos are tried where nobody says which or how many."""
_SCOPE = "try"
_DONE = frozenset({"ok", "dropped", "unusable", "blocked", "skipped"})
_LEAST_S = Fraction(1, 1000)


def try_variants(  # noqa: PLR0913 - each is an option of the command
    folder: Path,
    wanted: Sequence[str],
    *,
    ids: Sequence[str] | None = None,
    limit: int | None = None,
    max_usd: float | None = None,
    out: Path | None = None,
    as_json: bool = False,
) -> int:
    """Try the project and its variants on a few videos, write the page and say what came of it; the exit code.

    All variants together spend at most `max_usd`, and no more than the project's budget has left.

    Raises:
        RecipeError: a variant, a prompt, a price, a sum or a video's name cannot be used; nothing was asked then.
    """
    if ids is not None and not ids:
        raise RecipeError("--ids", "names no video")
    most_nusd = most_of(max_usd)
    project, page = open_here(folder), page_place(out or folder / PAGE)
    variants, known = variants_of(project.recipe, wanted), Known.of(project)
    names, spare = known.chosen(ids if ids is None else ids[:limit], limit or USUAL_VIDEOS)
    with ExitStack() as held:
        run_id = f"try-{uuid.uuid4().hex[:12]}"
        held.enter_context(project.ledger.claims.held(_SCOPE, [run_id]))  # nobody sweeps what we write or send
        work = _Work.of(project, known, (names, spare), held.enter_context(project.store.scratch()))
        work.get_ready(variants, run_id, most_nusd)
        held.enter_context(kept(project.workers))
        say = project.troubles.say = partial(click.echo, err=True)
        interrupted = interruptible(work.run, project.stop, say=say)
        trial = work.trial(page)
    write_page(page, trial_page(trial))
    if as_json:
        click.echo(json.dumps(trial_json(trial, page), ensure_ascii=False))
    else:
        print_trial(trial, page)
    if interrupted:
        return INTERRUPTED
    return int(any(take.outcome not in _DONE for film in trial.films for take in film.takes))


@dataclass
class _Work:
    """A trial as it is carried out, in a thread of its own; what came of it until then can be shown any time."""

    project: Project
    known: Known
    names: tuple[str, ...]
    spare: tuple[str, ...]
    scratch: Path
    desk: Desk
    budget: Budget = field(default_factory=Budget)
    askings: list[Asking] = field(default_factory=list)
    takes: dict[tuple[str, str], Take] = field(default_factory=dict)
    n_all: int = 0
    hours_all: float = 0.0

    @classmethod
    def of(cls, project: Project, known: Known, chosen: tuple[tuple[str, ...], tuple[str, ...]], scratch: Path) -> Self:
        """With a desk over the project's own records; `chosen` as `Known.chosen` gives it."""
        names, spare = chosen
        desk = Desk.over(project, Overlay(project.store, scratch / "measured"), known.problems(names))
        return cls(project, known, names, spare, scratch, desk)

    def get_ready(self, variants: Sequence[Variant], run_id: str, most_nusd: int | None) -> None:
        """Have every variant ready to be asked; each can end its own asking, and no other's, but they share the money.

        Raises:
            RecipeError: one of them cannot be used.
        """
        service, below = _service(self.project, variants), self.desk.project.store
        overlays: dict[str, Overlay] = {}
        run_ids = tuple(f"{run_id}-{i}" for i in range(len(variants)))
        self.budget = replace(budget_of(self.project.recipe), run_nusd=most_nusd, runs=run_ids)
        for variant, own_id in zip(variants, run_ids, strict=True):
            project = replace(self.project, recipe=variant.recipe)
            view = _view(variant)
            overlays.setdefault(view, Overlay(below, self.scratch / f"{len(overlays)}"))
            desk = Desk.over(project, overlays[view], {})
            alone = replace(service, standing=Standing())
            self.askings.append(Asking.of(variant, project, desk, alone, own_id).within(self.budget))

    def run(self) -> None:
        """Measure, say what it will cost, ask."""
        self._measure()
        views: dict[str, Desk] = {}
        for asking in self.askings:
            seen = views.setdefault(_view(asking.variant), asking.desk)
            asking.desk.problems.update(self.desk.problems | seen.problems)
            if seen is asking.desk:
                seen.lay_out(self.known, self.names, SHOWN)
        self._count_all()
        estimates = {asking.variant.name: asking.estimate(self.names) for asking in self.askings}
        say_estimates(estimates, self.budget, self.project.ledger.calls.spent())
        n, n_ways = counted(len(self.names), "video"), counted(len(self.askings), "variant")
        click.echo(f"Trying {n_ways} on {n}.", err=True)
        self.takes = all_takes(self.askings, self.names, at_once=calls_at_once(self.project.folder), told=say_take)
        say_unpaid(self.takes.values())

    def _measure(self) -> None:
        """Have all records at hand that do not depend on who is asked; what turns out to be no video gives way."""
        click.echo(f"Looking at {counted(len(self.names), 'video')}.", err=True)
        self.desk.lay_out(self.known, self.names, MEASURED)
        while self.spare and not self.project.stop.is_set():
            out = [name for name in self.names if name in self.desk.problems and self.desk.problems[name].is_final]
            if not out:
                return
            for name in out:
                problem = self.desk.problems[name]
                click.echo(f"{shown(name)}: {problem.outcome}, {shown(problem.reason)}: another is taken.", err=True)
            new, self.spare = self.spare[: len(out)], self.spare[len(out) :]
            self.names = (*(name for name in self.names if name not in out), *new)
            self.desk.lay_out(self.known, new, MEASURED)

    def _count_all(self) -> None:
        """How many videos the project would annotate, and how long they are."""
        some = Some.of(self.known.annotated())
        videos = Videos(self.project, self.known.snapshot, some.names, self.known.rows)
        seconds = sum(videos.duration_s(name) for name in some.names) * some.weight
        self.n_all, self.hours_all = some.n_all, seconds / 3600

    def trial(self, page: Path) -> Trial:
        """What came of it, for a page at this place."""
        ways = tuple(Way(asking.variant.name, _changes(asking), asking.paid_usd()) for asking in self.askings)
        films = tuple(self._film(name, page) for name in self.names)
        made_by = {"vidpipe": self.project.software["vidpipe"]}
        return Trial(self.project.recipe.name, ways, films, self.n_all, self.hours_all, made_by)

    def _film(self, name: str, page: Path) -> Film:
        row, inputs = self.known.row(name), self.desk.inputs(ANNOTATIONS, name)
        duration_s, shots = Fraction(str(row.get("duration_s") or 0)), list[tuple[float, float]]()
        if name not in self.desk.problems:
            with inputs.closing:
                try:
                    duration_s = Fraction(str(inputs.record("raw_videos").value["duration_s"]))
                    found = inputs.record("shots").value["shots"]
                    shots = [(shot["start_s"], shot["end_s"]) for shot in found]
                except TROUBLE:
                    pass  # the takes say why
        never = Take("pending", "not reached")
        takes = tuple(self.takes.get((asking.variant.name, name), never) for asking in self.askings)
        file = self._file(name, row)
        href = quote(os.fsencode(os.path.relpath(file, page.parent))) if file else ""
        return Film(name, row.get("title") or "", max(duration_s, _LEAST_S), takes, href, file, shots)

    def _file(self, name: str, row: dict[str, Any]) -> str:
        """The video's own file, or the store's where that is a folder; empty where a page cannot show it."""
        suffix = Path(row.get("path") or "").suffix.lstrip(".").lower()
        taken = self.project.store.place(keys.raw_video(keys.segment(name), suffix))
        places = (row.get("path") or "", taken if taken.startswith("/") else "")
        return next((place for place in places if place and Path(place).is_file()), "")


def _service(project: Project, variants: Sequence[Variant]) -> Service:
    """What stands behind all variants that ask a model."""
    paid = [variant.recipe for variant in variants if variant.recipe.annotation.annotator != "offline"]
    return services_of(replace(project, recipe=(paid or [project.recipe])[0]))["gemini"]


def _view(variant: Variant) -> str:
    """What a variant shows a model, in words that are equal where that is."""
    annotation = variant.recipe.annotation
    return json.dumps(dict(annotation.view), sort_keys=True) if annotation.shows_views else ""


def _changes(asking: Asking) -> tuple[str, ...]:
    """What a variant changes, and which prompts of its folder are read."""
    variant, annotation = asking.variant, asking.variant.recipe.annotation
    if not variant.changes:
        return (f"as it stands: {'offline' if annotation.annotator == 'offline' else annotation.model}",)
    read = f" ({', '.join(f'{name}.md' for name in asking.own_prompts)})" if asking.own_prompts else ""
    return tuple(f"{key} = {value}{read if key == 'prompts' else ''}" for key, value in variant.changes.items())
