"""What a run leaves as it is though it is stale: it would cost money to make again, or lose what a model said."""

from collections.abc import Mapping

from vidpipe.asking.services import TOLD_BY_MODELS, paid_stages
from vidpipe.cli.free_again import FreeAgain
from vidpipe.ledger.plan import held_back
from vidpipe.ledger.snapshot import Snapshot
from vidpipe.ports import Project
from vidpipe.recipe.stages import Line


class Held:
    """The stages of one run whose stale records stay.

    `stale`: what is only stale is done again where that costs money, too. `replace_model_answers`: what a model said,
    and was paid for, makes room for what is measured, where the recipe asks no model by now. `paid` are the stages
    whose answers cost money now, `names` those that are held.
    """

    def __init__(self, project: Project, line: Line, *, stale: bool, replace_model_answers: bool) -> None:
        self._line, self._free = line, FreeAgain(project)
        asked = paid_stages(project.recipe)
        self.paid = frozenset({*asked, *(("annotation_requests",) if "video_annotations" in asked else ())})
        gives_way = {name: stale if name in self.paid else replace_model_answers for name in TOLD_BY_MODELS}
        self.names = tuple(name for name in TOLD_BY_MODELS if name in line and not gives_way[name])

    def free(self, snapshot: Snapshot) -> dict[str, frozenset[str]]:
        """The videos whose stale records cost nothing to make again, and lose nothing, by the assets that are held.

        That is, all their answers are kept; where no model is asked any more, none was.
        """
        held = held_back(snapshot, self._line, self.names)
        unpaid = {
            name: frozenset(v for v, entry in snapshot.entries.get(name, {}).items() if entry.cost_usd == 0)
            for name in held.keys() - self.paid
        }
        return unpaid | self._free.of(snapshot, {name: held[name] for name in held.keys() & self.paid})

    def records(self, snapshot: Snapshot) -> Mapping[str, frozenset[str]]:
        """The videos whose records stay, by asset."""
        return held_back(snapshot, self._line, self.names, self.free(snapshot))
