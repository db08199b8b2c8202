"""What a person does about a dataset that is behind: what runs make by themselves, and what they leave to people.

What belongs here: advice. Not here: why it is behind (`release_gate`).
"""

from collections.abc import Collection

from vidpipe.asking.services import TOLD_BY_MODELS, asking_stages
from vidpipe.ledger.plan import held_back
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.ports import Project


def remedy(project: Project, snapshot: Snapshot, stale: Collection[str] = ()) -> str:
    """What to do about a dataset with rows of these stale videos.

    A run makes no record again by itself that costs money, or holds what a model said and was paid for.
    """
    line, asking = project.line(), asking_stages(project.recipe)
    held = held_back(snapshot, line, [name for name in TOLD_BY_MODELS if name in line])
    kept = [
        name
        for name, video_ids in held.items()
        if any(name in asking or snapshot.entries[name][v].cost_usd > 0 for v in video_ids.intersection(stale))
    ]
    if not kept:
        return "`vidpipe run` makes it"
    how = "--stale" if any(name in asking for name in kept) else "--replace-model-answers"
    return f"`vidpipe run {how}` makes them again, `vidpipe accept {kept[0]} --reason TEXT` keeps them as they are"
