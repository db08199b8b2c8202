"""Batch jobs as commands see them: collected before a run, told of afterwards and by `status`.

What collecting means is said in `vidpipe.asking.collecting`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from vidpipe.asking.collecting import Collected, collect
from vidpipe.asking.services import prices_of
from vidpipe.cli.words import counted
from vidpipe.ports import Project


def collect_jobs(project: Project) -> Collected:
    """Take in what open jobs have answered; asks nobody where there are none.

    Raises:
        StoreError: an answer cannot be kept.
        RecipeError: the services or prices cannot be used.
    """
    found = Collected()
    names = {job.service for job in project.ledger.jobs.open()}
    if names:
        from vidpipe.opening import open_services

        services = open_services(project.folder)
        for name in sorted(names & services.keys()):
            found = collect(project, services[name], prices_of(project))
    return found


def waiting_lines(project: Project) -> Iterator[str]:
    """What waits in jobs, and how it is collected."""
    jobs = project.ledger.jobs.open()
    if jobs:
        n_videos = len(project.ledger.jobs.videos())
        since = min(job.started for job in jobs)
        yield (
            f"{counted(n_videos, 'video')} in {counted(len(jobs), 'batch job')} since {_time(since)}, answered within "
            "24 hours; `vidpipe run` collects them."
        )


def jobs_json(project: Project) -> list[dict[str, Any]]:
    """The open jobs, as `status --json` shows them."""
    return [
        {
            "job": job.label,
            "service": job.service,
            "name": job.name or None,
            "model": job.model,
            "calls": job.n_lines,
            "submitted": _time(job.started),
        }
        for job in project.ledger.jobs.open()
    ]


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%MZ}"
