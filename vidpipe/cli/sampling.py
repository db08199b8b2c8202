"""A look at some rows of a published dataset with all that there is: their files decoded, their answers read again.

What belongs here: which rows, and putting together what `replaying` and `row_checks` find. Not here: what is checked of
every row (`vidpipe.export.dataset_checks`).
"""

import hashlib
import heapq
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from vidpipe.cli.replay_desk import Sample, replay_desk
from vidpipe.cli.replaying import Replay
from vidpipe.export.chain import MADE_BY
from vidpipe.export.checked import Checked, CheckedRow, Fault
from vidpipe.export.dataset_checks import DatasetCheck
from vidpipe.export.made_by import made_by_prompts
from vidpipe.media.limits import Limits
from vidpipe.media.probe import VideoFacts, inspect_video
from vidpipe.ports import Project
from vidpipe.reasons import video_error
from vidpipe.recipe.line import DATASETS, STAGES
from vidpipe.workers.processes import Done, Task, kept

_AT_ONCE = 8  # videos whose files are here at the same time


@dataclass(frozen=True)
class SampleCheck:
    """Checks a sample of a dataset that was gone through. `made` and `left` as of `Replay`."""

    check: DatasetCheck
    with_answers: bool
    made: Counter[str] = field(default_factory=Counter)
    left: dict[str, Counter[str]] = field(default_factory=dict)

    def run(self, rows: Sequence[CheckedRow]) -> Iterator[Fault]:
        """What is wrong with these rows.

        Raises:
            RecipeError: the settings that the dataset was made with cannot be used.
            ServiceError: the Hub did not answer.
        """
        by_video, rebuilding = _by_video(rows), self.check.checked.rebuilding
        stage = rebuilding.stage if rebuilding is not None else ""
        todo = iter(by_video.items())
        while part := dict(islice(todo, _AT_ONCE)):
            with tempfile.TemporaryDirectory(prefix="vidpipe-verify-") as folder, ExitStack() as held:
                desk = replay_desk(self.check.checked.made_by, Path(folder))
                held.callback(desk.project.ledger.close)
                if not self.made and not self.left:
                    yield from _settings_faults(self.check.checked.made_by, desk.project)
                held.enter_context(kept(desk.project.workers))
                samples = [self._sample(video_id, of, stage, held) for video_id, of in part.items()]
                for wrong in Replay(desk, self.with_answers, self.made, self.left).run(samples):
                    yield from (Fault(wrong.what, row.file_name, row.video_id) for row in part[wrong.video_id])
                if stage == "segment_dataset":
                    files = {row.file_name: row for of in part.values() for row in of if row.file_name}
                    yield from self._clips(desk.project.workers, files, samples, held)

    def _sample(self, video_id: str, rows: Sequence[CheckedRow], stage: str, held: ExitStack) -> Sample:
        document = self.check.document(video_id)
        values = [self.check.row(row) for row in rows]
        named = [row.file_name for row in rows if row.file_name]
        media = None
        if named and stage != "segment_dataset":
            media = held.enter_context(self.check.published.local(named[0])).absolute()
        return Sample(video_id, document, values, media)

    def _clips(
        self, workers: Any, files: Mapping[str, CheckedRow], samples: Sequence[Sample], held: ExitStack
    ) -> Iterator[Fault]:
        """What the files of segments measure, against their rows."""
        rows = {row["file_name"]: row for sample in samples for row in sample.rows if row.get("file_name")}
        look = partial(inspect_video, limits=Limits())
        tasks = (Task(name, look, held.enter_context(self.check.published.local(name)).absolute()) for name in files)
        for done in workers.run(tasks, lambda: False):
            self.made["clips"] += 1
            for what in _clip_faults(done, rows[done.key]):
                yield Fault(what, done.key, files[done.key].video_id)


def _settings_faults(made_by: Mapping[str, Any], project: Project) -> Iterator[Fault]:
    """Where the published settings and prompts are not those by whose fingerprints the stages go.

    Another version of vidpipe may know settings that those who published did not have.
    """
    software, stages = made_by.get("software"), made_by["stages"]
    if not isinstance(software, dict) or software.get("vidpipe") != project.software["vidpipe"]:
        return
    for asset, version in stages.items():
        if asset in STAGES and asset not in DATASETS and asset in project.line():
            stage = STAGES[asset]
            told_version, _, told = str(version).partition("+")
            if told_version == str(stage.version) and told != project.fingerprint(stage):
                yield Fault(f"{MADE_BY} was altered: its settings are not those of {asset}")
    prompts = made_by_prompts(project.recipe, project.folder, stages)
    published = made_by.get("prompts")
    for name in sorted({*prompts, *(published if isinstance(published, dict) else {})}):
        told_prompt, here = (published or {}).get(name), prompts.get(name)
        if here is None or not isinstance(told_prompt, dict) or {**here, "own": None} != {**told_prompt, "own": None}:
            yield Fault(f"{MADE_BY} was altered: its prompt {name} is not the one that was used")


def chosen(checked: Checked, n: int, seed: int) -> list[CheckedRow]:
    """So many rows with which nothing is wrong, the same for the same dataset and seed, whatever their order."""
    bad = {(fault.file_name, fault.video_id) for fault in checked.faults}
    good = (row for row in checked.rows if (row.file_name, row.video_id) not in bad)
    return heapq.nsmallest(n, good, key=lambda row: hashlib.sha256(f"{seed} {row.row_sha256}".encode()).digest())


def _by_video(rows: Sequence[CheckedRow]) -> dict[str, list[CheckedRow]]:
    found: dict[str, list[CheckedRow]] = {}
    for row in rows:
        found.setdefault(row.video_id, []).append(row)
    return found


def _clip_faults(done: Done, row: Mapping[str, Any]) -> Iterator[str]:
    """A clip is as long as its row says, to the frame."""
    if done.how != "ok":
        yield f"its file cannot be read: {video_error(done) or 'a worker was killed'}"
        return
    facts: VideoFacts = done.value
    told, frame_s = row.get("duration"), facts.duration_s / max(facts.n_frames, 1)
    if told is not None and abs(facts.duration_s - told) > frame_s:
        yield f"its file is {facts.duration_s} s long, not {told}"
