"""A project that puts questions into batch jobs at an emulated Gemini, by the real client; its clock turns by hand."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from resources.gemini_batches import GeminiBatches
from resources.gemini_pace import Pace
from vidpipe.asking.collecting import Collected, collect
from vidpipe.asking.making import Wanted
from vidpipe.asking.submitting import Submitter
from vidpipe.asking.terms import Terms
from vidpipe.ledger.calls import Budget
from vidpipe.models.calls import Media, Question, Settings, Usage
from vidpipe.models.paid import Purpose
from vidpipe.models.prices import built_in
from vidpipe.ports import Project, Service
from vidpipe.records import Outcome, Provenance, Record
from vidpipe.store.documents import write_record
from vidpipe.workers.processes import Done, Task
from vidpipe_tests.projects import project_at
from vidpipe_tests.servers.gemini import GeminiServer

MODEL = "gemini-3.8-flash"
TOKENS = Usage(video=280, out=100)


@dataclass
class Desk:
    """A project whose clock is turned by hand, with a service that takes jobs."""

    project: Project
    service: Service
    server: GeminiServer
    clip: Path
    budget: Budget = field(default_factory=Budget)
    later: timedelta = timedelta()

    def tasks(self, n: int, *, prompt: str = "Tell.", n_questions: int = 1) -> list[Task]:
        """About so many videos, which have records of having been asked about."""
        return [self.task(f"v{i}", prompt, n_questions) for i in range(n)]

    def task(self, video_id: str, prompt: str = "Tell.", n_questions: int = 1) -> Task:
        purpose = Purpose("gemini", "video_annotations", "video", video_id, "run")
        asked = tuple(("video", self.question(video_id, f"{prompt} {i}")) for i in range(n_questions))

        def file() -> AbstractContextManager[Path]:
            return nullcontext(self.clip)

        return Task(video_id, str, Wanted(asked, purpose, lambda _: TOKENS, file))

    def question(self, video_id: str, prompt: str = "Tell. 0") -> Question:
        media = Media(self.clip, "0" * 64)
        return Question(f"{prompt} of {video_id}", Settings(MODEL, max_output_tokens=1000), media)

    def submit(self, tasks: Sequence[Task]) -> dict[str, Done]:
        """What became of the tasks; those that are in jobs get their record."""
        pool = Submitter(self.project, self.service, Terms(built_in(), budget=self.budget))
        done = {one.key: one for one in pool.run(tasks, lambda: False)}
        for one in done.values():
            if one.how == "ok":
                self._settle(one.key)
        return done

    def collect(self) -> Collected:
        return collect(self.project, self.service, built_in())

    def _settle(self, video_id: str) -> None:
        provenance = Provenance(None, {}, "1", "", {}, "run", 0.0, 0.0, "2026-01-01T00:00:00Z")
        record = Record.of(video_id, "annotation_requests", Outcome("ok", value={}), provenance)
        stored, sha256 = write_record(self.project.store, record)
        self.project.ledger.settle(record, video_id=video_id, sha256=sha256, etag=stored.etag)

    def to_ask_again(self) -> dict[str, str]:
        """The videos whose question is to go into another job, and why."""
        snapshot = self.project.ledger.snapshot()
        attempts = snapshot.attempts.get("annotation_requests", {})
        damaged = {v for v, e in snapshot.entries.get("annotation_requests", {}).items() if e.damaged}
        assert damaged <= attempts.keys()
        return {v: attempt.reason for v, attempt in attempts.items()}

    def n(self, op: str) -> int:
        return len(self.server.entries(op))


def desks(folder: Path, clip: Path, server: GeminiServer, api_keys: Sequence[str]) -> Iterator[Desk]:
    """One desk, for as long as it is looked at."""
    start = datetime.now(UTC)
    desk: Desk
    project = replace(project_at(folder), clock=lambda: start + desk.later)
    steady = [0.0]

    def wait(seconds: float) -> None:
        steady[0] += seconds

    pace = Pace(steady=lambda: steady[0], wait=wait)
    with GeminiBatches(api_keys, server.url, owner="me", timeout_s=20, pace=pace) as jobs:
        desk = Desk(project, Service("gemini", None, at_once=4, jobs=jobs), server, clip)
        yield desk
