"""The pool against saboteurs: one video's crash, hang or hunger costs that video, and nothing outlives the run."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from vidpipe.workers.processes import Done, ForeignError, Processes, Task, is_native_crash
from vidpipe_tests.workers import saboteurs

POOL = Processes(n_workers=2, timeout_s=60.0)


def goods(n: int) -> list[Task]:
    """Tasks that succeed."""
    return [Task(f"good {i}", saboteurs.double, i) for i in range(n)]


def ran(tasks: Sequence[Task], pool: Processes = POOL) -> dict[str, Done]:
    """What became of each task; each of them exactly once."""
    found = list(pool.run(tasks))
    assert sorted(done.key for done in found) == sorted(task.key for task in tasks)
    return {done.key: done for done in found}


def with_goods(work: Callable[[Any], Any], argument: Any = None, pool: Processes = POOL) -> Done:
    """What became of a saboteur among good tasks, none of which may suffer."""
    tasks = goods(6)
    tasks.insert(2, Task("bad", work, argument))
    found = ran(tasks, pool)
    assert [found[f"good {i}"].value for i in range(6)] == [2 * i for i in range(6)]
    return found["bad"]


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def soon(claim: Callable[[], bool], within_s: float = 60.0) -> bool:
    """Whether a claim comes true."""
    until = time.monotonic() + within_s
    while not claim():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_no_task_is_no_work() -> None:
    assert list(POOL.run([])) == []


def test_each_task_is_done_once(tmp_path: Path) -> None:
    tasks = [Task(str(i), saboteurs.note, (str(tmp_path), f"t{i}")) for i in range(25)]
    found = ran(tasks)
    assert all(done.how == "ok" and done.value == f"t{key}" for key, done in found.items())
    assert sorted(p.name.split(".")[0] for p in tmp_path.iterdir()) == sorted(f"t{i}" for i in range(25))


def test_tasks_are_asked_for_as_workers_become_free() -> None:
    asked: list[int] = []

    def tasks() -> Iterator[Task]:
        for i in range(50):
            asked.append(i)
            yield Task(str(i), saboteurs.double, i)

    run = POOL.run(tasks())
    next(run)
    assert len(asked) < 10
    assert len(list(run)) == 49


def test_a_segmentation_fault_costs_one_task_and_is_its_own() -> None:
    done = with_goods(saboteurs.segfault)
    assert done.how == "crashed"
    assert is_native_crash(done)


def test_an_exit_costs_one_task_and_is_no_native_crash() -> None:
    done = with_goods(saboteurs.leave, 7)
    assert done.how == "crashed"
    assert not is_native_crash(done)


def test_a_process_killed_from_outside_is_not_the_tasks_fault() -> None:
    done = with_goods(saboteurs.kill_itself)
    assert done.how == "crashed"
    assert not is_native_crash(done)


def test_an_asked_for_exit_is_an_error_that_the_caller_survives() -> None:
    done = with_goods(saboteurs.leave_by_exception)
    assert done.how == "raised"
    assert isinstance(done.value, Exception)


def test_a_hang_costs_one_task_even_if_it_is_deaf_to_signals() -> None:
    assert with_goods(saboteurs.hang_deaf, pool=Processes(n_workers=2, timeout_s=2.0)).how == "timed_out"


def test_a_memory_blow_up_costs_one_task() -> None:
    done = with_goods(saboteurs.blow_up, pool=Processes(2, timeout_s=60.0, memory_bytes=1024**3))
    assert done.how == "raised"
    assert isinstance(done.value, MemoryError)


_LIMITED = """
import resource, sys
from vidpipe.workers.processes import Processes, Task
from vidpipe_tests.workers import saboteurs

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (8 * 1024**3, 8 * 1024**3))
    (done,) = Processes(1, timeout_s=60.0, memory_bytes=16 * 1024**3).run([Task("good", saboteurs.double, 2)])
    print(done.how, done.value)
