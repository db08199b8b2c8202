"""The file of a trial's page: where it goes, and writing it at once. What it shows: `vidpipe.export.trials`."""

import os
from pathlib import Path

from vidpipe.errors import RecipeError

PAGE = "try.html"


def page_place(out: Path) -> Path:
    """Where the page goes.

    Raises:
        RecipeError: no page can be written there.
    """
    page = out.absolute()
    if page.suffix.lower() not in (".html", ".htm"):
        raise RecipeError("--out", f"{out} is no .html file")
    if page.is_dir() or not page.parent.is_dir() or not os.access(page.parent, os.W_OK):
        raise RecipeError("--out", f"{out} cannot be written")
    return page


def write_page(page: Path, text: str) -> None:
    """All or nothing, in place of an earlier one.

    Raises:
        RecipeError: it cannot be written.
    """
    beside = page.with_name(f".{page.name}#{os.getpid()}")
    try:
        beside.write_text(text, "utf-8")
        beside.replace(page)
    except OSError as error:
        raise RecipeError(str(page), f"cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
