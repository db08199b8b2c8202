"""`vidpipe diff` as it is written on the command line; what it tells: `vidpipe.cli.diffing`."""

import sys
from pathlib import Path

import click

from vidpipe.cli.arguments import in_project, project_folder


@click.command(name="diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@in_project
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, with every row.")
@click.pass_context
def diff_command(context: click.Context, /, before: str, after: str, folder: Path | None, *, as_json: bool) -> None:
    """How release B of a dataset differs from release A: rows added, removed and changed, in which columns, and why.

    A and B are folders, datasets in a bucket (s3://BUCKET/PREFIX/datasets/NAME), or hf://datasets/USER/NAME[@REVISION],
    where a tag or a commit names a release: for example `vidpipe diff hf://datasets/me/scenes@1f0c2a9b34de
    store/datasets/scenes`. HF_TOKEN and AWS_* may stand in the `.env` of a project: the current folder, or -C.

    Why a row changed is read from the provenance in both: another source, text, prompt, model, setting, or version of a
    stage. So two versions of a prompt are compared by the releases made with them; `vidpipe try` compares them on a few
    videos before a release is made.

    Ends with 0 whenever the two can be compared, however much they differ.
    """
    project_folder(context, folder, needed=False)
    from vidpipe.cli.diffing import show_diff

    sys.exit(show_diff(before, after, as_json=as_json))