"""


def test_a_limit_above_the_systems_own_is_no_limit_and_no_death(tmp_path: Path) -> None:
    script = tmp_path / "limited.py"
    script.write_text(_LIMITED)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, str(script)], env=environ, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("ok 4\n", "")


def test_an_error_travels_as_it_is() -> None:
    done = with_goods(saboteurs.fail, "why")
    assert done.how == "raised"
    assert isinstance(done.value, LookupError)
    assert done.value.args == ("why",)


@pytest.mark.parametrize("work", [saboteurs.fail_unpicklably, saboteurs.answer_unpicklably])
def test_what_cannot_travel_arrives_as_text(work: Callable[[Any], Any]) -> None:
    done = with_goods(work)
    assert done.how == "raised"
    assert isinstance(done.value, ForeignError)
    assert str(done.value)


def test_a_large_answer_travels_whole() -> None:
    assert with_goods(saboteurs.answer_amply, 30_000_000).value == bytes(30_000_000)


def test_a_task_that_crashed_beside_others_gets_one_more_try_alone(tmp_path: Path) -> None:
    done = with_goods(saboteurs.crash_once, str(tmp_path / "marker"))
    assert (done.how, done.value) == ("ok", "second")


def test_many_saboteurs_at_once_cost_only_themselves() -> None:
    bad = [saboteurs.segfault, saboteurs.leave_by_exception, saboteurs.fail_unpicklably, saboteurs.answer_unpicklably]
    tasks = goods(8) + [Task(f"bad {i}", work, 5) for i, work in enumerate([*bad, saboteurs.leave])]
    found = ran(tasks[::2] + tasks[1::2])
    assert all(found[f"good {i}"].how == "ok" for i in range(8))
    assert [found[f"bad {i}"].how for i in range(5)] == ["crashed", "raised", "raised", "raised", "crashed"]


def test_when_stopped_nothing_new_begins_and_what_began_is_finished(tmp_path: Path) -> None:
    seen: list[Done] = []
    tasks = [Task(str(i), saboteurs.note, (str(tmp_path), f"t{i}")) for i in range(30)]
    seen.extend(POOL.run(tasks, lambda: len(seen) >= 3 or len(list(tmp_path.iterdir())) >= 3))
    assert sorted(int(done.key) for done in seen) == list(range(30))
    done_keys = {f"t{done.key}" for done in seen if done.how == "ok"}
    assert {p.name.split(".")[0] for p in tmp_path.iterdir()} == done_keys
    assert 3 <= len(done_keys) < 30
    assert {done.how for done in seen} == {"ok", "not_run"}


def test_when_stopped_a_crash_is_not_tried_again() -> None:
    asked = itertools.count()
    found = list(Processes(1).run([Task("bad", saboteurs.segfault, None)], lambda: next(asked) >= 2))
    assert [(done.key, done.how) for done in found] == [("bad", "not_run")]


def test_leaving_early_ends_every_worker(tmp_path: Path) -> None:
    run = POOL.run([*goods(1), *(Task(str(i), saboteurs.tell_pid, str(tmp_path)) for i in range(2))])
    next(run)
    assert soon(lambda: len(list(tmp_path.iterdir())) == 2)
    pids = [int(path.name) for path in tmp_path.iterdir()]
    assert all(map(is_running, pids))
    run.close()  # type: ignore[attr-defined]  # it is a generator
    assert soon(lambda: not any(map(is_running, pids)))


def pids_of(found: dict[str, Done]) -> set[int]:
    return {int(done.value) for done in found.values()}


def asked_for_pids(n: int = 4) -> list[Task]:
    return [Task(str(i), saboteurs.pid, None) for i in range(n)]


def test_workers_that_are_kept_serve_one_run_after_the_other_and_end_with_it() -> None:
    pool = Processes(2, timeout_s=60.0)
    with pool.kept():
        first = pids_of(ran(asked_for_pids(), pool))
        second = pids_of(ran(asked_for_pids(), pool))
        assert len(first | second) <= 2
        assert all(map(is_running, first | second))
    assert not any(map(is_running, first | second))
    assert pids_of(ran(asked_for_pids(), pool)).isdisjoint(first)


def test_threads_share_the_workers_that_are_kept_whichever_of_them_ends() -> None:
    pool = Processes(2, timeout_s=60.0)
    with pool.kept():
        with ThreadPoolExecutor(2) as threads:
            found = [threads.submit(ran, asked_for_pids(), pool) for _ in range(4)]
        pids = {pid for one in found for pid in pids_of(one.result())}
        assert len(pids) <= 2
        time.sleep(0.3)
        assert pids_of(ran(asked_for_pids(), pool)) <= pids  # the threads that began them have ended


def test_kept_workers_survive_saboteurs_and_their_own_death_while_idle() -> None:
    pool = Processes(2, timeout_s=60.0)
    with pool.kept():
        assert with_goods(saboteurs.segfault, pool=pool).how == "crashed"
        for pid in pids_of(ran(asked_for_pids(), pool)):
            os.kill(pid, signal.SIGKILL)
        assert soon(lambda: {done.how for done in ran(goods(3), pool).values()} == {"ok"})
        assert with_goods(saboteurs.leave, 7, pool=pool).how == "crashed"


def test_what_earlier_tasks_left_in_a_worker_does_not_count_against_the_next() -> None:
    pool = Processes(1, timeout_s=60.0, memory_bytes=1024**3)
    with pool.kept():
        for number in range(3):
            (done,) = pool.run([Task(str(number), saboteurs.hoard, 400 * 1024**2)])
            assert done.how == "ok", done


@pytest.mark.parametrize(("why", "n_tries"), [("needs too much memory", 2), ("too long", 1)])
def test_only_what_says_that_it_lacked_memory_is_tried_again_alone(tmp_path: Path, why: str, n_tries: int) -> None:
    pool = Processes(1, timeout_s=60.0)
    with pool.kept():
        (alone,) = pool.run([Task("first", saboteurs.exceed, (str(tmp_path), why))])
        assert (alone.how, str(alone.value), len(list(tmp_path.iterdir()))) == ("raised", why, 1)
        (done,) = pool.run([Task("second", saboteurs.exceed, (str(tmp_path), why))])
    assert (done.how, str(done.value), len(list(tmp_path.iterdir()))) == ("raised", why, 1 + n_tries)


def test_leaving_early_ends_what_kept_workers_are_at_and_others_go_on(tmp_path: Path) -> None:
    pool = Processes(2, timeout_s=60.0)
    with pool.kept():
        run = pool.run([*goods(1), Task("hangs", saboteurs.tell_pid, str(tmp_path))])
        next(run)
        assert soon(lambda: len(list(tmp_path.iterdir())) == 1)
        (pid,) = (int(path.name) for path in tmp_path.iterdir())
        run.close()  # type: ignore[attr-defined]  # it is a generator
        assert soon(lambda: not is_running(pid))
        assert [done.how for done in pool.run(goods(4))] == ["ok"] * 4


_PARENT = """
import sys, threading
from vidpipe.workers.processes import Processes, Task
from vidpipe_tests.workers import saboteurs
if __name__ == "__main__":
    pool = Processes(2)
    with pool.kept():
        if sys.argv[2] == "kept":
            thread = threading.Thread(target=lambda: list(pool.run([Task("good", saboteurs.double, 1)])))
            thread.start(), thread.join()
        else:
            pool = Processes(2)
        list(pool.run([Task(str(i), saboteurs.tell_pid, sys.argv[1]) for i in range(2)]))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("which", ["kept", "own"])
def test_no_worker_outlives_a_killed_parent(tmp_path: Path, how: signal.Signals, which: str) -> None:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    (tmp_path / "pids").mkdir()
    root = str(Path(__file__).parents[2])
    command = [sys.executable, str(script), str(tmp_path / "pids"), which]
    parent = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": root})
    try:
        assert soon(lambda: len(list((tmp_path / "pids").iterdir())) == 2)
        pids = [int(path.name) for path in (tmp_path / "pids").iterdir()]
        parent.send_signal(how)
        parent.wait(timeout=60)
        assert soon(lambda: not any(map(is_running, pids)))
    finally:
        parent.kill()
        parent.wait()


def test_a_grandchild_that_a_worker_started_does_not_hold_up_the_run(tmp_path: Path) -> None:
    done = with_goods(saboteurs.bear_child, str(tmp_path))
    pid = int((tmp_path / "child").read_text())
    try:
        assert (done.how, done.value) == ("ok", pid)
    finally:
        if is_running(pid):
            os.kill(pid, signal.SIGKILL)
