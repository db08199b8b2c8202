"""The command line: `vidpipe COMMAND`. Reads arguments, calls, prints; exit codes as the contract says.

0 all that was asked for is done; 1 something failed or is pending; 2 usage or configuration; 130 interrupted.
"""

import os
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from vidpipe.cli.arguments import in_project, limited, loading, project_folder, split
from vidpipe.cli.diff_command import diff_command
from vidpipe.cli.lineage_command import lineage_command
from vidpipe.cli.publish_command import publish_command
from vidpipe.cli.try_command import try_command
from vidpipe.cli.verify_command import verify_command
from vidpipe.cli.words import shown, this_command
from vidpipe.errors import RecipeError, StoreError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="vidpipe")
@in_project
@click.pass_context
def cli(context: click.Context, folder: Path | None) -> None:
    """Raw videos in; an aligned, annotated, publishable dataset out."""
    context.obj = folder


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--recipe", default="default", show_default=True, help="A built-in recipe's name, or a YAML file.")
@click.option("--source", "sources", multiple=True, required=True, help="A folder or manifest of videos; repeatable.")
@click.option("--layout", default=None, help="Reads series and episode from paths, e.g. '{series}/{episode}'.")
def init(directory: Path, recipe: str, sources: tuple[str, ...], layout: str | None) -> None:
    """Make a project folder."""
    from vidpipe.cli.projects import init_project
    from vidpipe.cli.services_found import asked_of

    who = asked_of(init_project(directory, recipe=recipe, sources=sources, layout=layout))
    if who:
        click.echo(f"As it stands, {who}: see recipe.yaml; `estimate` says what it will cost.")
    click.echo(f"Made {directory}. Next: {this_command()} run -C {shlex.quote(str(directory))}")


@cli.command()
@in_project
@click.option("--only", default=None, metavar="A,B", help="These assets and what they need; the rest is not asked for.")
@click.option("--limit", type=click.IntRange(min=1), default=None, help="At most this many videos.")
@click.option("--ids", default=None, metavar="ID,ID", help="These videos, by id or partition key.")
@click.option("--stale", is_flag=True, help="Do again what is stale where that costs money, too.")
@click.option("--wait", is_flag=True, help="Wait for quotas to open again and for batch jobs, and go on then.")
@limited
@click.option("--replace-model-answers", is_flag=True, help="Let offline annotations take the place of a model's.")
@click.pass_context
def run(context: click.Context, /, folder: Path | None, only: str | None, ids: str | None, **options: Any) -> None:
    """Do what is missing or failed, and what is stale if it costs nothing. A second run does nothing.

    What is stale and paid is listed with its price, and done with --stale. Money is spent within the recipe's
    budget_usd and --max-usd; what does not fit stays pending, with exit 1.
    """
    at = project_folder(context, folder)
    with loading():
        from vidpipe.cli.running import run_line

    code = run_line(at, only=split(only), ids=split(ids), **options)
    _say_where(at)
    sys.exit(code)


@cli.command()
@in_project
@limited
@click.pass_context
def retry(context: click.Context, folder: Path | None, max_usd: float | None) -> None:
    """Run what failed again, what waited for it, and the tables below."""
    at = project_folder(context, folder)
    with loading():
        from vidpipe.cli.running import run_line

    code = run_line(at, max_usd=max_usd, failed_only=True)
    _say_where(at)
    sys.exit(code)


