"""Opening a project: the other half of the composition root, which names the store, the ledger and the workers.

With `vidpipe.definitions` the only reader of the environment. Knows no Dagster, so that commands that only look at a
project answer at once.
"""

import math
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import version
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from resources.storage import store_of
from vidpipe.errors import CredentialError, RecipeError, StoppedError
from vidpipe.ledger.ledger import open_ledger
from vidpipe.ports import Project, Service
from vidpipe.recipe.loading import read_recipe
from vidpipe.recipe.schema import Recipe
from vidpipe.repositories import Hub
from vidpipe.store.documents import Tables
from vidpipe.store.objects import open_store
from vidpipe.workers.processes import Processes

SETTINGS = frozenset(
    {
        "VIDPIPE_PROJECT",
        "VIDPIPE_STORE",
        "VIDPIPE_LEDGER",
        "VIDPIPE_WORKERS",
        "VIDPIPE_TASK_TIMEOUT_S",
        "VIDPIPE_TASK_MEMORY_GIB",
        "VIDPIPE_CALLS",
        "VIDPIPE_REQUESTS_PER_MINUTE",
        "VIDPIPE_TOKENS_PER_MINUTE",
    }
)
_GIB = 1024**3
_MOST_AT_ONCE, _LONGEST_S, _MOST_GIB = 1024, 1e7, 1e6  # more is a slip; so many workers would end the machine
_FORGOTTEN_S = 6 * 3600.0  # no question about a file takes as long


def environment(folder: Path) -> dict[str, str]:
    """The variables that are set, and those of the project's `.env` beneath them; empty ones count as unset.

    Raises:
        RecipeError: a line of `.env` is no assignment.
    """
    path = folder / ".env"
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            raise RecipeError(f"{path.name} line {binding.original.line}", "is no NAME=value")
    for name in [name for name, value in os.environ.items() if name.startswith("AWS_") and not value]:
        del os.environ[name]  # obstore looks there itself
    values = {**dotenv_values(stream=StringIO(text)), **{name: value for name, value in os.environ.items() if value}}
    return {name: value for name, value in values.items() if value}


def _number(environ: Mapping[str, str], name: str, default: float, *, least: float, most: float = 1e9) -> float:
    text = environ.get(name, str(default))
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= least):
        raise RecipeError(name, f"wants a number of at least {least:g}, got {text!r}")
    if number > most:
        raise RecipeError(name, f"wants a number of at most {most:g}, got {text!r}")
    return number


@cache
def open_project(folder: Path) -> Project:
    """The project in a folder, with its store and ledger open. One per process.

    Raises:
        RecipeError: there is no project, or its recipe cannot be used.
    """
    if not (folder / "recipe.yaml").is_file():
        why = "no project here (no recipe.yaml); make one with `vidpipe init DIR --source FOLDER`"
        raise RecipeError(str(folder), why)
    environ = environment(folder)
    store = store_of(environ.get("VIDPIPE_STORE", str(folder / "store")), environ, folder / ".scratch")
    return Project(
        folder=folder,
        recipe=read_recipe(folder / "recipe.yaml"),
        store=store,
        tables=Tables(store),
        ledger=open_ledger(environ.get("VIDPIPE_LEDGER", str(folder / "ledger.db"))),
        workers=_workers(environ),
        clock=lambda: datetime.now(UTC),
        software=_Software(),
    )


def scratch_project(folder: Path, recipe: Recipe) -> Project:
    """A project whose store and ledger lie in its folder and go with it, whatever the environment says.

    Raises:
        RecipeError: a variable cannot be used.
    """
    store = open_store(str(folder / "store"), scratch=folder / ".scratch")
    return Project(
        folder=folder,
        recipe=recipe,
        store=store,
        tables=Tables(store),
        ledger=open_ledger(str(folder / "ledger.db")),
        workers=_workers(environment(folder)),
        clock=lambda: datetime.now(UTC),
        software=_Software(),
    )


def _workers(environ: Mapping[str, str]) -> Processes:
    return Processes(
        n_workers=int(_number(environ, "VIDPIPE_WORKERS", os.cpu_count() or 1, least=1, most=_MOST_AT_ONCE)),
        timeout_s=_number(environ, "VIDPIPE_TASK_TIMEOUT_S", 3600, least=1, most=_LONGEST_S),
        memory_bytes=int(_number(environ, "VIDPIPE_TASK_MEMORY_GIB", 2, least=0.5, most=_MOST_GIB) * _GIB),
    )


@cache
def open_services(folder: Path) -> dict[str, Service]:
    """The services that models are behind, by name: `gemini` and `llm`. One of each per process; asks nobody yet.

    Raises:
        RecipeError: a variable cannot be used.
    """
    return services_of(open_project(folder))


