"""`vidpipe run` and `retry`: the line by parts, each part as Dagster runs over ranges, in this process.

What is left to do comes from the ledger; Dagster executes it and keeps its own account. Two engines at once share the
work by claims. Nothing here knows what a stage does.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from assets.catalogue import sources_mark
from vidpipe.cli.dagster_runs import DagsterRuns
from vidpipe.cli.flow import Flow
from vidpipe.cli.held import Held
from vidpipe.cli.naming import named_videos
from vidpipe.cli.passes import POLL_S, Passes
from vidpipe.cli.recovery import recover
from vidpipe.cli.sweeping import sweep_after
from vidpipe.ledger.plan import entering, in_turn, leaving, table_is_due
from vidpipe.ledger.snapshot import inputs_of
from vidpipe.ports import Project
from vidpipe.recipe.stages import Stage

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
        self.runs = DagsterRuns(project, instance)
        self.held = Held(project, self.line, stale=asked.stale, replace_model_answers=asked.replace_model_answers)
        began = datetime.now(UTC).isoformat(timespec="seconds")
        self.passes = Passes(project, instance, self.line, self.held, self.runs, began, asked.video_ids)

    def run(self) -> None:
        """Do what is left, in the order of the line; returns when nothing is left that this run may do."""
        self.passes.doing = ("looking at the store",)
        recover(self.project, self.instance)
        self.held.forget_attempts()
        if self.asked.failed_only:
            self.passes.videos = self._failed_videos()
        if not self.asked.failed_only or "" in self.project.ledger.snapshot([]).attempts.get("catalogue", {}):
            self._catalogue()
        self._settle_sets()
        self._choose()
        parts = self._parts()
        self._flow(parts)
        for part in parts:
            if self.project.stop.is_set():
                return
            if part[0].unit == "table":
                self.passes.doing, self.passes.todo = (part[0].name,), {}
                self._table(part[0].name)
            else:
                snapshot = self.project.ledger.snapshot()
                for stages in in_turn(snapshot, self.line, part, self.held.names, self.held.paid):
                    self.passes.over(stages)
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

    def _flow(self, parts: Sequence[Sequence[Stage]]) -> None:
        """What is new goes through curation and production at once, where each video is selected for itself."""
        gate = next((i for i, part in enumerate(parts) if part[0].name == _GATE), None)
        if gate is None or self.asked.failed_only or self.project.recipe.selection.strategy != "all":
            return
        production = parts[gate + 1] if gate + 1 < len(parts) else ()
        if production and production[0].unit == "video":
            Flow(self.passes, parts[: gate + 1], production, self._table).run()

    # --- the catalogue and other tables ---

    def _catalogue(self) -> None:
        self.passes.doing = ("catalogue",)
        while self._catalogue_is_due() and not self.project.stop.is_set():
            with self.project.ledger.claims.held("catalogue", [""]) as got:
                if got and self._catalogue_is_due():
                    self.runs.execute(("catalogue",))
                    return
            time.sleep(POLL_S)

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
            with self.project.ledger.claims.held(asset, [""]) as got:
                if got and self._is_due(asset):
                    self.runs.execute((asset,))
                    return
            time.sleep(POLL_S)

    def _is_due(self, asset: str) -> bool:
        return table_is_due(asset, self.project.ledger.snapshot(), self.line)

    # --- videos ---

    def _choose(self) -> None:
        """Narrow the videos down to the first `limit` that are admitted.

        Raises:
            RecipeError: a video was asked for that the catalogue does not know.
        """
        if self.asked.video_ids is not None:
            self.passes.videos = frozenset(named_videos(self.project, sorted(self.asked.video_ids), at="--ids"))
        if self.asked.limit is not None:
            snapshot = self.project.ledger.snapshot()
            keys = self.instance.get_dynamic_partitions("video")
            ids = [snapshot.videos[k] for k in keys if k in snapshot.videos]
            allowed = [v for v in ids if self.passes.videos is None or v in self.passes.videos]
            self.passes.videos = frozenset(allowed[: self.asked.limit])

    def _failed_videos(self) -> frozenset[str]:
        attempts = self.project.ledger.snapshot().attempts
        return frozenset(video_id for videos in attempts.values() for video_id in videos if video_id)

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
