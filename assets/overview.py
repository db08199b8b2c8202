"""The whole ledger as one page: what went in, what came out, and why the rest did not."""

import dagster as dg

from vidpipe.ledger.counts import Counts, Overview, overview
from vidpipe.ports import Project


@dg.asset(name="ledger", deps=["scene_dataset"], group_name="reports", kinds={"table"})
def ledger(context: dg.AssetExecutionContext, project: dg.ResourceParam[Project]) -> dg.MaterializeResult[None]:
    """Every asset's counts: in, ok, dropped, unusable, skipped, failed, pending, by reason; and whether they add up."""
    state = look(context.instance, project)
    return dg.MaterializeResult(
        metadata={
            "conserved": state.conserved,
            "table": dg.MetadataValue.md(markdown(state)),
            "n_stale": sum(counts.stale for counts in state.assets),
        }
    )


def look(instance: dg.DagsterInstance, project: Project) -> Overview:
    """The state of the project: the ledger against Dagster's partition sets."""
    members = {over: instance.get_dynamic_partitions(over) for over in ("video", "selected")}
    return overview(project.ledger.snapshot(), project.code_versions(), members)


def markdown(state: Overview) -> str:
    """The counts as a Markdown table, reasons inline."""
    lines = [
        "| asset | in | ok | dropped | unusable | skipped | failed | pending | stale | seconds |",
        "|---|--:|--:|---|---|---|---|---|--:|--:|",
    ]
    lines += [_line(counts) for counts in state.assets]
    lines += ["", *(f"- {_plain(problem)}" for problem in state.problems[:20])]
    return "\n".join(lines)


def _line(counts: Counts) -> str:
    ways = (counts.dropped, counts.unusable, counts.skipped, counts.failed, counts.pending)
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