def services_of(project: Project) -> dict[str, Service]:
    """The same, as a project's recipe wants them, new ones.

    Raises:
        RecipeError: a variable cannot be used.
    """
    environ = environment(project.folder)
    at_once = calls_at_once(project.folder)
    requests, tokens = (_per_minute(environ, f"VIDPIPE_{what}_PER_MINUTE") for what in ("REQUESTS", "TOKENS"))
    services = (_gemini(environ, project), _llm(environ, project))
    return {
        service.name: replace(service, at_once=at_once, requests_per_minute=requests, tokens_per_minute=tokens)
        for service in services
    }


def calls_at_once(folder: Path) -> int:
    """The most calls to a service that are in flight at once.

    Raises:
        RecipeError: the variable cannot be used.
    """
    return int(_number(environment(folder), "VIDPIPE_CALLS", 16, least=1, most=_MOST_AT_ONCE))


def _per_minute(environ: Mapping[str, str], variable: str) -> int | None:
    return int(_number(environ, variable, 0, least=1)) if variable in environ else None


@cache
def open_hub(folder: Path) -> Hub:
    """The Hub that HF_ENDPOINT names, with the token of HF_TOKEN or HUGGINGFACE_TOKEN, or the stored one. Asks nobody.

    Raises:
        RecipeError: `.env` cannot be used.
    """
    environ, project = environment(folder), open_project(folder)
    from resources.hub import HubDatasets, stored_token
    from resources.hub_errors import PATIENCE

    token = environ.get("HF_TOKEN") or environ.get("HUGGINGFACE_TOKEN") or stored_token()
    if token is None:
        return Hub(None, lacks="no token: set HF_TOKEN, or log in with `hf auth login`")
    patience = replace(PATIENCE, wait=project.stop.wait)
    hub_of = partial(HubDatasets, token.strip(), environ.get("HF_ENDPOINT"), patience=patience)
    return Hub(hub_of(), hub_of(repo_type="space"))


def _gemini(environ: Mapping[str, str], project: Project) -> Service:
    is_asked = project.recipe.asks_gemini
    keys = [key.strip() for key in environ.get("GEMINI_API_KEY", "").split(",") if key.strip()]
    if not keys or not (is_asked or any(job.service == "gemini" for job in project.ledger.jobs.open())):
        return Service("gemini", None, lacks="no GEMINI_API_KEY")
    from resources.gemini import GeminiModel
    from resources.gemini_batches import GeminiBatches
    from resources.gemini_pace import Pace

    def wait(seconds: float) -> None:
        if project.stop.wait(seconds):
            raise StoppedError

    url, below = environ.get("GOOGLE_GEMINI_BASE_URL"), project.recipe.annotation.inline_below_bytes
    pace, owner = Pace(wait=wait, told=partial(project.troubles.told, "gemini")), _owner(project)
    try:
        model = GeminiModel(keys, url, inline_below_bytes=below, pace=pace, owner=owner)
        jobs = GeminiBatches(keys, url, pace=pace, owner=owner)
    except CredentialError as error:
        raise RecipeError("GEMINI_API_KEY", error.why) from error
    sweep = partial(model.sweep, _FORGOTTEN_S, with_own=True)
    return Service("gemini", model, holding=model.holding, sweep=sweep, jobs=jobs)


def _owner(project: Project) -> str:
    """Stands for a project at services, for all who share its ledger, and tells nothing of it."""
    if project.ledger.fact("owner") is None:
        project.ledger.set_fact("owner", uuid.uuid4().hex[:16])
    return str(project.ledger.fact("owner"))


def _llm(environ: Mapping[str, str], project: Project) -> Service:
    url = environ.get("TGI_BASE_URL")
    if url is None:
        return Service("llm", None, lacks="no TGI_BASE_URL")
    from resources.llm import LlmAnswerer
    from resources.patience import Patience

    patience = Patience(wait=project.stop.wait, told=partial(project.troubles.told, "llm"))
    answerer = LlmAnswerer(url, api_key=environ.get("TGI_API_KEY"), patience=patience)
    return Service("llm", answerer)


class _Software(Mapping[str, str]):
    """The versions that provenance states, found when they are first asked for: loading PyAV takes a while."""

    def __getitem__(self, name: str) -> str:
        return _versions()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_versions())

    def __len__(self) -> int:
        return len(_versions())


@cache
def _versions() -> dict[str, str]:
    import av

    ffmpeg = ".".join(str(part) for part in av.library_versions["libavcodec"])
    return {"vidpipe": version("vidpipe"), "av": av.__version__, "libavcodec": ffmpeg}
