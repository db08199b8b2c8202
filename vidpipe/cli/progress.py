"""Where a run is, as a person sees it while it works: bars on a terminal, a line now and then elsewhere."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from vidpipe.cli.passes import Passes

_BARS_S = 1.0
_LINE_S = 10.0


@contextlib.contextmanager
def display(passes: Passes, console: Console) -> Iterator[Callable[[], None]]:
    """Gives what shows where the passes are; to be called often."""
    if not console.is_terminal:
        yield _Lines(passes)
        return
    columns = (
        TextColumn("{task.description:22}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bars(passes, progress)


def _counts(passes: Passes) -> dict[str, tuple[int, int]]:
    """How many videos are done, of how many that were to be, by asset of the part at work."""
    todo = passes.todo
    n_settled = passes.project.ledger.n_settled(passes.began) if todo else {}
    return {name: (min(n_settled.get(name, 0), n), n) for name, n in todo.items()}


class _Bars:
    """One bar per asset that has something to do."""

    def __init__(self, passes: Passes, progress: Progress) -> None:
        self._passes, self._progress = passes, progress
        self._now = progress.add_task("starting", total=None, count="")
        self._bars: dict[str, TaskID] = {}
        self._at = -_BARS_S

    def __call__(self) -> None:
        if time.monotonic() - self._at < _BARS_S:
            return
        self._at = time.monotonic()
        self._progress.update(self._now, description=_text(self._passes.doing))
        for name, (n_done, n) in _counts(self._passes).items():
            if name not in self._bars:
                self._bars[name] = self._progress.add_task(name, total=n, count="")
            self._progress.update(self._bars[name], completed=n_done, total=n, count=f"{n_done}/{n}")


class _Lines:
    """A line where something else begins, and now and then."""

    def __init__(self, passes: Passes) -> None:
        self._passes = passes
        self._said: tuple[str, ...] = ()
        self._at = 0.0

    def __call__(self) -> None:
        now = time.monotonic()
        if self._passes.doing != self._said or now - self._at >= _LINE_S:
            self._said, self._at = self._passes.doing, now
            counts = [f"{name} {n_done} of {n}" for name, (n_done, n) in _counts(self._passes).items()]
            click.echo(", ".join(counts) if counts and self._passes.todo else _text(self._said), err=True)


def _text(doing: Sequence[str]) -> str:
    """What a run does: the assets of a run by its first and its last, as they take turns."""
    return " … ".join(doing if len(doing) < 2 else (doing[0], doing[-1]))
