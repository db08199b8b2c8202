"""Tables that the terminal shows."""

from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vidpipe.ledger.counts import Counts, Overview

_WIDTH = 132  # where no terminal says how wide it is


def console(*, stderr: bool = False) -> Console:
    """Where tables are printed: as wide as the terminal, or wide enough for a file."""
    found = Console(stderr=stderr)
    return found if found.is_terminal else Console(stderr=stderr, width=_WIDTH)


def counts_table(state: Overview) -> Table:
    """Per asset: in, ok, what did not pass and why, seconds; and US$, where anything cost some."""
    title = None if state.conserved else "The numbers do not add up; `vidpipe status` says where."
    table = Table(title=title, title_justify="left", box=None)
    costs = any(counts.cost_usd for counts in state.assets)
    for name in ("asset", "in", "ok", "not ok", "left", "stale", "seconds", *(("US$",) if costs else ())):
        table.add_column(name, justify="left" if name in ("asset", "not ok", "left") else "right", overflow="fold")
    for counts in state.assets:
        table.add_row(
            counts.asset,
            str(counts.n_in),
            str(counts.ok),
            Text(_reasons(counts)),
            Text("\n".join(_list("pending", counts.pending))),
            str(counts.stale) if counts.stale else "",
            f"{counts.seconds:.1f}",
            *((f"{counts.cost_usd:.2f}" if counts.cost_usd else "",) if costs else ()),
        )
    return table


def _reasons(counts: Counts) -> str:
    names = ("failed", "dropped", "unusable", "blocked")
    parts = [part for name in names for part in _list(name, getattr(counts, name))]
    return "\n".join(parts + [f"{n} skipped ({asset})" for asset, n in counts.skipped.most_common()])


def _list(name: str, counter: Counter[str]) -> list[str]:
    return [f"{n} {name}: {reason}" for reason, n in counter.most_common()]
