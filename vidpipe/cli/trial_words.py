"""A trial in the words of the terminal: its price before, each take as it comes, the variants side by side after."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from vidpipe.annotation.takes import Take
from vidpipe.asking.estimate import Estimate
from vidpipe.cli.tables import console
from vidpipe.cli.trial_takes import Asking
from vidpipe.cli.words import counted, shown
from vidpipe.errors import BudgetError
from vidpipe.export.pages import shown as one_line
from vidpipe.export.trials import Trial, take_json
from vidpipe.ledger.calls import Budget
from vidpipe.models.prices import NUSD

_NONE = "-"


def say_estimates(estimates: Mapping[str, Estimate], budget: Budget, spent_nusd: int) -> None:
    """What each variant is likely to cost, before anything is asked, and how much it may; on stderr."""
    for name, found in estimates.items():
        told = found.as_json()
        low, high = told["low_usd"], told["high_usd"]
        price = f"about {found.usd:.4f} US$ ({low:.4f} to {high:.4f})" if told["calls"] else "nothing to pay"
        click.echo(f"{shown(name)}: {counted(told['calls'], 'call')} to make, {price}", err=True)
    usd = sum(found.usd for found in estimates.values())
    left = ""
    if budget.project_nusd is not None:
        left_usd = max(0, budget.project_nusd - spent_nusd) / NUSD
        left = f"; of the budget of {budget.project_nusd / NUSD:.2f} US$ {left_usd:.2f} are left"
    if budget.run_nusd is not None:
        left += f"; --max-usd allows {budget.run_nusd / NUSD:.4f}"
    click.echo(f"In all about {usd:.4f} US${left}.", err=True)


def say_unpaid(takes: Collection[Take]) -> None:
    """How many takes there was no money for, and why there may be none though some is left; on stderr."""
    n = sum((take.outcome, take.reason) == ("pending", str(BudgetError())) for take in takes)
    if n:
        why = "what is left of --max-usd or of the budget is less than the next call may cost at worst"
        click.echo(f"{n} of {counted(len(takes), 'take')} not asked for: {why}.", err=True)


def say_take(asking: Asking, name: str, take: Take) -> None:
    """One line as soon as a variant is done with a video; on stderr."""
    words = [f"quality {take.told.quality:.0%}", f"{take.usd:.4f} US$"] if take.told else [take.reason]
    click.echo(f"{shown(asking.variant.name)}: {shown(name)}: {shown(', '.join([take.outcome, *words]))}", err=True)


def trial_json(trial: Trial, page: Path) -> dict[str, Any]:
    """What `try --json` shows."""
    takes = [
        {"variant": way.name, "video_id": film.video_id, **take_json(take)}
        for film in trial.films
        for way, take in zip(trial.ways, film.takes, strict=True)
    ]
    films = [
        {
            "video_id": film.video_id,
            "title": one_line(film.title),
            "duration_s": round(float(film.duration_s), 6),
            "n_shots": len(film.shots),
        }
        for film in trial.films
    ]
    all_videos = {"videos": trial.n_all, "hours": round(trial.hours_all, 6)}
    return {"page": str(page), "variants": trial.summary(), "videos": films, "takes": takes, "all": all_videos}


def print_trial(trial: Trial, page: Path) -> None:
    """The variants as a table, and where the page is."""
    out, table = console(), Table(box=None)
    names = (
        "variant",
        "told",
        "quality",
        "attention",
        "cuts met",
        "warnings",
        "seconds",
        "US$",
        "paid now",
        "US$/hour",
    )
    for name in (*names, f"all {trial.n_all:,}"):
        table.add_column(name, justify="left" if name == "variant" else "right", overflow="fold")
    for row in trial.summary():
        shares = (_share(row[name]) for name in ("quality", "attention", "cuts_met"))
        prices = (_usd(row[name]) for name in ("cost_usd", "paid_usd", "usd_per_hour", "projected_usd"))
        told, warnings = f"{row['n_told']} of {row['n_videos']}", str(row["n_warnings"]) if row["n_told"] else _NONE
        seconds = _NONE if row["seconds"] is None else f"{row['seconds']:.1f}"
        table.add_row(Text(row["name"]), told, *shares, warnings, seconds, *prices)
    out.print(table)
    out.print(Text(f"Page: {page.as_uri()}"), soft_wrap=True)


def _share(number: float | None) -> str:
    return _NONE if number is None else f"{number:.0%}"


def _usd(number: float | None) -> str:
    return _NONE if number is None else f"{number:.4f}" if number < 1 else f"{number:,.2f}"
