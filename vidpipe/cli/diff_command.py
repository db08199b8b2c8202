"""`vidpipe diff` as it is written on the command line; what it tells: `vidpipe.cli.diffing`."""

import sys

import click


@click.command(name="diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, with every row.")
def diff_command(before: str, after: str, *, as_json: bool) -> None:
    """How release B of a dataset differs from release A: rows added, removed and changed, in which columns, and why.

    A and B are folders, or hf://datasets/USER/NAME[@REVISION], where a tag or a commit names a release: for example
    `vidpipe diff hf://datasets/me/scenes@1f0c2a9b34de store/datasets/scenes`.

    Why a row changed is read from the provenance in both: another source, text, prompt, model, setting, or version of a
    stage. So two versions of a prompt are compared by the releases made with them; `vidpipe try` compares them on a few
    videos before a release is made.

    Ends with 0 whenever the two can be compared, however much they differ.
    """
    from vidpipe.cli.diffing import show_diff

    sys.exit(show_diff(before, after, as_json=as_json))
