"""Rules of canaries, as plain arithmetic: when the next one is due, and which is bad. What follows is not told here."""

from collections.abc import Callable, Sequence
from itertools import takewhile
from statistics import median

from vidpipe.ledger.canaries import Canary

EVERY = 100
"""At most one canary comes with so many calls that are shown a video."""
MOST_BAD = 2
"""So many bad ones in succession are a collapse."""
LEAST, USUAL_SHARE = 0.25, 0.5
"""Less than this is bad, and less than this share of what the model did before, or is expected to do when new."""


def is_bad(attention: float | None, before: Sequence[Canary], usual: float = 1.0) -> bool:
    """Whether a model looked too little, given the canaries before; one that did not answer says nothing."""
    known = [one.attention for one in before if one.attention is not None]
    return attention is not None and attention < max(LEAST, USUAL_SHARE * (median(known) if known else usual))


def n_bad(known: Sequence[Canary]) -> int:
    """How many bad ones came last, one after the other; those that were not answered left out."""
    answered = [one for one in known if one.attention is not None]
    return sum(1 for _ in takewhile(lambda one: one.is_bad, reversed(answered)))


def n_towards(since: Callable[[Canary], int], known: Sequence[Canary], every: int = EVERY) -> int:
    """How many calls count towards the next canary: those since the last one, less what good ones came early.

    `since` tells the calls since one of the `known`, oldest first, of which there is one.
    """
    good = [one for one in known if not one.is_bad]
    earned = [since(one) - i * every for i, one in enumerate(reversed(good))]
    return min([since(known[-1]), *earned])


def n_due(n_calls: int, towards: int | None) -> int:
    """How many canaries come with so many calls that are shown a video.

    `towards` count towards the next one already; None: there is none yet.
    """
    if n_calls <= 0:
        return 0
    return max(0, (n_calls - 1) // EVERY + 1 if towards is None else (min(towards, EVERY) + n_calls - 1) // EVERY)
