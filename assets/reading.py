"""What several stages read of one video: its row of the catalogue, its captions, its rows per frame."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from vidpipe.corpus.captions import CaptionsError, Cue, read_captions
from vidpipe.inputs import Inputs
from vidpipe.timeline.frame_table import FrameTable, load_frame_table, load_loudness

Loaded = TypeVar("Loaded")


def catalogue_row(inputs: Inputs) -> Mapping[str, Any]:
    """The video's row of the catalogue.

    Raises:
        WaitingError: the catalogue has none.
    """
    return inputs.row("catalogue")


def best_language(inputs: Inputs) -> str | None:
    """The language in which a video's captions are read: its own, else English, else the first; None without any."""
    captions = inputs.record("raw_videos").where["captions"]
    if not captions:
        return None
    own = (catalogue_row(inputs)["language"] or "en").split("-")[0].lower()
    ranks = {own: 0, "en": 1, "und": 2}
    return str(min(captions, key=lambda tag: (ranks.get(tag.split("-")[0].lower(), 3), tag)))


def best_cues(inputs: Inputs) -> tuple[Cue, ...] | None:
    """The video's captions in the best language that there is; None without any.

    Raises:
        WaitingError: the store has lost them.
    """
    language = best_language(inputs)
    if language is None:
        return None
    return _whole(inputs, "raw_videos", lambda: read_captions(inputs.file("raw_videos", "captions", language)))


def best_captions(inputs: Inputs) -> dict[str, str]:
    """The WebVTT of which these are read, by language; empty without any.

    Raises:
        WaitingError: the store has lost it.
    """
    language = best_language(inputs)
    if language is None:
        return {}
    return {
        language: _whole(
            inputs, "raw_videos", lambda: inputs.file("raw_videos", "captions", language).read_bytes().decode()
        )
    }


def frame_table(inputs: Inputs) -> FrameTable:
    """The rows per frame that the analysis pass stored.

    Raises:
        WaitingError: the store has lost them.
    """
    return _whole(inputs, "video_signals", lambda: load_frame_table(inputs.file("video_signals", "frames")))


def loudness(inputs: Inputs) -> npt.NDArray[np.float32] | None:
    """The loudness that the analysis pass stored; None without sound.

    Raises:
        WaitingError: the store has lost it.
    """
    if "loudness" not in inputs.record("video_signals").where:
        return None
    return _whole(inputs, "video_signals", lambda: load_loudness(inputs.file("video_signals", "loudness")))


def _whole(inputs: Inputs, asset: str, load: Callable[[], Loaded]) -> Loaded:
    """What a file of the store holds; a file that we wrote and cannot read is as good as lost."""
    try:
        return load()
    except (CaptionsError, OSError, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise inputs.lost(asset) from error
