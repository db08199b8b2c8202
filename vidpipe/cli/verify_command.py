"""`vidpipe verify` as it is written on the command line; what it does: `vidpipe.cli.verifying_datasets`."""

import sys
from pathlib import Path
from typing import Any

import click

from vidpipe.cli.arguments import in_project, loading, project_folder

USUAL_SAMPLE = 20


@click.command(name="verify")
@click.argument("dataset")
@in_project
@click.option(
    "--sample",
    "n_sample",
    type=click.IntRange(min=0),
    default=USUAL_SAMPLE,
    show_default=True,
    help="The videos of so many rows are measured again.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Which rows: always the same for a seed.")
@click.option(
    "--replay", is_flag=True, help="Also make the sample's annotations again, from the raw answers of models."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def verify_command(context: click.Context, /, dataset: str, folder: Path | None, **options: Any) -> None:
    """Check a published dataset by its own files alone: no project is needed, and no model is asked.

    DATASET is a folder, hf://datasets/USER/NAME[@REVISION], or a dataset in a bucket, such as
    s3://BUCKET/PREFIX/datasets/NAME. HF_ENDPOINT, HF_TOKEN and AWS_* are heeded, also in the `.env` of a project: the
    current folder, or -C.

    Of every row: its digest, its file's sha256, its video's provenance (the version of each record and what that was
    made from, captions, raw answers), that the row follows from it, and that shards and metadata hold the same. Of the
    sample: what is measured is measured again from the video.

    Ends with 0 when all holds and with 1 when not: then each bad row is named by its file and its video's id.
    """
    project_folder(context, folder, needed=False)
    with loading():
        from vidpipe.cli.verifying_datasets import verify_dataset

    sys.exit(verify_dataset(dataset, **options))
