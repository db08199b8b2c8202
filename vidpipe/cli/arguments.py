"""What several commands have in common: where the project is, lists on one line, loading what a run needs."""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from vidpipe.errors import RecipeError

_HELP = "The project folder. Default: VIDPIPE_PROJECT, or the current folder."
_LIMIT = "Spend at most so many US$ in this command, worst cases set aside; what does not fit stays pending."


def in_project(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option -C, before or after the command's name."""
    return click.option("-C", "folder", type=click.Path(path_type=Path), default=None, help=_HELP)(command)


def limited(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option --max-usd of what makes runs."""
    return click.option("--max-usd", type=float, default=None, metavar="USD", help=_LIMIT)(command)


def project_folder(context: click.Context, folder: Path | None, *, needed: bool = True) -> Path:
    """The project folder, made known to everything that this process loads.

    Raises:
        RecipeError: there is no project.
    """
    named = folder or context.obj or os.environ.get("VIDPIPE_PROJECT") or "."
    path = Path(named).absolute()
    if needed and not (path / "recipe.yaml").is_file():
        raise RecipeError(str(named), "no project here (no recipe.yaml); make one: vidpipe init DIR --source FOLDER")
    os.environ["VIDPIPE_PROJECT"] = str(path)
    os.environ["DAGSTER_HOME"] = str(Path(os.environ.get("DAGSTER_HOME") or path / ".dagster").absolute())
    return path


@contextmanager
def loading() -> Iterator[None]:
    """Load what stays: looking through it for garbage takes a fifth of the time of a run with nothing to do."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def split(text: str | None) -> tuple[str, ...] | None:
    """The names in `A,B`; None where none are given."""
    return None if text is None else tuple(part for part in text.split(",") if part)
