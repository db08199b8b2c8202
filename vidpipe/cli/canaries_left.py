"""The canaries that come with the calls that are left to make: made films, asked about like any video."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from vidpipe.annotation.canary_topics import FILE_BYTES, Topic, annotation_topic, query_topic
from vidpipe.asking.canary_rules import EVERY, n_due, n_towards
from vidpipe.asking.estimate import Ask
from vidpipe.cli.left_to_ask import ANNOTATIONS, LeftToAsk
from vidpipe.ledger.canaries import CANARY, Canaries, Canary
from vidpipe.models.tokens import expected

_BOUNDS = (0.8, 1.25)  # what is in them is known; how much is told of it, is not


def topics_of(left: LeftToAsk) -> Mapping[str, Topic]:
    """What a project's stages ask about films, by asset; none where the recipe wants no canaries.

    Raises:
        RecipeError: a prompt cannot be used.
    """
    recipe = left.project.recipe.annotation
    if recipe.annotator == "offline" or recipe.canaries == "off":
        return {}
    topics = {asset: query_topic(asked.plan, recipe, asked.level) for asset, asked in left.queries.items()}
    annotation = annotation_topic(left.plan, recipe)
    return topics if annotation is None else {**topics, ANNOTATIONS: annotation}


def with_canaries(canaries: Canaries, topics: Mapping[str, Topic], asks: Sequence[Ask]) -> list[Ask]:
    """The calls with the canaries that come with those which are shown a video."""
    return [*asks, *(ask for asset, topic in topics.items() for ask in _among(canaries, topic, asset, asks))]


def in_words(asks: Sequence[Ask]) -> Iterator[str]:
    """What was assumed about the canaries among calls, if there are any."""
    n_canaries = round(sum(ask.weight for ask in asks if ask.call == CANARY))
    if n_canaries:
        films = "one made film" if n_canaries == 1 else f"{n_canaries} made films"
        yield f"Canaries: {films} before the first and with every {EVERY} calls of a stage that are shown a video."


def _among(canaries: Canaries, topic: Topic, asset: str, asks: Sequence[Ask]) -> Iterator[Ask]:
    """The canaries among the calls of one asset, as one that stands for all, if there are any."""

    def since(one: Canary) -> int:
        return canaries.since(service=one.service, asset=asset, shown=topic.shown, started=one.started)

    n_calls = sum(ask.weight for ask in asks if ask.asset == asset and ask.call in topic.shown)
    known = canaries.of(topic.kind)
    n_canaries = n_due(round(n_calls), n_towards(since, known) if known else None)
    if n_canaries:
        yield replace(_ask(topic, asset, known[-1].number + 1 if known else 0), weight=n_canaries)


def _ask(topic: Topic, asset: str, number: int) -> Ask:
    film = topic.film(number)
    question = topic.question_about(film, topic.media(film, Path()))
    usage = expected(question, topic.tokens(film))
    low, high = (round(usage.out * factor) for factor in _BOUNDS)
    return Ask(asset, CANARY, topic.settings.model, usage, low, high, n_bytes=FILE_BYTES)
