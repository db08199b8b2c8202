"""Small projects for tests: a real store and ledger in a folder, a catalogue without files, work done in place."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from vidpipe import keys
from vidpipe.ledger.ledger import open_ledger
from vidpipe.ledger.snapshot import Row, as_text
from vidpipe.ports import Project, WorkerPool
from vidpipe.recipe.schema import Recipe
from vidpipe.store.documents import Tables
from vidpipe.store.objects import ObjectStore, open_store
from vidpipe.tables import Made, settle_table
from vidpipe.workers.processes import Done, Task

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class InPlace:
    """A worker pool that works in this very process, one task after the other. `begun` tells the keys."""

    begun: list[str] = field(default_factory=list)

    def run(self, tasks: Iterable[Task], stopped: Callable[[], bool]) -> Iterator[Done]:
        """Each task once."""
        for task in tasks:
            if stopped():
                yield Done(task.key, "not_run")
                continue
            self.begun.append(task.key)
            yield self._done(task)

    def _done(self, task: Task) -> Done:
        try:
            return Done(task.key, "ok", task.work(task.argument))
        except Exception as error:  # noqa: BLE001 - as the real pool does
            return Done(task.key, "raised", error)


def project_at(
    folder: Path, recipe: Recipe | None = None, *, workers: WorkerPool | None = None, store: ObjectStore | None = None
) -> Project:
    """A project with an SQLite ledger and a store in `folder`, whose clock stands still."""
    store = store or open_store(str(folder / "store"), scratch=folder / ".scratch")
    return Project(
        folder=folder,
        recipe=recipe or Recipe(),
        store=store,
        tables=Tables(store),
        ledger=open_ledger(str(folder / "ledger.db")),
        workers=workers or InPlace(),
        clock=lambda: NOW,
        software={"vidpipe": "test"},
    )


def admit(project: Project, *video_ids: str, files: str = "f", dropped: tuple[str, ...] = ()) -> list[str]:
    """Catalogue these videos as the catalogue does; their partition keys. `files` is the version of their files."""
    parts = as_text({"files": files, "texts": "t"})
    index = {v: Row("ok", None, parts, "") for v in video_ids} | {v: Row("dropped", "why", "{}", "") for v in dropped}
    project.ledger.register({v: keys.segment(v) for v in video_ids})
    rows = pl.DataFrame({"video_id": list(video_ids)}, schema={"video_id": pl.String})
    counts: dict[str, Any] = {"n_rows": len(index)}
    settle_table(project, "catalogue", Made(rows, index, counts), run_id="run", seconds=0.0)
    return [keys.segment(v) for v in video_ids]
