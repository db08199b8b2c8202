"""What a run leaves as it is though it is stale: it would cost money to make again, or lose what a model said."""

from collections.abc import Mapping

from vidpipe.asking.services import TOLD_BY_MODELS, asking_stages, paid_stages
from vidpipe.cli.free_again import FreeAgain
from vidpipe.ledger.counts import is_pending
from vidpipe.ledger.plan import held_back
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.ledger.staleness import stale_records
from vidpipe.ports import Project
from vidpipe.recipe.stages import Line


class Held:
    """The stages of one run whose stale records stay.

    `stale`: what is only stale is done again where that costs money, too. `replace_model_answers`: what a model said,
    and was paid for, makes room for what is measured, where the recipe asks no model by now. `paid` are the stages
    whose answers cost money now, `names` those that are held.
    """

    def __init__(self, project: Project, line: Line, *, stale: bool, replace_model_answers: bool) -> None:
        self._project, self._line, self._free = project, line, FreeAgain(project)
        self._asking = asking_stages(project.recipe)
        asked = paid_stages(project.recipe)
        self.paid = frozenset({*asked, *(("annotation_requests",) if "video_annotations" in asked else ())})
        gives_way = {name: stale if name in self.paid else replace_model_answers for name in TOLD_BY_MODELS}
        self.names = tuple(name for name in TOLD_BY_MODELS if name in line and not gives_way[name])

    def free(self, snapshot: Snapshot) -> dict[str, frozenset[str]]:
        """The videos whose stale records cost nothing to make again, and lose nothing, by the assets that are held.

        That is, all their answers are kept, or a batch job was asked for them already; where a model is asked that is
        not paid, all; where none is asked any more, those of which none told.
        """
        held = held_back(snapshot, self._line, self.names)
        paid = {name: held[name] - self._begun(snapshot, name) for name in held.keys() & self.paid}
        found = self._free.of(snapshot, paid)
        found = {name: free | (held[name] - paid[name]) for name, free in found.items()}
        for name in held.keys() - self.paid:
            found[name] = held[name] if name in self._asking else held[name] - self._told(name)
        return found

    def forget_attempts(self) -> None:
        """Forget that work on records which stay was put off by a run that was to do it: nothing waits any more."""
        snapshot = self._project.ledger.snapshot()
        for name, video_ids in self.records(snapshot).items():
            tried = {v: attempt.reason for v, attempt in snapshot.attempts.get(name, {}).items()}
            waiting = [v for v in video_ids & tried.keys() if is_pending(tried[v])]
            self._project.ledger.forget_attempts(name, waiting)

    def _begun(self, snapshot: Snapshot, name: str) -> frozenset[str]:
        """The videos about which a batch job was asked anew, for money: the rest belongs to it."""
        if name != "video_annotations" or "annotation_requests" not in self._line:
            return frozenset()
        stale = stale_records(snapshot, self._line)["annotation_requests"]
        made = snapshot.entries.get(name, {})
        asked = snapshot.entries.get("annotation_requests", {})
        return frozenset(
            v for v, one in asked.items() if v not in stale and v in made and one.updated > made[v].updated
        )

    def _told(self, name: str) -> frozenset[str]:
        """The videos about which models told something there, for money or not."""
        sums = self._project.ledger.calls.sums("asset", "video_id", "outcome")
        return frozenset(s.of["video_id"] for s in sums if (s.of["asset"], s.of["outcome"]) == (name, "complete"))

    def records(self, snapshot: Snapshot) -> Mapping[str, frozenset[str]]:
        """The videos whose records stay, by asset."""
        return held_back(snapshot, self._line, self.names, self.free(snapshot))
