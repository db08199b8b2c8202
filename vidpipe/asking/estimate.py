"""What asking will cost, as arithmetic: from calls that are to be made to money, tokens, bytes and time.

What belongs here: numbers to numbers. Not here: which calls these are, and where what is known of them comes from
(`vidpipe.cli`), how long an answer is likely to be (`vidpipe.annotation.lengths`).
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vidpipe.models.calls import Usage

AGAIN = 0.05
"""Of so many answers each is asked for once more, since it is lost or cannot be used; twice as many at worst."""
UPLOAD_BYTES_PER_S = 2_500_000  # 20 Mbit/s
_TOKENS = ("video", "audio", "text", "out")


@dataclass(frozen=True, slots=True)
class Ask:
    """A call that is to be made: `usage` holds its expected tokens, `low_out` and `high_out` bound those of the answer.

    `n_bytes` travel with it. `weight`: for how many such calls it stands, where not all were looked at.
    """

    asset: str
    call: str
    model: str
    usage: Usage
    low_out: int
    high_out: int
    n_bytes: int = 0
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.low_out <= self.usage.out <= self.high_out:
            raise ValueError(f"need low_out <= usage.out <= high_out, got {self}")


Price = Callable[[Ask], int]
"""What a call costs, in 1e-9 US$."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a stage's service answers: at most `at_once` calls in flight, an answer in so many seconds.

    `seconds_per_token` of the answer come on top.
    """

    at_once: int
    seconds: float
    seconds_per_token: float = 0.0

    def needed_s(self, asks: Sequence[Ask]) -> float:
        """The time that calls take together; none less than its own answer."""
        each = [(ask.weight, self.seconds + self.seconds_per_token * ask.usage.out) for ask in asks]
        upload_s = sum(ask.weight * ask.n_bytes for ask in asks) / UPLOAD_BYTES_PER_S
        answers_s = sum(weight * seconds for weight, seconds in each) / self.at_once
        return max(answers_s, *(seconds for _, seconds in each)) + upload_s if each else 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """The calls of a stage, or of one call of it: how many, and their price in US$."""

    n: int
    usd: float
    low_usd: float
    high_usd: float
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is left to pay. `stale` is no part of the sums: it is what asking again would cost, by asset and call."""

    stages: Mapping[str, Part]
    stale: Mapping[tuple[str, str], Part]
    usage: Usage
    n_bytes: int
    assumptions: tuple[str, ...] = field(default=())

    @property
    def usd(self) -> float:
        """The expected price in US$."""
        return sum(part.usd for part in self.stages.values())

    def stale_usd(self, asset: str) -> float:
        """What asking again about all that is stale at an asset would cost, in US$."""
        return sum(part.usd for (of, _), part in self.stale.items() if of == asset)

    def as_json(self) -> dict[str, Any]:
        """As `estimate --json` shows it."""
        stages = self.stages.values()
        return {
            "cost_usd": round(self.usd, 6),
            "low_usd": round(sum(part.low_usd for part in stages), 6),
            "high_usd": round(sum(part.high_usd for part in stages), 6),
            "bytes_to_upload": self.n_bytes,
            "seconds": round(sum(part.seconds for part in stages), 1),
            "calls": sum(part.n for part in stages),
            "tokens": {name: getattr(self.usage, name) for name in _TOKENS},
            "stages": [
                {"asset": asset, "calls": part.n, "cost_usd": round(part.usd, 6), "seconds": round(part.seconds, 1)}
                for asset, part in self.stages.items()
            ],
            "stale": [
                {"asset": asset, "call": call, "n": part.n, "cost_usd": round(part.usd, 6)}
                for (asset, call), part in self.stale.items()
            ],
            "assumptions": list(self.assumptions),
        }


def estimated(
    asks: Sequence[Ask],
    stale: Sequence[Ask],
    *,
    price: Price,
    paces: Mapping[str, Pace],
    assumptions: Iterable[str] = (),
) -> Estimate:
    """What these calls cost and take; `paces` names every stage that asks, in order."""
    of_stage, of_call = defaultdict(list), defaultdict(list)
    for ask in asks:
        of_stage[ask.asset].append(ask)
    for ask in stale:
        of_call[ask.asset, ask.call].append(ask)
    return Estimate(
        {asset: _part(of_stage[asset], price, pace) for asset, pace in paces.items()},
        {key: _part(found, price, paces[key[0]]) for key, found in of_call.items()},
        _usage(asks),
        round(sum(ask.weight * ask.n_bytes for ask in asks)),
        tuple(assumptions),
    )


def _part(asks: Sequence[Ask], price: Price, pace: Pace) -> Part:
    def nusd(out: Callable[[Ask], int]) -> float:
        return math.fsum(ask.weight * price(replace(ask, usage=replace(ask.usage, out=out(ask)))) for ask in asks)

    expected = nusd(lambda ask: ask.usage.out) * (1 + AGAIN)
    low, high = nusd(lambda ask: ask.low_out), nusd(lambda ask: ask.high_out) * (1 + 2 * AGAIN)
    n = round(sum(ask.weight for ask in asks))
    return Part(n, expected / 1e9, low / 1e9, high / 1e9, pace.needed_s(asks))


def _usage(asks: Sequence[Ask]) -> Usage:
    """All tokens; those of answers that are asked for again are no part of it."""
    return Usage(**{name: round(sum(a.weight * getattr(a.usage, name) for a in asks)) for name in _TOKENS})
