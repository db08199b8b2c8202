"""The whole ledger as one page: what went in, what came out, and why the rest did not."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from vidpipe.ledger.canaries import Score
from vidpipe.ledger.counts import Counts, Overview, overview
from vidpipe.ledger.sums import Sum
from vidpipe.ports import Project
from vidpipe.recipe.line import DATASETS
from vidpipe.recipe.stages import Line

LEDGER = "ledger"


def ledger_of(line: Line) -> dg.AssetsDefinition:
    """The asset `ledger`, which comes after all datasets in use."""
    after = [name for name in DATASETS if name in line]
    return dg.asset(name=LEDGER, deps=after, group_name="reports", kinds={"table"})(_ledger)


def _ledger(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> dg.MaterializeResult[None]:
    """Every asset's counts: in, ok, dropped, unusable, blocked, skipped, failed, pending, by reason; and all calls."""
    state = look(context.instance, project)
    spent = project.ledger.calls.sums("service", "asset", "name", "model", "model_reported")
    return dg.MaterializeResult(
        metadata={
            "conserved": state.conserved,
            "table": dg.MetadataValue.md(markdown(state)),
            "n_stale": sum(counts.stale for counts in state.assets),
            "n_calls": sum(one.n_calls for one in spent),
            "spent_usd": round(sum(one.usd for one in spent), 6),
            "calls": dg.MetadataValue.md(calls_markdown(spent)),
            **_attention(list(project.ledger.canaries.scores())),
        }
    )


def _attention(scores: Sequence[Score]) -> dict[str, Any]:
    """How attentive models are by their canaries; of the one that answered last as a number, which the page plots."""
    if not scores:
        return {}
    last = max(scores, key=lambda one: one.latest)
    return {"attention": last.attention, "canaries": dg.MetadataValue.md(canaries_markdown(scores))}


def look(instance: dg.DagsterInstance, project: Project) -> Overview:
    """The state of the project: the ledger against Dagster's partition sets."""
    members = {over: instance.get_dynamic_partitions(over) for over in ("video", "selected")}
    return overview(project.ledger.snapshot(), project.line(), members)


def markdown(state: Overview) -> str:
    """The counts as a Markdown table, reasons inline."""
    lines = [
        "| asset | in | ok | dropped | unusable | blocked | skipped | failed | pending | stale | seconds |",
        "|---|--:|--:|---|---|---|---|---|---|--:|--:|",
    ]
    lines += [_line(counts) for counts in state.assets]
    lines += ["", *(f"- {_plain(problem)}" for problem in state.problems[:20])]
    return "\n".join(lines)


def calls_markdown(spent: Sequence[Sum]) -> str:
    """All calls to services as a Markdown table; where another model answered than was asked, both are named."""
    if not spent:
        return "No service was asked."
    lines = [
        "| service | asset | call | model | calls | not whole | tokens in | tokens out | US$ |",
        "|---|---|---|---|--:|--:|--:|--:|--:|",
    ]
    for one in spent:
        asked, told = one.of["model"], one.of["model_reported"]
        is_other = asked and told not in ("None", asked)
        model = f"{asked}, answered by {told}" if is_other else asked or told
        names = [_plain(text) for text in (one.of["service"], one.of["asset"], one.of["name"], model)]
        numbers = [one.n_calls, one.n_estimated, one.usage.n_in, one.usage.out, f"{one.usd:.6f}"]
        lines.append(f"| {' | '.join([*names, *map(str, numbers)])} |")
    return "\n".join(lines)


def canaries_markdown(scores: Sequence[Score]) -> str:
    """What models told of made films as a Markdown table, by the version that answered."""
    lines = [
        "| asset | model | canaries | attention | words read | s off | scenes invented |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for one in scores:
        names = [_plain(text) for text in (one.asset, one.model_reported or one.model)]
        off = "" if one.time_error_s is None else f"{one.time_error_s:.1f}"
        numbers = [str(one.n), f"{one.attention:.2f}", f"{one.recall:.0%}", off, str(one.n_invented)]
        lines.append(f"| {' | '.join([*names, *numbers])} |")
    return "\n".join(lines)


def _line(counts: Counts) -> str:
    ways = (counts.dropped, counts.unusable, counts.blocked, counts.skipped, counts.failed, counts.pending)
    cells = ["; ".join(f"{n} {_plain(reason)}" for reason, n in way.most_common()) for way in ways]
    return (
        "| "
        + " | ".join(
            [
                counts.asset,
                str(counts.n_in),
                str(counts.ok),
                *cells,
                str(counts.stale),
                f"{counts.seconds:.1f}",
            ]
        )
        + " |"
    )


def _plain(text: str) -> str:
    """Text that Markdown and HTML leave alone."""
    return "".join(c if c.isalnum() or c in " ,.:;()'/-+=%" else f"&#{ord(c)};" for c in text[:200])
