"""`vidpipe publish` as it is written on the command line; what it does: `vidpipe.cli.publishing`."""

import sys
from pathlib import Path

import click

from vidpipe.cli.arguments import in_project, loading, project_folder


@click.command(name="publish")
@in_project
@click.option("--plan", "is_plan", is_flag=True, help="Only say what would be done.")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Into this folder, DATASET by DATASET; no Hub, no token.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def publish_command(
    context: click.Context, folder: Path | None, *, is_plan: bool, target: Path | None, as_json: bool
) -> None:
    """Publish the datasets to the Hub, to the repositories that `publishing.repo` names.

    Without `publishing.repo` it only says what would be published. With it, it says what changes: rows, bytes, who sees
    it; makes the repositories where they are missing, private ones by default; sends what is not there to a pull
    request, and merges that at the end, so that readers see one release or the next. After an interruption it goes on
    where it was. HF_TOKEN and HF_ENDPOINT are heeded.
    """
    at = project_folder(context, folder)
    with loading():
        from vidpipe.cli.publishing import publish

    sys.exit(publish(at, is_plan=is_plan, target=target, as_json=as_json))
