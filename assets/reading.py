"""What several stages read of one video: its row of the catalogue, its captions, its rows per frame."""

from typing import Any

import polars as pl

from vidpipe.corpus.captions import Cue, read_captions
from vidpipe.errors import StoreError, WaitingError
from vidpipe.inputs import Inputs
from vidpipe.timeline.frame_table import FrameTable, load_frame_table


def catalogue_row(inputs: Inputs) -> dict[str, Any]:
    """The video's row of the catalogue.

    Raises:
        WaitingError: the catalogue has none.
    """
    try:
        found = inputs.project.tables.rows("catalogue").filter((pl.col("video_id") == inputs.video_id) & pl.col("keep"))
    except StoreError as error:
        raise WaitingError("catalogue") from error
    if found.is_empty():
        raise WaitingError("catalogue")
    return found.row(0, named=True)


def best_cues(inputs: Inputs) -> tuple[Cue, ...] | None:
    """The video's captions in its own language, else English, else the first there are; None without any."""
    captions: dict[str, str] = dict(inputs.record("raw_videos").where["captions"])
    if not captions:
        return None
    own = (catalogue_row(inputs)["language"] or "en").split("-")[0].lower()
    ranks = {own: 0, "en": 1, "und": 2}
    language = min(captions, key=lambda tag: (ranks.get(tag.split("-")[0].lower(), 3), tag))
    return read_captions(inputs.project.store.get(captions[language]))


def frame_table(inputs: Inputs) -> FrameTable:
    """The rows per frame that the analysis pass stored."""
    key = str(inputs.record("video_signals").where["frames"])
    return load_frame_table(inputs.closing.enter_context(inputs.project.store.local(key)))
