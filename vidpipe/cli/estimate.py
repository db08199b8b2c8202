"""`vidpipe estimate`: what is left to pay and how long it takes, before anything is asked; with every assumption.

What is left is found by `vidpipe.cli.left_to_ask`, the arithmetic is `vidpipe.asking.estimate`'s.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from vidpipe.annotation.query_recipes import EXPECTED_OUT
from vidpipe.asking.estimate import AGAIN, UPLOAD_BYTES_PER_S, Ask, Estimate, Pace, estimated
from vidpipe.asking.services import budget_of, paid_stages, prices_of
from vidpipe.cli.asking import check_services
from vidpipe.cli.canaries_left import in_words, topics_of, with_canaries
from vidpipe.cli.left_to_ask import ANNOTATIONS, BOUNDS, CATEGORIES, KNOWN_BOUNDS, MOST_LOOKED_AT, LeftToAsk
from vidpipe.cli.projects import open_here
from vidpipe.cli.words import counted
from vidpipe.models.calls import Usage
from vidpipe.ports import Project
from vidpipe.recipe.query_section import LEVELS

# Seconds of an answer, and per token of it.
_ASSUMED = {ANNOTATIONS: (10.0, 1 / 150), CATEGORIES: (3.0, 0.0)} | {
    f"{level}_queries": (5.0, 1 / 150) for level in LEVELS
}
_SAMPLE = 1000  # tokens by which a price per million is found out


def show_estimate(folder: Path, *, as_json: bool) -> int:
    """Print what is left to pay; always 0.

    Raises:
        RecipeError: the recipe, a prompt or the prices cannot be used.
    """
    project = open_here(folder)
    found = estimate_of(project)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        print_estimate(found)
    return 0


def estimate_of(project: Project) -> Estimate:
    """What is left to pay of a project; nobody is asked.

    Raises:
        RecipeError: a prompt or the prices cannot be used, or a model has no price.
    """
    check_services(project)
    left, paid = LeftToAsk(project), paid_stages(project.recipe)
    prices, now = prices_of(project), project.clock()

    def price(ask: Ask) -> int:
        if ask.asset not in paid:
            return 0
        is_batch = project.recipe.annotation.asks_batches and (ask.asset, ask.call) in left.put_into_jobs
        return prices.bill(ask.usage, reported=ask.model, requested=ask.model, when=now, is_batch=is_batch).nusd

    paces = {asset: _pace(project, asset) for asset in left.missing}
    canaries, topics = project.ledger.canaries, topics_of(left)
    asks, stale = (with_canaries(canaries, topics, left.asks(some)) for some in (left.missing, left.stale))
    found = estimated(asks, stale, price=price, paces=paces)
    assumptions = (*_assumptions(left, found, paces), *in_words(asks))
    return estimated(asks, stale, price=price, paces=paces, assumptions=assumptions)


def print_estimate(found: Estimate, *, stderr: bool = False) -> None:
    """The estimate as tables, and each assumption as a line."""
    from rich.table import Table

    from vidpipe.cli.tables import console

    out, told = console(stderr=stderr), found.as_json()
    table = Table(box=None)
    for name in ("asset", "calls", "US$", "low", "high", "seconds"):
        table.add_column(name, justify="left" if name == "asset" else "right")
    for asset, part in found.stages.items():
        numbers = (f"{usd:.4f}" for usd in (part.usd, part.low_usd, part.high_usd))
        table.add_row(asset, f"{part.n:,}", *numbers, f"{part.seconds:,.0f}")
    if found.stages:
        out.print(table)
    tokens = ", ".join(f"{n:,} {kind}" for kind, n in told["tokens"].items())
    bounds = f"{told['low_usd']:.2f} to {told['high_usd']:.2f}"
    out.print(
        f"About {found.usd:.2f} US$ ({bounds}), {told['calls']:,} calls, "
        f"{told['seconds']:,.0f} s, {found.n_bytes / 1e6:,.1f} MB to upload; tokens: {tokens}.",
        highlight=False,
        soft_wrap=True,
    )
    for one in told["stale"]:
        what = f"{one['asset']}, call {one['call']}: {one['n']} stale, about {one['cost_usd']:.4f} US$; run --stale"
        out.print(what, highlight=False, soft_wrap=True)
    for line in found.assumptions:
        out.print(f"- {line}", highlight=False, markup=False, soft_wrap=True)


def _pace(project: Project, asset: str) -> Pace:
    """How fast the service of a stage answers: as it did until now, or as is assumed."""
    from vidpipe.opening import calls_at_once

    at_once = calls_at_once(project.folder)
    if asset == ANNOTATIONS and project.recipe.annotation.asks_batches:
        return Pace(at_once, 0.0)
    sums = project.ledger.calls.sums("asset", "outcome")
    done = [one for one in sums if (one.of["asset"], one.of["outcome"]) == (asset, "complete")]
    if done:
        return Pace(at_once, sum(one.seconds for one in done) / sum(one.n_calls for one in done))
    return Pace(at_once, *_ASSUMED[asset])


# --- what is assumed, in words ---


def _assumptions(left: LeftToAsk, found: Estimate, paces: dict[str, Pace]) -> Iterator[str]:
    if not paces:
        yield "The recipe asks no service: there is nothing to pay."
        return
    if not left.has_catalogue:
        yield "There is no catalogue yet: what the sources hold now is counted."
    yield from _prices(left)
    if any(some.names for some in (*left.missing.values(), *left.stale.values())):
        yield from _videos(left)
        yield from _proxies(left)
        yield from _answers(left)
    for asset, pace in paces.items():
        if pace.seconds == 0:
            yield f"{asset}: in batch jobs, at half the price; they take up to 24 hours, which are not counted."
            continue
        each = f"{pace.seconds:.1f} s" + (f" and {1 / pace.seconds_per_token:.0f} tokens/s" if _is_new(pace) else "")
        known = "assumed" if pace.seconds == _ASSUMED[asset][0] else "as until now"
        yield f"{asset}: {pace.at_once} calls at once (VIDPIPE_CALLS), an answer in {each} ({known})."
    yield f"Uploads go at {UPLOAD_BYTES_PER_S * 8 / 1e6:.0f} Mbit/s; time for decoding is not counted."
    yield from _budget(left.project, found)


def _is_new(pace: Pace) -> bool:
    return pace.seconds_per_token > 0


def _prices(left: LeftToAsk) -> Iterator[str]:
    prices, now = prices_of(left.project), left.project.clock()
    for model in dict.fromkeys(model for models in paid_stages(left.project.recipe).values() for model in models):

        def per_million(usage: Usage, model: str = model) -> float:
            return prices.bill(usage, reported=model, requested=model, when=now).nusd / _SAMPLE / 1000

        into, out = per_million(Usage(text=_SAMPLE)), per_million(Usage(out=_SAMPLE))
        yield f"{model}: {into:g} US$ per million tokens in, {out:g} out, nothing cached ({now:%Y-%m-%d})."
    if left.project.recipe.taxonomy.categoriser == "llm":
        yield "The LLM server of one's own costs nothing per call."


def _videos(left: LeftToAsk) -> Iterator[str]:
    videos = left.videos
    n_unknown = sum(facts.duration_s is None for facts in videos.facts.values())
    n_new = sum(not facts.is_probed for facts in videos.facts.values())
    if n_new:
        words = "with sound, without captions, as long as the catalogue or the file's header says"
        yield f"{n_new} of {counted(len(videos.facts), 'video')} looked at not probed yet: {words}."
    if n_unknown:
        yield f"{n_unknown} of unknown duration: {videos.mean_s:.1f} s each, {_mean_of(left)}."
    if any(facts.n_shots is None for facts in videos.facts.values()):
        cuts, words = videos.cuts, "`vidpipe run --only shots` finds them at no cost, and then this is nearer the truth"
        seen = f"as {cuts.seconds:.0f} s of {counted(cuts.n_videos, 'video')} do" if cuts.n_videos else "assumed"
        yield f"Where no shots are known yet, a video cuts {60 * cuts.per_s:.1f} times a minute ({seen}); {words}."
    if left.n_on_their_way:
        yield f"{counted(left.n_on_their_way, 'video')} not selected yet: each counted as if no filter dropped it."
    for asset, some in (*left.missing.items(), *left.stale.items()):
        if some.n_all > len(some.names):
            yield f"{asset}: {MOST_LOOKED_AT} of {some.n_all} videos were looked at and stand for all."


def _proxies(left: LeftToAsk) -> Iterator[str]:
    views = left.videos.views
    if ANNOTATIONS in left.missing and views.n_expected:
        size = "some 15 kB a picture (45 where they are 1280 px long) and 4 kB a second of sound"
        if views.bytes_per_s is not None:
            size = f"{views.bytes_per_s / 1000:.1f} kB a second, as those until now"
        n_words = "1 proxy is" if views.n_expected == 1 else f"{views.n_expected} proxies are"
        yield f"{n_words} not made yet: {size}, at most as much as the file."


def _mean_of(left: LeftToAsk) -> str:
    is_known = any(facts.duration_s for facts in left.videos.facts.values())
    return "the mean of those known" if is_known else "since no duration is known"


def _answers(left: LeftToAsk) -> Iterator[str]:
    if ANNOTATIONS in left.missing:
        factors = left.factors
        new = [call.name for call in left.plan.calls if call.name not in factors]
        for name, factor in factors.items():
            low, high = KNOWN_BOUNDS
            known = f"{factor:.2f} times the usual length, as those until now"
            yield f"Answers to {name}: {known}; low and high: {low:g} and {high:g} times that."
        if new:
            low, high = BOUNDS
            yield (
                f"Answers to {', '.join(new)}: as many scenes as shots, some 570 tokens each, in free text 56; "
                f"none came yet, so low and high: {low:g} and {high:g} times that."
            )
    for asset, queries in left.queries.items() if left.project.recipe.annotation.annotator != "offline" else ():
        known = f"{EXPECTED_OUT} tokens" if queries.mean_out is None else f"{queries.mean_out} tokens, as until now"
        low, high = BOUNDS if queries.mean_out is None else KNOWN_BOUNDS
        yield f"Answers to {asset}: {known}; low and high: {low:g} and {high:g} times that."
    yield f"{AGAIN:.0%} of the answers are asked for again; none at best, {2 * AGAIN:.0%} at worst."


def _budget(project: Project, found: Estimate) -> Iterator[str]:
    limit = budget_of(project.recipe).project_nusd
    if limit is not None:
        left_usd = (limit - project.ledger.calls.spent()) / 1e9
        enough = "" if found.usd <= left_usd else ": less than this costs, so the rest will be pending"
        yield f"Of the budget of {limit / 1e9:.2f} US$ {max(left_usd, 0):.2f} are left{enough}."
