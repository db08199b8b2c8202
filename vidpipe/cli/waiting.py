"""`run --wait`: until when what is pending waits, where that passes by itself."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from vidpipe.errors import InJobError
from vidpipe.ledger.counts import Counts
from vidpipe.ports import Project

JOB_POLL_S = 60.0
"""So often batch jobs are looked at."""
_SPARE_S = 5.0
"""Clocks differ."""


def opens_at(assets: Iterable[Counts], now: datetime) -> datetime | None:
    """When something pending can be tried again: the first time that a reason names, or the next look at a batch job.

    None where nothing waits for a time: what was not asked for, has no key or no budget waits for people.
    """
    found = []
    for reason in {reason for counts in assets for reason in counts.pending}:
        if reason == str(InJobError()):
            found.append(now + timedelta(seconds=JOB_POLL_S))
        elif " until " in reason:
            until = datetime.strptime(reason.rpartition(" until ")[2], "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
            found.append(max(until, now) + timedelta(minutes=1, seconds=_SPARE_S))  # reasons leave seconds out
    return min(found, default=None)


def wait_until(project: Project, until: datetime) -> None:
    """Wait, or until the project is asked to stop."""
    while (left_s := (until - project.clock()).total_seconds()) > 0 and not project.stop.is_set():
        project.stop.wait(min(left_s, 60.0))
