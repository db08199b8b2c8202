"""`vidpipe run` and `retry`: the line by parts, each part as Dagster runs over ranges, in this process.

What is left to do comes from the ledger; Dagster executes it and keeps its own account. Two engines at once share the
work by claims. Nothing here knows what a stage does.
"""

import time
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from assets.catalogue import sources_mark
from vidpipe.cli.dagster_runs import DagsterRuns
from vidpipe.cli.held import Held
from vidpipe.cli.lanes import Lanes
from vidpipe.cli.naming import named_videos
from vidpipe.cli.recovery import recover
from vidpipe.cli.sweeping import sweep_after
from vidpipe.ledger.plan import Piece, entering, in_turn, leaving, needs, pieces, table_is_due
from vidpipe.ledger.snapshot import Attempt, Snapshot, inputs_of
from vidpipe.ports import Project
from vidpipe.recipe.stages import Stage

_POLL_S = 0.3
_GATE = "selected_videos"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is to do. None stands for all: `only` these assets and what they need, only these `video_ids`.

    `stale`: what is only stale is done again where that costs money, too. `replace_model_answers`: what a model said,
    and was paid for, makes room for what is measured, where the recipe's annotator is offline by now.
    """

    only: frozenset[str] | None = None
    video_ids: frozenset[str] | None = None
    limit: int | None = None
    failed_only: bool = False
    stale: bool = False
    replace_model_answers: bool = False


class Engine:
    """One `vidpipe run` on one project."""

    def __init__(self, project: Project, instance: dg.DagsterInstance, asked: Asked) -> None:
        self.project, self.instance = project, instance
        self.asked = asked
        self.line = project.line()
        wanted = self.line.ancestors(self.line.names if asked.only is None else asked.only)
        self.stages = [stage for stage in self.line.stages if stage.name in wanted and not stage.command]
        self.doing: tuple[str, ...] = ()  # the assets, or what else keeps it busy
        self.todo: dict[str, int] = {}  # how many videos each asset of this part is to do
        self.runs = DagsterRuns(project, instance)
        self.videos = asked.video_ids
        self.held = Held(project, self.line, stale=asked.stale, replace_model_answers=asked.replace_model_answers)
        self.began = datetime.now(UTC).isoformat(timespec="seconds")

    def run(self) -> None:
        """Do what is left, in the order of the line; returns when nothing is left that this run may do."""
        self.doing = ("looking at the store",)
        recover(self.project, self.instance)
        self.held.forget_attempts()
        if self.asked.failed_only:
            self.videos = self._failed_videos()
        if not self.asked.failed_only or "" in self.project.ledger.snapshot([]).attempts.get("catalogue", {}):
            self._catalogue()
        self._settle_sets()
        self._choose()
        for part in self._parts():
            if self.project.stop.is_set():
                return
            if part[0].unit == "table":
                self._table(part[0].name)
            else:
                snapshot = self.project.ledger.snapshot()
                for stages in in_turn(snapshot, self.line, part, self.held.names, self.held.paid):
                    self._per_video(stages)
                if part[0].name == _GATE:
                    self._settle_sets()
        sweep_after(self.project, self.runs.ids)
        if self.runs.ids and self.asked.only is None and not self.project.stop.is_set():
            self.runs.execute(("ledger",))
            self.runs.execute(())

    def _parts(self) -> list[list[Stage]]:
        """The stages after the catalogue: tables and the gate alone, per-video neighbours of one set together."""
        parts: list[list[Stage]] = []
        for stage in self.stages[1:]:
            alone = stage.unit == "table" or stage.name == _GATE
            last = parts[-1][-1] if parts else None
            if not alone and last and last.unit == "video" and last.name != _GATE and last.over == stage.over:
                parts[-1].append(stage)
            else:
                parts.append([stage])
        return parts

    # --- the catalogue and other tables ---

    def _catalogue(self) -> None:
        self.doing = ("catalogue",)
        while self._catalogue_is_due() and not self.project.stop.is_set():
            with self.project.ledger.claims.held("catalogue", [""]) as got:
                if got and self._catalogue_is_due():
                    self.runs.execute(("catalogue",))
                    return
            time.sleep(_POLL_S)

    def _catalogue_is_due(self) -> bool:
        snapshot = self.project.ledger.snapshot([])
        entry, now = snapshot.entry("catalogue", ""), self.line.versions["catalogue"]
        if "" in snapshot.attempts.get("catalogue", {}):
            return True
        if entry is None or entry.damaged or not entry.reported or entry.code_version != now:
            return True
        return inputs_of(entry.inputs).get("sources") != sources_mark(self.project)

    def _table(self, asset: str) -> None:
        while self._is_due(asset) and not self.project.stop.is_set():
            self.doing, self.todo = (asset,), {}
            with self.project.ledger.claims.held(asset, [""]) as got:
                if got and self._is_due(asset):
                    self.runs.execute((asset,))
                    return
            time.sleep(_POLL_S)

    def _is_due(self, asset: str) -> bool:
        return table_is_due(asset, self.project.ledger.snapshot(), self.line)

    # --- videos ---

    def _choose(self) -> None:
        """Narrow the videos down to the first `limit` that are admitted.

        Raises:
            RecipeError: a video was asked for that the catalogue does not know.
        """
        if self.asked.video_ids is not None:
            self.videos = frozenset(named_videos(self.project, sorted(self.asked.video_ids), at="--ids"))
        if self.asked.limit is not None:
            snapshot = self.project.ledger.snapshot()
            keys = self.instance.get_dynamic_partitions("video")
            ids = [snapshot.videos[k] for k in keys if k in snapshot.videos]
            allowed = [v for v in ids if self.videos is None or v in self.videos]
            self.videos = frozenset(allowed[: self.asked.limit])

    def _failed_videos(self) -> frozenset[str]:
        attempts = self.project.ledger.snapshot().attempts
        return frozenset(video_id for videos in attempts.values() for video_id in videos if video_id)

    def _per_video(self, stages: Sequence[Stage]) -> None:
        """Everything that these stages have to do, in ranges; waits for what another run has claimed."""
        over = stages[0].over
        tried: set[str] = set()
        while not self.project.stop.is_set():
            snapshot = self.project.ledger.snapshot()
            wanted = self._wanted(snapshot, stages, tried)
            keys = self.instance.get_dynamic_partitions(over)
            if not tried:
                self.todo = Counter(name for key in keys for name in wanted.get(key, ()))
            n_before = len(tried)
            with Lanes(self.project, stages, self.runs.execute) as lanes:
                for piece in pieces(keys, wanted, lanes.size):
                    lanes.room()
                    tried |= self._claimed_piece(piece, stages, lanes)
                    if self.project.stop.is_set():
                        return
            if not wanted:
                return
            if len(tried) == n_before:
                if not any(key in wanted for key in keys):
                    return
                self.doing = ("waiting for another run",)
                time.sleep(_POLL_S)

    def _wanted(
        self, snapshot: Snapshot, stages: Sequence[Stage], tried: Collection[str]
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
        """Whether the attempt was made by us, or by a run beside us: once is enough for now."""
        return attempt.run_id in self.runs.ids or attempt.updated > self.began

    def _claimed_piece(self, piece: Piece, stages: Sequence[Stage], lanes: Lanes) -> set[str]:
        """Run what is still left of a piece once it is claimed; the keys that were claimed."""
        ids = self.project.ledger.video_ids(piece.keys)
        with ExitStack() as claim:
            got = claim.enter_context(self.project.ledger.claims.held(stages[0].over, [ids[key] for key in piece.keys]))
            mine = set(got)
            wanted = self._wanted(self.project.ledger.snapshot(got), stages, ())
            wanted = {key: names for key, names in wanted.items() if ids.get(key) in mine}
            self.doing = tuple(stage.name for stage in stages)
            lanes.run(list(pieces(piece.keys, wanted, len(piece.keys))), claim)  # neighbours there are so in the set
        return {key for key in piece.keys if ids[key] in mine}

    def _settle_sets(self) -> None:
        """Take ids out of the sets that no longer belong there, `selected` before `video`; then add those that do.

        Only between runs: an id that leaves in the middle of one breaks its range.
        """
        members = {over: self.instance.get_dynamic_partitions(over) for over in ("selected", "video")}
        snapshot = self.project.ledger.snapshot()
        for over, keys in leaving(snapshot, members).items():
            ids = {snapshot.videos.get(key, key): key for key in keys}
            with self.project.ledger.claims.held(over, list(ids)) as got:
                for video_id in got:
                    self.instance.delete_dynamic_partition(over, ids[video_id])
        for over, keys in entering(snapshot, members).items():
            if keys:
                self.instance.add_dynamic_partitions(over, keys)
