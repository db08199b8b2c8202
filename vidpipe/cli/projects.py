"""Project folders: making one, and opening one with its Dagster instance."""

import fcntl
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidpipe.cli.services_found import with_services, write_prompts
from vidpipe.errors import RecipeError
from vidpipe.opening import environment, open_project
from vidpipe.ports import Project
from vidpipe.recipe.loading import builtin, builtin_names, check_recipe
from vidpipe.recipe.parsing import read_yaml
from vidpipe.recipe.schema import Recipe
from vidpipe.recipe.writing import recipe_text

if TYPE_CHECKING:  # half a second to import, and most commands have no need of it
    from dagster import DagsterInstance

_GITIGNORE = ".env\n.dagster/\n.scratch/\nstore/\nledger.db*\n"
_ENV = "# Credentials, one NAME=value a line. Read by vidpipe, never printed, ignored by git.\n"
_DAGSTER = """telemetry: {enabled: false}
nux: {enabled: false}
# How many runs may ask a service at once, where you bound its pool: `dagster instance concurrency set gemini 2`. By run
# alone: a run that waits between its steps would hold up the others of `vidpipe run`, which bounds calls by itself.
concurrency: {pools: {granularity: run}}
python_logs: {managed_python_loggers: [vidpipe], python_log_level: WARNING}
# Nothing prints: capturing what steps print would cost four processes a run, and what `vidpipe run` itself shows.
compute_logs: {module: dagster._core.storage.noop_compute_log_manager, class: NoOpComputeLogManager}
"""


def init_project(
    folder: Path,
    *,
    recipe: str,
    sources: tuple[str, ...],
    layout: str | None,
    settings: Mapping[str, Any] | None = None,
) -> Recipe:
    """Make a project folder with a commented recipe; the recipe. `settings` stand in for those of the named one.

    Where it does not say who annotates and categorises, that is who can be asked in this environment.

    Raises:
        RecipeError: there is a project already, the recipe or layout is none, or a source cannot be read.
    """
    if (folder / "recipe.yaml").exists():
        raise RecipeError(str(folder), "there is a project already")
    raw = with_services({**_settings(recipe), **(settings or {})}, environment(folder))
    raw["sources"] = [_source(uri) for uri in sources]
    if layout is not None:
        raw["layout"] = layout
    checked = check_recipe("recipe", raw)
    try:
        for name in (".dagster", "prompts"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / ".dagster" / "dagster.yaml").write_text(_DAGSTER)
        (folder / ".gitignore").write_text(_GITIGNORE)
        if not (folder / ".env").exists():
            (folder / ".env").write_text(_ENV)
            (folder / ".env").chmod(0o600)
        write_prompts(checked, folder / "prompts")
        (folder / "recipe.yaml").write_text(recipe_text(checked), encoding="utf-8")
    except OSError as error:
        raise RecipeError(str(folder), f"cannot be made: {error.strerror}") from error
    return checked


def _settings(recipe: str) -> dict[str, Any]:
    if recipe in builtin_names():
        return {"name": recipe, **builtin(recipe)}
    path = Path(recipe)
    if not path.is_file():
        return builtin(recipe)  # says which there are
    return {"name": path.stem, **read_yaml(path)}


def _source(uri: str) -> str:
    """A source as the recipe holds it: local ones absolute, there, and such that `run` can read them."""
    from vidpipe.corpus.sources import check_contents

    check_contents(uri, Path.cwd())
    path = Path(os.path.expanduser(uri))  # noqa: PTH111 unknown users are no error
    return str(path.absolute()) if path.exists() else uri


def open_here(folder: Path) -> Project:
    """The project, with the folder where Dagster and the log write; both are made when they are missing.

    Raises:
        RecipeError: the recipe cannot be used, or what is said about Dagster is no YAML.
    """
    home = dagster_home()
    home.mkdir(parents=True, exist_ok=True)
    _log_to(home / "vidpipe.log")
    if not (home / "dagster.yaml").exists():
        (home / "dagster.yaml").write_text(_DAGSTER)
    read_yaml(home / "dagster.yaml")
    return open_project(folder)


def open_instance(folder: Path) -> tuple[Project, "DagsterInstance"]:
    """The project and its Dagster instance, made when it is missing.

    Raises:
        RecipeError: the recipe cannot be used.
    """
    from vidpipe.cli.history import open_history

    project = open_here(folder)
    with (dagster_home() / "opening.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two that make the databases at once spoil them for ever
        instance = open_history(dagster_home())
        instance.get_dynamic_partitions("video")  # the databases are made when they are first read
    if not instance.get_python_log_dagster_handler_config():
        # Else each run configures Python's logging anew, for nothing, under locks in which it and others wait for ever.
        instance.get_yaml_python_handlers = list  # type: ignore[method-assign]
    return project, instance


def dagster_home() -> Path:
    """Where Dagster keeps its history of the project that the environment names."""
    return Path(os.environ["DAGSTER_HOME"])


def _log_to(path: Path) -> None:
    """Words go to a file beside Dagster's history; the terminal shows counts and one-line errors only."""
    for name in ("vidpipe", "assets", "resources"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            handler = logging.FileHandler(path, encoding="utf-8", delay=True)
            handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(name)s %(levelname)s %(message)s"))
            logger.addHandler(handler)
            logger.propagate = False
