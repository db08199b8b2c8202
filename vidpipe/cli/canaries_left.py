"""The canaries that come with the calls that are left to make: made films, asked about like any video."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from vidpipe.annotation.canaries import FILE_BYTES, kind_of, media_of, question_about, shown_calls
from vidpipe.annotation.lengths import Lengths
from vidpipe.annotation.plans import Plan
from vidpipe.annotation.recipes import tokens_of
from vidpipe.asking.canaries import EVERY, n_due
from vidpipe.asking.estimate import Ask
from vidpipe.ledger.canaries import CANARY, Canaries
from vidpipe.media.canary_films import N_SCENES, film_of
from vidpipe.models.tokens import expected
from vidpipe.recipe.model_sections import Annotation

_BOUNDS = (0.8, 1.25)  # what is in them is known; how much is told of it, is not


def with_canaries(canaries: Canaries, recipe: Annotation, plan: Plan, *, asset: str, asks: Sequence[Ask]) -> list[Ask]:
    """The calls with the canaries that come with those of an asset which are shown a video."""
    shown = {call.name for call in shown_calls(plan)}
    n_calls = sum(ask.weight for ask in asks if ask.asset == asset and ask.call in shown)
    if recipe.canaries == "off" or not shown:
        return list(asks)
    known = canaries.of(kind_of(plan), 1)
    since = None
    if known:
        where = {"service": known[-1].service, "asset": asset}
        since = canaries.since(**where, shown=shown, started=known[-1].started).n_shown
    n_canaries = n_due(round(n_calls), since)
    number = known[-1].number + 1 if known else 0
    return [*asks, replace(_ask(recipe, plan, asset, number), weight=n_canaries)] if n_canaries else list(asks)


def in_words(asks: Sequence[Ask]) -> Iterator[str]:
    """What was assumed about the canaries among calls, if there are any."""
    n_canaries = round(sum(ask.weight for ask in asks if ask.call == CANARY))
    if n_canaries:
        films = "one made film" if n_canaries == 1 else f"{n_canaries} made films"
        yield f"Canaries: {films} before the first and with every {EVERY} calls that are shown a video."


def _ask(recipe: Annotation, plan: Plan, asset: str, number: int) -> Ask:
    film = film_of(str(number), fps=recipe.fps)
    question = question_about(film, media_of(film, recipe, Path()), plan)
    out = Lengths(plan, {}).out(shown_calls(plan)[0], N_SCENES)
    usage = expected(question, replace(tokens_of(recipe, float(film.duration_s), has_audio=True)(question), out=out))
    low, high = (round(out * factor) for factor in _BOUNDS)
    return Ask(asset, CANARY, plan.settings.model, usage, low, high, n_bytes=FILE_BYTES)
