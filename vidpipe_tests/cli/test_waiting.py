"""`run --wait`: what is worth waiting for, and until when."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vidpipe.cli.waiting import JOB_POLL_S, opens_at, wait_until
from vidpipe.errors import QuotaExhaustedError
from vidpipe.ledger.counts import Counts, pending_reason
from vidpipe_tests.projects import project_at

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def pending(*reasons: str) -> list[Counts]:
    """An asset at which a video waits for each of these reasons."""
    return [Counts("video_annotations", "video", pending=Counter(reasons))]


def test_a_quota_is_waited_for_until_it_is_open_for_sure() -> None:
    until = NOW + timedelta(hours=20, seconds=59)
    opens = opens_at(pending("not reached", pending_reason(QuotaExhaustedError("gemini", "full", until))), NOW)
    assert opens is not None
    assert until < opens < until + timedelta(minutes=2)


def test_the_first_to_open_counts() -> None:
    reasons = (pending_reason(QuotaExhaustedError("gemini", "full", NOW + timedelta(hours=h))) for h in (9, 2, 5))
    opens = opens_at(pending(*reasons), NOW)
    assert opens is not None
    assert NOW + timedelta(hours=2) <= opens <= NOW + timedelta(hours=2, minutes=2)


def test_a_batch_job_is_looked_at_every_minute() -> None:
    assert opens_at(pending("in a batch job"), NOW) == NOW + timedelta(seconds=JOB_POLL_S)


@pytest.mark.parametrize("reason", ["budget", "no GEMINI_API_KEY", "not asked for", "not reached"])
def test_what_waits_for_people_is_not_waited_for(reason: str) -> None:
    assert opens_at(pending(reason), NOW) is None


def test_waiting_ends_when_it_is_time_or_when_it_is_told_to(tmp_path: Path) -> None:
    project = project_at(tmp_path)
    wait_until(project, project.clock())
    project.stop.set()
    wait_until(project, project.clock() + timedelta(hours=1))
    late = replace(project, clock=lambda: NOW, stop=type(project.stop)())
    wait_until(late, NOW - timedelta(seconds=1))
