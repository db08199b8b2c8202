"""What the videos of a dataset cost, by stage and by video.

What belongs here: adding up what the ledger says. Not here: what it says of it in a card.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from vidpipe.ledger.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Costs:
    """In US$: `by_stage` those that cost anything, in line order; `by_video` one number for each, in no order."""

    by_stage: Mapping[str, float] = field(default_factory=dict)
    by_video: tuple[float, ...] = ()


def costs_of(snapshot: Snapshot, assets: Iterable[str], video_ids: Collection[str]) -> Costs:
    """What the records of these videos at these assets cost; whichever run paid."""
    by_stage: dict[str, float] = {}
    by_video = dict.fromkeys(video_ids, 0.0)
    for asset in assets:
        entries = snapshot.entries.get(asset, {})
        costs = {v: entry.cost_usd for v in by_video if (entry := entries.get(v)) is not None and entry.cost_usd}
        if costs:
            by_stage[asset] = round(math.fsum(costs.values()), 6)
        for video_id, cost_usd in costs.items():
            by_video[video_id] += cost_usd
    return Costs(by_stage, tuple(sorted(round(cost_usd, 9) for cost_usd in by_video.values())))
