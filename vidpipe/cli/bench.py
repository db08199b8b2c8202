"""`vidpipe bench WHAT`: figures of this machine as a table, and as JSON and a plot where asked.

What is measured stands in `benchmarks/`, which belongs to the checkout and is not installed.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from vidpipe.cli.tables import console
from vidpipe.errors import RecipeError

if TYPE_CHECKING:
    from benchmarks.figures import Figure

_COLUMNS = ("task", "input", "ours_s", "ours_cpu_s", "ours_rss_mb", "peer", "ratio")
_BESIDE = ("task", "input", "peer_name", "ratio", "ratio_cpu", "ours_s", "peer_s", "ours_rss_mb", "peer_rss_mb")
_WORDS = ("task", "input", "peer", "peer_name")


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What is measured and where figures go; the last three are for `media` alone."""

    tasks: Sequence[str] = ()
    json_file: Path | None = None
    plot_file: Path | None = None
    files: tuple[Path, ...] = ()
    footage: Path | None = None
    is_full: bool = False


def run_bench(what: str, options: BenchOptions) -> int:
    """Measure, print the table, and write the JSON document; 1 when a task could not be measured.

    Raises:
        RecipeError: this is no checkout, there is no such task, or an option is for other benchmarks.
    """
    if what != "media" and (options.files or options.footage or options.is_full or options.plot_file):
        raise RecipeError(f"bench {what}", "takes --json and --only alone; the other options are for bench media")
    if options.footage is not None and options.footage.exists() and not options.footage.is_dir():
        raise RecipeError(str(options.footage), "is no folder that footage could be in")
    for file in (options.json_file, options.plot_file):
        if file is not None and not file.absolute().parent.is_dir():
            raise RecipeError(str(file), "there is no such folder to write into")
    try:
        from benchmarks.figures import machine
    except ModuleNotFoundError as error:
        raise RecipeError(f"bench {what}", "needs a checkout of vidpipe: its folder benchmarks/ is missing") from error
    on = machine()
    folder = Path(tempfile.mkdtemp(prefix="vidpipe-bench-"))
    figures: list[Figure] = []
    try:
        for figure in _measured(what, options, folder):
            figures.append(figure)
            _write(options, on, figures)  # each time, so that a long run that is stopped leaves what it has
    except subprocess.CalledProcessError as error:
        click.echo(
            f"vidpipe: {Path(error.cmd[0]).name} ended with {error.returncode}: {error.stderr or error}", err=True
        )
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _write(options, on, figures)
    _print(on, figures)
    return 0 if figures and all(f.ours_s is not None or f.beside is not None for f in figures) else 1


def _measured(what: str, options: BenchOptions, folder: Path) -> "Iterator[Figure]":
    if what == "media":
        from benchmarks import media

        tasks = _known(options.tasks, media.TASKS)
        wish = media.Wish(options.files, options.footage, options.is_full)
        return media.run_tasks(tasks, folder, wish, progress=lambda words: click.echo(words, err=True))
    from benchmarks import export, orchestration, services

    of = {"export": export, "orchestration": orchestration, "services": services}[what]
    return (figure for name in _known(options.tasks, list(of.TASKS)) for figure in of.run_tasks([name], folder))


def _known(wanted: Sequence[str], tasks: Sequence[str]) -> Sequence[str]:
    for name in wanted:
        if name not in tasks:
            raise RecipeError("--only", f"no task {name!r}; there are {', '.join(tasks)}")
    return wanted or tasks


def _write(options: BenchOptions, on: dict[str, Any], figures: "Sequence[Figure]") -> None:
    rows = [figure.as_json() for figure in figures]
    if options.json_file is not None:
        text = json.dumps({"machine": on, "rows": rows}, indent=1, ensure_ascii=False) + "\n"
        options.json_file.write_text(text, encoding="utf-8")
    if options.plot_file is not None:
        from benchmarks.plot import as_svg

        title = f"vidpipe bench media, {on['cpu']}, {on['n_cores']} cores"
        options.plot_file.write_text(as_svg(rows, title=title), encoding="utf-8")


def _print(on: dict[str, Any], figures: "Sequence[Figure]") -> None:
    columns = _BESIDE if any(figure.beside is not None for figure in figures) else _COLUMNS
    table = Table(box=None)
    for name in columns:
        table.add_column(name, justify="left" if name in _WORDS else "right", overflow="fold")
    for figure in figures:
        row = figure.as_json()
        table.add_row(*("-" if row.get(name) is None else _shown(row[name]) for name in columns))
    console().print(table)
    for words in dict.fromkeys(_notes(figures)):
        click.echo(words)
    click.echo(", ".join(f"{name} {value}" for name, value in on.items()))


def _notes(figures: "Sequence[Figure]") -> Iterator[str]:
    """What is said of each row; of a peer, once."""
    for figure in figures:
        if figure.beside is not None:
            yield f"{figure.task}: {figure.note}"
            yield f"  {figure.more['peer_name']}: {figure.beside.peer}"
        else:
            more = ", ".join(f"{name} {value}" for name, value in figure.as_json().items() if name in figure.more)
            yield f"{figure.task}: {figure.note}{f' ({more})' if more else ''}"


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) and value < 1000 else str(value)
