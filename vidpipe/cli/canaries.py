"""What canaries tell of the models, in words: for `run`, `status` and `doctor`."""

from collections.abc import Iterator
from datetime import datetime

from vidpipe.asking.canaries import Mode
from vidpipe.asking.canary_rules import MOST_BAD, n_bad
from vidpipe.ledger.canaries import Canaries, Canary, Score


def bad_news(canaries: Canaries, mode: Mode, since: str) -> Iterator[str]:
    """One line for each asset whose model looked too little in a canary asked at a moment (ISO time) or later."""
    started = datetime.fromisoformat(since).timestamp()
    bad = {one.asset: one for one in canaries.all() if one.is_bad and one.started >= started}
    for last in bad.values():
        is_over = mode == "stop" and n_bad(canaries.of(last.kind)) >= MOST_BAD
        what = "it was asked nothing more" if is_over else "what it told of videos may be made up"
        yield f"{last.asset}: {last.model_reported} {_told(last)}; it does not look at what it is shown: {what}"


def _told(canary: Canary) -> str:
    """What a model told of a film, in numbers."""
    words = f"read {canary.recall or 0:.0%} of the words of a canary"
    invented = f", invented {canary.n_invented} of {canary.n_told} scenes" if canary.n_invented else ""
    late = "" if canary.time_error_s is None else f", was {canary.time_error_s:.1f} s off"
    return f"{words}{invented}{late} (attention {canary.attention or 0:.2f})"


def scores_of(canaries: Canaries) -> dict[tuple[str, str, str], Score]:
    """How attentive models were of late, by asset, the model that was asked and the one that answered."""
    return {(one.asset, one.model, one.model_reported): one for one in canaries.scores()}
