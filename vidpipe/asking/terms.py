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

    def stake(self, question: Question, media: Usage, when: datetime, stand_ins: Collection[str] = ()) -> Stake:
        """What a call may cost at most, and what it is expected to, if it is sent at `when`.

        `media` holds the tokens of what is seen and heard, and of the answer, as they are expected. `stand_ins` are
        models that answered for this one before.

        Raises:
            RecipeError: the model has no price.
        """
        model = question.settings.model
        most = self.prices.worst_case(
            at_most(question, media),
            max_out=question.settings.max_output_tokens,
            model=model,
            when=when,
            stand_ins=stand_ins,
        )
        usage = expected(question, media)
        bill = self.prices.bill(replace(usage, cached=0), reported=model, requested=model, when=when)
        return Stake(most, min(bill.nusd, most), usage.n_in)
