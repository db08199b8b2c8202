"""`run --wait` where what is pending waits for something else than time: it ends instead of waiting for ever."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from rich.console import Console

from vidpipe.cli.engine import Asked
from vidpipe.cli.rounds import Rounds
from vidpipe.errors import QuotaExhaustedError
from vidpipe.ledger.counts import pending_reason
from vidpipe.opening import open_project
from vidpipe.ports import Project
from vidpipe_tests.e2e.projects import Line
from vidpipe_tests.e2e.services import edit
from vidpipe_tests.ledger.called import PURPOSE, call_of, paid_of

_MOST_LOOKS = 60


def hurried(project: Project) -> Project:
    """The same, with a clock that is an hour on whenever it is looked at; nobody may look at it for ever."""
    looks = count()

    def clock() -> datetime:
        hours = next(looks)
        assert hours < _MOST_LOOKS, "still waiting"
        return datetime.now(UTC) + timedelta(hours=hours)

    return replace(project, clock=clock)


def test_what_only_a_person_can_let_go_on_is_waited_for_once(finished: Line, tmp_path: Path) -> None:
    line = finished.copy(tmp_path / "project")
    edit(line, {"discard: []": "discard: [Stunt Shows]"})  # categories that a model told stay: all below them waits
    project = open_project(line.folder)
    for video_id in project.ledger.snapshot().entries["taxonomy_categories"]:
        purpose = replace(PURPOSE, asset="taxonomy_categories", video_id=video_id)
        project.ledger.calls.settle(paid_of(replace(call_of(video_id), purpose=purpose), 0))
    full = QuotaExhaustedError("gemini", "full", datetime.now(UTC) + timedelta(hours=1))
    project.ledger.fail("video_annotations", "v0", reason=pending_reason(full), run_id="run")
    with line.instance() as instance, (tmp_path / "said").open("w") as said:
        asked = Asked(only=frozenset({"aligned_metadata"}))
        last = Rounds(hurried(project), instance, asked, Console(file=said)).as_long_as_time_helps()
    assert (last.is_interrupted, last.engine.runs.ids) == (False, set())
    assert (tmp_path / "said").read_text().count("Waiting until") == 1
    assert line.counts("video_annotations")["pending"] == {pending_reason(full): 1}
