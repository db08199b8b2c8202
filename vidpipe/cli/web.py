"""Dagster's webserver with one page more: a video's lineage as it is now, two clicks from any of its partitions.

What belongs here: the route, and an answer for whatever comes in. Not here: what the page says (`lineage`). Takes the
options of `dagster-webserver`; `vidpipe ui` starts it, and it serves the project that VIDPIPE_PROJECT names.

Not public: that `dagster_webserver.cli` makes its application by this name; vidpipe_tests/e2e/test_ui.py opens a page.
"""

import os
from pathlib import Path
from typing import Any

from dagster_webserver import cli as webserver
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from assets.showing import LINEAGE
from vidpipe.cli.lineage import lineage_of
from vidpipe.errors import RecipeError, StoreError
from vidpipe.export.lineage import lineage_page
from vidpipe.opening import open_project

_MAKES = "create_app_from_workspace_process_context"
_RUNS = "/runs/"
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}


async def lineage(request: Request) -> Response:
    """The page of the video with this partition key; a line of text where there is none."""
    return await run_in_threadpool(_page, str(request.path_params["key"]))


def _page(key: str) -> Response:
    try:
        open_project.cache_clear()  # the recipe may be another one by now
        project = open_project(Path(os.environ["VIDPIPE_PROJECT"]))
        try:
            found, raws = lineage_of(project, key)
        finally:
            project.ledger.close()
    except (RecipeError, StoreError) as error:
        code = 404 if isinstance(error, RecipeError) else 503
        return PlainTextResponse(f"vidpipe: {error}\n", status_code=code, headers=_HEADERS)
    return HTMLResponse(lineage_page(found, raws, runs=_RUNS), headers=_HEADERS)


def main() -> None:
    """Serve Dagster's UI, and the page."""
    made = getattr(webserver, _MAKES)

    def with_lineage(*args: Any, **options: Any) -> Starlette:
        app: Starlette = made(*args, **options)
        app.router.routes.insert(0, Route(f"{LINEAGE}{{key}}", lineage))  # before the one that takes everything
        return app

    setattr(webserver, _MAKES, with_lineage)
    webserver.cli(auto_envvar_prefix="DAGSTER_WEBSERVER")


if __name__ == "__main__":
    main()
