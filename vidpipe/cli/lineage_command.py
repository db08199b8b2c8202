"""`vidpipe lineage` as it is written on the command line; what it tells: `vidpipe.cli.lineage`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vidpipe.cli.arguments import in_project, project_folder

if TYPE_CHECKING:
    from vidpipe.ports import Project


@click.command(name="lineage")
@click.argument("name", metavar="[ID]", required=False)
@in_project
@click.option("--row", metavar="DATASET:ROW", help="Of a row of a dataset, named as above.")
@click.option("--prompt", metavar="FINGERPRINT", help="What came of a prompt; also of the beginning, or its name.")
@click.option("--call", metavar="ADDRESS", help="What came of a call, by its address or request_id.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--html", "html_file", is_flag=False, flag_value="", default=None, metavar="[FILE]", help="One page.")
@click.pass_context
def lineage_command(context: click.Context, /, folder: Path | None, name: str | None, **options: Any) -> None:
    """Every artifact of a video: versions, settings, prompts, cost, and where it is published; or the way back.

    ID is a video's id or partition key, or a row of a dataset by its file, its video's id, or its number; rows count
    from 0 in metadata.jsonl, those without their file from 0 in without_media.jsonl:

    \b
      vidpipe lineage v0 --html
      vidpipe lineage scenes:12
      vidpipe lineage scenes:without_media.jsonl:0
      vidpipe lineage scenes:FILE_NAME
      vidpipe lineage --prompt 4f0a91

    The page is written to lineage/<key>.html in the project if no FILE is given. 1 when a record or an answer is
    missing or altered.
    """  # noqa: D301 - click takes the sign itself
    at = project_folder(context, folder)
    if name is None and options["html_file"] and not options["html_file"].endswith(".html"):
        name, options["html_file"] = options["html_file"], ""  # `--html ID`: what follows is no file
    if sum(one is not None for one in (name, options["row"], options["prompt"], options["call"])) != 1:
        raise click.UsageError("name one thing: a video's ID, --row, --prompt or --call")
    is_use = options["prompt"] is not None or options["call"] is not None
    if options["html_file"] is not None and (is_use or options["as_json"]):
        raise click.UsageError("--html shows a video, or the video of a row, and goes without --json")
    from vidpipe.cli.projects import open_here

    project = open_here(at)
    if is_use:
        _show_uses(project, options)
    else:
        sys.exit(_show_video(project, name, options))


def _show_uses(project: "Project", options: Mapping[str, Any]) -> None:
    from vidpipe.cli.lineage_text import uses_text
    from vidpipe.cli.lineage_uses import uses_of_call, uses_of_prompt

    line = project.line()
    prompt, call = options["prompt"], options["call"]
    found = uses_of_call(project, line, call) if prompt is None else uses_of_prompt(project, line, prompt)
    click.echo(_json(found) if options["as_json"] else uses_text(found))


def _show_video(project: "Project", name: str | None, options: Mapping[str, Any]) -> int:
    """1 where something of it is missing or altered."""
    from vidpipe.cli.lineage import lineage_of, lineage_of_row, write_page
    from vidpipe.cli.lineage_text import lineage_text

    found, raws = lineage_of(project, name) if name is not None else lineage_of_row(project, options["row"])
    if options["html_file"] is not None:
        click.echo(write_page(project, found, raws, Path(options["html_file"]) if options["html_file"] else None))
    else:
        click.echo(_json(found) if options["as_json"] else lineage_text(found))
    return int(bool(found["problems"]))


def _json(found: Mapping[str, Any]) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False)
