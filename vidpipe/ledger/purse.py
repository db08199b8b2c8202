"""What one command may spend on all the runs that it makes, beside what its project may: known to this process alone.

Whether a call still fits is decided in the ledger (`calls`), where its money is set aside; nothing of a purse is kept.
"""

from dataclasses import dataclass, field, replace

from vidpipe.ledger.calls import Budget, Calls


@dataclass(eq=False)
class Purse:
    """The most that the runs of a command spend together, in 1e-9 US$; None: any sum. Safe to use from many threads.

    `run_ids` are its runs until now. Whatever opens the project for a run adds it, before the run asks anybody.
    """

    most_nusd: int | None = None
    run_ids: set[str] = field(default_factory=set)

    def within(self, budget: Budget) -> Budget:
        """A project's budget, of which no more than this may be spent; runs that are added later count as well."""
        return budget if self.most_nusd is None else replace(budget, run_nusd=self.most_nusd, runs=self.run_ids)

    def spent_nusd(self, calls: Calls) -> int:
        """What its runs spent until now, in 1e-9 US$."""
        return calls.spent(*self.run_ids) if self.run_ids else 0

    def reserved_nusd(self, calls: Calls) -> int:
        """What is set aside for calls of its runs, in 1e-9 US$: between runs, for lines of batch jobs."""
        return calls.reserved(*self.run_ids) if self.run_ids else 0

    def is_tighter(self, calls: Calls, budget: Budget) -> bool:
        """Whether no more of it is left than of the project's budget: whether it is what a call did not fit into."""
        if self.most_nusd is None or budget.project_nusd is None:
            return self.most_nusd is not None
        left_nusd = self.most_nusd - self.spent_nusd(calls) - self.reserved_nusd(calls)
        return left_nusd <= budget.project_nusd - calls.spent() - calls.reserved()
