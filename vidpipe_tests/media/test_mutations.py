"""Damaged containers through everything that reads videos: an answer or one reason, the same twice, in real workers.

`python -m vidpipe_tests.media.fuzz` does the same for as long as one likes; what it found stands here, too.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from random import Random

import pytest

from vidpipe.workers.processes import Processes, Task
from vidpipe_tests.clips import make_clip
from vidpipe_tests.media.fuzz import QUESTIONS, answers
from vidpipe_tests.media.mutations import MUTATIONS, Mutation, kinds_of, mutated
from vidpipe_tests.shared import SHARED

SEEDS = (0, 7, 9)  # together they do every kind of damage
SUFFIXES = ("mp4", "mkv", "avi", "ts")
# What fuzzing found, by file of ../shared/video and seed, and the question that found it.
FOUND = [
    ("tree.avi", 103, "join"),  # a codec that MP4 does not hold was a ValueError
    ("tiny_10x6_64s.mp4", 20138, "signals"),  # planes of sound beyond the eighth ended the worker
]
Answers = dict[str, list[dict[str, str]]]


def twice(asked: Iterable[tuple[Path, Iterable[str]]]) -> Answers:
    """The answers of each file to its questions, asked twice."""
    tasks = [Task(path.name, partial(answers, questions=tuple(questions)), path) for path, questions in asked]
    found: Answers = {task.key: [] for task in tasks}
    for done in Processes(2, timeout_s=100).run([task for task in tasks for _ in range(2)]):
        assert done.how == "ok", (done.key, done.how, done.value)
        found[done.key].append(done.value)
    return found


def check(name: str, one: dict[str, str], other: dict[str, str]) -> None:
    assert one == other, name
    for question, answer in one.items():
        assert "FOUND" not in answer, (name, question, answer)
        assert " but left " not in answer, (name, question, answer)


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What damaged files of every container gave; the same workers have seen them all."""
    folder = tmp_path_factory.mktemp("damaged")
    for suffix in SUFFIXES:
        whole = make_clip(folder / f"a.{suffix}", [(1.2, 1), (1.2, 2)], fps=10, size=(64, 48)).path.read_bytes()
        for seed in SEEDS:
            (folder / f"{seed}.{suffix}").write_bytes(mutated(whole, seed))
    return twice((folder / f"{seed}.{suffix}", QUESTIONS) for suffix in SUFFIXES for seed in SEEDS)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damaged_files_give_an_answer_or_a_reason_and_the_same_twice(suffix: str, answered: Answers) -> None:
    for seed in SEEDS:
        one, other = answered[f"{seed}.{suffix}"]
        assert sorted(one) == sorted(QUESTIONS)
        check(f"{seed}.{suffix}", one, other)


@pytest.mark.corpus
def test_what_was_found_once_is_mended(tmp_path: Path) -> None:
    asked = []
    for name, seed, question in FOUND:
        path = tmp_path / f"{seed}-{name}"
        path.write_bytes(mutated((SHARED / "video" / name).read_bytes(), seed))
        asked.append((path, [question]))
    for name, (one, other) in twice(asked).items():
        assert len(one) == 1
        check(name, one, other)


def test_the_seeds_do_every_kind_of_damage() -> None:
    assert {mutation for seed in SEEDS for mutation in kinds_of(Random(seed))} == set(MUTATIONS)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_each_kind_of_damage_changes_the_bytes(mutation: Mutation) -> None:
    whole = bytes(range(256)) * 400
    changed = 0
    for seed in range(10):
        data = bytearray(whole)
        mutation(data, Random(seed))
        changed += bytes(data) != whole
    assert changed >= 8
