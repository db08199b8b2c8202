"""`--max-usd`: the most that one command may spend, as an option, as a sum, and in words where it was reached."""

from collections.abc import Collection, Iterator

from vidpipe.asking.services import budget_of
from vidpipe.errors import BudgetError, RecipeError
from vidpipe.ledger.counts import Counts
from vidpipe.models.prices import NUSD, nusd_of
from vidpipe.ports import Project


def most_of(max_usd: float | None) -> int | None:
    """The most that a command may spend, in 1e-9 US$.

    Raises:
        RecipeError: it is no sum.
    """
    try:
        return None if max_usd is None else nusd_of(max_usd)
    except ValueError as error:
        raise RecipeError("--max-usd", str(error)) from error


def limit_lines(project: Project, assets: Collection[Counts]) -> Iterator[str]:
    """What the runs of a command spent, and how to go on, where its limit left some of these assets pending."""
    purse, calls = project.purse, project.ledger.calls
    is_short = any(counts.pending.get(str(BudgetError())) for counts in assets)
    if purse.most_nusd is None or not is_short or not purse.is_tighter(calls, budget_of(project.recipe)):
        return
    spent_nusd, aside_nusd = purse.spent_nusd(calls), purse.reserved_nusd(calls)
    aside = f", {aside_nusd / NUSD:.4f} are set aside for batch jobs" if aside_nusd else ""
    goes_on = "`vidpipe run` goes on" if spent_nusd or aside_nusd else "`vidpipe run` with more goes on"
    yield (
        f"{spent_nusd / NUSD:.4f} US$ spent{aside}: the limit of this command is reached (--max-usd "
        f"{purse.most_nusd / NUSD:.4f} leaves less than the next call may cost); {goes_on}."
    )
