"""`vidpipe bench WHAT`: figures of this machine as a table, and as JSON where asked.

What is measured stands in `benchmarks/`, which belongs to the checkout and is not installed.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from vidpipe.cli.tables import console
from vidpipe.errors import RecipeError

if TYPE_CHECKING:
    from benchmarks.figures import Figure

_COLUMNS = ("task", "input", "ours_s", "ours_cpu_s", "ours_rss_mb", "peer", "ratio")


def run_bench(what: str, json_file: Path | None, tasks: Sequence[str]) -> int:
    """Measure, print the table, and write the JSON document; 1 when a task could not be measured.

    Raises:
        RecipeError: this is no checkout, or there is no such task.
    """
    try:
        from benchmarks.figures import machine
        from benchmarks.orchestration import TASKS, run_tasks
    except ModuleNotFoundError as error:
        raise RecipeError(f"bench {what}", "needs a checkout of vidpipe: its folder benchmarks/ is missing") from error
    for name in tasks:
        if name not in TASKS:
            raise RecipeError("--task", f"no task {name!r}; there are {', '.join(TASKS)}")
    on = machine()
    folder = Path(tempfile.mkdtemp(prefix="vidpipe-bench-"))
    try:
        figures = run_tasks(tasks or list(TASKS), folder)
    except subprocess.CalledProcessError as error:
        click.echo(f"vidpipe: {Path(error.cmd[0]).name} ended with {error.returncode}: {error.stderr}", err=True)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    document = {"machine": on, "rows": [figure.as_json() for figure in figures]}
    if json_file is not None:
        json_file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _print(on, figures)
    return 0


def _print(on: dict[str, Any], figures: Sequence["Figure"]) -> None:
    table = Table(box=None)
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in ("task", "input", "peer") else "right", overflow="fold")
    for figure in figures:
        row = figure.as_json()
        table.add_row(*("-" if row[name] is None else str(row[name]) for name in _COLUMNS))
    console().print(table)
    for figure in figures:
        more = ", ".join(f"{name} {value}" for name, value in figure.as_json().items() if name in figure.more)
        click.echo(f"{figure.task}: {figure.note}{f' ({more})' if more else ''}")
    click.echo(", ".join(f"{name} {value}" for name, value in on.items()))
