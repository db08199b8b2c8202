"""Damaged containers through everything that reads videos: an answer or one reason, the same twice, in real workers.

`python -m vidpipe_tests.media.fuzz` does the same for as long as one likes; what it found stands here, too.
"""

from functools import partial
from pathlib import Path
from random import Random

import pytest

from vidpipe.workers.processes import Processes, Task
from vidpipe_tests.clips import make_clip
from vidpipe_tests.media.fuzz import QUESTIONS, answers
from vidpipe_tests.media.mutations import MUTATIONS, Mutation, mutated
from vidpipe_tests.shared import SHARED

SEEDS = range(5)
# What fuzzing found, by file of ../shared/video and seed.
FOUND = [
    ("tree.avi", 103),  # join: a codec that MP4 does not hold was a ValueError
    ("tiny_10x6_64s.mp4", 20138),  # signals: planes of sound beyond the eighth ended the worker
]


def twice(files: dict[str, bytes], folder: Path) -> dict[str, list[dict[str, str]]]:
    """The answers of each file, asked twice."""
    tasks = []
    for name, data in files.items():
        (folder / name).write_bytes(data)
        tasks += [Task(name, partial(answers), folder / name)] * 2
    found: dict[str, list[dict[str, str]]] = {name: [] for name in files}
    for done in Processes(2, timeout_s=100).run(tasks):
        assert done.how == "ok", (done.key, done.how, done.value)
        found[done.key].append(done.value)
    return found


def check(found: dict[str, list[dict[str, str]]]) -> None:
    for name, (one, other) in found.items():
        assert one == other, name
        assert sorted(one) == sorted(QUESTIONS)
        for question, answer in one.items():
            assert "FOUND" not in answer, (name, question, answer)
            assert " but left " not in answer, (name, question, answer)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts"])
def test_damaged_files_give_an_answer_or_a_reason_and_the_same_twice(suffix: str, tmp_path: Path) -> None:
    whole = make_clip(tmp_path / f"a.{suffix}", [(1.2, 1), (1.2, 2)], fps=10, size=(64, 48)).path.read_bytes()
    check(twice({f"{seed}.{suffix}": mutated(whole, seed) for seed in SEEDS}, tmp_path))


@pytest.mark.corpus
def test_what_was_found_once_is_mended(tmp_path: Path) -> None:
    files = {f"{seed}-{name}": mutated((SHARED / "video" / name).read_bytes(), seed) for name, seed in FOUND}
    check(twice(files, tmp_path))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_each_kind_of_damage_changes_the_bytes(mutation: Mutation) -> None:
    whole = bytes(range(256)) * 400
    changed = 0
    for seed in range(10):
        data = bytearray(whole)
        mutation(data, Random(seed))
        changed += bytes(data) != whole
    assert changed >= 8
