"""Which stale records cost nothing to make again: those whose every question is answered already.

So a prompt that is put back as it was, or code that reads the same answers better, needs no `--stale`.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from pathlib import Path

from assets.model_annotations import media_of, subject_of
from assets.model_categories import texts_of
from assets.query_subjects import pieces_of
from assets.shown_again import left_of, query_left_of
from vidpipe.annotation.plans import Plan
from vidpipe.annotation.query_recipes import query_plan_of
from vidpipe.annotation.recipes import plan_of
from vidpipe.cli.categories_left import CategoriesLeft
from vidpipe.errors import CorruptObjectError, MissingObjectError, StoreError, WaitingError
from vidpipe.inputs import Inputs
from vidpipe.keys import segment
from vidpipe.ledger.snapshot import Snapshot, as_text
from vidpipe.models.calls import Answer, Question
from vidpipe.ports import Project
from vidpipe.recipe.query_section import Level
from vidpipe.store.answers import read_answer


class FreeAgain:
    """Looks a video's answers up once, and again when what its questions are made of has changed. Asks nobody."""

    def __init__(self, project: Project) -> None:
        self._project, self._categories = project, CategoriesLeft(project)
        self._known: dict[tuple[str, str, str], bool] = {}
        self._is_answered: Mapping[str, Callable[[Inputs], bool]] = {
            "segment_queries": partial(self._are_queries_answered, level="segment"),
            "episode_queries": partial(self._are_queries_answered, level="episode"),
            "taxonomy_categories": self._is_category_answered,
            "video_annotations": self._is_annotation_answered,
        }

    def of(self, snapshot: Snapshot, held: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
        """Those of the videos that cost nothing, by asset."""
        return {asset: frozenset(v for v in ids if self._is_free(snapshot, asset, v)) for asset, ids in held.items()}

    def _is_free(self, snapshot: Snapshot, asset: str, video_id: str) -> bool:
        stage = self._project.stage(asset)
        versions = snapshot.inputs(stage, video_id)
        if versions is None:
            return False
        gates = (snapshot.entry(read.asset, video_id) for read in stage.reads if read.gates)
        if any(entry and entry.outcome != "ok" for entry in gates):
            return True  # it is skipped
        name = asset, video_id, as_text(versions)
        if name not in self._known:
            inputs = Inputs(self._project, stage, video_id, segment(video_id), versions)
            with inputs.closing:
                try:
                    self._known[name] = self._is_answered[asset](inputs)
                except (StoreError, WaitingError):
                    self._known[name] = False
        return self._known[name]

    def _is_annotation_answered(self, inputs: Inputs) -> bool:
        subject = subject_of(inputs, media_of(inputs, Path()))
        _, left = left_of(self._project, subject, self._plan, self._recall)
        return not left

    def _are_queries_answered(self, inputs: Inputs, *, level: Level) -> bool:
        plan = query_plan_of(self._project.recipe, level, self._project.folder / "prompts")
        subjects = [piece.subject for piece in pieces_of(inputs, level)]
        return not any(query_left_of(self._project, one, plan, self._recall)[1] for one in subjects)

    def _is_category_answered(self, inputs: Inputs) -> bool:
        return self._categories.of(texts_of(inputs), self._recall) is None

    @cached_property
    def _plan(self) -> Plan:
        return plan_of(self._project.recipe.annotation, self._project.folder / "prompts")

    def _recall(self, question: Question) -> Answer | None:
        try:
            return read_answer(self._project.store, question.address).answer
        except (MissingObjectError, CorruptObjectError):
            return None
