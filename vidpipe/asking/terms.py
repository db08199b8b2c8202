"""On what terms a service is asked, and what one call puts at stake."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from vidpipe.ledger.calls import Budget, Stake
from vidpipe.ledger.limits import Limits
from vidpipe.models.calls import Question, Usage
from vidpipe.models.prices import Prices
from vidpipe.models.tokens import at_most, expected


@dataclass(frozen=True, slots=True)
class Terms:
    """A service's prices and limits, and the budgets, which all services share."""

    prices: Prices
    limits: Limits = field(default_factory=Limits)
    budget: Budget = field(default_factory=Budget)

    def stake(
        self,
        question: Question,
        media: Usage,
        when: datetime,
        stand_ins: Collection[str] = (),
        *,
        is_batch: bool = False,
    ) -> Stake:
        """What a call may cost at most, and what it is expected to, if it is sent at `when`.

        `media` holds the tokens of what is seen and heard, and of the answer, as they are expected. `stand_ins` are
        models that answered for this one before. `is_batch`: it is a line of a batch job.

        Raises:
            RecipeError: the model has no price.
        """
        model = question.settings.model
        most = self.prices.worst_case(
            at_most(question, media),
            max_out=question.settings.max_output_tokens,
            model=model,
            when=when,
            is_batch=is_batch,
            stand_ins=stand_ins,
        )
        usage = expected(question, media)
        fresh = replace(usage, cached=0)
        bill = self.prices.bill(fresh, reported=model, requested=model, when=when, is_batch=is_batch)
        return Stake(most, min(bill.nusd, most), usage.n_in)
