"""What batch jobs have answered, as if each question had been asked by itself: kept, then billed, at the batch's price.

What has no answer is given back and is to be asked again, by another job; what no job will answer is left to be asked
by a call of its own. So a stage that asks finds kept answers, and need not know how they came.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from vidpipe.asking.asker import check_trust
from vidpipe.asking.submitting import SCOPE, spare
from vidpipe.errors import CredentialError, ServiceError
from vidpipe.ledger.jobs import Job, JobEnd, Waiting
from vidpipe.models.batches import JobState, Result
from vidpipe.models.calls import Answer
from vidpipe.models.echo import named_id
from vidpipe.models.paid import Paid
from vidpipe.models.prices import Prices
from vidpipe.ports import Batches, Project, Service
from vidpipe.store.answers import write_answer, write_refused

REQUESTS = {"video_annotations": "annotation_requests"}
"""The asset that puts questions into jobs, by the asset that reads their answers."""
MOST_TRIES = 3
"""A question that so many tries have not answered is asked by a call of its own."""
GRACE_S = 60.0
"""So long after it was begun a job may still turn up at the service that nobody heard of."""
FORGOTTEN_S = 4 * 24 * 3600.0
"""So long a job is waited for whose key is not there, or no key; the service keeps nothing of it for longer."""
_ENDS: dict[JobState, JobEnd] = {
    "ended": "collected",
    "expired": "expired",
    "failed": "failed",
    "cancelled": "cancelled",
    "gone": "gone",
}
_REASONS: dict[JobEnd, str] = {
    "collected": "batch job without an answer",
    "withdrawn": "batch job not taken",
    "expired": "batch job expired",
    "failed": "batch job failed",
    "cancelled": "batch job cancelled",
    "gone": "batch job gone",
}
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Collected:
    """What came of looking at all open jobs: answers kept, questions to be asked again, jobs still open, what failed.

    `n_foreign` answers were other requests'. `videos` are those about which a job has nothing more to say.
    """

    n_answers: int = 0
    n_again: int = 0
    n_open: int = 0
    n_foreign: int = 0
    videos: set[str] = field(default_factory=set)
    errors: list[ServiceError] = field(default_factory=list)


def collect(project: Project, service: Service, prices: Prices) -> Collected:
    """Look at all open jobs of a service, and take in what they have answered. Safe to do in several processes at once.

    Raises:
        StoreError: answers cannot be kept; those that are not are still there.
        RecipeError: a model has no price.
    """
    found = Collected()
    for job in project.ledger.jobs.open():
        if job.service != service.name:
            continue
        with project.ledger.claims.held(SCOPE, [job.label]) as got:
            try:
                is_over = bool(got) and _Collector(project, service.jobs, prices, found).look(job)
            except ServiceError as error:
                _LOG.warning("batch job %s: %s", job.label, error)
                found.errors.append(error)
                is_over = False
        found.n_open += not is_over
    if found.n_foreign:
        check_trust(project.ledger.calls, service.name, service.standing)
    return found


@dataclass(frozen=True, slots=True)
class _Collector:
    """One look at one job, whose claim is held; `batches` is None where there is no key to look with."""

    project: Project
    batches: Batches | None
    prices: Prices
    found: Collected

    def look(self, job: Job) -> bool:
        """Whether the job is over, with all that follows; one whose key is not there for days is as good as gone.

        Raises:
            ServiceError: the service does not say.
            StoreError: an answer cannot be kept.
        """
        if not any(job.label == one.label for one in self.project.ledger.jobs.open()):
            return True  # somebody else was first
        is_forgotten = self._age_s(job) >= FORGOTTEN_S
        try:
            if self.batches is not None:
                return self._look(job, self.batches)
        except CredentialError:
            if not is_forgotten:
                raise
        if is_forgotten:
            self._close(job, "gone" if job.n_lines else "withdrawn", self._waiting(job))
        return is_forgotten

    def _look(self, job: Job, batches: Batches) -> bool:
        if not job.name:
            named = self._named(job, batches)
            if named is None:
                return self._is_given_up(job)
            job = named
        state = batches.look(job.home, job.name)
        if state == "running":
            return False
        results = None if state == "gone" else batches.results(job.home, job.name, job.model)
        waiting = self._waiting(job)
        left = dict(waiting)
        for result in results or ():
            if (one := left.pop(result.address, None)) is not None:
                self._take(one, result)
        self._close(job, "gone" if results is None else _ENDS[state], waiting)
        return True

    def _close(self, job: Job, how: JobEnd, lines: Mapping[str, Waiting]) -> None:
        """Have asked again what has no answer, then let go of the job, here and at the service."""
        ledger = self.project.ledger
        for one in self._waiting(job).values():
            self._ask_again(one, how)
            if how == "gone":  # it may have been answered all the same
                self._lose(one)
            elif how == "collected":
                ledger.calls.fail(one.call)
        files = spare(ledger.jobs, job.label, job.files)
        ledger.jobs.end(job.label, how, self.project.clock().timestamp())
        self.found.videos |= {one.call.purpose.video_id for one in lines.values()}
        if self.batches is not None:
            self.batches.clear(job.home, job.label, job.name, files)

    def _age_s(self, job: Job) -> float:
        return self.project.clock().timestamp() - job.started

    def _waiting(self, job: Job) -> dict[str, Waiting]:
        """The lines without an answer, by the address of their question."""
        return {one.call.address: one for one in self.project.ledger.jobs.waiting(job.label)}

    def _named(self, job: Job, batches: Batches) -> Job | None:
        """A job of which nobody heard after it was submitted, as the service knows it."""
        name = batches.find(job.home, job.label) if job.n_lines else None
        if name is None:
            return None
        self.project.ledger.jobs.opened(job.label, name)
        return replace(job, name=name)

    def _is_given_up(self, job: Job) -> bool:
        """A job that the service does not know is given up, unless it may only just be on its way there."""
        if job.n_lines and self._age_s(job) < GRACE_S:
            return False
        self._close(job, "withdrawn", self._waiting(job))
        return True

    def _take(self, one: Waiting, result: Result) -> None:
        """Keep an answer; have asked again what has none, unless it never will."""
        if result.answer is not None:
            self._keep(one, result.answer)
            return
        _LOG.info("batch line %s: %s", one.call.request_id, result.why)
        if result.end != "refused":
            self._ask_again(one, "collected")
        if result.end == "lost":
            self._lose(one)
        else:
            self.project.ledger.calls.fail(one.call)

    def _lose(self, one: Waiting) -> None:
        self.project.ledger.calls.lose(one.call, expected_nusd=one.expected_nusd, n_in=one.n_in)

    def _keep(self, one: Waiting, answer: Answer) -> None:
        """Keep an answer, then book its bill. One that is another request's, or none, is kept where it harms nobody."""
        call, named = one.call, named_id(answer.text)
        is_foreign = named is not None and named != call.request_id
        when = datetime.fromtimestamp(call.started, UTC)
        bill = self.prices.bill(answer.usage, reported=answer.model, requested=call.model, when=when, is_batch=True)
        if not answer.is_metered:
            bill = replace(bill, nusd=max(bill.nusd, one.expected_nusd))
        paid, is_usable = Paid(call, answer, bill), not is_foreign and answer.finish != "odd"
        (write_answer if is_usable else write_refused)(self.project.store, paid)
        if not is_usable:
            self._ask_again(one, "collected")
        self.project.ledger.calls.settle(paid, "foreign" if is_foreign else None)
        self.found.n_answers += is_usable
        self.found.n_foreign += is_foreign

    def _ask_again(self, one: Waiting, how: JobEnd) -> None:
        """Have the video of a line put into another job, unless it was tried often enough.

        Before its reservation goes: who dies in between does it once more.
        """
        ledger, purpose, address = self.project.ledger, one.call.purpose, one.call.address
        asset = REQUESTS.get(purpose.asset)
        n_tries = ledger.jobs.tries([address]).get(address, 0) + (how in ("collected", "gone"))
        if asset is None or n_tries >= MOST_TRIES:
            return
        self.found.n_again += 1
        ledger.damage.mark_for_good(asset, {purpose.video_id: None})
        ledger.fail(asset, purpose.video_id, reason=_REASONS[how], run_id="")
        ledger.forget_attempts(purpose.asset, [purpose.video_id])
