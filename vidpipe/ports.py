"""What stages ask for and do not make themselves: Protocols, and the project that bundles the embedded ones."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from vidpipe.errors import ServiceError, StoreError
from vidpipe.ledger.ledger import Ledger
from vidpipe.ledger.purse import Purse
from vidpipe.models.batches import JobLine, JobState, Kept, Result
from vidpipe.models.calls import Answer, Media, Question
from vidpipe.recipe.fingerprints import code_version, fingerprint, line_of, settings_text
from vidpipe.recipe.line import LINE
from vidpipe.recipe.schema import Recipe
from vidpipe.recipe.stages import Line, Stage, stages_of
from vidpipe.records import Outcome, Provenance
from vidpipe.store.documents import Tables
from vidpipe.store.objects import ObjectStore
from vidpipe.store.settings import keep_settings
from vidpipe.troubles import Troubles
from vidpipe.workers.processes import Done, Task


class WorkerPool(Protocol):
    """Runs tasks where a crash, a hang or a memory blow-up costs one task only."""

    def run(self, tasks: Iterable[Task], stopped: Callable[[], bool]) -> Iterator[Done]:
        """Each task once, as it finishes; when `stopped()`, those not yet begun come back as `not_run`."""
        ...


class Answerer(Protocol):
    """A model behind a service. Safe to call from several threads at once."""

    def answer(self, question: Question) -> Answer:
        """Ask once, media sent or found at the service before. What comes back is not judged but for how it ended.

        Raises:
            TransientServiceError: may succeed later.
            QuotaExhaustedError: nothing more until the time it names.
            RejectedRequestError: this question will never be taken.
            CredentialError: no key is accepted.
            LostAnswerError: the answer was made, and may be paid, but did not arrive whole.
        """
        ...


class Batches(Protocol):
    """Jobs of many questions at a service, answered within a day. Safe to call from several threads at once.

    A job belongs to one `home`, a project at the service. All raise `ServiceError`, nothing else but what is named.
    """

    def homes(self) -> tuple[str, ...]:
        """The projects that a new job may go to, the first one first."""
        ...

    def bring(self, home: str, media: Media) -> Kept:
        """Bring a local file to a project, where it stays. Raises `OSError` where it cannot be read here."""
        ...

    def submit(self, home: str, label: str, lines: Sequence[JobLine]) -> str:
        """Make a job of lines that ask one model; the service's name for it.

        Raises `LostAnswerError` where it may have been made: `find` tells.
        """
        ...

    def find(self, home: str, label: str) -> str | None:
        """The service's name of the job that was submitted under a label."""
        ...

    def look(self, home: str, job: str) -> JobState:
        """Where a job is."""
        ...

    def results(self, home: str, job: str, model: str) -> list[Result] | None:
        """What came of a job's lines, as far as it has any; None where it had, and they are no longer there."""
        ...

    def clear(self, home: str, label: str, job: str, files: Sequence[str]) -> None:
        """Take away what is left of a job, named or not, and these files. Raises nothing."""
        ...


class Standing:
    """Whether a service may still be asked by this process; all who ask it share one.

    Who holds the `turnstile` asks next; `freed` is set when somebody's call has ended. `shared` holds, by name, what
    else they have in common. Safe to use from many threads.
    """

    def __init__(self) -> None:
        self.turnstile = threading.Lock()
        self.freed = threading.Event()
        self.shared: dict[str, Any] = {}
        self._end: ServiceError | None = None

    def end(self, error: ServiceError) -> None:
        """Nothing more is asked; `error` says why. The first one stays."""
        self._end = self._end or error

    def check(self) -> None:
        """Before something is asked.

        Raises:
            ServiceError: what ended it.
        """
        if self._end is not None:
            raise type(self._end)(*self._end.args)


@dataclass(frozen=True)
class Service:
    """A service as this process found it.

    `answerer` is None where nobody can be asked, and `lacks` says why, as a reason to be pending. `holding` keeps what
    was sent of a video at the service until all questions about it are answered. `sweep` takes away what this project,
    or long ago another, left there; only while nobody else works on the project. At most `at_once` calls are in flight,
    and so many requests and tokens of input are sent in a minute, by all processes together; None: any number.
    `standing` outlives batches: what ends asking ends it for all later ones of this process. `jobs` takes many
    questions at once, where the service has that.
    """

    name: str
    answerer: Answerer | None
    lacks: str = ""
    at_once: int = 1
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    holding: Callable[[Media], AbstractContextManager[None]] = lambda _media: nullcontext()
    sweep: Callable[[], object] = lambda: None
    standing: Standing = field(default_factory=Standing)
    jobs: Batches | None = None


class Clock(Protocol):
    """Tells the time of day, in UTC."""

    def __call__(self) -> datetime:
        """Now."""
        ...


@dataclass(frozen=True)
class Project:
    """A recipe with the places it works in. Stages get one; nothing in it is global.

    `folder` is where relative names of the recipe count from. Setting `stop` lets running stages finish what they
    have begun and begin nothing new. `troubles` are those that services make while it works; `purse` is what this
    command may spend.
    """

    folder: Path
    recipe: Recipe
    store: ObjectStore
    tables: Tables
    ledger: Ledger
    workers: WorkerPool
    clock: Clock
    software: Mapping[str, str]
    stop: threading.Event = field(default_factory=threading.Event)
    troubles: Troubles = field(default_factory=Troubles)
    purse: Purse = field(default_factory=Purse)

    def code_version(self, stage: Stage) -> str:
        """The version of a stage's code and recipe."""
        return code_version(self.recipe, stage, self.folder)

    def fingerprint(self, stage: Stage) -> str:
        """The fingerprint of what a stage reads of the recipe."""
        return fingerprint(self.recipe, stage, self.folder)

    def settings_text(self, stage: Stage) -> str:
        """What a stage reads of the recipe, as JSON: what its fingerprint is over."""
        return settings_text(self.recipe, stage, self.folder)

    def keep_settings(self, stage: Stage) -> None:
        """Keep what a stage reads of the recipe, for those who ask what its records were made by.

        Where that cannot be kept now, the records themselves will fail, or can do without.
        """
        text = self.settings_text(stage)
        with suppress(StoreError):
            keep_settings(self.store, stage.name, text, fingerprint=self.fingerprint(stage))

    def line(self) -> Line:
        """The stages in use with their versions as they are now: files that the recipe names may change any time."""
        return line_of(self.recipe, self.folder)

    def stage(self, asset: str) -> Stage:
        """A stage in use.

        Raises:
            KeyError: the recipe does not use it.
        """
        return self._stages[asset]

    @cached_property
    def _stages(self) -> Mapping[str, Stage]:
        return {stage.name: stage for stage in stages_of(self.recipe, LINE)}

    def provenance(
        self,
        stage: Stage,
        *,
        inputs: Mapping[str, str],
        run_id: str,
        seconds: float,
        source_sha256: str | None = None,
        outcome: Outcome | None = None,
    ) -> Provenance:
        """Where a record made now comes from; `seconds` is what the work took, `outcome` says what its answers cost."""
        version = self.code_version(stage)
        return Provenance(
            source_sha256=source_sha256,
            inputs=dict(inputs),
            code_version=version,
            recipe=version.partition("+")[2],
            software=dict(self.software),
            run_id=run_id,
            cost_usd=outcome.cost_usd if outcome is not None else 0.0,
            seconds=round(seconds, 3),
            finished=self.clock().isoformat(timespec="seconds").replace("+00:00", "Z"),
            asked=dict(outcome.asked) if outcome is not None else {},
        )
