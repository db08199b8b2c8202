"""Rates of models as a table holds them: US$ per million tokens, from a day on, by the length of the input.

Validated when read. What a call costs by them is said by `prices`.
"""

from datetime import date
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from vidpipe.models.calls import Usage

MOST_OUT = 65_536  # tokens of an answer, of the models of today, services.md 1.6
_NUSD_PER_RATE = Decimal(1000)  # a token at 1 US$ per million tokens
_FREE = Decimal(0)


class Rates(BaseModel):
    """US$ per million tokens; `out` counts thoughts too, `cached` the part of the input that the service had kept.

    What is cached costs what the rest of the input does, where nothing is said of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)

    in_: Decimal | None = Field(default=None, alias="in", ge=0)
    out: Decimal | None = Field(default=None, ge=0)
    cached: Decimal | None = Field(default=None, ge=0)

    @property
    def each(self) -> tuple[Decimal, Decimal, Decimal]:
        """The rates of input, of cached input and of output."""
        rate = self.in_ or _FREE
        return rate, rate if self.cached is None else self.cached, self.out or _FREE

    def nusd(self, usage: Usage) -> Decimal:
        """The exact price of tokens, in 1e-9 US$."""
        cached = min(usage.cached, usage.n_in)
        tokens = usage.n_in - cached, cached, usage.out
        return _NUSD_PER_RATE * sum((n * r for n, r in zip(tokens, self.each, strict=True)), _FREE)

    @model_validator(mode="after")
    def _is_cheaper_cached(self) -> Self:
        if self.each[1] > self.each[0]:
            raise ValueError('"cached" above "in": no worst case could be told')
        return self


class Above(Rates):
    """What all tokens of a call cost when its input has more than `n_in`."""

    n_in: int = Field(gt=0)


class Price(Rates):
    """The rates from a day on (UTC), or the model whose rates hold instead. `batch` is the factor of batch mode."""

    from_: date = Field(alias="from")
    batch: Decimal = Field(default=Decimal(1), gt=0, le=1)
    above: Above | None = None
    as_: str | None = Field(default=None, alias="as")
    source: str

    def rates(self, n_in: int) -> Rates:
        """The rates for an input of so many tokens."""
        return self.above if self.above is not None and n_in > self.above.n_in else self

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.as_ is None and (self.in_ is None or self.out is None):
            raise ValueError('needs "in" and "out" in US$ per million tokens, or "as" with another model')
        if self.above is not None and any(a < b for a, b in zip(self.above.each, self.each, strict=True)):
            raise ValueError('"above" below the other rates: no worst case could be told')
        return self


class Model(BaseModel):
    """A model's rates, and the most tokens of an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_out: int = Field(default=MOST_OUT, gt=0)
    prices: list[Price] = Field(min_length=1)


TABLE = TypeAdapter(dict[str, Model])