@cli.command()
@click.argument("video_id", required=False)
@in_project
@click.option("--videos", is_flag=True, help="One line per video and asset.")
@click.option("--verify", is_flag=True, help="Compare store, ledger and Dagster; 1 when they differ.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def status(context: click.Context, /, folder: Path | None, video_id: str | None, **options: bool) -> None:
    """What went in, what came out, and why the rest did not."""
    at = project_folder(context, folder)
    from vidpipe.cli.status import show_status

    sys.exit(show_status(at, video_id, **options))


@cli.command()
@in_project
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def estimate(context: click.Context, folder: Path | None, *, as_json: bool) -> None:
    """What is left to pay and how long it takes, without asking anybody; with every assumption."""
    at = project_folder(context, folder)
    from vidpipe.cli.estimate import show_estimate

    sys.exit(show_estimate(at, as_json=as_json))


@cli.command()
@click.argument("asset")
@in_project
@click.option("--ids", default=None, metavar="ID,ID", help="These videos, by id or partition key.")
@click.option("--reason", required=True, help="Why; it stands in the lineage.")
@click.pass_context
def accept(context: click.Context, folder: Path | None, asset: str, ids: str | None, reason: str) -> None:
    """Declare an asset's stale records valid as they are: nothing is made again, nothing is paid."""
    at = project_folder(context, folder)
    from vidpipe.cli.accepting import accept as accepted

    found = accepted(at, asset, ids=split(ids), reason=reason)
    click.echo(f"{found.n} accepted")
    for video_id in found.damaged:
        click.echo(f"{asset}: {shown(video_id)}: its record is missing or altered; `run` makes it again", err=True)
    for video_id in found.elsewhere:
        click.echo(f"{asset}: {shown(video_id)}: another run works on it; accept it later", err=True)
    sys.exit(int(bool(found.damaged or found.elsewhere)))


@cli.command()
@in_project
@click.pass_context
def doctor(context: click.Context, folder: Path | None) -> None:
    """Check this machine and the project; says what to do about what is wrong."""
    from vidpipe.cli.doctor import examine

    is_named = bool(folder or context.obj or os.environ.get("VIDPIPE_PROJECT"))
    sys.exit(examine(project_folder(context, folder, needed=False), is_named=is_named))


@cli.command()
@in_project
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Port of the Dagster UI.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address that the UI listens on.")
@click.pass_context
def ui(context: click.Context, folder: Path | None, host: str, port: int) -> None:
    """Open the Dagster UI on the project: webserver and daemon, so that backfills run."""
    at = project_folder(context, folder)
    from vidpipe.cli.ui import serve

    sys.exit(serve(at, host=host, port=port))


@cli.command()
@click.argument("directory", type=click.Path(path_type=Path), default=Path("demo"))
@click.option("--annotator", type=click.Choice(["offline", "gemini"]), default="offline", show_default=True)
def demo(directory: Path, annotator: str) -> None:
    """Run the whole line on a small series of real footage; offline, unless an annotator is named that is paid."""
    from vidpipe.cli.demo import run_demo

    sys.exit(run_demo(directory, annotator=annotator))


@cli.command()
@click.argument("what", type=click.Choice(["export", "media", "orchestration", "services"]))
@click.argument("more_files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--files", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False), help="On these.")
@click.option("--full", is_flag=True, help="All ten clips of the footage, and memory on long and large ones: hours.")
@click.option("--footage", type=click.Path(path_type=Path, file_okay=False), help="Where the footage is, or is made.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=None, help="Write the figures here.")
@click.option("--plot", "plot_file", type=click.Path(path_type=Path), default=None, help="Draw the ratios here (SVG).")
@click.option("--only", "--task", "tasks", multiple=True, metavar="A,B", help="Only these tasks; repeatable.")
def bench(what: str, more_files: tuple[Path, ...], files: tuple[Path, ...], **options: Any) -> None:
    """Measure vidpipe on this machine: media beside others' work, services, datasets, its own machinery."""
    from vidpipe.cli.bench import BenchOptions, run_bench

    if more_files and not files:
        raise click.UsageError(f"unexpected {more_files[0]}: files follow --files")
    options["is_full"] = options.pop("full")
    options["tasks"] = [name for names in options["tasks"] for name in split(names) or ()]
    sys.exit(run_bench(what, BenchOptions(files=(*files, *more_files), **options)))


cli.add_command(diff_command)
cli.add_command(lineage_command)
cli.add_command(publish_command)
cli.add_command(try_command)
cli.add_command(verify_command)


def main() -> None:
    """The entry point: errors a user can mend, also those of the system's files, are one line, never a traceback."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.message, err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _fail(error.format_message())
    except RecipeError as error:
        _fail(str(error))
    except StoreError as error:
        _fail(str(error), code=1)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _fail(": ".join(str(part) for part in (error.filename, error.strerror or error) if part), code=1)


def _fail(why: str, *, code: int = 2) -> None:
    click.echo(f"vidpipe: {shown(' '.join(why.splitlines()))}", err=True)
    sys.exit(code)


def _say_where(folder: Path) -> None:
    """Where a person finds what a run made."""
    from vidpipe.cli.running import dataset_places
    from vidpipe.opening import open_project

    for name, place in dataset_places(open_project(folder)):
        click.echo(f"{name + ':':10} {place}", err=True)
