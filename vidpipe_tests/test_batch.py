"""A batch: whatever one video does, the others go on, and everybody's end is known."""

import ctypes
import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from vidpipe import keys
from vidpipe.batch import LeftOver, Settled, Work, run_batch
from vidpipe.errors import (
    BudgetError,
    CredentialError,
    ForeignAnswerError,
    LimitExceededError,
    MalformedAnswerError,
    QuotaExhaustedError,
    RejectedRequestError,
    StoppedError,
    StoreError,
    StoreFullError,
    TransientServiceError,
    UnreadableVideoError,
    UntrustedServiceError,
    UnwritableObjectError,
)
from vidpipe.inputs import Inputs
from vidpipe.ports import Project
from vidpipe.recipe.loading import check_recipe
from vidpipe.records import Outcome
from vidpipe.store.documents import read_record
from vidpipe.workers.processes import Done, Processes, Task
from vidpipe_tests import hostile
from vidpipe_tests.lines import DEFAULT
from vidpipe_tests.projects import InPlace, admit, project_at

ALL = ("a", "b", "c", "d")


def raw(inputs: Inputs) -> Outcome:
    """A raw video as `raw_videos` records it."""
    return Outcome("ok", value={"bytes": 7}, parts={"media": f"sha of {inputs.video_id}", "captions": "none"})


def doing(special: dict[str, Outcome | Exception]) -> Work:
    """Work that is a raw video for all but the special ones."""

    def prepare(inputs: Inputs) -> Outcome:
        answer = special.get(inputs.video_id) or raw(inputs)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Work(prepare)


def tasks(work: Callable[[str], Any], finish: Callable[[Inputs, Any], Outcome] | None = None) -> Work:
    """Work in the pool, on the video's id."""
    return Work(
        lambda inputs: Task(inputs.key, work, inputs.video_id),
        finish or (lambda inputs, value: Outcome("ok", value={"found": value}, parts={"media": "m", "captions": "c"})),
    )


def ran(project: Project, asset: str, work: Work, *video_ids: str) -> dict[str, Settled | LeftOver]:
    """What became of each video; each of them exactly once."""
    found = list(run_batch(project, asset, [keys.segment(v) for v in video_ids or ALL], work, "run"))
    assert sorted(result.key for result in found) == sorted(keys.segment(v) for v in video_ids or ALL)
    return {result.key: result for result in found}


