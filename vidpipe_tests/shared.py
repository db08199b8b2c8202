"""Where the shared corpus of real files lies, for tests marked `corpus`."""

from pathlib import Path

SHARED = Path(__file__).parents[2] / "shared"
