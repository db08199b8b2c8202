"""Which stale annotations cost nothing to make again: those whose every question is answered already.

So a prompt that is put back as it was, or code that reads the same answers better, needs no `--stale`.
"""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from assets.model_annotations import media_of, subject_of
from vidpipe.annotation.annotate import unasked
from vidpipe.annotation.plans import Plan
from vidpipe.annotation.recipes import plan_of
from vidpipe.errors import CorruptObjectError, MissingObjectError, StoreError, WaitingError
from vidpipe.inputs import Inputs
from vidpipe.keys import segment
from vidpipe.ledger.snapshot import Snapshot, as_text
from vidpipe.models.calls import Answer, Question
from vidpipe.ports import Project
from vidpipe.store.answers import read_answer


class FreeAgain:
    """Looks a video's answers up once, and again when what its questions are made of has changed. Asks nobody."""

    ASSET: ClassVar[str] = "video_annotations"

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[str, str], bool] = {}

    def of(self, snapshot: Snapshot, video_ids: Iterable[str]) -> frozenset[str]:
        """Those of the videos that cost nothing."""
        return frozenset(video_id for video_id in video_ids if self._is_free(snapshot, video_id))

    def _is_free(self, snapshot: Snapshot, video_id: str) -> bool:
        stage = self._project.stage(self.ASSET)
        versions = snapshot.inputs(stage, video_id)
        if versions is None:
            return False
        name = video_id, as_text(versions)
        if name not in self._known:
            inputs = Inputs(self._project, stage, video_id, segment(video_id), versions)
            with inputs.closing:
                self._known[name] = self._is_answered(inputs)
        return self._known[name]

    def _is_answered(self, inputs: Inputs) -> bool:
        try:
            return not unasked(subject_of(inputs, media_of(inputs, Path())), self._plan, self._recall)
        except (StoreError, WaitingError):
            return False

    @cached_property
    def _plan(self) -> Plan:
        return plan_of(self._project.recipe.annotation, self._project.folder / "prompts")

    def _recall(self, question: Question) -> Answer | None:
        try:
            return read_answer(self._project.store, question.address).answer
        except (MissingObjectError, CorruptObjectError):
            return None
