"""What neighbouring stages of a run do to videos: who needs them, in which pieces, by whom they are claimed.

Which stages come when is the engine's business; in which threads pieces are run, that of the lanes.
"""

import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import dagster as dg

from vidpipe.cli.dagster_runs import DagsterRuns
from vidpipe.cli.held import Held
from vidpipe.cli.lanes import Lanes
from vidpipe.errors import BudgetError
from vidpipe.ledger.plan import Piece, needs, pieces
from vidpipe.ledger.snapshot import Attempt, Snapshot
from vidpipe.ports import Project
from vidpipe.recipe.stages import Line, Stage

POLL_S = 0.3
"""How long to wait before looking again at what another run has claimed."""


@dataclass
class Passes:
    """Passes of one run over its videos; several threads may be at one each.

    `videos` are those that were asked for, None: all. `began` tells when the run did, in UTC. `doing` names the assets
    at work, or what else keeps the run busy; `todo` how many videos each asset is to do. Once something failed for good
    it `is_over`: nothing is begun any more.
    """

    project: Project
    instance: dg.DagsterInstance
    line: Line
    held: Held
    runs: DagsterRuns
    began: str
    videos: frozenset[str] | None = None
    doing: tuple[str, ...] = ()
    todo: dict[str, int] = field(default_factory=dict)
    is_over: threading.Event = field(default_factory=threading.Event)

    def over(self, stages: Sequence[Stage]) -> None:
        """Everything that these stages have to do; waits for what another run has claimed."""
        tried: set[str] = set()
        while not self.is_ended():
            wanted = self.wanted(self.project.ledger.snapshot(), stages, tried)
            keys = self.instance.get_dynamic_partitions(stages[0].over)
            if not tried:
                self.todo = Counter(name for key in keys for name in wanted.get(key, ()))
            n_before = len(tried)
            self.doing = tuple(stage.name for stage in stages)
            with Lanes(self.project, stages, self.runs.execute) as lanes:
                tried |= self._through(lanes, stages, keys, wanted)
            if self.is_ended() or not wanted:
                return
            if len(tried) == n_before:
                if not any(key in wanted for key in keys):
                    return
                self.doing = ("waiting for another run",)
                time.sleep(POLL_S)

    def once(self, stages: Sequence[Stage], groups: Iterable[Collection[str]]) -> None:
        """What these stages have to do about groups of keys, as they come; leaves out what another run has claimed.

        An empty group tells that the next one is on its way.
        """
        with Lanes(self.project, stages, self.runs.execute) as lanes:
            for group in groups:
                if not group:
                    lanes.meanwhile()
                    continue
                wanted = self.wanted(self.project.ledger.snapshot(), stages, ())
                wanted = {key: wanted[key] for key in group if key in wanted}
                self._through(lanes, stages, self.instance.get_dynamic_partitions(stages[0].over), wanted)
                if self.is_ended():
                    return

    def wanted(
        self, snapshot: Snapshot, stages: Sequence[Stage], tried: Collection[str] = ()
    ) -> dict[str, tuple[str, ...]]:
        """The stages that are left, by partition key; without what was tried since this run began."""
        left = needs(snapshot, self.line, stages, self.held.names, self.held.free(snapshot))
        names = {stage.name for stage in stages}
        wanted = {}
        for key, video_id in snapshot.videos.items():
            if video_id not in left or key in tried or (self.videos is not None and video_id not in self.videos):
                continue
            if snapshot.inputs(self.line[left[video_id][0]], video_id) is None:
                continue  # waits for an earlier part of the line
            attempts = (snapshot.attempts.get(name, {}).get(video_id) for name in names)
            if not any(attempt and self._is_of_this_run(attempt) for attempt in attempts):
                wanted[key] = left[video_id]
        return wanted

    def _is_of_this_run(self, attempt: Attempt) -> bool:
        """Whether the attempt was made by us, or by a run beside us: once is enough for now.

        Unless only its money was out: we may have more.
        """
        is_beside = attempt.updated > self.began and attempt.reason != str(BudgetError())
        return attempt.run_id in self.runs.ids or is_beside

    def _through(
        self, lanes: Lanes, stages: Sequence[Stage], keys: Sequence[str], wanted: dict[str, tuple[str, ...]]
    ) -> set[str]:
        """Begin all pieces of what is wanted; the keys that could be claimed. `keys` is the whole set in its order."""
        mine: set[str] = set()
        for piece in pieces(keys, wanted, lanes.size):
            lanes.room()
            mine |= self._claimed_piece(piece, stages, lanes)
            if self.is_ended():
                break
        return mine

    def is_ended(self) -> bool:
        """Whether nothing is to be begun any more."""
        return self.project.stop.is_set() or self.is_over.is_set()

    def _claimed_piece(self, piece: Piece, stages: Sequence[Stage], lanes: Lanes) -> set[str]:
        """Run what is still left of a piece once it is claimed; the keys that were claimed."""
        ids = self.project.ledger.video_ids(piece.keys)
        with ExitStack() as claim:
            got = claim.enter_context(self.project.ledger.claims.held(stages[0].over, [ids[key] for key in piece.keys]))
            mine = set(got)
            wanted = self.wanted(self.project.ledger.snapshot(got), stages)
            wanted = {key: names for key, names in wanted.items() if ids.get(key) in mine}
            lanes.run(list(pieces(piece.keys, wanted, len(piece.keys))), claim)  # neighbours there are so in the set
        return {key for key in piece.keys if ids[key] in mine}
