"""`vidpipe bench media`: our media stages beside what people run today, on real footage, in one run.

For each task and file ours and all peers run in turn, each in processes of its own, the order turned around every
round; a ratio is the median of the rounds' ratios. Long tasks have fewer rounds, but where little is to be told apart.
This process stays small: what a program is said to hold at most is never less than what the process had that
started it.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contests import CONTESTS
from benchmarks.figures import Beside, Figure, Usage, middle
from benchmarks.memory import memory
from benchmarks.peers import Contest, Input, Peer
from benchmarks.timed import Job, timed

CHOSEN = ("film_h264_gop250.mp4", "handheld_h264_gop50.mp4", "street_h264_gop250_1080p.mp4")
TASKS = tuple(CONTESTS)
_ROUNDS = ((2, 5), (30, 3), (90, 2), (math.inf, 1))  # a first round of up to so many seconds: so many rounds
_LONG_S = 150.0  # so that three clips take less than half an hour on two cores

Answers = list[tuple[Usage, Any] | None]
"""Of one round: ours, then each peer's; None where one failed."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to measure on: these files, or the footage in its folder, three clips of it or all."""

    files: tuple[Path, ...] = ()
    footage: Path | None = None
    is_full: bool = False
    max_rounds: int = 5


def run_tasks(tasks: Sequence[str], folder: Path, wish: Wish, *, progress: Callable[[str], None]) -> Iterator[Figure]:
    """A row per task, file and peer, as soon as it is measured; at the end one per task and peer over all files.

    Where nobody asked for these very files, or for all, a task that took long on one is not done on the others.

    Raises:
        subprocess.CalledProcessError: the footage cannot be made.
    """
    figures, took_s = [], dict.fromkeys(tasks, 0.0)
    for source in inputs_of(wish, folder, progress=progress):
        limits = _limits(source, folder / "limits")
        for task in tasks:
            if took_s[task] > _LONG_S and not (wish.is_full or wish.files):
                progress(f"{source.path.name}: {task}: left out, since it took {took_s[task]:.0f} s before; see --full")
                continue
            progress(f"{source.path.name}: {task}")
            contest, began = CONTESTS[task](source), time.perf_counter()
            for figure in measured(contest, source, folder / task, limits=limits, max_rounds=wish.max_rounds):
                figures.append(figure)
                yield figure
            took_s[task] += time.perf_counter() - began
    yield from summed_up(figures)
    if wish.is_full and "analysis" in tasks:
        yield from memory((wish.footage or _cache()) / CHOSEN[0], folder / "memory", progress=progress)


def inputs_of(wish: Wish, folder: Path, *, progress: Callable[[str], None]) -> Iterator[Input]:
    """The files with what must be known of them; footage is made first where it is missing.

    A file that ours cannot read is told and left out.
    """
    truth = {}
    files = wish.files
    if not files:
        footage = wish.footage or _cache()
        truth = made_footage(footage, () if wish.is_full else CHOSEN)
        files = tuple(footage / name for name in truth)
    for path in files:
        try:
            _, facts = timed("benchmarks.ours", "probe", Job(str(path.absolute()), str(folder / "facts")))
        except subprocess.CalledProcessError as error:
            progress(f"{path.name}: left out: {_last_words(error)}")
            continue
        cuts_s = tuple(truth.get(path.name, {}).get("cuts_s", ()))
        yield Input(path.absolute(), facts["duration_s"], (facts["width"], facts["height"]), cuts_s)


