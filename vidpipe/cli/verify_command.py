"""`vidpipe verify` as it is written on the command line; what it does: `vidpipe.cli.verifying_datasets`."""

import sys
from typing import Any

import click

from vidpipe.cli.arguments import loading

USUAL_SAMPLE = 20


@click.command(name="verify")
@click.argument("dataset")
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
def verify_command(dataset: str, **options: Any) -> None:
    """Check a published dataset by its own files alone: no project is needed, and no model is asked.

    DATASET is a folder, or hf://datasets/USER/NAME[@REVISION]; HF_ENDPOINT and HF_TOKEN are heeded.

    Of every row: its digest, its file's sha256, its video's provenance (the version of each record and what that was
    made from, captions, raw answers), that the row follows from it, and that shards and metadata hold the same. Of the
    sample: what is measured is measured again from the video.

    Ends with 0 when all holds and with 1 when not: then each bad row is named by its file and its video's id.
    """
    with loading():
        from vidpipe.cli.verifying_datasets import verify_dataset

    sys.exit(verify_dataset(dataset, **options))