def reasons(found: dict[str, Settled | LeftOver]) -> dict[str, str]:
    """Outcomes of those that are settled, reasons of those that are not."""
    return {
        key: result.reason
        if isinstance(result, LeftOver)
        else f"{result.record.outcome}: {result.record.reason}"
        if result.record.reason
        else result.record.outcome
        for key, result in found.items()
    }


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with four admitted videos."""
    made = project_at(tmp_path)
    admit(made, *ALL)
    return made


def test_good_videos_are_recorded_and_indexed_before_they_are_told(project: Project) -> None:
    for result in run_batch(project, "raw_videos", ALL, Work(raw), "run 1"):
        assert isinstance(result, Settled)
        assert result.fresh
        assert read_record(project.store, "raw_videos", result.key) == result.record
        entry = project.ledger.snapshot().entry("raw_videos", result.key)
        assert entry is not None
        assert (entry.data_version, entry.run_id) == (result.record.data_version, "run 1")
    provenance = read_record(project.store, "raw_videos", "a").provenance
    assert (provenance.source_sha256, provenance.inputs) == ("sha of a", {"catalogue": "f"})
    assert provenance.code_version == project.code_version(DEFAULT["raw_videos"])
    assert provenance.finished == "2026-01-01T00:00:00Z"


def test_hostile_ids_go_through(tmp_path: Path) -> None:
    project = project_at(tmp_path)
    admit(project, *hostile.IDS)
    assert set(reasons(ran(project, "raw_videos", Work(raw), *hostile.IDS)).values()) == {"ok"}
    assert all(read_record(project.store, "raw_videos", v).video_id == v for v in hostile.IDS)


def test_logs_hold_no_line_that_an_id_has_forged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    project = project_at(tmp_path)
    admit(project, *hostile.IDS)
    ran(project, "raw_videos", doing({v: TransientServiceError("hub", "busy") for v in hostile.IDS}), *hostile.IDS)
    told = [record.getMessage() for record in caplog.records if record.name == "vidpipe.batch"]
    assert sorted(told) == sorted(f"raw_videos of {keys.segment(v)}: hub: busy" for v in hostile.IDS)
    assert all(text.isprintable() for text in told)


def test_what_waits_for_services_goes_on_beside_each_other(project: Project) -> None:
    meeting = threading.Barrier(len(ALL), timeout=60)

    def meet(inputs: Inputs) -> Outcome:
        meeting.wait()
        return raw(inputs)

    assert set(reasons(ran(project, "raw_videos", Work(meet, n_threads=len(ALL)))).values()) == {"ok"}
    assert meeting.n_waiting == 0


def test_who_stops_listening_stops_what_has_not_begun(project: Project) -> None:
    asked, may_go_on = [], threading.Event()

    def ask(inputs: Inputs) -> Outcome:
        asked.append(inputs.video_id)
        if inputs.video_id != "a":
            may_go_on.wait(20)
        return raw(inputs)

    results = run_batch(project, "raw_videos", [keys.segment(v) for v in ALL], Work(ask, n_threads=2), "run")
    next(results)
    threading.Timer(0.2, may_go_on.set).start()
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert sorted(asked) == ["a", "b", "c"]


def test_a_service_that_takes_no_key_leaves_videos_pending(project: Project) -> None:
    found = ran(project, "raw_videos", doing({"a": CredentialError("gemini", "no key is accepted")}))
    assert reasons(found)["a"] == "service closed: gemini: no key is accepted"
    assert isinstance(found["a"], LeftOver)
    assert found["a"].waits


def test_on_threads_too_whatever_one_video_does_the_others_go_on(project: Project) -> None:
    special: dict[str, Outcome | Exception] = {"a": UnreadableVideoError("no"), "b": ZeroDivisionError()}
    work = replace(doing(special), n_threads=3)
    assert reasons(ran(project, "raw_videos", work)) == {
        "a": "unusable: no",
        "b": "internal error: ZeroDivisionError",
        "c": "ok",
        "d": "ok",
    }


def test_what_was_not_tried_is_pending_with_its_reason_and_an_answer_of_others_fails(project: Project) -> None:
    until = datetime(2026, 11, 22, 8, 0, 30, tzinfo=UTC)
    special: dict[str, Outcome | Exception] = {
        "a": BudgetError(),
        "b": QuotaExhaustedError("gemini", "all", until),
        "c": StoppedError(),
        "d": ForeignAnswerError("answered another request"),
    }
    found = ran(project, "raw_videos", doing(special))
    assert reasons(found) == {
        "a": "budget",
        "b": "quota until 2026-11-22T08:00Z",
        "c": "not reached",
        "d": "answered another request",
    }
    assert [left.waits for _, left in sorted(found.items()) if isinstance(left, LeftOver)] == [True, True, True, False]
    noted = {v: attempt.reason for v, attempt in project.ledger.snapshot().attempts["raw_videos"].items()}
    assert noted == {v: why for v, why in reasons(found).items() if v != "c"}, "a stop is no attempt"


def test_a_service_that_answers_other_requests_ends_the_batch(project: Project) -> None:
    found = reasons(ran(project, "raw_videos", doing({"b": UntrustedServiceError("gemini", "answers other requests")})))
    assert found == {"a": "ok", "b": "gemini: answers other requests", "c": "not reached", "d": "not reached"}


def test_a_record_says_what_its_answers_cost(project: Project) -> None:
    paid = Outcome("unusable", "nothing usable", cost_usd=0.25, asked={"model": "m"})
    ran(project, "raw_videos", doing({"a": paid}))
    provenance = read_record(project.store, "raw_videos", "a").provenance
    assert (provenance.cost_usd, provenance.asked) == (0.25, {"model": "m"})
    entry = project.ledger.snapshot().entry("raw_videos", "a")
    assert entry is not None
    assert entry.cost_usd == 0.25


def test_a_video_that_nobody_registered_waits_for_the_catalogue(project: Project) -> None:
    found = ran(project, "raw_videos", Work(raw), "a", "stranger")
    assert reasons(found) == {"a": "ok", "stranger": "waits for catalogue"}


def test_a_video_whose_input_is_missing_waits_for_it_and_is_no_failure(project: Project) -> None:
    ran(project, "raw_videos", Work(raw), "a", "b")
    found = ran(project, "dynamic_videos", Work(raw))
    assert reasons(found) == {"a": "ok", "b": "ok", "c": "waits for raw_videos", "d": "waits for raw_videos"}
    assert isinstance(found["c"], LeftOver)
    assert found["c"].waits
    assert project.ledger.snapshot().attempts == {}


def test_a_record_that_went_missing_is_noted_and_waited_for(project: Project) -> None:
    ran(project, "raw_videos", Work(raw))
    project.store.delete("raw_videos/a.json")
    project.store.put("raw_videos/b.json", b"{}")

    def read(inputs: Inputs) -> Outcome:
        inputs.record("raw_videos")
        return Outcome("ok")

    found = reasons(ran(project, "dynamic_videos", Work(read)))
    assert found == {"a": "waits for raw_videos", "b": "waits for raw_videos", "c": "ok", "d": "ok"}
    assert project.ledger.is_damaged("raw_videos", "a")
    assert project.ledger.is_damaged("raw_videos", "b")


def test_below_anything_but_ok_a_video_is_skipped_with_the_first_cause_and_no_work(project: Project) -> None:
    ran(project, "raw_videos", doing({"a": Outcome("unusable", "empty file")}))
    ran(project, "dynamic_videos", doing({"b": Outcome("dropped", "static")}))
    asked: list[str] = []

    def categorise(inputs: Inputs) -> Outcome:
        asked.append(inputs.video_id)
        return Outcome("ok")

    found = reasons(ran(project, "taxonomy_categories", Work(categorise)))
    assert found == {"a": "skipped: raw_videos", "b": "skipped: dynamic_videos", "c": "ok", "d": "ok"}
    assert asked == ["c", "d"]
    skipped = read_record(project.store, "taxonomy_categories", "a")
    assert (skipped.value, skipped.where) == ({}, {})


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UnreadableVideoError("truncated: no decodable frame"), "unusable: truncated: no decodable frame"),
        (LimitExceededError("too long"), "unusable: too long"),
        (MalformedAnswerError("no JSON"), "unusable: no JSON"),
        (RejectedRequestError("gemini", "too large"), "unusable: gemini: too large"),
        (TransientServiceError("gemini", "busy", 3.0), "gemini: busy"),
        (UnwritableObjectError("shots/a.json", "cannot be written"), "store: cannot be written"),
        (StoreError("shots/a.json", "cannot be read"), "store: cannot be read"),
        (ValueError("a bug"), "internal error: ValueError"),
        (AssertionError(), "internal error: AssertionError"),
        (RecursionError(), "internal error: RecursionError"),
        (MemoryError(), "internal error: MemoryError"),
    ],
)
def test_each_error_costs_its_video_and_no_other(project: Project, error: Exception, reason: str) -> None:
    found = ran(project, "raw_videos", doing({"b": error}))
    assert reasons(found) == {"a": "ok", "b": reason, "c": "ok", "d": "ok"}
    attempts = project.ledger.snapshot().attempts.get("raw_videos", {})
    assert [attempt.reason for attempt in attempts.values()] == ([] if reason.startswith("unusable") else [reason])


def test_an_error_in_a_worker_or_after_it_costs_the_same(project: Project) -> None:
    def finish(inputs: Inputs, value: str) -> Outcome:
        if value == "B":
            raise UnreadableVideoError("odd")
        if value == "C":
            raise KeyError("bug")
        return raw(inputs)

    found = reasons(ran(project, "raw_videos", tasks(str.upper, finish)))
    assert found == {"a": "ok", "b": "unusable: odd", "c": "internal error: KeyError", "d": "ok"}


def test_a_bug_is_logged_with_its_traceback(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        ran(project, "raw_videos", doing({"b": ValueError("a bug")}))
    assert "raw_videos of b: a bug" in caplog.text
    assert "Traceback" in caplog.text


def test_a_failed_video_heals_at_the_next_try_and_only_it_is_written(project: Project) -> None:
    ran(project, "raw_videos", doing({"b": TransientServiceError("s", "busy")}))
    found = ran(project, "raw_videos", Work(raw))
    assert {key: result.fresh for key, result in found.items() if isinstance(result, Settled)} == {
        "a": False,
        "b": True,
        "c": False,
        "d": False,
    }
    assert project.ledger.snapshot().attempts == {}


def test_one_key_that_cannot_be_written_costs_one_video(project: Project, tmp_path: Path) -> None:
    (tmp_path / "store/raw_videos/b.json").mkdir(parents=True)
    found = reasons(ran(project, "raw_videos", Work(raw)))
    assert found == {"a": "ok", "b": "store: cannot be written", "c": "ok", "d": "ok"}
    assert project.ledger.snapshot().entry("raw_videos", "b") is None


def test_even_an_unusable_video_needs_its_record_written(project: Project, tmp_path: Path) -> None:
    (tmp_path / "store/raw_videos/b.json").mkdir(parents=True)
    found = reasons(ran(project, "raw_videos", doing({"b": UnreadableVideoError("odd")})))
    assert found["b"] == "store: cannot be written"


def test_a_full_store_stops_the_batch_and_the_rest_is_not_reached(project: Project) -> None:
    found = ran(project, "raw_videos", doing({"b": StoreFullError("k", "store full")}))
    assert reasons(found) == {"a": "ok", "b": "store full", "c": "not reached", "d": "not reached"}
    assert list(project.ledger.snapshot().attempts["raw_videos"]) == ["b"]


def test_a_full_store_stops_the_workers_too(project: Project) -> None:
    def finish(inputs: Inputs, value: str) -> Outcome:
        raise StoreFullError("k", "store full")

    found = reasons(ran(project, "raw_videos", tasks(str.upper, finish)))
    assert found == {"a": "store full", "b": "not reached", "c": "not reached", "d": "not reached"}


def test_when_asked_to_stop_nothing_new_begins(project: Project) -> None:
    def last(inputs: Inputs) -> Outcome:
        project.stop.set()
        return raw(inputs)

    found = reasons(ran(project, "raw_videos", Work(last)))
    assert found == {"a": "ok", "b": "not reached", "c": "not reached", "d": "not reached"}
    assert project.ledger.snapshot().attempts == {}


def test_valid_records_are_taken_over_without_work_or_a_byte_written(project: Project, tmp_path: Path) -> None:
    ran(project, "raw_videos", Work(raw))
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (tmp_path / "store/raw_videos").iterdir()}
    found = ran(project, "raw_videos", doing({v: AssertionError() for v in ALL}))
    assert [result.fresh for result in found.values() if isinstance(result, Settled)] == [False] * 4
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in before} == before


def untimed(record: bytes) -> bytes:
    """A record without the seconds that its work took."""
    return re.sub(rb'"seconds": [0-9.]+', b"", record)


@pytest.mark.parametrize("harm", ["lose", "alter", "mark"])
def test_a_record_that_is_no_longer_valid_is_made_again_equal(project: Project, harm: str) -> None:
    ran(project, "raw_videos", Work(raw))
    before = project.store.get("raw_videos/a.json")
    if harm == "lose":
        project.store.delete("raw_videos/a.json")
    elif harm == "alter":
        project.store.put("raw_videos/a.json", before.replace(b'"bytes": 7', b'"bytes": 8'))
    else:
        project.ledger.mark_damaged("raw_videos", ["a"])
    found = ran(project, "raw_videos", Work(raw))
    assert [key for key, result in found.items() if isinstance(result, Settled) and result.fresh] == ["a"]
    assert untimed(project.store.get("raw_videos/a.json")) == untimed(before)
    assert not project.ledger.is_damaged("raw_videos", "a")


def test_changed_files_or_settings_are_worked_on_again(project: Project, tmp_path: Path) -> None:
    ran(project, "raw_videos", Work(raw))
    admit(project, *ALL, files="other")
    found = ran(project, "raw_videos", Work(raw))
    assert all(isinstance(result, Settled) and result.fresh for result in found.values())
    other = project_at(tmp_path, check_recipe("r", {"limits": {"max_pixels": 7}}))
    found = ran(other, "raw_videos", Work(raw))
    assert all(isinstance(result, Settled) and result.fresh for result in found.values())


def test_what_another_run_works_on_is_left_to_it(project: Project) -> None:
    with project.ledger._engine.begin() as db:
        db.exec_driver_sql("INSERT INTO claims VALUES ('video', 'b', 'elsewhere|boot|1|1', 99999999999)")
    found = ran(project, "raw_videos", Work(raw))
    assert reasons(found) == {"a": "ok", "b": "in another run", "c": "ok", "d": "ok"}
    assert project.ledger.claims.take("video", list(ALL)) == ["a", "c", "d"], "its own claims are given back"


def test_scratch_lives_until_the_video_is_told_and_no_longer(project: Project, tmp_path: Path) -> None:
    def prepare(inputs: Inputs) -> Task:
        (inputs.scratch() / "half").write_bytes(b"half")
        return Task(inputs.key, str.upper, "x")

    def finish(inputs: Inputs, value: str) -> Outcome:
        if inputs.video_id == "b":
            raise UnreadableVideoError("odd")
        return raw(inputs)

    ran(project, "raw_videos", Work(prepare, finish))
    assert list((tmp_path / ".scratch").iterdir()) == []


def test_a_consumer_that_leaves_early_leaves_no_scratch_and_no_claim(project: Project, tmp_path: Path) -> None:
    def prepare(inputs: Inputs) -> Task:
        (inputs.scratch() / "half").write_bytes(b"half")
        return Task(inputs.key, str.upper, "x")

    batch = run_batch(project, "raw_videos", ALL, Work(prepare, lambda inputs, value: raw(inputs)), "run")
    next(batch)
    batch.close()  # type: ignore[attr-defined]  # it is a generator
    assert project.ledger.claims._ours("video") == set()
    assert list((tmp_path / ".scratch").iterdir()) == []


class Fates:
    """A plain fake of a pool, that answers each task as told."""

    def __init__(self, fates: dict[str, Done]) -> None:
        self.fates = fates

    def run(self, tasks: Iterable[Task], stopped: Callable[[], bool]) -> Iterator[Done]:
        """Each task once."""
        return (self.fates[task.key] for task in tasks)


def test_what_became_of_the_process_becomes_the_videos_outcome_or_failure(tmp_path: Path) -> None:
    killed = type("Killed", (Exception,), {"exitcode": -9})()
    crashed = type("Crashed", (Exception,), {"exitcode": -11})()
    fates = {
        "a": Done("a", "timed_out", TimeoutError()),
        "b": Done("b", "crashed", crashed),
        "c": Done("c", "crashed", killed),
        "d": Done("d", "raised", MemoryError()),
        "e": Done("e", "not_run", RuntimeError()),
    }
    project = project_at(tmp_path, workers=Fates(fates))
    admit(project, *fates)
    assert reasons(ran(project, "raw_videos", tasks(str.upper), *fates)) == {
        "a": "unusable: took too long to decode",
        "b": "unusable: crashes the decoder",
        "c": "worker was killed",
        "d": "unusable: needs too much memory",
        "e": "worker was killed",
    }


def crash_on_b(video_id: str) -> str:
    """A native crash for one video."""
    return ctypes.string_at(0).decode() if video_id == "b" else video_id.upper()


def test_a_native_crash_in_a_real_pool_costs_its_video(tmp_path: Path) -> None:
    project = project_at(tmp_path, workers=Processes(n_workers=2, timeout_s=60.0))
    admit(project, *ALL)
    found = reasons(ran(project, "raw_videos", tasks(crash_on_b)))
    assert found == {"a": "ok", "b": "unusable: crashes the decoder", "c": "ok", "d": "ok"}


def test_videos_that_need_no_worker_go_through_beside_those_that_do(tmp_path: Path) -> None:
    pool = InPlace()
    project = project_at(tmp_path, workers=pool)
    admit(project, *ALL)

    def prepare(inputs: Inputs) -> Task | Outcome:
        return raw(inputs) if inputs.video_id in "ad" else Task(inputs.key, str.upper, inputs.video_id)

    work = Work(prepare, lambda inputs, value: raw(inputs))
    assert set(reasons(ran(project, "raw_videos", work)).values()) == {"ok"}
    assert pool.begun == ["b", "c"]