def made_footage(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    """The truth of the clips of these names (none: all); those that are missing are made in a process of their own.

    Raises:
        subprocess.CalledProcessError: they cannot be made.
    """
    chosen = [f"--clip={Path(name).stem}" for name in names]
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run([sys.executable, "-m", "benchmarks.footage", str(folder), *chosen], env=environ, check=True)
    truth: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return {name: truth[name] for name in names or truth}


def measured(
    contest: Contest, source: Input, folder: Path, *, limits: Mapping[str, Any], max_rounds: int
) -> list[Figure]:
    """A row for each peer of a contest; one without a peer where ours failed."""
    began = time.perf_counter()
    rounds = [_round(contest, source, folder, number=0)]
    took_s = time.perf_counter() - began
    wanted = max(contest.least_rounds, next(n for most_s, n in _ROUNDS if took_s <= most_s))
    n_rounds = min(max_rounds, wanted)
    rounds += [_round(contest, source, folder, number=number) for number in range(1, n_rounds)]
    ours = [answers[0] for answers in rounds]
    if any(answer is None for answer in ours):
        return [Figure(contest.task, source.words, None, None, None, f"{contest.note}; ours failed")]
    usage = middle([answer[0] for answer in ours if answer is not None])
    figures = []
    for place, peer in enumerate(contest.peers, start=1):
        beside, more = _beside(peer, rounds, place)
        more = {"peer_name": peer.name, "aim": peer.aim or None, "n_rounds": n_rounds, **more, **limits}
        note = "; ".join(part for part in (contest.note, peer.aim and f"aim {peer.aim}") if part)
        row = Figure(contest.task, source.words, usage.wall_s, usage.cpu_s, usage.rss_mb, note, more, beside)
        figures.append(row if beside.ratio is not None else replace(row, note=f"{note}; not measured: {peer.words}"))
    return figures


def _round(contest: Contest, source: Input, folder: Path, *, number: int) -> Answers:
    """Everybody once; the other way round every second time."""
    answers: Answers = [None] * (len(contest.peers) + 1)
    runs = [contest.ours, *(peer.run for peer in contest.peers)]
    places = range(len(runs))
    for place in places if number % 2 == 0 else reversed(places):
        run = runs[place]
        if run is None:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        try:
            answers[place] = run(source.job(contest.spans, out=str(folder)))
        except subprocess.CalledProcessError as error:
            answers[place] = None
            sys.stderr.write(f"{contest.task}, {source.path.name}: {_last_words(error)}\n")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return answers


def _beside(peer: Peer, rounds: Sequence[Answers], place: int) -> tuple[Beside, dict[str, Any]]:
    """A peer's figures; without any where it failed once."""
    pairs = [(ours, theirs) for answers in rounds if (ours := answers[0]) and (theirs := answers[place])]
    if len(pairs) < len(rounds):
        return Beside(peer.words), {}
    usage = middle([theirs[0] for _, theirs in pairs])
    more = peer.judge(pairs[0][0][1], pairs[0][1][1]) if peer.judge is not None else {}
    return (
        Beside(
            peer.words,
            usage.wall_s,
            median(theirs[0].wall_s / ours[0].wall_s for ours, theirs in pairs),
            usage.rss_mb,
            usage.cpu_s,
            median(theirs[0].cpu_s / max(ours[0].cpu_s, 1e-3) for ours, theirs in pairs),
        ),
        more,
    )


def _limits(source: Input, folder: Path) -> dict[str, float]:
    """Seconds that decoding every frame of the picture takes, on one thread."""
    usages = [timed("benchmarks.python_peers", "decode_one", source.job(out=str(folder)))[0] for _ in range(2)]
    return {"decode_s": min(u.wall_s for u in usages), "decode_cpu_s": min(u.cpu_s for u in usages)}


def summed_up(figures: Sequence[Figure]) -> list[Figure]:
    """Per task and peer: the median of the ratios over the files, and the worst with its file."""
    groups: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        if figure.beside is not None and figure.beside.ratio is not None:
            groups.setdefault((figure.task, figure.more["peer_name"]), []).append(figure)
    return [_summed_up(task, peer, rows) for (task, peer), rows in groups.items()]


def _summed_up(task: str, peer: str, rows: Sequence[Figure]) -> Figure:
    by_ratio = sorted((row.beside.ratio, row.input) for row in rows if row.beside and row.beside.ratio)
    by_cpu = sorted((row.beside.ratio_cpu, row.input) for row in rows if row.beside and row.beside.ratio_cpu)
    ratio, ratio_cpu = median(r for r, _ in by_ratio), median(r for r, _ in by_cpu)
    more = {"peer_name": peer, "aim": rows[0].more["aim"], "n_files": len(rows)}
    more |= {"worst_ratio": by_ratio[0][0], "worst_input": by_ratio[0][1]}
    more |= {"worst_ratio_cpu": by_cpu[0][0], "worst_input_cpu": by_cpu[0][1]}
    most_mb = max(row.ours_rss_mb or 0 for row in rows)
    beside = Beside(peer, ratio=ratio, ratio_cpu=ratio_cpu)
    return Figure(task, f"all {len(rows)} files", None, None, most_mb, "the median over the files", more, beside)


def _cache() -> Path:
    """Where footage is kept that nobody named a folder for."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vidpipe" / "footage"


def _last_words(error: subprocess.CalledProcessError) -> str:
    lines = str(error.stderr or error).strip().splitlines()
    return lines[-1] if lines else "no word"
