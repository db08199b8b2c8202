"""What calls cost: prices as data with the day from which they hold, the bill of an answer, the worst that may come.

Money is a whole number of 1e-9 US$ (`_nusd`), rounded up once per call, so that sums never drift; floats are made at
the edge. Prices stand in `data/prices.json` and, where a project has one, in a file of its own; how many tokens a
question has is said by `tokens`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from vidpipe.errors import RecipeError
from vidpipe.models.calls import Usage
from vidpipe.models.rates import MOST_OUT, TABLE, Model, Price

NUSD = 10**9  # in a US$
_MOST_USD = Decimal("1e9")  # as in recipes: more is no limit that anybody means
_FILE = "prices.json"
_PREFIX = "models/"


@dataclass(frozen=True, slots=True)
class Bill:
    """What a call cost, in 1e-9 US$; `model_priced` is the model whose price was taken.

    `is_flagged`: that is not the model that answered, which has no price.
    """

    nusd: int
    model_priced: str
    is_flagged: bool = False

    @property
    def usd(self) -> float:
        """The same in US$, for people."""
        return self.nusd / NUSD


_FREE = Price(**{"from": date.min, "in": Decimal(0), "out": Decimal(0), "source": "a server of one's own"})


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of models by the day; `is_free`: models that are not listed cost nothing."""

    models: Mapping[str, Model]
    is_free: bool = False

    def bill(self, usage: Usage, *, reported: str, requested: str, when: datetime, is_batch: bool = False) -> Bill:
        """What an answer cost that was asked for at `when`: exact, by the tokens that the service counted.

        A model that answered and has no price is billed as the one that was asked for. `models/` before a name means
        nothing.

        Raises:
            RecipeError: neither has a price on that day.
        """
        reported, requested = reported.removeprefix(_PREFIX), requested.removeprefix(_PREFIX)
        price = self._price(reported, when)
        if price is not None:
            return Bill(_whole(price, usage, is_batch), reported)
        price = self._needed(requested, when)
        return Bill(_whole(price, usage, is_batch), requested, is_flagged=reported != requested)

    def worst_case(
        self,
        expected: Usage,
        *,
        max_out: int | None,
        model: str,
        when: datetime,
        is_batch: bool = False,
        stand_ins: Collection[str] = (),
    ) -> int:
        """The most that a question may cost, in 1e-9 US$: nothing cached, and the longest answer there may be.

        `expected` holds the tokens of its input, an upper bound of them (`tokens.at_most`). `max_out` is the limit
        that the model is told; None: its own. `stand_ins` are models that may answer instead, where they have a price.

        Raises:
            RecipeError: the model has no price on that day.
        """
        model = model.removeprefix(_PREFIX)
        prices = {model: self._needed(model, when)}
        for name in (name.removeprefix(_PREFIX) for name in stand_ins):
            price = self._price(name, when)
            prices |= {name: price} if price is not None else {}
        told = Usage(text=expected.text, video=expected.video, audio=expected.audio)
        outs = {name: max(max_out or self._max_out(name), expected.out) for name in prices}
        return max(_whole(price, replace(told, out=outs[name]), is_batch) for name, price in prices.items())

    def _max_out(self, model: str) -> int:
        known = self.models.get(model)
        return known.max_out if known else MOST_OUT

    def check(self, model: str, when: datetime) -> None:
        """See that a model has a price, before anything is asked.

        Raises:
            RecipeError: it has none on that day.
        """
        self._needed(model.removeprefix(_PREFIX), when)

    def updated(self, others: "Prices") -> "Prices":
        """These prices, with those of other models or instead of the same ones."""
        return Prices({**self.models, **others.models}, is_free=self.is_free or others.is_free)

    def _needed(self, model: str, when: datetime) -> Price:
        price = self._price(model, when)
        if price is None:
            example = f'{{"{model}": {{"prices": [{{"from": "{when:%Y-%m-%d}", "in": …, "out": …, "source": …}}]}}}}'
            raise RecipeError(_FILE, f"no price of {model!r} on {when:%Y-%m-%d}; add {example}, US$ per million tokens")
        return price

    def _price(self, model: str, when: datetime) -> Price | None:
        day = when.astimezone(UTC).date()
        for _ in range(len(self.models) + 1):  # a circle of names ends as no price
            known = self.models.get(model)
            held = [p for p in known.prices if p.from_ <= day] if known else []
            if not held:
                return _FREE if self.is_free and known is None else None
            price = max(held, key=lambda p: p.from_)
            if price.as_ is None:
                return price
            model = price.as_
        return None


FREE = Prices({}, is_free=True)
"""Servers of one's own: nothing is paid per call."""


@cache
def built_in() -> Prices:
    """The prices that vidpipe knows."""
    return _parsed(files("vidpipe.models").joinpath("data", _FILE).read_bytes(), _FILE)


def read_prices(path: Path) -> Prices:
    """The prices of a project's own file, over those that vidpipe knows.

    Raises:
        RecipeError: it cannot be read, or is no table of prices.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecipeError(path.name, f"cannot be read: {error.strerror or 'input error'}") from error
    return built_in().updated(_parsed(data, path.name))


def nusd_of(usd: float) -> int:
    """A sum in US$ as people write it, in 1e-9 US$; rounded down, since it is a limit.

    Raises:
        ValueError: it is no number, negative, or more than 1e9 US$.
    """
    exact = Decimal(str(usd))
    if not (exact.is_finite() and exact >= 0):
        raise ValueError(f"need US$ of at least 0, got {usd}")
    if exact > _MOST_USD:
        raise ValueError(f"need US$ of at most 1e9, got {usd}")
    return int(exact * NUSD)


def _parsed(data: bytes, name: str) -> Prices:
    try:
        return Prices(TABLE.validate_json(data))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecipeError(name, f"{where}: {first['msg']}" if where else first["msg"]) from error


def _whole(price: Price, usage: Usage, is_batch: bool) -> int:  # noqa: FBT001
    exact = price.rates(usage.n_in).nusd(usage) * (price.batch if is_batch else 1)
    return int(exact.to_integral_value(ROUND_CEILING))
