"""The line as tests need it: as the default recipe uses it, in versions of one's own."""

from collections.abc import Mapping
from pathlib import Path

from vidpipe.recipe.fingerprints import line_of
from vidpipe.recipe.line import LINE
from vidpipe.recipe.schema import Recipe
from vidpipe.recipe.stages import Line

DEFAULT = line_of(Recipe(), Path("/"))
"""The stages that the default recipe uses."""

EVERY_VIDEO_STAGE = tuple(stage for stage in LINE if stage.unit == "video")
"""The stages with a record for each video, whichever recipe uses them."""


def versioned(versions: Mapping[str, str]) -> Line:
    """The same stages in these versions, by name."""
    return Line(DEFAULT.stages, versions)
