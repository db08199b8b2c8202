"""`vidpipe try` as it is written on the command line; what it does: `vidpipe.cli.trying`."""

import sys
from pathlib import Path
from typing import Any

import click

from vidpipe.cli.arguments import in_project, loading, project_folder, split


@click.command(name="try")
@in_project
@click.option("--variant", "wanted", multiple=True, metavar="NAME:KEY=VALUE", help="One more variant; repeatable.")
@click.option("--ids", default=None, metavar="ID,ID", help="These videos, by id or partition key.")
@click.option("--limit", type=click.IntRange(min=1), default=None, help="At most this many videos; 3 if not said.")
@click.option("--max-usd", type=float, default=None, help="Spend at most so many US$ on all variants together.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, help="The page; try.html in the project if not said."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def try_command(
    context: click.Context, /, folder: Path | None, wanted: tuple[str, ...], ids: str | None, **options: Any
) -> None:
    """Annotate a few videos under several prompts or models, side by side on one HTML page.

    The project as it stands is always the first variant. KEY is a key of the recipe's annotation (model, fps, mode,
    ...), or `prompts`, a folder whose prompts stand in for the project's; a name that comes again adds a key:

    \b
      vidpipe try --variant pro:model=gemini-3.1-pro-preview
                  --variant short:prompts=drafts --variant short:fps=0.5

    Says what it will cost before it asks, and keeps to the budget and to --max-usd: a call is made only where what is
    left covers its worst case; what is left over is pending, with exit 1. Answers are kept: a run with the winner's
    keys and prompts pays nothing again for these videos. Nothing else of the project changes.
    """  # noqa: D301 - click takes the sign itself
    at = project_folder(context, folder)
    with loading():
        from vidpipe.cli.trying import try_variants

    sys.exit(try_variants(at, wanted, ids=split(ids), **options))
