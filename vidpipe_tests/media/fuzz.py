"""`python -m vidpipe_tests.media.fuzz SECONDS [SEED]`: damaged videos through the whole media library, isolated.

Every damaged file goes twice through everything that reads videos, in workers as a run has them. What is no answer, no
outcome with a reason, or not the same both times is printed with file and seed, so that it becomes a test; 1 then.
"""

import hashlib
import itertools
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from vidpipe.errors import VideoError
from vidpipe.media.coarse_shots import find_shots
from vidpipe.media.conforming import conform
from vidpipe.media.copying import cut_copy
from vidpipe.media.cutting import cut_exact
from vidpipe.media.dynamism import measure_dynamism
from vidpipe.media.frames_at import frames_at
from vidpipe.media.joining import join
from vidpipe.media.limits import Limits
from vidpipe.media.normalising import SquareSize
from vidpipe.media.probe import inspect_video
from vidpipe.media.proxy import ProxySettings, make_proxy
from vidpipe.media.signals import measure_signals
from vidpipe.media.smart import cut_smart
from vidpipe.timeline.spans import Span
from vidpipe.workers.processes import Done, Processes, Task
from vidpipe_tests.media.mutations import mutated
from vidpipe_tests.shared import SHARED

LIMITS = Limits(max_pixels=1920 * 1088, max_duration_s=400.0)
SPANS = (Span(Fraction(0), Fraction(2)), Span(Fraction(1), Fraction(3)), Span(Fraction(7), Fraction(9)))
PROXY = ProxySettings(Fraction(1), max_side_px=160, has_sound=True, burns_time=True)
SMALL = SquareSize(max_side_px=160)
SUFFIXES = (".mp4", ".mkv", ".avi", ".ts", ".webm", ".mov", "")
_LARGEST_BYTES = 2_600_000
_LONG = ("long_black_1080p.mp4", "long_black_4k_av1.mp4")
_TIMEOUT_S = 120.0

QUESTIONS: Mapping[str, Callable[[Path, Path], Any]] = {
    "probe": lambda path, _: inspect_video(path, LIMITS),
    "dynamism": lambda path, _: measure_dynamism(path, LIMITS),
    "compat": lambda path, _: measure_dynamism(path, LIMITS, mode="compat"),
    "signals": lambda path, out: measure_signals(path, out, LIMITS).rows_sha256,
    "coarse": lambda path, out: measure_signals(path, out, LIMITS, mode="coarse").rows_sha256,
    "shots": lambda path, _: find_shots(path, LIMITS),
    "exact": lambda path, out: [clip.actual_end_s for clip in cut_exact(path, SPANS, out, LIMITS)],
    "smart": lambda path, out: [clip.actual_end_s for clip in cut_smart(path, SPANS, out, LIMITS)],
    "copy": lambda path, out: [clip.actual_end_s for clip in cut_copy(path, SPANS, out, LIMITS)],
    "join": lambda path, out: replace(join((path, path), out / "joined.mp4", LIMITS), file=""),
    "proxy": lambda path, out: make_proxy(path, out / "proxy.mp4", LIMITS, PROXY).bytes,
    "conform": lambda path, out: conform(path, out / "conform.mp4", LIMITS, SMALL).bytes,
    "frames": lambda path, _: [shown.time_s for shown in frames_at(path, (0, 1.5, 1, 9), LIMITS)],
}


def answers(path: Path, questions: Iterable[str] = QUESTIONS) -> dict[str, str]:
    """What each question gives: its answer in short, or the reason why there is none; files that are left count too."""
    found = {}
    for name in questions:
        with tempfile.TemporaryDirectory() as out:
            try:
                answer = hashlib.sha256(repr(QUESTIONS[name](path, Path(out))).encode()).hexdigest()[:12]
            except VideoError as error:
                left = sorted(file.name for file in Path(out).iterdir())
                answer = f"{type(error).__name__}: {error}{f' but left {left}' if left else ''}"
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                answer = f"FOUND {type(error).__module__}.{type(error).__name__}: {error}"
        found[name] = answer
    return found


def tasks(folder: Path, until_s: float, first_seed: int) -> Iterator[Task]:
    """Damaged files, each twice under one key, as long as there is time."""
    paths = sorted(path for path in (SHARED / "video").iterdir() if path.name not in _LONG)
    sources = [path for path in paths if 8 <= path.stat().st_size <= _LARGEST_BYTES]
    for seed in itertools.count(first_seed):
        if time.monotonic() > until_s:
            return
        random = Random(seed)
        source = random.choice(sources)
        suffix = random.choice(SUFFIXES) if random.random() < 0.1 else source.suffix
        path = folder / f"{seed}{suffix}"
        path.write_bytes(mutated(source.read_bytes(), seed))
        for _ in range(2):
            yield Task(f"{source.name} seed {seed}{suffix}", partial(answers), path)


def fuzz(seconds: float, first_seed: int) -> int:
    """Print what was found and how often each answer came; 1 when anything was."""
    folder = Path(tempfile.mkdtemp(prefix="vidpipe-fuzz-"))
    seen: dict[str, dict[str, str]] = {}
    counts: Counter[str] = Counter()
    n_found = 0
    try:
        pool = Processes(2, timeout_s=_TIMEOUT_S)
        for done in pool.run(tasks(folder, time.monotonic() + seconds, first_seed)):
            for problem in _problems(done, seen):
                n_found += 1
                print(f"{done.key}: {problem}", flush=True)  # noqa: T201 - a tool of developers
            if done.how == "ok":
                counts.update(f"{name}: {answer if ' ' in answer else 'ok'}" for name, answer in done.value.items())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for text, n in sorted(counts.items()):
        print(f"{n:6} {text}")  # noqa: T201
    print(f"{len(seen)} damaged files, each twice; {n_found} found")  # noqa: T201
    return int(bool(n_found))


def _problems(done: Done, seen: dict[str, dict[str, str]]) -> Iterator[str]:
    if done.how != "ok":
        yield f"{done.how}: {done.value!r}"
        return
    for name, answer in done.value.items():
        if answer.startswith("FOUND") or " but left " in answer:
            yield f"{name}: {answer}"
    if (before := seen.setdefault(done.key, done.value)) != done.value:
        yield f"not the same twice: { {n: (before[n], a) for n, a in done.value.items() if before[n] != a} }"


if __name__ == "__main__":
    sys.exit(fuzz(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
